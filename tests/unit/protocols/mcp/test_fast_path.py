"""The fast path and the SDK give equal answers."""

from __future__ import annotations

from typing import Any

import pytest

from agora_sdk.contract import operations
from tests.harness import Running
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, answer, envelope

pytestmark = pytest.mark.long

#: members that differ from call to call on both paths
CHANGING = frozenset({"agora.admin.health", "agora.admin.audit", "agora.monitor.stats"})  # with each call
VOLATILE = frozenset(
    {"timestamp", "last_activity", "started_at", "updated_at", "calls", "errors", "busiest_services", "request_id"}
    | {"since", "incident", "message_id", "event_id", "usage", "components", "created_at"}
    | {"generated_at", "agora/problem"}
)

CALLS: list[tuple[str, dict[str, Any] | None]] = [
    ("ping", None),
    ("server/discover", {}),
    ("tools/list", None),
    ("tools/list", {}),
    ("tools/list", {"cursor": "YWdvcmEuZXZlbnQubGlzdA"}),
    ("tools/list", {"cursor": "?? no cursor ??"}),
    ("tools/list", {"cursor": 7}),
    ("tools/list", {"surprise": True}),
    ("resources/list", {}),
    ("resources/list", {"cursor": "MCA"}),
    ("resources/list", {"cursor": "OTkg"}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "agora://catalogue/agora.messaging.send"}),
    ("resources/read", {"uri": "agora://agents/Alice"}),
    ("resources/read", {"uri": "agora://agents/Nobody"}),
    ("resources/read", {"uri": "agora://tasks/task_00000000000000000000000000000000"}),
    ("resources/read", {"uri": "nonsense"}),
    ("resources/read", {"uri": 7}),
    ("resources/read", {}),
    ("prompts/list", {}),
    ("prompts/get", {"name": "review_workflow", "arguments": {"workflow_id": "wf_1"}}),
    ("prompts/get", {"name": "review_workflow"}),
    ("prompts/get", {"name": "review_workflow", "arguments": {"workflow_id": 7}}),
    ("prompts/get", {"name": "supervise", "arguments": {}}),
    ("prompts/get", {"name": "nothing"}),
    ("tools/call", {"name": "agora.agent.get", "arguments": {"agent_id": "Alice"}}),
    ("tools/call", {"name": "agora_agent_get", "arguments": {"agent_id": "Alice"}}),
    ("tools/call", {"name": "agora.agent.get", "arguments": {"agent_id": "Nobody"}}),
    ("tools/call", {"name": "agora.agent.get", "arguments": {"agent": "Alice"}}),
    ("tools/call", {"name": "agora.agent.get", "arguments": {"agent_id": ["Alice"]}}),
    ("tools/call", {"name": "agora.agent.get", "arguments": []}),
    ("tools/call", {"name": "agora.agent.get", "arguments": None}),
    ("tools/call", {"name": "agora.agent.get"}),
    ("tools/call", {"name": "agora.agent.list", "arguments": {"limit": 1}}),
    ("tools/call", {"name": "agora.agent.list", "_meta": {"progressToken": "p"}}),
    ("tools/call", {"name": "agora.agent.list", "_meta": {"progressToken": [1]}}),
    ("tools/call", {"name": "agora.agent.list", "_meta": {"agora/version": "1.0.0"}}),
    ("tools/call", {"name": "agora.agent.list", "_meta": {"agora/version": "9.9.9"}}),
    ("tools/call", {"name": "agora.messaging.send", "arguments": {"to_agent": "Alice", "content": "Grüße 🚀\u2028\x00"}}),
    ("tools/call", {"name": "agora.messaging.send", "arguments": {"to_agent": "Alice", "content": "Grüße 🚀\u2028"}}),
    ("tools/call", {"name": "agora.event.publish", "arguments": {"event_type": "t", "data": [1, 2.5, None, 1e300]}}),
    ("tools/call", {"name": "agora.query.agents", "arguments": {"search": "alice"}}),
    ("tools/call", {"name": "agora.tools.search", "arguments": {"query": "send a message"}}),
    ("tools/call", {"name": "agora.tools.search", "arguments": {"query": ""}}),
    ("tools/call", {"name": "agora.tools.call", "arguments": {"name": "agora.agent.list", "arguments": {}}}),
    ("tools/call", {"name": "agora.tools.call", "arguments": {"name": "agora.tools.call"}}),
    ("tools/call", {"name": "agora.nothing.here"}),
    ("tools/call", {"name": "Alice.translate"}),
    ("tools/call", {"name": 7}),
    ("tools/call", {}),
    ("tasks/get", {"taskId": "task_00000000000000000000000000000000"}),
    ("tasks/get", {"taskId": 7}),
    ("tasks/get", {}),
    ("tasks/cancel", {"taskId": "task_00000000000000000000000000000000"}),
    ("tasks/update", {"taskId": "task_0", "inputResponses": {}}),
    ("tasks/list", {}),
    ("tasks/list", {"cursor": "nonsense"}),
    ("tasks/list", {"cursor": 7}),
    ("no/such/method", {}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "supervise"}, "argument": {"name": "x", "value": ""}}),
]  # fmt: skip

