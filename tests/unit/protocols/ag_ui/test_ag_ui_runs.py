"""AG-UI runs: events of a task, questions and their answers, and refused requests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from agora.protocols.ag_ui.interrupts import build_tool_answer_message
from agora.protocols.ag_ui.run_input import ToolAnswer
from agora_sdk.errors import Conflict
from tests.polling import eventually
from tests.unit.protocols.ag_ui.conftest import SECONDS, Page

Events = list[dict[str, Any]]


@dataclass
class Worker:
    """A connected agent: it claims its tasks over REST, and does not use AG-UI."""

    page: Page
    agent_id: str
    token: str

    async def call(self, operation: str, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.page.http.post("/" + operation.replace(".", "/"), json=arguments, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def claim(self) -> tuple[dict[str, Any], dict[str, Any]]:
        (task,) = (await self.call("agora.task.claim", wait=SECONDS))["tasks"]
        return task, {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}

    async def answers(self, task_id: str) -> Events:
        """Return the requester's messages since the task was created."""
        headers = {"Authorization": f"Bearer {self.token}"}
        query = {"task_id": task_id, "types": "message"}
        page = (await self.page.http.get("/agora/task/history", params=query, headers=headers)).json()
        return [entry["data"] for entry in page["entries"] if entry["data"]["role"] == "ROLE_USER"]


@pytest.fixture
async def worker(page: Page) -> Worker:
    registered = (await page.http.post("/agents/register", json={"agent_name": "Worker"})).json()
    page.agent = registered["agent_id"]
    return Worker(page, registered["agent_id"], registered["token"])


def _kinds(events: Events) -> list[str]:
    return [event["type"] for event in events]


def _text(events: Events) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")


def _one(events: Events, kind: str) -> dict[str, Any]:
    (event,) = [event for event in events if event["type"] == kind]
    return event


def _check(*runs: Events) -> None:
    """Check the order of events required by the protocol: one beginning, one end, and properly nested parts."""
    pairs = {"TEXT_MESSAGE": "messageId", "TOOL_CALL": "toolCallId"}
    for run in runs:
        kinds, is_open = _kinds(run), dict.fromkeys(pairs)
        assert kinds[0] == "RUN_STARTED"
        assert [kind for kind in kinds if kind in ("RUN_FINISHED", "RUN_ERROR")] == [kinds[-1]]
        for event in run:
            name, _, step = event["type"].rpartition("_")
            if step == "START":
                assert not any(is_open.values()), f"{event} begins within another"
                is_open[name] = event[pairs[name]]
            elif step in ("CONTENT", "ARGS", "END"):
                assert is_open[name] == event[pairs[name]], f"{event} is of nothing open"
                is_open[name] = None if step == "END" else is_open[name]
        assert not any(is_open.values())


async def test_built_in_agent_answers_a_run(page: Page) -> None:
    events = await page.run(page.body("talk", "run-1", "hello", state={"open": True}))
    _check(events)
    assert events[0] == {"type": "RUN_STARTED", "threadId": "talk", "runId": "run-1", "protocolVersion": "1.0"}
    assert _text(events) == "hello"
    snapshot = _one(events, "STATE_SNAPSHOT")["snapshot"]
    assert (snapshot["open"], snapshot["agora"]["status"]) == (True, "submitted")
    assert {"op": "add", "path": "/agora/status", "value": "completed"} in [
        operation for event in events if event["type"] == "STATE_DELTA" for operation in event["delta"]
    ]
    assert (events[-1]["type"], events[-1]["outcome"]) == ("RUN_FINISHED", {"type": "success"})
    tasks = (await page.http.get("/agora/a2a/list", params={"context_id": "talk"})).json()["tasks"]
    assert [task["contextId"] for task in tasks] == ["talk"]
    assert await page.run(page.body("talk", "run-1", "hello", state={"open": True})) == events, (
        "a repeated run is replayed"
    )
    assert len((await page.http.get("/agora/a2a/list", params={"context_id": "talk"})).json()["tasks"]) == 1


