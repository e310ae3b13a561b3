"""The Agent Communication Protocol from the SDK: synchronous and asynchronous, plain and encrypted."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from agora_sdk import AgoraClient
from agora_sdk.contract.envelopes import AgentMessage
from agora_sdk.crypto import ENCRYPTED_KEY, KeyRing, decrypt, encrypt, new_key, public
from agora_sdk.errors import AgoraError, InvalidRequest, Undecipherable, UnknownKey
from agora_sdk.protocol import AgentProtocol, MessageType
from tests.harness import Running

SECRET = {"card": "4111 1111", "Grüße": [1, 2.5, None, {"deep": True}]}
Make = Callable[..., Any]


@pytest.fixture
async def make(server: Running, tmp_path: Path) -> AsyncIterator[Make]:
    """Create a client that is an agent; each simulates a separate machine."""
    clients: list[AgoraClient] = []

    async def agent(name: str, **profile: Any) -> AgoraClient:
        client = AgoraClient(server.url, credentials=tmp_path / name / "credentials.json")
        clients.append(client)
        await client.register(name, **profile)
        return client

    yield agent
    for client in clients:
        await client.aclose()


async def one(client: AgoraClient) -> AgentMessage:
    page = await client.protocol.pending(wait=10)
    return page.messages[0]


async def test_protocol_methods_work(make: Make) -> None:
    app, calculator = await make("App"), await make("Calculator", alias="agent.calculator.calculation")
    numbers = {"a": 5, "b": 3, "op": "+"}
    asking = asyncio.create_task(
        app.protocol.request("agent.calculator.calculation", "calculate", numbers, task="Calculate 5 + 3")
    )
    question = await one(calculator)
    assert (question.intent, question.payload, question.task) == ("calculate", numbers, "Calculate 5 + 3")
    await calculator.protocol.agree(question)
    await calculator.protocol.inform(question, "result", {"result": 8})
    answer = await asking
    assert (answer.type, answer.intent, answer.payload) == (MessageType.INFORM, "result", {"result": 8})
    await calculator.protocol.acknowledge(question)
    assert (await calculator.protocol.pending()).messages == []
    consent = await one(app)
    assert (consent.type, consent.intent, consent.reply_to) == ("agree", "calculate", question.id)
    await app.protocol.acknowledge(consent)

    proposing = asyncio.create_task(calculator.protocol.propose("App", "discount", {"percent": 5}, timeout=60))
    proposal = await one(app)
    agreed = await app.protocol.agree(proposal)
    assert (agreed.type, agreed.intent) == ("confirm", "accepted")
    accepted = await proposing
    assert (accepted.type, accepted.intent) == ("agree", "discount")
    confirmed = await calculator.protocol.confirm(accepted, {"from": "tomorrow"})
    assert confirmed.conversation_id == accepted.conversation_id
    sent = await app.protocol.send_message("Calculator", MessageType.REQUEST, "add", conversation_id="c-1")
    assert sent.conversation_id == "c-1"
    again = (await calculator.protocol.pending(wait=10)).messages[-1]
    await calculator.protocol.refuse(again, "not today", required=["add"])
    offered = await calculator.protocol.offer("App", ["calculation"])
    assert offered.payload["recipients"] == 1
    assigned = await app.protocol.assign("Calculator", "sum", {"numbers": [1, 2]})
    task = (await calculator.protocol.pending()).messages[-1]
    await calculator.protocol.done(task, {"sum": 3})
    assert (await app.task.get(assigned.payload["task_id"])).result == {"sum": 3}
    await calculator.protocol.failure("App", "Division by zero", code="MATH_ERROR", details={"b": 0})


async def test_discovery_and_timeouts_work(make: Make) -> None:
    app = await make("App")
    await make("Calculator", capabilities=["calculation"])
    found = await app.protocol.discover("calculation")
    assert (found.type, [agent["agent_id"] for agent in found.payload["agents"]]) == ("inform", ["Calculator"])
    best = await app.protocol.discover("calculation", one=True)
    assert (best.type, best.payload["agent_id"]) == ("offer", "Calculator")
    assert (await app.protocol.discover("calculation", 8.0)).payload["agents"] == []
    late = await app.protocol.request("Calculator", "calculate", timeout=0.05)
    assert (late.type, late.intent, late.payload["timeout"]) == ("failure", "timeout", 50)
    assert (await app.protocol.pending()).messages == [], "what was answered is not pending"
    with pytest.raises(InvalidRequest, match="timeout"):
        app.protocol.request("Calculator", "calculate", timeout=0)
    with pytest.raises(InvalidRequest, match="colour"):
        await app.protocol.inform("Calculator", "x", colour="red")


async def test_protocol_works_in_synchronous_code(server: Running, tmp_path: Path) -> None:
    def converse() -> list[str | None]:
        app = AgoraClient(server.url, credentials=tmp_path / "a.json")
        other = AgoraClient(server.url, credentials=tmp_path / "b.json")
        with app, other:
            app.register("App")
            other.register("Other")
            other.protocol.publish_key()
            for number in range(60):  # more than one page
                app.protocol.inform("Other", "news", {"n": number}, encrypt=number > 55)
            seen = list(other.protocol.pending())
            assert [message.payload["n"] for message in seen] == list(range(60))
            for message in seen[:2]:
                other.protocol.inform(message, "thanks")
            return [message.intent for message in app.protocol.pending()]

    assert await asyncio.to_thread(converse) == ["thanks", "thanks"]


# -- encryption ----------------------------------------------------------------------------------


async def test_encrypted_message_is_readable_only_by_its_recipient(make: Make, server: Running) -> None:
    app, bank = await make("App"), await make("Bank", alias="agent.bank.teller")
    published = await bank.protocol.publish_key()
    assert "d" not in published.public_keys[0].model_dump(exclude_none=True)
    assert (await bank.protocol.publish_key()).public_keys == published.public_keys, "it has one already"
    await app.protocol.publish_key()
    asking = asyncio.create_task(app.protocol.request("agent.bank.teller", "pay", SECRET, encrypt=True))
    question = await one(bank)
    assert question.payload == SECRET
    await bank.protocol.inform(question, "paid", {"receipt": "r-77"})
    answer = await asking
    assert answer.payload == {"receipt": "r-77"}
    stored = (await bank.conversation.get(answer.conversation_id)).messages
    assert [list(message.payload) for message in stored] == [[ENCRYPTED_KEY], [ENCRYPTED_KEY]], "answers are, too"
    everything = (server.app.settings.data_dir / "agora.db").read_bytes()
    everything += (server.app.settings.data_dir / "agora.db-wal").read_bytes()
    assert b"pay" in everything
    for secret in (b"4111 1111", b"r-77", b'"d":'):
        assert secret not in everything
    (header,) = [recipient["header"] for recipient in stored[0].payload[ENCRYPTED_KEY]["recipients"]]
    assert (header["alg"], header["kid"]) == ("ECDH-ES", published.public_keys[0].kid)


async def test_old_messages_stay_readable_after_key_rotation(make: Make) -> None:
    app, bank = await make("App"), await make("Bank")
    first = (await bank.protocol.publish_key()).public_keys[0].kid
    await app.protocol.inform("Bank", "x", {"n": 1}, encrypt=True)
    rotated = [key.kid for key in (await bank.protocol.rotate_key()).public_keys]
    assert rotated[1:] == [first]
    assert rotated[0] != first
    await app.protocol.inform("Bank", "x", {"n": 2}, encrypt=True)
    twice = [key.kid for key in (await bank.protocol.rotate_key()).public_keys]
    assert first not in twice
    await bank.register("Bank")
    assert [message.payload for message in await bank.protocol.pending()] == [{"n": 1}, {"n": 2}]
    kids = [message.security.encryption.kids for message in (await bank.conversation.pending()).messages]
    assert kids == [[first], [rotated[0]]]


async def test_several_recipients_can_read_a_message(make: Make) -> None:
    app, bank, auditor, eve = [await make(name) for name in ("App", "Bank", "Auditor", "Eve")]
    await bank.protocol.publish_key()
    pem = ECKey.generate_key("P-256")
    mine = {**pem.as_dict(private=True), "kid": pem.thumbprint()}
    await auditor.agent.update("Auditor", public_keys=[public(mine)])
    auditor.protocol.keys.add(auditor.url, "default", auditor.agent_id or "", mine)
    await app.protocol.inform(["Bank", "Auditor"], "x", SECRET, encrypt=True)
    for reader in (bank, auditor):
        assert (await one(reader)).payload == SECRET
    with pytest.raises(UnknownKey, match="Eve has published no key"):
        await app.protocol.inform(["Bank", "Eve"], "x", SECRET, encrypt=True)
    for nobody in ("broadcast", "capability:x", "agent.marketplace.orchestrator"):
        with pytest.raises(UnknownKey):
            await app.protocol.inform(nobody, "x", SECRET, encrypt=True)
    assert (await eve.protocol.pending()).messages == []


async def test_missing_key_and_changed_message_are_reported(make: Make) -> None:
    app, bank = await make("App"), await make("Bank")
    await bank.protocol.publish_key()
    await app.protocol.inform("Bank", "x", SECRET, encrypt=True)
    (raw,) = (await bank.conversation.pending()).messages
    for change in ({"sender": "Eve"}, {"intent": "y"}, {"id": "other"}, {"to": ["Bank", "Eve"]}):
        with pytest.raises(Undecipherable, match="another message"):
            bank.protocol.decrypt(raw.model_copy(update=change))
    broken = json.loads(json.dumps(raw.payload))
    broken[ENCRYPTED_KEY]["ciphertext"] = "AAAA" + broken[ENCRYPTED_KEY]["ciphertext"][4:]
    with pytest.raises(Undecipherable, match="changed"):
        bank.protocol.decrypt(raw.model_copy(update={"payload": broken}))
    for nonsense in ({}, {ENCRYPTED_KEY: 1}, {ENCRYPTED_KEY: {"recipients": [{}]}}, {ENCRYPTED_KEY: {"recipients": 3}}):
        with pytest.raises(Undecipherable):
            bank.protocol.decrypt(raw.model_copy(update={"payload": nonsense}))
    os.remove(bank.protocol.keys.path)
    with pytest.raises(UnknownKey, match="no such key here") as missing:
        bank.protocol.decrypt(raw)
    assert missing.value.kids == raw.security.encryption.kids
    assert (await bank.protocol.pending()).messages[0].payload == raw.payload, "others can still be read"


async def test_malformed_ciphertext_does_not_hide_the_other_messages(make: Make) -> None:
    app, bank = await make("App"), await make("Bank")
    encryption = {"encryption": {"alg": "ECDH-ES", "enc": "A256GCM", "kids": []}}
    message = {"type": "inform", "to": ["Bank"], "intent": "x", "payload": {"jwe": 1}, "security": encryption}
    await app.conversation.send(message=message)
    await app.protocol.inform("Bank", "x", {"n": 2})
    assert [message.payload for message in await bank.protocol.pending()] == [{"jwe": 1}, {"n": 2}]


def test_key_ring_is_private_and_its_damage_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing(str(tmp_path / "credentials.json"))
    for number in range(25):
        ring.add("http://localhost:8080", "default", "agent_1", {"kid": str(number)})
    assert [key["kid"] for key in ring.keys("http://127.0.0.1:8080", "default", "agent_1")][:2] == ["24", "23"]
    assert len(ring.keys("http://127.0.0.1:8080", "default", "agent_1")) == 20
    assert ring.keys("http://127.0.0.1:8080", "default", "agent_2") == []
    assert stat.S_IMODE(os.stat(ring.path).st_mode) == 0o600
    Path(ring.path).write_text("nonsense")
    with pytest.raises(AgoraError, match="cannot be read"):
        ring.keys("http://127.0.0.1:8080", "default", "agent_1")
    monkeypatch.setenv("AGORA_KEYS", str(tmp_path / "elsewhere.json"))
    assert KeyRing("/nowhere/credentials.json").path == str(tmp_path / "elsewhere.json")


def test_encrypted_message_is_readable_by_another_library() -> None:
    """It is a plain JWE in the general JSON serialization."""
    key = new_key()
    made = encrypt({"n": 1}, [public(key)], {"id": "x"})
    assert decrypt(made, [key], {"id": "x"}) == {"n": 1}
    from joserfc.jwk import JWKRegistry

    found = jwe.decrypt_json(made[ENCRYPTED_KEY], JWKRegistry.import_key(key), algorithms=["ECDH-ES", "A256GCM"])
    assert found.plaintext == b'{"n":1}'
    with pytest.raises(UnknownKey):
        encrypt({}, [{"kty": "OKP", "crv": "X25519", "kid": "bad", "x": "AA"}], {})


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "joserfc"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(AgoraError, match=r"agora-sdk\[crypto\]"):
        new_key()


def test_protocol_names_are_exported_by_the_sdk() -> None:
    import agora_sdk

    assert agora_sdk.AgentProtocol is AgentProtocol
    assert agora_sdk.AgentMessage is AgentMessage
    assert [kind.value for kind in MessageType][:3] == ["request", "inform", "propose"]
    assert len(MessageType) == 16