#: answered without the SDK: a path that answers nothing itself would pass every comparison
FAST_METHODS = frozenset(
    {"tools/list", "tools/call", "resources/list", "resources/read", "prompts/list", "prompts/get", "ping"}
)


def _settled(value: Any) -> Any:
    """Remove from an answer what differs from call to call."""
    if isinstance(value, dict):
        return {key: _settled(part) for key, part in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [_settled(part) for part in value]
    return _settled_text(value)


def _settled_text(value: Any) -> Any:
    """Check that the text of a result repeats its structured content, or the problem document."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    from pydantic_core import from_json

    try:
        return _settled(from_json(value))
    except ValueError:
        return value


class _Counted:
    """Disables or counts the fast path."""

    def __init__(self, server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answered, self.on = 0, True
        fast_path = server.app.mcp.fast_path
        real = fast_path.answer_request_or_none

        async def answer(*arguments: Any) -> Any:
            found = await real(*arguments) if self.on else None
            self.answered += found is not None
            return found

        monkeypatch.setattr(fast_path, "answer_request_or_none", answer)


@pytest.fixture
def fast_path(server: Running, monkeypatch: pytest.MonkeyPatch) -> _Counted:
    return _Counted(server, monkeypatch)


@pytest.fixture
async def alice(wire: Wire) -> None:
    profile = {"agent_name": "Alice", "capabilities": ["translate"], "description": 'says "hello"'}
    assert (await wire.http.post("/agents/register", json=profile)).status_code == 200


async def _both(wire: Wire, fast_path: _Counted, era: str, method: str, params: Any) -> tuple[Any, Any]:
    send = wire.modern if era == "modern" else wire.legacy
    found = []
    for on in (True, False):
        fast_path.on = on
        response = await send(method, params)
        message = answer(response)
        message.pop("id")
        found.append((response.status_code, _settled(message)))
    return found[0], found[1]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("era", ERAS)
async def test_every_request_of_the_corpus_gets_equal_answers(wire: Wire, fast_path: _Counted, era: str) -> None:
    await wire.shake_hands()
    quick: set[str] = set()
    for method, params in CALLS:
        before = fast_path.answered
        ours, theirs = await _both(wire, fast_path, era, method, params)
        assert ours == theirs, (method, params)
        if fast_path.answered > before:
            quick.add(method)
    assert quick >= FAST_METHODS - ({"ping"} if era == "modern" else set())


@pytest.mark.parametrize("era", ERAS)
async def test_every_query_without_arguments_gets_equal_answers(wire: Wire, fast_path: _Counted, era: str) -> None:
    await wire.shake_hands()
    for operation in operations():
        if operation.kind != "query" or operation.name in CHANGING:
            continue
        ours, theirs = await _both(wire, fast_path, era, "tools/call", {"name": operation.name, "arguments": {}})
        assert ours == theirs, operation.name


ENVELOPES: list[dict[str, Any]] = [
    {"io.modelcontextprotocol/clientInfo": None},
    {"io.modelcontextprotocol/clientInfo": {"name": "x"}},
    {"io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1", "icons": []}},
    {"io.modelcontextprotocol/clientInfo": {"name": "x", "version": 1}},
    {"io.modelcontextprotocol/clientCapabilities": None},
    {"io.modelcontextprotocol/clientCapabilities": []},
    {"io.modelcontextprotocol/clientCapabilities": {"sampling": {}, "roots": {"listChanged": True}}},
    {"io.modelcontextprotocol/clientCapabilities": {"sampling": {"tools": {}}, "elicitation": {"form": {}}}},
    {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": True}}},
    {"io.modelcontextprotocol/clientCapabilities": {"roots": {"listChanged": "yes"}}},
    {"io.modelcontextprotocol/clientCapabilities": {"sampling": 7}},
    {"io.modelcontextprotocol/clientCapabilities": {"extensions": {"x/y": {}}, "experimental": {"z": {}}}},
    {"io.modelcontextprotocol/clientCapabilities": {"extensions": {"x/y": 7}}},
    {"io.modelcontextprotocol/clientCapabilities": {"unheard_of": {}}},
    {"io.modelcontextprotocol/protocolVersion": "2025-11-25"},
    {"io.modelcontextprotocol/protocolVersion": 7},
    {"io.modelcontextprotocol/logLevel": "debug"},
    {"io.modelcontextprotocol/logLevel": "shout"},
    {"progressToken": 1.5},
    {"progressToken": True},
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    {"mine/own": {"deep": [1]}},
]


@pytest.mark.parametrize("meta", ENVELOPES, ids=str)
async def test_every_envelope_gets_equal_answers(wire: Wire, fast_path: _Counted, meta: dict[str, Any]) -> None:
    ours, theirs = await _both(wire, fast_path, "modern", "tools/call", {"name": "agora.agent.list", "_meta": meta})
    assert ours == theirs


RAW: list[tuple[Any, dict[str, str]]] = [
    ([], {}),
    ([{"jsonrpc": "2.0", "id": 1, "method": "ping"}], {}),
    ("text", {}),
    (None, {}),
    ({"jsonrpc": "1.0", "id": 1, "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": None, "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": True, "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": "seven", "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "more": 1}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": 7}, {}),
    ({"jsonrpc": "2.0", "id": 1}, {}),
    ({"jsonrpc": "2.0", "id": 1, "result": {}}, {}),
    ({"jsonrpc": "2.0", "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": None}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"accept": "application/json"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"accept": "text/html"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"accept": "*/*"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"content-type": "text/plain"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"content-type": "application/json; charset=utf-8"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"mcp-method": "tools/call"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"mcp-method": ""}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"mcp-protocol-version": "1999-01-01"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"mcp-param-region": "x"}),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"mcp-session-id": "made-up"}),
]


@pytest.mark.parametrize("number", range(len(RAW)))
@pytest.mark.parametrize("era", ERAS)
async def test_every_unusual_request_gets_equal_answers(wire: Wire, fast_path: _Counted, era: str, number: int) -> None:
    message, headers = RAW[number]
    await wire.shake_hands()
    if era == "modern":
        own = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
        if isinstance(message, dict) and "params" not in message:
            message = message | {"params": {"_meta": envelope()}}
    else:
        own = {"mcp-session-id": wire.session}
    found = []
    for on in (True, False):
        fast_path.on = on
        response = await wire.post(message, own | headers)
        body = answer(response) if response.content.startswith((b"{", b"event", b"id")) else response.content
        found.append((response.status_code, _settled(body)))
    assert found[0] == found[1]