async def test_progress_is_streamed(page: Page, worker: Worker) -> None:
    said = [
        {"id": "0", "role": "system", "content": "Be brief."},
        {"id": "1", "role": "user", "content": "old"},
        {"id": "2", "role": "assistant", "content": "old answer"},
        {"id": "3", "role": "user", "content": [{"type": "text", "text": "report"}, _picture("data"), _picture("url")]},
    ]
    body = page.body("talk", "run", context=[{"description": "page", "value": "sales"}]) | {"messages": said}
    async with page.stream(body) as stream:
        task, held = await worker.claim()
        await worker.call("agora.task.append", content="one ", **held)
        seen: Events = []
        async for event in stream:
            seen.append(event)
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                break  # reported before the task continues
        await worker.call("agora.task.update", progress=40, notes="counting", **held)
        await worker.call("agora.task.append", content="two\u2028", **held)
        call = {"tool_call": {"id": "c1", "name": "sum", "arguments": {"column": "b"}}}
        await worker.call("agora.task.message", parts=[{"data": call}], **held)
        await worker.call("agora.task.message", parts=[{"data": call}], **held)
        result = {"tool_result": {"id": "c1", "content": {"total": 3}}}
        await worker.call("agora.task.message", parts=[{"data": result}, {"text": "It is three."}], **held)
        state = {"artifact_id": "state", "parts": [{"data": {"rows": 1}}]}
        await worker.call("agora.task.artifact", **state, **held)
        patch = [{"op": "replace", "path": "/rows", "value": 2}]
        await worker.call("agora.task.artifact", artifact_id="state", parts=[{"data": patch}], append=True, **held)
        await worker.call("agora.task.artifact", name="plan", parts=[{"data": {"day": 1}}], **held)
        await worker.call("agora.task.complete", result="It is three.", **held)
        seen += [event async for event in stream]
    _check(seen)
    message = task["payload"]["message"]
    assert message["parts"] == [
        {"text": "report"},
        {"raw": "aGk=", "mediaType": "image/png"},
        {"url": "https://example.org/a.png", "mediaType": "image/png"},
    ]
    assert message["metadata"]["ag_ui"] == {
        "runId": "run",
        "context": [{"description": "page", "value": "sales"}],
        "instructions": ["Be brief."],
    }
    assert _text(seen) == "one two\u2028It is three."
    assert [event["toolCallName"] for event in seen if event["type"] == "TOOL_CALL_START"] == ["sum"]
    assert (_one(seen, "TOOL_CALL_ARGS")["delta"], _one(seen, "TOOL_CALL_RESULT")["content"]) == (
        '{"column":"b"}',
        '{"total":3}',
    )
    snapshots = [event["snapshot"] for event in seen if event["type"] == "STATE_SNAPSHOT"]
    assert (snapshots[-1]["rows"], snapshots[-1]["agora"]["progress"], snapshots[-1]["agora"]["note"]) == (
        1,
        40,
        "counting",
    )
    assert patch in [event["delta"] for event in seen if event["type"] == "STATE_DELTA"]
    assert _one(seen, "CUSTOM")["value"]["artifact"]["parts"] == [{"data": {"day": 1}}]
    assert _kinds(seen)[-1] == "RUN_FINISHED"


def _picture(kind: str) -> dict[str, Any]:
    value = "aGk=" if kind == "data" else "https://example.org/a.png"
    return {"type": "image", "source": {"type": kind, "value": value, "mimeType": "image/png"}}


