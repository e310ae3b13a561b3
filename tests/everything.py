"""The protocol's reference server (server-everything) as an upstream, and arguments for each of its tools."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import pytest
from scripts import conformance_mcp as suite

from tests.harness import free_port
from tests.polling import poll_until
from tests.processes import spawn_tethered

__all__ = ["CALLS", "PACKAGE", "START_SECONDS", "accepts_connections", "everything", "normalize_result"]

PACKAGE = "@modelcontextprotocol/server-everything@2026.8.31"
START_SECONDS = 60.0

#: arguments for every tool that the server lists for a client with all capabilities
CALLS: dict[str, dict[str, Any]] = {
    "echo": {"message": "hello"},
    "get-annotated-message": {"messageType": "error", "includeImage": True},
    "get-env": {},
    "get-resource-links": {"count": 3},
    "get-resource-reference": {"resourceType": "Text", "resourceId": 1},
    "get-roots-list": {},
    "get-structured-content": {"location": "New York"},
    "get-sum": {"a": 2, "b": 3},
    "get-tiny-image": {},
    "gzip-file-as-resource": {"name": "a.gz", "data": "data:text/plain;base64,aGVsbG8=", "outputType": "resource"},
    "toggle-simulated-logging": {},
    "toggle-subscriber-updates": {},
    "trigger-elicitation-request": {},
    "trigger-long-running-operation": {"duration": 0.3, "steps": 3},
    "trigger-sampling-request": {"prompt": "Say it.", "maxTokens": 20},
    "trigger-url-elicitation": {"url": "https://example.com/consent", "elicitationId": "e1"},
}


def accepts_connections(port: int) -> bool:
    """Whether something listens on a local port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


@pytest.fixture(scope="module")
def everything() -> Iterator[str]:
    """Run the reference server as a separate process. Yields its URL."""
    try:
        command = suite.install(PACKAGE)
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))
    port = free_port()
    process = spawn_tethered(
        [*command, "streamableHttp"],
        env=os.environ | {"PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    poll_until(lambda: accepts_connections(port), "the upstream listens", START_SECONDS)
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait()


def normalize_result(document: Mapping[str, Any]) -> str:
    """Render a result without the values that differ between calls, and with the upstream's resource URIs."""
    members = {key: value for key, value in document.items() if key != "_meta" and (key, value) != ("isError", False)}
    text = re.sub(r"\d+(:\d+)+[^\"\\]*|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|20\d\d-\d\d-\d\d[^\"\\]*", "…", str(members))
    return re.sub(r"agora://upstreams/everything/([^'\"]+)", lambda match: unquote(match[1]), text)
