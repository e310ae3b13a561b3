"""The MCP bridge against a real server of both protocol generations."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import pytest

from tests.unit.cli.mcp.conftest import META, Bridges, Wire
from tests.unit.cli.mcp.workshop_server import NAMES, Workshop

pytestmark = pytest.mark.long


def call(identity: object, name: str, *, modern: bool, **arguments: object) -> dict[str, object]:
    meta = {"progressToken": identity} | (META if modern else {})
    params = {"name": name, "arguments": arguments, "_meta": meta}
    return {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}


@pytest.fixture
async def wire(workshop: Workshop, bridges: Bridges) -> Wire:
    return await bridges("--url", workshop.url, "--names", "underscore", "--toolsets", "messaging,task")


async def test_handshake_opens_a_session_used_by_every_message(workshop: Workshop, wire: Wire) -> None:
    answer = await wire.shake_hands()
    assert answer["result"]["serverInfo"]["name"] == "workshop"
    assert (await wire.ask("tools/list"))["result"]["tools"][0]["name"] == NAMES[0]
    first, initialized, listing = [request for request in workshop.requests if request[":method"] == "POST"]
    assert "mcp-session-id" not in first
    assert initialized["mcp-session-id"] == listing["mcp-session-id"]
    assert listing["mcp-protocol-version"] == "2025-11-25"
    assert listing[":query"] == "names=underscore&toolsets=messaging%2Ctask"
    code, _ = await wire.end()
    assert code == 0
    assert workshop.requests[-1][":method"] == "DELETE"


async def test_request_without_a_session_has_its_data_in_headers(workshop: Workshop, wire: Wire) -> None:
    found = await wire.ask("server/discover", modern=True)
    assert "2026-07-28" in found["result"]["supportedVersions"]
    read = await wire.ask("resources/read", {"uri": "note://ä"}, modern=True)
    assert read["result"]["contents"][0]["text"] == "noted"
    request = workshop.requests[-1]
    assert (request["mcp-protocol-version"], request["mcp-method"]) == ("2026-07-28", "resources/read")
    assert request["mcp-name"] == "=?base64?bm90ZTovL8Ok?="


async def test_declared_parameters_are_sent_in_headers(workshop: Workshop, wire: Wire) -> None:
    cursor = {}
    while cursor is not None:
        listed = (await wire.ask("tools/list", cursor, modern=True))["result"]
        cursor = {"cursor": listed["nextCursor"]} if "nextCursor" in listed else None
    await wire.say(call("r", "routed", modern=True, region="Übersee"))
    assert (await wire.hear_until(id="r"))["result"]["structuredContent"]["name"] == "routed"
    assert workshop.requests[-1]["mcp-param-region"] == "=?base64?w5xiZXJzZWU=?="


@pytest.mark.parametrize("modern", [False, True])
async def test_progress_precedes_the_answer(wire: Wire, modern: bool) -> None:
    if not modern:
        await wire.shake_hands()
    await wire.say(call("p", "count", modern=modern))
    answer = await wire.hear_until(id="p")
    heard = [message for message in wire.heard if message.get("method") == "notifications/progress"]
    assert [message["params"]["progress"] for message in heard] == [1, 2, 3]
    assert wire.heard[-1] is answer


@pytest.mark.parametrize("modern", [False, True])
async def test_cancelled_request_ends_on_the_server(workshop: Workshop, wire: Wire, modern: bool) -> None:
    if not modern:
        await wire.shake_hands()
    await wire.say(call(7, "wait", modern=modern))
    await asyncio.wait_for(workshop.waiting.wait(), 60)
    await wire.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})
    await asyncio.wait_for(workshop.cancelled.wait(), 60)
    await wire.ask("tools/list", modern=modern)
    assert workshop.calls == ["wait"]  # not repeated because its stream ended


async def test_notifications_of_the_server_are_forwarded(wire: Wire) -> None:
    await wire.shake_hands()
    await wire.say(call("a", "announce", modern=False))
    await wire.hear_until(method="notifications/tools/list_changed")


async def test_subscription_survives_a_server_restart(workshop: Workshop, wire: Wire) -> None:
    listen = {"notifications": {"toolsListChanged": True}, "_meta": META}
    await wire.say({"jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": listen})
    await wire.hear_until(method="notifications/subscriptions/acknowledged")
    await workshop.tools_changed()
    change = await wire.hear_until(method="notifications/tools/list_changed")
    assert change["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": "s"}
    await workshop.stop(graceful=True)
    await workshop.start()
    assert await wire.hear_until(method="notifications/tools/list_changed") == change  # updates may have been missed
    await workshop.tools_changed()
    assert await wire.hear_until(method="notifications/tools/list_changed") == change
    await wire.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "s"}})
    await wire.ask("tools/list", modern=True)
    acknowledged = [one for one in wire.heard if one.get("method") == "notifications/subscriptions/acknowledged"]
    assert len(acknowledged) == 1
    assert not any(message.get("id") == "s" for message in wire.heard)


async def test_session_survives_a_server_restart(workshop: Workshop, wire: Wire) -> None:
    await wire.shake_hands()
    await wire.ask("resources/subscribe", {"uri": "note://ä"})
    await workshop.stop()
    await workshop.start()
    assert "tools" in (await wire.ask("tools/list"))["result"]
    assert workshop.watched == ["note://ä", "note://ä"]
    changed = [message for message in wire.heard if message.get("method") == "notifications/resources/updated"]
    assert changed == [changed[0]]
    assert changed[0]["params"] == {"uri": "note://ä"}


@pytest.mark.parametrize("modern", [False, True])
async def test_call_is_repeated_with_its_key_after_a_server_restart(
    workshop: Workshop, wire: Wire, modern: bool
) -> None:
    if not modern:
        await wire.shake_hands()
    await wire.say(call("k", "wait", modern=modern))
    await asyncio.wait_for(workshop.waiting.wait(), 60)
    await workshop.stop()
    workshop.go_on.set()
    await workshop.start()
    assert (await wire.hear_until(id="k"))["result"]["structuredContent"] == {"name": "wait", "text": ""}
    keys = [request["idempotency-key"] for request in workshop.requests if "idempotency-key" in request]
    assert len(keys) >= 2
    assert len(set(keys)) == 1


async def test_requests_run_concurrently(workshop: Workshop, wire: Wire) -> None:
    await wire.shake_hands()
    await wire.say(call("slow", "wait", modern=False))
    for number in range(50):
        await wire.say(call(number, "agora.echo", modern=False, text="x" * 20_000))
    heard = {(await wire.hear())["id"] for _ in range(50)}
    assert heard == set(range(50))
    workshop.go_on.set()
    await wire.hear_until(id="slow")


async def test_server_errors_are_forwarded_and_refusals_become_errors(workshop: Workshop, wire: Wire) -> None:
    assert (await wire.ask("tools/call", {"name": "no such tool"}, modern=True))["error"]["code"] == -32602
    assert (await wire.ask("no/such/method", modern=True))["error"]["code"] == -32601
    problem = {"code": "unauthenticated", "status": 401, "detail": "The token has ended.", "fix": "Register again."}
    workshop.refusals.append((401, json.dumps(problem).encode()))
    refused = (await wire.ask("tools/list", modern=True))["error"]
    assert refused["code"] == -32001
    assert refused["message"] == "The token has ended. Register again."
    assert refused["data"]["code"] == "unauthenticated"
    workshop.refusals += [(503, b""), (503, b"")]
    assert "result" in await wire.ask("tools/list", modern=True)  # a busy server gets the request again


async def test_invalid_message_is_refused(wire: Wire) -> None:
    for line in (b"{nonsense", b"[]", b'"text"', b"\xff\xfe", b'{"id": [], "method": "ping"}', b"[1]", b"NaN"):
        await wire.say(line)
        refused = await wire.hear()
        assert (refused["id"], refused["error"]["code"]) == (None, -32700)
    assert "result" in await wire.ask("tools/list", modern=True)


async def test_message_nested_too_deeply_is_refused(wire: Wire) -> None:
    await wire.say(b"[" * 200_000 + b"]" * 200_000)
    refused = await wire.hear()
    assert (refused["id"], refused["error"]["code"]) == (None, -32700)
    assert "result" in await wire.ask("tools/list", modern=True)


async def test_unusual_messages_are_forwarded_or_dropped(wire: Wire) -> None:
    await wire.shake_hands()
    for odd in (
        {"method": "notifications/cancelled", "params": {"requestId": []}},
        {"method": "notifications/cancelled", "params": []},
        {"method": "notifications/progress"},
        {"id": 99, "result": {}},
        {},
    ):
        await wire.say({"jsonrpc": "2.0"} | odd)
    for odd in ({"method": "tools/call"}, {"method": "tools/call", "params": []}, {"method": 5}):
        await wire.say({"jsonrpc": "2.0", "id": "odd"} | odd)
        assert "error" in await wire.hear_until(id="odd")
    assert "result" in await wire.ask("ping")
    code, _ = await wire.end()
    assert code == 0


async def test_batch_of_the_older_generation_is_forwarded(workshop: Workshop, bridges: Bridges) -> None:
    wire = await bridges("--url", workshop.url)
    batch = [call(one, "agora.echo", modern=False) for one in (1, 2)]
    await wire.shake_hands()
    await wire.say(batch)
    refused = await wire.hear()  # the SDK's server accepts none; its error is forwarded, and names no request
    assert "error" in refused


async def test_credentials_are_sent(workshop: Workshop, bridges: Bridges) -> None:
    wire = await bridges("--url", workshop.url, AGORA_TOKEN="agt_from_the_environment")
    await wire.ask("tools/list", modern=True)
    assert workshop.requests[-1]["authorization"] == "Bearer agt_from_the_environment"
    wire = await bridges("--url", workshop.url, "--agent", "Nobody")
    code, log = await wire.end()
    assert code == 3
    assert "Nobody" in log
    assert wire.heard == []


async def test_unreachable_server_is_reported_and_every_request_answered(bridges: Bridges) -> None:
    wire = await bridges("--url", "http://127.0.0.1:1", "--patience", "0.5")
    refused = (await wire.ask("tools/list", modern=True))["error"]
    assert "agora serve" in refused["message"]
    assert refused["data"]["code"] == "server_unreachable"
    code, log = await wire.end()
    assert code == 0
    assert log.count("No server answers at http://127.0.0.1:1") == 1


async def test_bridge_ends_at_a_signal(workshop: Workshop, wire: Wire) -> None:
    await wire.shake_hands()
    await wire.say(call("w", "wait", modern=False))
    await asyncio.wait_for(workshop.waiting.wait(), 60)
    wire.process.send_signal(signal.SIGTERM)
    code, log = await wire.ended()
    assert (code, log) == (0, "")


async def test_running_requests_are_answered_after_end_of_input(workshop: Workshop, wire: Wire) -> None:
    await wire.say(call("last", "agora.echo", modern=True, text="bye"))
    await wire.end()
    assert [message["id"] for message in wire.heard] == ["last"]


async def test_bridge_starts_without_the_protocol_sdk(workshop: Workshop, bridges: Bridges) -> None:
    wire = await bridges("--url", workshop.url, PYTHONPROFILEIMPORTTIME="1")
    await wire.ask("tools/list", modern=True)
    _, log = await wire.end()
    imported = {line.rsplit("|", 1)[-1].strip() for line in log.splitlines() if line.startswith("import time:")}
    assert "httpx" in imported
    assert not {"mcp", "mcp_types", "uvicorn", "agora.server", "agora_sdk.contract"} & imported


async def test_start_takes_bounded_cpu_time(workshop: Workshop, bridges: Bridges) -> None:
    """At most three times what asyncio and httpx alone take; 0.3 s of CPU time on a slow core."""

    def spent() -> float:
        return os.times().children_user + os.times().children_system

    before = spent()
    await (await asyncio.create_subprocess_exec(sys.executable, "-c", "import asyncio, httpx, typer")).wait()
    floor, before = spent() - before, spent()
    wire = await bridges("--url", workshop.url)
    await wire.ask("tools/list", modern=True)
    await wire.end()
    assert spent() - before < 3 * floor


async def test_client_need_not_wait_for_the_handshake(workshop: Workshop, wire: Wire) -> None:
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    await wire.say({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    await wire.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
    await wire.say(call(2, "announce", modern=False))
    await wire.hear_until(method="notifications/tools/list_changed")
    await wire.end()
    assert {message.get("id") for message in wire.heard} == {1, 2, None}
