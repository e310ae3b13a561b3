"""MCP resources, prompts, completions, and change notifications."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp.client.session import ClientSession
from pydantic_core import from_json

from agora.protocols.mcp import prompts, resource_changes
from agora.protocols.mcp.request_context import JsonRpcError
from agora.protocols.mcp.resources import MAX_LISTED_ENTRIES, RESOURCE_TEMPLATES
from agora_sdk.contract import operations
from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, connect


async def _read(wire: Wire, uri: str, era: str = "modern") -> Any:
    answer = await wire.call(era, "resources/read", {"uri": uri})
    if "error" in answer:
        return answer["error"]
    (content,) = answer["result"]["contents"]
    assert content["uri"] == uri
    return from_json(content["text"]) if content["mimeType"] == "application/json" else content["text"]


async def _do(wire: Wire, name: str, **arguments: Any) -> Any:
    answer = await wire.call("modern", "tools/call", {"name": name, "arguments": arguments})
    assert not answer["result"]["isError"], answer
    return answer["result"]["structuredContent"]


@pytest.mark.parametrize("era", ERAS)
async def test_every_resource_can_be_read(wire: Wire, era: str) -> None:
    bob = await register(wire, "Bob of Ütrecht")
    task = await _do(wire, "agora.task.assign", task_type="t", assignee="Bob of Ütrecht")
    held = (await _do(bob, "agora.task.claim"))["tasks"][0]
    own = {"task_id": task["task_id"], "fencing_token": held["fencing_token"]}
    await _do(bob, "agora.task.append", **own, content="a line\n", offset=0)
    flow = await _do(wire, "agora.workflow.create", workflow_name="w", steps=[{"name": "a", "task_type": "t"}])
    agent = await _read(wire, "agora://agents/Bob%20of%20%C3%9Ctrecht", era)
    assert await _read(wire, f"agora://agents/{agent['agent_id']}", era) == agent
    assert (await _read(wire, f"agora://tasks/{task['task_id']}", era))["status"] == "in_progress"
    assert await _read(wire, f"agora://tasks/{task['task_id']}/output", era) == "a line\n"
    assert (await _read(wire, f"agora://workflows/{flow['workflow_id']}", era))["workflow_name"] == "w"
    assert "flowchart" in await _read(wire, f"agora://workflows/{flow['workflow_id']}/diagram", era)
    assert (await _read(wire, "agora://catalogue", era))["services"]
    assert (await _read(wire, "agora://catalogue/agora.task.get", era))["name"] == "agora.task.get"
    assert (await _read(wire, "agora://marketplace", era))["agents_total"] == 1


@pytest.mark.parametrize(("era", "code"), [("legacy", -32002), ("modern", -32602)])
async def test_unknown_resource_is_reported(wire: Wire, era: str, code: int) -> None:
    for uri in ("agora://agents/Nobody", "agora://nothing", "agora://agents/", "agora://agents/a/b", "http://x/"):
        assert (await _read(wire, uri, era))["code"] == code, uri


async def test_unauthorized_read_is_refused_with_the_reason(wire: Wire) -> None:
    key = await _do(wire, "agora.token.create", label="k", scopes=["read:messages"])
    error = await _read(Wire(wire.http, key["token"]), "agora://agents/Bob")
    assert (error["code"], error["data"]["code"]) == (-32003, "permission_denied")


async def _listed(wire: Wire, query: str = "") -> list[str]:
    """Return the URIs of resources/list over all pages."""
    wire.query = query
    uris: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        result = (await wire.call("modern", "resources/list", cursor))["result"]
        uris += [resource["uri"] for resource in result["resources"]]
        if "nextCursor" not in result:
            return uris
        cursor = {"cursor": result["nextCursor"]}


async def test_active_objects_are_listed_in_pages(wire: Wire) -> None:
    workers = [await register(wire, f"Agent {number}") for number in range(5)]
    await _do(wire, "agora.task.assign", task_type="t", assignee="Agent 1")
    done = await _do(wire, "agora.task.assign", task_type="t", assignee="Agent 2")
    await _do(workers[2], "agora.task.update", task_id=done["task_id"], status="completed")
    await _do(wire, "agora.workflow.create", workflow_name="w", steps=[{"name": "a", "task_type": "t"}])
    uris = await _listed(wire, "?page=2")
    assert len(uris) == len(set(uris))
    counts = {
        kind: sum(uri.startswith(f"agora://{kind}/") for uri in uris) for kind in ("agents", "tasks", "workflows")
    }
    assert counts == {"agents": 5, "tasks": 2, "workflows": 1}
    assert f"agora://tasks/{done['task_id']}" not in uris
    assert (await _read(wire, f"agora://tasks/{done['task_id']}"))["status"] == "completed"
    assert {"agora://catalogue", "agora://marketplace"} <= set(uris)
    templates = (await wire.call("modern", "resources/templates/list"))["result"]["resourceTemplates"]
    assert {each["uriTemplate"] for each in templates} == {
        each.uri for each in RESOURCE_TEMPLATES if each.parameter_name
    }


async def test_list_does_not_grow_with_use(wire: Wire) -> None:
    for number in range(MAX_LISTED_ENTRIES + 5):
        await register(wire, f"Agent {number}")
        task = await _do(wire, "agora.task.assign", task_type="t", assignee=f"Agent {number}")
    uris = await _listed(wire)
    for kind in ("agents", "tasks"):
        assert sum(uri.startswith(f"agora://{kind}/") for uri in uris) == MAX_LISTED_ENTRIES
    assert f"agora://tasks/{task['task_id']}" in uris, "the newest are listed"


async def test_unauthorized_list_is_empty(wire: Wire) -> None:
    key = await _do(wire, "agora.token.create", label="k", scopes=["read:messages"])
    stranger = Wire(wire.http, key["token"])
    cursor: dict[str, Any] = {}
    for _ in range(5):
        result = (await stranger.call("modern", "resources/list", cursor))["result"]
        if "nextCursor" not in result:
            return
        cursor = {"cursor": result["nextCursor"]}
    pytest.fail("the list has no end")


# -- prompts -------------------------------------------------------------------------------------


def test_prompts_name_existing_operations() -> None:
    import re

    names = {operation.name for operation in operations()}
    for prompt in prompts.PROMPTS:
        used = set(re.findall(r"agora\.\w+\.\w+", prompt.text))
        assert used, prompt.name
        assert used <= names, prompt.name
        assert set(re.findall(r"{(\w+)}", prompt.text)) <= prompt.arguments.keys()


@pytest.mark.parametrize("era", ERAS)
async def test_prompt_is_filled_in(wire: Wire, era: str) -> None:
    listed = (await wire.call(era, "prompts/list"))["result"]["prompts"]
    assert {prompt["name"] for prompt in listed} == {prompt.name for prompt in prompts.PROMPTS}
    arguments = {"task": "{to} task_1", "to": "Bob"}
    result = (await wire.call(era, "prompts/get", {"name": "hand_over_task", "arguments": arguments}))["result"]
    text = result["messages"][0]["content"]["text"]
    assert "Hand this over: {to} task_1\nTo: Bob\nReason: (not said)" in text


def test_prompt_reports_missing_arguments() -> None:
    prompt = prompts.require_prompt("review_workflow")
    with pytest.raises(JsonRpcError, match="needs workflow_id"):
        prompt.fill_template({"workflow_id": " "})
    with pytest.raises(JsonRpcError, match="takes no other"):
        prompt.fill_template({"workflow_id": "wf_1", "other": "x"})
    with pytest.raises(JsonRpcError, match="Unknown prompt"):
        prompts.require_prompt("nothing")


async def test_arguments_are_completed(wire: Wire) -> None:
    await register(wire, "Bob")
    await register(wire, "Berta")

    async def values(name: str, begun: str) -> list[str]:
        ref = {"type": "ref/prompt", "name": "hand_over_task"}
        params = {"ref": ref, "argument": {"name": name, "value": begun}}
        found: list[str] = (await wire.call("modern", "completion/complete", params))["result"]["completion"]["values"]
        return found

    assert sorted(await values("to", "b")) == ["Berta", "Bob"]
    assert await values("to", "bo") == ["Bob"]
    assert await values("service", "agora.messaging.s") != []
    assert await values("reason", "x") == []


# -- notifications ---------------------------------------------------------------------------------


def test_events_map_to_changed_resources() -> None:
    task = {"type": "agora.task.completed", "subject": "task_1", "data": {"workflow_id": "wf_1"}}
    assert resource_changes.find_changes_of_event(task).uris == ("agora://tasks/task_1", "agora://workflows/wf_1")
    assert resource_changes.find_changes_of_event(
        {"type": "agora.agent.updated", "subject": "agent_1", "data": {}}
    ).tools
    assert resource_changes.find_changes_of_event(
        {"type": "agora.agent.registered", "subject": "agent_1", "data": {}}
    ).resources
    assert resource_changes.find_changes_of_event(
        {"type": "agora.service.status_changed", "subject": "x", "data": {}}
    ).tools
    assert (
        resource_changes.find_changes_of_event({"type": "agora.message.received", "subject": "msg_1", "data": {}})
        == resource_changes.NO_CHANGES
    )


@pytest.mark.filterwarnings("ignore:resources/")
@pytest.mark.parametrize("era", ERAS)
async def test_subscribers_are_notified(server: Running, wire: Wire, era: str) -> None:
    bob = await register(wire, "Bob")
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with connect(f"{server.url}/mcp", era, message_handler=hear) as client:
        async with asyncio.timeout(60):
            if era == "legacy":
                await _standing(server)
                await client.session.subscribe_resource("agora://agents/Bob")
                await _do(bob, "agora.agent.update", agent_id="Bob", description="new")
                found = [await heard.get() for _ in range(2)]
                assert {(type(each).__name__) for each in found} == {
                    "ResourceUpdatedNotification",
                    "ToolListChangedNotification",
                }
                assert next(each for each in found if hasattr(each.params, "uri")).params.uri == "agora://agents/Bob"
                await client.session.unsubscribe_resource("agora://agents/Bob")
                await register(wire, "Carol")
                kinds = {type(await heard.get()).__name__ for _ in range(2)}
                assert kinds == {"ToolListChangedNotification", "ResourceListChangedNotification"}
            else:
                await _listens(client.session, bob, wire)


async def _standing(server: Running) -> None:
    """Wait until the session's GET stream is open and follows the events."""
    await wait_until(lambda: len(server.app.feed))


