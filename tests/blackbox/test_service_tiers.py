"""The service tier of a registration: decided by its credential; the requested tier is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora_sdk import AgoraClient
from tests.blackbox.server import ServerProcess


@pytest.fixture(scope="module")
def public_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with open registration that does not trust local callers."""
    server = ServerProcess(
        tmp_path_factory.mktemp("tiers") / "data", auth_required="true", open_registration="true"
    ).start()
    yield server
    server.close()


def _register(server: ServerProcess, name: str, tier: str, token: str = "") -> Any:
    return server.account(token).post("/agents/register", {"agent_name": name, "service_tier": tier}, expect=200)


def _tiers(answer: Any) -> tuple[str, str]:
    return answer["service_tier"], answer["requested_tier"]


def test_stranger_gets_basic_and_its_requested_tier_is_stored(public_server: ServerProcess) -> None:
    answer = _register(public_server, "Stranger", "enterprise")
    assert _tiers(answer) == ("basic", "enterprise")
    operator = public_server.operator
    assert _tiers(operator.get("/agents/Stranger")) == ("basic", "enterprise")
    assert "Stranger" not in {each["agent_name"] for each in operator.get("/agents?service_tier=enterprise")["agents"]}


def test_stranger_has_the_limits_of_basic(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(auth_required="true", open_registration="true", rate_basic="2", rate_enterprise="100000")
    token = _register(server, "Flood", "enterprise")["token"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
        assert 429 in {client.get("/agents").status_code for _ in range(40)}


@pytest.mark.parametrize(
    ("tier", "requested", "granted"),
    [("premium", "premium", "premium"), ("premium", "enterprise", "premium"), ("enterprise", "basic", "basic")],
)
def test_enrolment_token_decides_the_tier(
    public_server: ServerProcess, tier: str, requested: str, granted: str
) -> None:
    made = public_server.operator.post("/tokens", {"label": "door", "kind": "enrolment", "service_tier": tier})
    answer = _register(public_server, f"Enrolled-{tier}-{requested}", requested, made["token"])
    assert _tiers(answer) == (granted, requested)


def test_operator_decides_the_tier(public_server: ServerProcess) -> None:
    answer = _register(public_server, "Chosen", "enterprise", public_server.admin_token)
    assert _tiers(answer) == ("enterprise", "enterprise")


def test_agent_cannot_raise_any_tier(public_server: ServerProcess) -> None:
    token = _register(public_server, "Climber", "basic")["token"]
    assert _tiers(_register(public_server, "Climber", "premium", token)) == ("basic", "premium")
    assert _tiers(_register(public_server, "Climber", "premium", token)) == ("basic", "premium")
    assert _tiers(_register(public_server, "Climbers-friend", "premium", token)) == ("basic", "premium")


def test_tier_set_by_an_operator_survives_re_registration(public_server: ServerProcess) -> None:
    token = _register(public_server, "Raised", "basic")["token"]
    change = {"resource": "agent", "target": "Raised", "action": "set_tier", "value": "premium"}
    public_server.operator.post("/agora/admin/manage", change)
    assert _tiers(_register(public_server, "Raised", "basic", token)) == ("premium", "basic")


def test_manifest_registers_again_with_another_tier(public_server: ServerProcess) -> None:
    operator = public_server.operator
    manifest = {
        "name": "Maker",
        "version": "1.0.0",
        "description": "Makes things.",
        "docker_image": "example.org/maker:1",
        "build_config": {"type": "docker"},
        "endpoints": [{"path": "/make", "method": "POST", "description": "Make one."}],
    }
    first = operator.post("/agents/register", manifest)
    again = operator.post("/agents/register", manifest | {"service_tier": "premium"})
    assert (first["service_tier"], again["service_tier"], again["created"]) == ("basic", "premium", False)


def test_local_program_of_the_operator_may_raise_its_agents_tier(shared_server: ServerProcess, tmp_path: Path) -> None:
    for tier in ("basic", "premium", "premium"):
        with AgoraClient(shared_server.url, credentials=tmp_path / "kept.json") as client:
            registration = client.register("Local", service_tier=tier)  # type: ignore[arg-type]  # as samples write it
            assert registration.service_tier == tier
    assert _tiers(shared_server.operator.get("/agents/Local")) == ("premium", "premium")


def test_remote_program_cannot_raise_its_agents_tier(public_server: ServerProcess, tmp_path: Path) -> None:
    for tier in ("basic", "premium"):
        with AgoraClient(public_server.url, credentials=tmp_path / "kept.json") as client:
            registration = client.register("Remote", service_tier=tier)  # type: ignore[arg-type]
            assert (registration.service_tier, registration.requested_tier) == ("basic", tier)
    with AgoraClient(public_server.url, credentials=tmp_path / "kept.json", token=public_server.admin_token) as client:
        assert client.register("Remote", service_tier="premium").service_tier == "premium"  # type: ignore[arg-type]
