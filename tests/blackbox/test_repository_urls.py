"""Repository URLs that could not be fetched are refused when the manifest is registered, not at the build."""

from __future__ import annotations

import pytest

from tests.blackbox.server import ServerProcess


def manifest(name: str, url: str) -> dict[str, object]:
    return {
        "name": name,
        "repository": {"url": url},
        "build_config": {"type": "python", "start_command": "python a.py"},
    }


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "git://example.com/a.git",
        "ssh://git@example.com/a.git",
        "ext::sh",
        "/srv/a.git",
        "https://127.0.0.1/a.git",
        "https://localhost:8443/a.git",
        "https://[::1]/a.git",
        "https://10.0.0.1/a.git",
        "https://user:password@example.com/a.git",
    ],
)
def test_unfetchable_repository_is_refused_at_registration(shared_server: ServerProcess, url: str) -> None:
    operator = shared_server.operator
    document = manifest("Built", url)
    report = operator.post("/deployments/validate", {"manifest": document})
    assert [fault["field"] for fault in report["faults"]] == ["repository.url"]
    problem = operator.post("/deployments", {"manifest": document}, 422)
    assert problem["errors"][0]["field"] == "manifest.repository.url"
    body = {"agent_name": "Built", "manifest": document}
    assert operator.http.post("/agora/agent/register", json=body).status_code == 422


def test_public_repository_is_registered(shared_server: ServerProcess) -> None:
    document = manifest("Public", "https://github.com/company/calculation-agent")
    assert shared_server.operator.post("/deployments/validate", {"manifest": document})["valid"]
    shared_server.operator.post("/deployments", {"manifest": document})
