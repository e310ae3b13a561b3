"""Forged or altered tokens are refused."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable

import httpx
import pytest

from tests.blackbox.server import ServerProcess


def _payload(tenant: str, agent_id: str, generation: int) -> str:
    text = json.dumps([tenant, agent_id, generation], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _parts(token: str) -> tuple[str, str]:
    payload, _, signature = token.removeprefix("agt_").partition(".")
    return payload, signature


def _status(server: ServerProcess, token: str) -> int:
    return httpx.get(f"{server.url}/agents", headers={"Authorization": f"Bearer {token}"}).status_code


def test_signature_is_valid_only_for_its_own_claims(shared_server: ServerProcess) -> None:
    ada, bob = shared_server.register("Ada"), shared_server.register("Bob")
    payload, signature = _parts(ada.token)
    assert payload == _payload("default", ada.agent_id, 1), "else this test forges nothing"
    assert _status(shared_server, f"agt_{payload}.{signature}") == 200
    forgeries = {
        "of another agent": _payload("default", bob.agent_id, 1),
        "of another tenant": _payload("other", ada.agent_id, 1),
        "of another generation": _payload("default", ada.agent_id, 2),
    }
    for name, forged in forgeries.items():
        assert _status(shared_server, f"agt_{forged}.{signature}") == 401, name
    assert _status(shared_server, f"agt_{payload}.{_parts(bob.token)[1]}") == 401
    assert _status(shared_server, f"agt_{payload}.") == 401
    assert _status(shared_server, f"agt_{payload}") == 401


@pytest.mark.parametrize("place", [0, 20, -2])
def test_signature_with_one_changed_character_is_refused(shared_server: ServerProcess, place: int) -> None:
    carl = shared_server.register(f"Carl{place}")
    payload, signature = _parts(carl.token)
    letters = [letter for letter in string.ascii_letters if letter != signature[place]]
    changed = list(signature)
    changed[place] = letters[0]
    assert _status(shared_server, f"agt_{payload}.{''.join(changed)}") == 401


def test_token_of_a_deleted_agent_is_refused_after_its_name_is_reused(shared_server: ServerProcess) -> None:
    first = shared_server.register("Heir")
    first.call("DELETE", f"/agents/{first.agent_id}")
    shared_server.register("Heir")
    assert _status(shared_server, first.token) == 401


def test_registration_refuses_short_idempotency_keys(start_server: Callable[..., ServerProcess]) -> None:
    """Anonymous registrations share a subject, and a repeated registration returns its token again: anybody could guess
    a short key."""
    server = start_server(auth_required="true", open_registration="true")
    stranger = server.account()
    for key, status in (("k1", 422), ("fifteen-letters", 422), ("sixteen-letters-", 200)):
        answer = stranger.http.post(
            "/agents/register", json={"agent_name": "Newcomer"}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == status, answer.text
    assert server.account(answer.json()["token"]).get("/agents/Newcomer")["agent_name"] == "Newcomer"