async def test_question_interrupts_a_run_and_its_answer_resumes_it(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Book a table")))
    _, held = await worker.claim()
    schema = {"type": "object", "properties": {"seats": {"type": "integer"}}}
    questions = {"day": {"text": "Which day?"}, "seats": {"text": "How many?", "requestedSchema": schema}}
    await worker.call(
        "agora.task.message", text="Two things.", status="input_required", metadata={"questions": questions}, **held
    )
    first = await asking
    outcome = first[-1]["outcome"]
    assert outcome["type"] == "interrupt"
    assert [each["message"] for each in outcome["interrupts"]] == ["Which day?", "How many?"]
    assert outcome["interrupts"][1]["responseSchema"] == schema
    assert {each["reason"] for each in outcome["interrupts"]} == {"input_required"}
    refused = await page.run(page.body("talk", "other", "And another thing"))
    assert [event.get("code") for event in refused] == [None, "interrupts_open"]
    day, seats = (each["id"] for each in outcome["interrupts"])
    partial = page.body("talk", "half", resume=[{"interruptId": day, "status": "resolved", "payload": "Monday"}])
    assert (await page.run(partial))[-1]["code"] == "answer_refused"
    resume = [
        {"interruptId": seats, "status": "resolved", "payload": {"seats": 4}},
        {"interruptId": day, "status": "resolved", "payload": "Monday"},
    ]
    body = page.body("talk", "second", resume=resume)
    resuming = asyncio.create_task(page.run(body))
    _, held = await worker.claim()
    answers = await worker.answers(held["task_id"])
    assert {each["metadata"]["answers"]: each["parts"][0] for each in answers} == {
        "day": {"text": "Monday"},
        "seats": {"data": {"seats": 4}},
    }
    await worker.call("agora.task.complete", result="booked", **held)
    second = await resuming
    assert (_text(second), second[-1]["outcome"]["type"]) == ("booked", "success")
    assert await page.run(body) == second, "a repeated resumed run is replayed, and answers nothing twice"
    assert await page.run(page.body("talk", "first", "Book a table")) == first
    late = await page.run({**body, "runId": "third"})
    assert late[-1]["code"] == "answer_refused"
    assert (await page.run({**body, "runId": "elsewhere", "threadId": "another"}))[-1]["code"] == "answer_refused"
    _check(first, refused, second, late)


async def test_answers_missing_after_a_crash_are_sent_when_the_run_is_repeated(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Book a table")))
    _, held = await worker.claim()
    questions = {"day": {"text": "Which day?"}, "seats": {"text": "How many?"}}
    asked = {"text": "Two things.", "metadata": {"questions": questions}}
    await worker.call("agora.task.message", status="input_required", **asked, **held)
    day, seats = (each["id"] for each in (await asking)[-1]["outcome"]["interrupts"])
    # As a server leaves it that is killed after the first answer.
    first_answer = {"messageId": "second", "role": "ROLE_USER", "parts": [{"text": "Monday"}]}
    first_answer |= {"metadata": {"ag_ui": {"runId": "second"}, "answers": "day"}}
    sent = {"message": first_answer, "task_id": held["task_id"], "context_id": "talk", "return_immediately": True}
    stored = await page.http.post("/agora/a2a/send", json=sent)
    assert stored.status_code == 200, stored.text
    resume = [
        {"interruptId": day, "status": "resolved", "payload": "Monday"},
        {"interruptId": seats, "status": "resolved", "payload": "4"},
    ]
    body = page.body("talk", "second", resume=resume)
    resuming = asyncio.create_task(page.run(body))
    await eventually(lambda: worker.answers(held["task_id"]), lambda answers: len(answers) == 2, SECONDS)
    _, held = await worker.claim()
    await worker.call("agora.task.complete", result="booked", **held)
    second = await resuming
    assert (_text(second), second[-1]["outcome"]["type"]) == ("booked", "success")
    assert await page.run(body) == second
    answers = await worker.answers(held["task_id"])
    assert [(each["metadata"]["answers"], each["parts"]) for each in answers] == [
        ("day", [{"text": "Monday"}]),
        ("seats", [{"text": "4"}]),
    ]
    _check(second)


async def test_approval_is_a_pending_tool_call(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Delete it")))
    _, held = await worker.claim()
    approval = {"approval": {"call_id": "1.0", "tool": "delete", "arguments": {"id": 7}}}
    parts = [{"text": "May I delete it?"}, {"data": approval}]
    await worker.call("agora.task.message", parts=parts, status="input_required", **held)
    first = await asking
    (interrupt,) = first[-1]["outcome"]["interrupts"]
    assert (interrupt["reason"], interrupt["toolCallId"]) == ("tool_call", _one(first, "TOOL_CALL_START")["toolCallId"])
    entry = {"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}
    resuming = asyncio.create_task(page.run(page.body("talk", "second", resume=[entry])))
    _, held = await worker.claim()
    assert (await worker.answers(held["task_id"]))[-1]["parts"] == [{"data": {"decision": "approve"}}]
    await worker.call("agora.task.complete", result="gone", **held)
    second = await resuming
    assert "TOOL_CALL_START" not in _kinds(second)
    _check(first, second)


async def test_tool_of_the_page_is_executed_by_the_page(page: Page, worker: Worker) -> None:
    tool = {"name": "open_dialog", "description": "Opens a dialog.", "parameters": {"type": "object"}}
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Show it", tools=[tool])))
    task, held = await worker.claim()
    assert task["payload"]["message"]["metadata"]["ag_ui"]["tools"] == [tool]
    call = {"tool_call": {"id": "7", "name": "open_dialog", "arguments": {"title": "Hi"}}}
    await worker.call("agora.task.message", parts=[{"data": call}], status="input_required", **held)
    first = await asking
    call_id = _one(first, "TOOL_CALL_START")["toolCallId"]
    assert first[-1]["outcome"] == {"type": "success", "pendingToolCallIds": [call_id]}
    messages = [
        {"id": "1", "role": "user", "content": "Show it"},
        {"id": "2", "role": "assistant", "toolCalls": []},
        {"id": "3", "role": "tool", "toolCallId": call_id, "content": "opened"},
    ]
    resuming = asyncio.create_task(page.run(page.body("talk", "second") | {"messages": messages}))
    _, held = await worker.claim()
    assert (await worker.answers(held["task_id"]))[-1]["parts"] == [
        {"data": {"tool_result": {"id": "7", "content": "opened"}}}
    ]
    await worker.call("agora.task.complete", result={"shown": True}, **held)
    second = await resuming
    assert (second[-1]["result"], _text(second)) == ({"shown": True}, '{"shown":true}')
    _check(first, second)


def test_result_of_another_tasks_call_is_refused() -> None:
    """Its id within its task may be the same."""
    task, other = f"task_{'a' * 32}", f"task_{'b' * 32}"
    question = {"parts": [{"data": {"tool_call": {"id": "7", "name": "open_dialog"}}}]}
    answers = [ToolAnswer(f"{task}:7", "opened"), ToolAnswer(f"{other}:7", "refused")]
    with pytest.raises(Conflict, match=f"waits for the results of {task}:7; received: {task}:7, {other}:7"):
        build_tool_answer_message(task, question, answers)
    message = build_tool_answer_message(task, question, answers[:1])
    assert message["parts"] == [{"data": {"tool_result": {"id": "7", "content": "opened"}}}]


async def test_abandoned_question_cancels_the_run(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Book a table")))
    _, held = await worker.claim()
    await worker.call("agora.task.message", text="Which day?", status="input_required", **held)
    (interrupt,) = (await asking)[-1]["outcome"]["interrupts"]
    body = page.body("talk", "second", resume=[{"interruptId": interrupt["id"], "status": "cancelled"}])
    events = await page.run(body)
    assert events[-1]["outcome"] == {"type": "cancelled"}
    assert (await page.run(body))[-1]["outcome"] == {"type": "cancelled"}


async def test_page_connects_to_a_thread_started_over_another_protocol(page: Page, worker: Worker) -> None:
    assert _kinds(await page.run(page.body("talk", "early"))) == ["RUN_STARTED", "RUN_FINISHED"]
    message = {"messageId": "m1", "role": "ROLE_USER", "contextId": "talk", "parts": [{"text": "Book a table"}]}
    sending = {"agent": worker.agent_id, "message": message, "return_immediately": True}
    assert (await page.http.post("/agora/a2a/send", json=sending)).status_code == 200
    async with page.stream(page.body("talk", "first")) as stream:
        _, held = await worker.claim()
        await worker.call("agora.task.append", content="Looking. ", **held)
        first: Events = []
        async for event in stream:
            first.append(event)
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                break  # visible while the task is running
        await worker.call("agora.task.message", text="Which day?", status="input_required", **held)
        first += [event async for event in stream]
    (interrupt,) = first[-1]["outcome"]["interrupts"]
    assert (_text(first), interrupt["message"]) == ("Looking. Which day?", "Which day?")
    assert _one(first, "MESSAGES_SNAPSHOT")["messages"] == [{"id": "m1", "role": "user", "content": "Book a table"}]
    assert (await page.run(page.body("talk", "again")))[-1]["outcome"]["interrupts"] == [interrupt]
    answer = {"messageId": "m2", "role": "ROLE_USER", "taskId": held["task_id"], "parts": [{"text": "Monday"}]}
    answering = {"message": answer, "return_immediately": True}
    assert (await page.http.post("/agora/a2a/send", json=answering)).status_code == 200
    connecting = asyncio.create_task(page.run(page.body("talk", "second")))
    _, held = await worker.claim()
    await worker.call("agora.task.complete", result="booked", **held)
    second = await connecting
    assert (_text(second), second[-1]["outcome"]) == ("booked", {"type": "success"})
    said = [("user", "Book a table"), ("assistant", "Which day?"), ("user", "Monday")]
    shown = _one(second, "MESSAGES_SNAPSHOT")["messages"]
    assert [(each["role"], each["content"]) for each in shown] == said
    third = asyncio.create_task(page.run(page.body("talk", "third", "And a taxi")))
    _, held = await worker.claim()
    await worker.call("agora.task.complete", result="ordered", **held)
    await third
    late = await page.run(page.body("talk", "late"))
    shown = _one(late, "MESSAGES_SNAPSHOT")["messages"]
    assert [each["content"] for each in shown] == [text for _, text in said] + ["Looking. ", "booked", "And a taxi"]
    assert _text(late) == "ordered"
    stranger = (await page.http.post("/agents/register", json={"agent_name": "Stranger"})).json()["token"]
    unseen = await page.run(page.body("talk", "spy"), Authorization=f"Bearer {stranger}")
    assert _kinds(unseen) == ["RUN_STARTED", "RUN_FINISHED"]
    _check(first, second, unseen, late)


async def test_failure_is_a_run_error(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "run", "Try")))
    _, held = await worker.claim()
    await worker.call("agora.task.append", content="I be", **held)
    await worker.call("agora.task.fail", error="The disk is full.", retry=False, **held)
    events = await asking
    assert events[-1] == {"type": "RUN_ERROR", "message": "The disk is full.", "code": "task_failed"}
    assert _kinds(events)[-2] == "TEXT_MESSAGE_END"
    _check(events)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"threadId": ""}, "threadId"),
    ({"runId": "x" * 151}, "runId"),
    ({"runId": 5}, "runId"),
    ({"messages": None}, "messages"),
    ({"messages": [{"role": "assistant", "content": "hi"}]}, "messages"),
    ({"messages": ["hi"]}, "messages"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages.0.role"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "value": "x"}}]}]},
        "messages.0.content.0.source",
    ),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.toolCallId"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 101}]}, "messages"),
    ({"resume": [{"interruptId": "x", "status": "maybe"}]}, "resume.0.status"),
    ({"resume": [{"interruptId": "x", "status": "resolved"}] * 21}, "resume"),
    ({"tools": [{}] * 129}, "tools"),
    ({"state": {"x": "y" * 300_000}}, "state"),
]


