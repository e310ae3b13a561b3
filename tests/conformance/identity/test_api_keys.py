"""API keys on every engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agora_sdk.errors import InvalidRequest, NotFound, PermissionDenied, Unauthenticated
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

CREATE, LIST, REVOKE = "token.create", "token.list", "token.revoke"


async def test_key_is_shown_once_and_never_stored(market: Market) -> None:
    made = await market.call(market.operator, CREATE, label="ci", scopes=["read:agents"], authority=7)
    caller = await market.app.authenticator.authenticate(made.token)
    assert (caller.subject, caller.kind, caller.authority) == (made.token_id, "key", 7)
    assert caller.scopes == {"read:agents"}
    (listed,) = (await market.call(market.operator, LIST)).tokens
    assert (listed.token_id, listed.label) == (made.token_id, "ci")
    assert not hasattr(listed, "token")


async def test_repeated_creation_with_an_idempotency_key_creates_one_key(market: Market) -> None:
    first = await market.call(market.operator, CREATE, key="k", label="ci")
    again = await market.call(market.operator, CREATE, key="k", label="ci")
    assert (again.token_id, again.token) == (first.token_id, first.token)


async def test_key_cannot_have_more_rights_than_its_creator(market: Market) -> None:
    small = replace(market.operator, kind="key", scopes=frozenset({"admin", "read:agents"}), authority=10)
    await market.call(small, CREATE, label="x", scopes=["read:agents"], authority=10)
    for arguments in ({"scopes": ["write:agents"]}, {"scopes": ["*"]}, {"authority": 11}):
        with pytest.raises(PermissionDenied):
            await market.call(small, CREATE, label="x", **arguments)
    for arguments in ({"scopes": ["fly:high"]}, {"scopes": ["Not A Scope"]}, {"expires_in": 0}, {"kind": "other"}):
        with pytest.raises(InvalidRequest):
            await market.call(market.operator, CREATE, **({"label": "x"} | arguments))
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, CREATE, label="x", kind="enrolment", scopes=["read:agents"])
    with pytest.raises(PermissionDenied):
        await market.call(await market.agent("Ada"), CREATE, label="x")


async def test_revoked_key_is_refused_immediately(market: Market) -> None:
    made = await market.call(market.operator, CREATE, label="brief")
    await market.app.authenticator.authenticate(made.token)
    first = await market.call(market.operator, REVOKE, token_id=made.token_id)
    again = await market.call(market.operator, REVOKE, token_id=made.token_id)
    assert again.revoked_at == first.revoked_at
    with pytest.raises(Unauthenticated, match="revoked"):
        await market.app.authenticator.authenticate(made.token)
    with pytest.raises(NotFound):
        await market.call(market.operator, REVOKE, token_id="key_" + "0" * 32)


async def test_keys_are_listed_newest_first(market: Market) -> None:
    made = [(await market.call(market.operator, CREATE, label=f"k{n}")).token_id for n in range(5)]
    page = await market.call(market.operator, LIST, limit=2)
    rest = await market.call(market.operator, LIST, limit=10, cursor=page.next_cursor)
    assert [token.token_id for token in [*page.tokens, *rest.tokens]] == made[::-1]
