"""Random requests: each gets a valid A2A response, never an internal error or a broken envelope."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agora.protocols.a2a.methods import METHODS
from agora.server.app import App
from tests.harness import local_client
from tests.unit.wire.a2a_messages import JSON, WORDS, messages

FIELDS = st.sampled_from(
    [
        *("id", "taskId", "task_id", "name", "message", "configuration", "metadata", "tenant", "status", "pageSize"),
        *("pageToken", "historyLength", "contextId", "includeArtifacts", "statusTimestampAfter", "url", "token"),
        *("authentication", "pushNotificationConfig", "pushNotificationConfigId", "parent", "config", "skill"),
    ]
)
PARTLY = messages.flatmap(
    lambda message: st.dictionaries(st.sampled_from([*message, "kind", "content", "text"]), JSON, max_size=3).map(
        lambda wrong: {**message, **wrong}
    )
)
PARAMS = st.dictionaries(FIELDS, JSON | PARTLY, max_size=4) | JSON
NAMES = (
    st.sampled_from([*METHODS, "message/send", "tasks/get", "tasks/pushNotificationConfig/get", "tasks/list"]) | WORDS
)
SERVER_ERROR = 500


def _request(method: str, params: Any) -> dict[str, Any]:
    quick = {"configuration": {"returnImmediately": True}} if isinstance(params, dict) else {}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params if not quick else {**params, **quick}}


async def test_random_requests_get_valid_responses(app: App) -> None:
    async with local_client(app, headers={"A2A-Version": "1.0"}) as http:
        await http.post("/agents/register", json={"agent_name": "Silent"})
        found: list[httpx.Response] = []

        async def ask(request: Any, headers: dict[str, str]) -> None:
            found.append(await http.post("/a2a/Silent", json=request, headers=headers))

        loop = asyncio.get_running_loop()

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(NAMES, PARAMS, st.sampled_from([{}, {"A2A-Version": ""}]))
        def try_out(method: str, params: Any, headers: dict[str, str]) -> None:
            if METHODS.get(method) is not None and METHODS[method].streams:
                return
            asyncio.run_coroutine_threadsafe(ask(_request(method, params), headers), loop).result(30)

        await asyncio.to_thread(try_out)
    assert found
    for answer in found:
        assert answer.status_code < SERVER_ERROR, answer.text
        document = answer.json()
        assert document["jsonrpc"] == "2.0"
        assert ("result" in document) != ("error" in document)
        assert document.get("error", {}).get("code") != -32603, document
