"""Precedence of routes: the contract's fixed paths come before every other application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agora.server.app import App
from tests.harness import make_settings


def _scope(method: str, path: str, accept: bytes) -> dict[str, Any]:
    return {"method": method, "path": path, "headers": [(b"accept", accept)], "query_string": b""}


async def test_no_other_application_owns_a_fixed_path_of_the_contract(tmp_path: Path) -> None:
    app = App(make_settings(tmp_path, metrics=True))
    await app.start()
    try:
        fixed = [
            (route.method, route.path)
            for operation in app.registry.operations
            for route in operation.routes
            if not route.parameters
        ]
        assert len(fixed) > 100
        shadowed = [
            (method, path, protocol)
            for method, path in fixed
            for accept in (b"application/json", b"text/event-stream", b"text/html")
            for protocol, other in app.apps
            if other.owns_request(_scope(method, path, accept))
        ]
        assert shadowed == []
    finally:
        await app.stop()
