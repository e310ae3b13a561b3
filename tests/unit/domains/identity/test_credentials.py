"""Credentials end when they should, and grant no more than their creator has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.domains.identity.signing import Signer, load_or_create_secret
from agora.server.app import App
from agora.settings import ConfigurationError
from agora_sdk.errors import AgoraError, IllegalTransition, PermissionDenied, RateLimited, Unauthenticated
from tests.failing_stores import failing_store
from tests.harness import Running
from tests.market import Market


@pytest.fixture
async def market(app: App, clock: Any) -> Market:
    return Market(app, clock)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("code", [0xD800, 0xDC80, 0xDFFF, 0xE9])
async def test_forged_credential_of_any_characters_is_refused(market: Market, code: int) -> None:
    character = chr(code)
    for prefix in ("agt_", "job_", "ses_", "agfy_", ""):
        for forged in (f"{prefix}{character}.x", f"{prefix}x.{character}", f"{prefix}{character}"):
            with pytest.raises(Unauthenticated):
                await market.app.authenticator.authenticate(forged)
    signer = market.app.signer
    for verify in (signer.verify_agent_token, signer.verify_task_token, signer.verify_session_token):
        assert verify(f"{character}.x") is None
        assert verify(f"x.{character}") is None


async def test_repeated_registration_gives_no_token_to_a_deregistered_agent(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "a-key-that-is-hard-to-guess"}
    first = (await client.post("/agents/register", json={"agent_name": "Gone"}, headers=key)).json()
    await client.delete(f"/agents/{first['agent_id']}")
    again = await client.post("/agents/register", json={"agent_name": "Gone"}, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["token"] is None


async def test_retired_agent_has_no_valid_token_of_any_generation(market: Market) -> None:
    gone = await market.agent("Gone")
    await market.call(market.operator, "agent.deregister", agent_id=gone.subject)
    for generation in (1, 2, 3):
        with pytest.raises(Unauthenticated):
            await market.app.authenticator.authenticate(
                market.app.signer.sign_agent_token("default", gone.subject, generation)
            )


async def test_suspended_agent_is_refused_until_activated(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/agents/register", json={"agent_name": "Rogue"})).json()
    own = _bearer(agent["token"])
    for action, expected in (("suspend", 403), ("activate", 200)):
        await client.post(
            "/agora/admin/manage", json={"resource": "agent", "target": agent["agent_id"], "action": action}
        )
        assert (await client.get("/agents", headers=own)).status_code == expected


async def test_suspending_an_agent_ends_its_streams(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        agent = (await client.post("/agents/register", json={"agent_name": "Rogue"})).json()
        async with client.stream("GET", "/events", headers=_bearer(agent["token"])) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            order = {"resource": "agent", "target": agent["agent_id"], "action": "suspend"}
            await client.post("/agora/admin/manage", json=order)
            said = [line async for line in lines]
    assert any("suspended" in line for line in said)


async def test_key_cannot_create_a_key_with_more_scopes(market: Market) -> None:
    made = await market.call(market.operator, "token.create", label="narrow", scopes=["admin"])
    narrow = await market.app.authenticator.authenticate(made.token)
    with pytest.raises(PermissionDenied):
        await market.call(narrow, "token.create", label="wide")
    assert (await market.call(narrow, "token.create", label="as narrow", scopes=["admin"])).scopes == ["admin"]


async def test_lower_authority_cannot_revoke_a_higher_key(market: Market) -> None:
    high = await market.call(market.operator, "token.create", label="high", authority=200)
    made = await market.call(market.operator, "token.create", label="low", scopes=["admin"], authority=10)
    low = await market.app.authenticator.authenticate(made.token)
    with pytest.raises(PermissionDenied):
        await market.call(low, "token.revoke", token_id=high.token_id)
    await market.app.authenticator.authenticate(high.token)


async def test_lower_authority_cannot_end_an_agent_held_by_a_higher_one(market: Market) -> None:
    agent = await market.agent("Held")
    made = await market.call(market.operator, "token.create", label="low", scopes=["admin"], authority=10)
    low = await market.app.authenticator.authenticate(made.token)
    await market.call(market.operator, "admin.override", target_id=agent.subject, action="emergency_halt")
    with pytest.raises(PermissionDenied):
        await market.call(low, "admin.override", target_id=agent.subject, action="terminate")
    with pytest.raises(IllegalTransition):
        await market.call(low, "admin.manage", resource="agent", target=agent.subject, action="activate")
    assert (await market.call(market.operator, "agent.get", agent_id=agent.subject)).status == "paused"


async def test_agent_cannot_grant_a_tier_above_its_own(market: Market) -> None:
    agent = await market.agent("Basic")
    for name in ("Basic", "Other"):
        made = await market.call(agent, "agent.register", agent_name=name, service_tier="enterprise")
        assert (made.service_tier, made.requested_tier) == ("basic", "enterprise")
    await market.call(
        market.operator, "admin.manage", resource="agent", target="Basic", action="set_tier", value="premium"
    )
    raised = await market.app.authenticator.authenticate(
        market.app.signer.sign_agent_token("default", agent.subject, 1)
    )
    again = await market.call(raised, "agent.register", agent_name="Basic", service_tier="premium")
    assert again.service_tier == "premium"


async def test_refused_calls_are_rate_limited(market: Market) -> None:
    agent = await market.agent("Flood")
    await market.call(
        market.operator, "admin.manage", resource="configuration", target="rate_basic", action="set", value=2
    )
    market.app.dispatcher.limiter.clock = lambda: 0.0  # no tokens are refilled meanwhile
    refusals: list[type[AgoraError]] = []
    for _ in range(8):
        with pytest.raises(AgoraError) as refused:
            await market.call(agent, "admin.override", target_id="Flood", action="pause")
        refusals.append(refused.type)
    assert refusals.count(PermissionDenied) <= 5
    assert refusals[-1] is RateLimited
    entries = await market.call(market.operator, "admin.audit", outcome="permission_denied")
    assert entries.count == refusals.count(PermissionDenied)


async def test_credential_that_ends_during_its_lookup_is_not_cached(market: Market) -> None:
    agent = await market.agent("Racer")
    authenticator = market.app.authenticator
    token = market.app.signer.sign_agent_token("default", agent.subject, 1)
    authenticator.forget_all()
    failing_store(market.app).after_read = lambda: market.call(
        market.operator, "agent.deregister", agent_id=agent.subject
    )
    await authenticator.authenticate(token)  # it was still valid at its lookup
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\xff" * 60])
def test_damaged_secret_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "signing.key").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"signing\.key is damaged"):
        load_or_create_secret(tmp_path / "signing.key")


def test_start_killed_while_creating_the_secret_does_not_block_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 7)  # as in a container, where the pid is equal at each start
    (tmp_path / ".signing.key.7").write_text("half")
    secret = load_or_create_secret(tmp_path / "signing.key")
    assert len(secret) > 32
    assert load_or_create_secret(tmp_path / "signing.key") == secret
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600


async def test_token_of_another_generation_is_refused(market: Market) -> None:
    """The generation alone invalidates tokens, independent of the agent's state."""
    agent = await market.agent("Phoenix")
    signer, authenticate = market.app.signer, market.app.authenticator.authenticate
    assert (await authenticate(signer.sign_agent_token("default", agent.subject, 1))).subject == agent.subject
    for generation in (0, 2):
        with pytest.raises(Unauthenticated):
            await authenticate(signer.sign_agent_token("default", agent.subject, generation))


def test_signature_is_valid_for_one_purpose_only() -> None:
    signer = Signer(b"s" * 32)
    agent, session = signer.sign_agent_token("t", "ses_1", 1), signer.sign_session_token("t", "ses_1")
    assert agent.partition(".")[0].removeprefix("agt_") != session.partition(".")[0].removeprefix("ses_")
    assert signer.verify_session_token("ses_" + agent.removeprefix("agt_")) is None
    assert signer.verify_agent_token("agt_" + session.removeprefix("ses_")) is None