async def _listens(session: ClientSession, bob: Wire, wire: Wire) -> None:
    from mcp.client.subscriptions import listen

    async with listen(session, tools_list_changed=True, resource_subscriptions=["agora://agents/Bob"]) as stream:
        await _do(bob, "agora.agent.update", agent_id="Bob", description="new")
        events = aiter(stream)
        found = {type(await anext(events)).__name__ for _ in range(2)}
        assert found == {"ResourceUpdated", "ToolsListChanged"}
        await _do(wire, "agora.admin.manage", resource="service", target="agora.query.marketplace", action="deprecate")
        assert type(await anext(events)).__name__ == "ToolsListChanged"


@pytest.mark.filterwarnings("ignore:resources/")
async def test_private_task_is_notified_only_to_its_participants(server: Running, wire: Wire) -> None:
    await register(wire, "Bob")
    carol = await register(wire, "Carol")
    task = await _do(wire, "agora.task.assign", task_type="t", assignee="Bob")
    uri = f"agora://tasks/{task['task_id']}"
    heard: list[Any] = []

    async def hear(message: Any) -> None:
        heard.append(message)

    async with connect(f"{server.url}/mcp", "legacy", carol.token, message_handler=hear) as client:
        async with asyncio.timeout(60):
            await _standing(server)
            await client.session.subscribe_resource(uri)
            await _do(wire, "agora.task.cancel", task_id=task["task_id"])
            await register(wire, "Dora")
            await wait_until(lambda: heard)
    assert all(type(message).__name__ != "ResourceUpdatedNotification" for message in heard)


async def test_stopping_server_ends_streams_cleanly(server: Running) -> None:
    from mcp.client.subscriptions import listen

    async with (
        connect(f"{server.url}/mcp", "modern") as client,
        asyncio.timeout(60),
        listen(client.session, tools_list_changed=True) as stream,
    ):
        server.app.drain()
        assert [event async for event in stream] == []