async def test_invalid_run_is_refused_with_the_name_of_the_field(page: Page) -> None:
    for change, field in REFUSED:
        answer = await page.http.post("/ag-ui/Echo%20Agent", json=page.body("t", "r", "hi") | change)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), change
        assert answer.json()["errors"][0]["field"] == field
    for path, body, status in (
        ("/ag-ui/nobody", page.body("t", "r", "hi"), 404),
        ("/ag-ui/Echo%20Agent", [], 422),
    ):
        assert (await page.http.post(path, json=body)).status_code == status
    wrong = {"Content-Type": "text/plain"}
    assert (await page.http.post("/ag-ui/Echo%20Agent", content=b"{}", headers=wrong)).status_code == 415
    assert (await page.http.get("/ag-ui/Echo%20Agent")).status_code == 405
    stranger = {"Authorization": "Bearer nonsense"}
    answer = await page.http.post("/ag-ui/Echo%20Agent", json=page.body("t", "r", "hi"), headers=stranger)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="agora"')
    token = (await page.http.post("/agents/register", json={"agent_name": "Somebody"})).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await page.run(page.body("t", "same", "hi"), **headers))[-1]["type"] == "RUN_FINISHED"
    other = page.body("t", "same", "something else")
    assert (await page.http.post("/ag-ui/Echo%20Agent", json=other, headers=headers)).status_code == 409
    halt = {"target_id": "system_wide", "action": "emergency_halt", "reason": "test"}
    assert (await page.http.post("/agora/admin/override", json=halt)).status_code == 200
    assert (await page.http.post("/ag-ui/Echo%20Agent", json=page.body("t", "r2", "hi"))).status_code == 423


async def test_front_agent_reports_a_missing_agent(page: Page) -> None:
    page.agent = ""
    events = await page.run(page.body("t", "r", "qwertz uiop asdfgh"))
    assert _kinds(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    _check(events)


async def test_runs_of_another_caller_are_inaccessible(page: Page, worker: Worker) -> None:
    asking = asyncio.create_task(page.run(page.body("talk", "first", "Book")))
    _, held = await worker.claim()
    await worker.call("agora.task.message", text="Which day?", status="input_required", **held)
    (interrupt,) = (await asking)[-1]["outcome"]["interrupts"]
    other = (await page.http.post("/agents/register", json={"agent_name": "Other"})).json()
    headers = {"Authorization": f"Bearer {other['token']}"}
    body = page.body("talk", "x", resume=[{"interruptId": interrupt["id"], "status": "resolved", "payload": "Monday"}])
    events = await page.run(body, **headers)
    assert (events[-1]["code"], "Book" in str(events)) == ("answer_refused", False)
