"""Declared agents on a real server: a runner process executes them, with a model that answers from a script."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.mcp_upstream import McpUpstream
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import KEY, Thinkers, runner_pids, running_thinkers
from tests.harness import free_port
from tests.polling import poll_until
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def thinkers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thinkers]:
    server = ServerProcess(tmp_path_factory.mktemp("shared") / "data", mcp_private_networks="true").start()
    with running_thinkers(server) as place:
        yield place
    server.close()


def call_then_say(tool: str, arguments: dict[str, Any], text: str = "It is done.") -> Callable[..., ScriptedReply]:
    """Build a script that calls one tool, and then answers with a text and the tool's result."""

    def script(request: ModelRequest) -> ScriptedReply:
        if request.results:
            return ScriptedReply(f"{text} {request.results[-1]}")
        return ScriptedReply("Let me see. ", [ToolCall(tool, arguments)])

    return script


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_agent_calls_its_tools_and_streams_its_output(thinkers: Thinkers, wire: str) -> None:
    name, reader = f"Ada-{wire}", thinkers.server.register(f"Reader-{wire}")
    thinkers.scripts[f"greet-{wire}"] = call_then_say("messaging_send", {"to_agent": reader.name, "content": "Hello!"})
    declared = thinkers.declare(name, wire=wire, tools=["messaging"], instructions="You greet people.")
    task = thinkers.do(name, f"greet-{wire} the reader")
    assert (task["status"], task["assigned_agent"]) == ("completed", declared["agent_id"])
    (message,) = reader.get("/agora/messaging/receive")["messages"]
    assert (message["from_agent"], message["content"]) == (declared["agent_id"], "Hello!")
    assert message["message_id"] in task["result"]
    assert thinkers.output(task["task_id"]) == f"Let me see. {task['result']}"
    first, second = thinkers.requests_of(f"greet-{wire}")
    assert (task["checkpoint"]["steps"], task["checkpoint"]["input_tokens"]) == (2, 200)
    assert "You greet people." in first.system
    assert sorted(first.tools) == ["ask_requester", "messaging_send"]
    assert second.results[0].startswith('<data source="messaging_send">')
    authorization = first.headers.get("authorization", "") + first.headers.get("x-api-key", "")
    assert KEY in authorization


def test_message_becomes_a_task_and_its_result_the_reply(thinkers: Thinkers) -> None:
    thinkers.scripts["how are"] = lambda request: ScriptedReply("Well, thank you.")
    thinkers.declare("Polite")
    asker = thinkers.server.register("Asker-by-message")
    sent = asker.post("/agora/messaging/send", {"to_agent": "Polite", "content": "how are you?"})
    (reply,) = poll_until(lambda: asker.get("/agora/messaging/receive")["messages"], "no reply")
    assert (reply["content"], reply["reply_to"]) == ("Well, thank you.", sent["message_id"])


def test_agent_asks_a_question_and_continues_with_the_answer(thinkers: Thinkers) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        if request.results:
            return ScriptedReply(f"I paint it {request.results[-1]}.")
        return ScriptedReply("", [ToolCall("ask_requester", {"question": "Which colour?", "options": ["red", "blue"]})])

    thinkers.scripts["paint"] = script
    thinkers.declare("Painter")
    task = thinkers.do("Painter", "paint the door")
    assert task["status"] == "input_required"
    history = thinkers.operator.get("/agora/task/history", params={"task_id": task["task_id"]})["entries"]
    question = next(entry["data"] for entry in history if entry["type"] == "message")
    assert question["parts"] == [{"text": "Which colour?"}, {"data": {"options": ["red", "blue"]}}]
    thinkers.operator.post("/agora/task/message", {"task_id": task["task_id"], "text": "blue"})
    done = thinkers.wait_for(task["task_id"], "completed", "failed")
    assert done["result"] == "I paint it blue."
    assert len(thinkers.requests_of("paint")) == 2


def test_tool_call_waits_for_approval_and_is_made_once(thinkers: Thinkers) -> None:
    reader = thinkers.server.register("Careful-reader")
    thinkers.scripts["announce"] = call_then_say("messaging_send", {"to_agent": reader.name, "content": "Now!"})
    thinkers.declare("Careful", tools=["messaging"], approval=["messaging"])
    task = thinkers.do("Careful", "announce it")
    assert task["status"] == "input_required"
    assert reader.get("/agora/messaging/receive")["messages"] == []
    history = thinkers.operator.get("/agora/task/history", params={"task_id": task["task_id"]})["entries"]
    question = next(entry["data"] for entry in history if entry["type"] == "message")
    assert question["parts"][0]["text"].startswith("May Careful call messaging_send? Answer 'approve' or 'reject'.")
    thinkers.operator.post("/agora/task/message", {"task_id": task["task_id"], "text": "approve"})
    assert thinkers.wait_for(task["task_id"], "completed", "failed")["status"] == "completed"
    assert [message["content"] for message in reader.get("/agora/messaging/receive")["messages"]] == ["Now!"]


def test_rejected_tool_call_is_reported_to_the_model(thinkers: Thinkers) -> None:
    thinkers.scripts["shout"] = call_then_say("messaging_send", {"to_agent": "broadcast", "content": "HEY"}, "I heard:")
    thinkers.declare("Shouter", tools=["messaging"], approval=["*"])
    task = thinkers.do("Shouter", "shout")
    thinkers.operator.post("/agora/task/message", {"task_id": task["task_id"], "text": "no"})
    done = thinkers.wait_for(task["task_id"], "completed", "failed")
    assert "A person has rejected this call" in done["result"]


def test_overloaded_model_provider_delays_the_task(thinkers: Thinkers) -> None:
    refusals = iter([ScriptedReply("slow down", status=429, retry_after=0.2)] * 2)
    thinkers.scripts["patiently"] = lambda request: next(refusals, ScriptedReply("At last."))
    thinkers.declare("Patient")
    task = thinkers.do("Patient", "patiently")
    assert (task["status"], task["result"]) == ("completed", "At last.")
    assert task["attempts"] == 1
    assert len(thinkers.requests_of("patiently")) == 3
    assert len(list_calls_with_tokens(thinkers, task)) == 1, "a refusal costs nothing"


def test_interrupted_model_answer_is_requested_again(thinkers: Thinkers) -> None:
    replies = iter([ScriptedReply("half an answer", cut=True)])
    thinkers.scripts["tell"] = lambda request: next(replies, ScriptedReply("The whole answer."))
    thinkers.declare("Teller", limits={"seconds": 60})
    task = thinkers.do("Teller", "tell me")
    assert (task["status"], task["result"]) == ("completed", "The whole answer.")
    # whether the first words were stored before the connection was cut is unknown
    written = thinkers.output(task["task_id"]).removeprefix("half \n[interrupted; the answer begins again]\n")
    assert written == "The whole answer."
    cut, whole = list_calls_with_tokens(thinkers, task)
    assert cut["is_estimate"]
    assert cut["input_tokens"] > 0
    assert cut["output_tokens"] > 0
    assert (whole["is_estimate"], whole["input_tokens"], whole["output_tokens"]) == (False, 100, 20)


def test_fallback_model_answers_if_the_first_fails(thinkers: Thinkers) -> None:
    thinkers.scripts["choose"] = lambda request: (
        ScriptedReply("no such model", status=404) if request.model == "broken" else ScriptedReply(f"by {request.wire}")
    )
    thinkers.declare("Flexible", model="openai-script:broken", fallbacks=["anthropic-script:tiny"])
    assert thinkers.do("Flexible", "choose")["result"] == "by anthropic"
    thinkers.declare("Rigid", model="openai-script:broken")
    failed = thinkers.do("Rigid", "choose")
    assert failed["status"] == "failed"
    assert "404" in failed["error"]
    assert KEY not in json.dumps(failed)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_result_conforms_to_its_schema(thinkers: Thinkers, wire: str) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        count = 7 if request.results else "seven"
        return ScriptedReply("", [ToolCall("final_result", {"count": count})])

    thinkers.scripts[f"count-{wire}"] = script
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    thinkers.declare(f"Counter-{wire}", wire=wire, output_schema=schema)
    assert thinkers.do(f"Counter-{wire}", f"count-{wire}")["result"] == {"count": 7}
    assert "does not match" in thinkers.requests_of(f"count-{wire}")[1].results[0]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"steps": 3}, "The limit of 3 steps"), ({"tokens": 300}, "The limit of 300 tokens is reached: 360 were used")],
)
def test_loop_ends_at_the_step_limit_with_an_error(thinkers: Thinkers, limits: dict[str, int], reason: str) -> None:
    thinkers.scripts["for ever"] = lambda request: ScriptedReply("", [ToolCall("query_agents", {})])
    name = f"Looper-{next(iter(limits))}"
    thinkers.declare(name, tools=["agents"], limits=limits)
    task = thinkers.do(name, "for ever")
    assert task["status"] == "failed"
    assert task["error"].startswith(reason)


@pytest.mark.parametrize("pause", [0.05, 0.0], ids=["while it speaks", "between its steps"])
def test_task_ends_at_its_time_limit_with_an_error(thinkers: Thinkers, pause: float) -> None:
    calls = [] if pause else [ToolCall("query_agents", {})]
    thinkers.scripts[f"dawdle {pause}"] = lambda request: ScriptedReply(
        "word " * 100_000 if pause else "", calls, pause
    )
    thinkers.declare("Dawdler", tools=["agents"], limits={"seconds": 3, "steps": 500})
    task = thinkers.do("Dawdler", f"dawdle {pause}")
    assert (task["status"], task["error"], task["attempts"]) == ("failed", "The limit of 3 seconds is reached.", 1)
    calls = list_calls_with_tokens(thinkers, task)
    if pause:
        assert [(call["is_estimate"], call["input_tokens"] > 0, call["output_tokens"] > 0) for call in calls] == [
            (True, True, True)
        ], "its output was charged"
    assert reserved_amount(thinkers) == 0


def test_circular_delegation_ends_at_the_depth_limit(thinkers: Thinkers) -> None:
    thinkers.scripts["round and"] = lambda request: ScriptedReply(
        f"I got {request.results[-1]}" if request.results else "",
        []
        if request.results
        else [ToolCall("ask_Pong" if "ask_Pong" in request.tools else "ask_Ping", {"message": "round and"})],
    )
    thinkers.declare("Ping", tools=["agent:Pong"], limits={"depth": 2})
    thinkers.declare("Pong", tools=["agent:Ping"], limits={"depth": 2})
    task = thinkers.do("Ping", "round and round")
    assert task["status"] == "completed"
    assert "refused: " in task["result"]
    assert "2 agents have asked each other in a row; the limit is 2." in task["result"]


def test_agents_ask_each_other_and_hand_over(thinkers: Thinkers) -> None:
    thinkers.scripts["write about"] = call_then_say("ask_Researcher", {"message": "find facts"}, "Written:")
    thinkers.scripts["find facts"] = lambda request: ScriptedReply("Water is wet.")
    thinkers.scripts["delegate"] = lambda request: ScriptedReply(
        "", [ToolCall("hand_over_to_Researcher", {"message": "find facts"})]
    )
    thinkers.declare("Writer", tools=["agent:Researcher", "handoff:Researcher"])
    thinkers.declare("Researcher")
    task = thinkers.do("Writer", "write about water")
    assert task["result"] == 'Written: <data source="ask_Researcher">\nWater is wet.\n</data>'
    assert thinkers.do("Writer", "delegate")["result"] == "Water is wet."


def test_agent_remembers_a_conversation_per_requester(thinkers: Thinkers) -> None:
    thinkers.scripts["my name"] = lambda request: ScriptedReply("Hello, Eve.")
    thinkers.scripts["who am"] = lambda request: ScriptedReply(
        " | ".join(text for role, text in request.turns if role in ("user", "assistant"))
    )
    thinkers.declare("Memo")
    thinkers.do("Memo", "my name is Eve", context_id="talk-1")
    assert thinkers.do("Memo", "who am I?", context_id="talk-1")["result"] == "my name is Eve | Hello, Eve. | who am I?"
    stranger = thinkers.server.register("Stranger")
    assert thinkers.do("Memo", "who am I?", stranger, context_id="talk-1")["result"] == "who am I?"
    assert thinkers.do("Memo", "who am I?", context_id="talk-2")["result"] == "who am I?"


def test_only_listed_requesters_may_use_the_agent(thinkers: Thinkers) -> None:
    thinkers.scripts["may I"] = lambda request: ScriptedReply("You may.")
    friend, other = thinkers.server.register("Friend"), thinkers.server.register("Other")
    thinkers.declare("Private", askers=["Friend"])
    assert thinkers.do("Private", "may I?", friend)["status"] == "completed"
    assert thinkers.do("Private", "may I?", other)["status"] == "rejected"


def test_changed_declaration_applies_to_the_next_task(thinkers: Thinkers) -> None:
    thinkers.scripts["state"] = lambda request: ScriptedReply(request.system.splitlines()[-1])
    thinkers.declare("Changing", instructions="You are old.")
    poll_until(lambda: thinkers.do("Changing", "state")["result"] == "You are old.", "not as declared")
    thinkers.declare("Changing", instructions="You are new.")
    poll_until(lambda: thinkers.do("Changing", "state")["result"] == "You are new.", "not as declared anew")


def test_changed_declaration_requeues_the_running_task(thinkers: Thinkers) -> None:
    """The task is requeued immediately, while the model still answers; the attempt does not count."""
    asked = threading.Event()

    def script(request: ModelRequest) -> ScriptedReply:
        if "You are new." in request.system:
            return ScriptedReply("As I am now.")
        asked.set()
        return ScriptedReply("word " * 100_000, pause=0.05)

    thinkers.scripts["carry on"] = script
    thinkers.declare("Carrier", instructions="You are old.")
    task_id = thinkers.give("Carrier", "carry on")
    assert asked.wait(60)
    poll_until(lambda: thinkers.output(task_id), "no words")
    thinkers.declare("Carrier", instructions="You are new.")
    task = thinkers.wait_for(task_id)
    assert (task["result"], task["attempts"]) == ("As I am now.", 1)
    assert thinkers.output(task_id).endswith("[interrupted; the answer begins again]\nAs I am now.")


def test_declared_agent_is_reachable_over_a2a(thinkers: Thinkers) -> None:
    thinkers.scripts["over a2a"] = lambda request: ScriptedReply("I hear you.")
    thinkers.declare("Speaker", description="Speaks.")
    card = thinkers.operator.get("/a2a/Speaker/.well-known/agent-card.json")
    assert (card["name"], card["description"]) == ("Speaker", "Speaks.")
    message = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "over a2a"}]}
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
    answer = thinkers.operator.post("/a2a/Speaker", request, headers={"A2A-Version": "1.0"})
    assert "I hear you." in json.dumps(answer["result"])


def test_declared_agent_is_a_model_of_the_openai_api(thinkers: Thinkers) -> None:
    """Such clients keep the conversation themselves, and send it each time."""
    thinkers.scripts["as a model"] = lambda request: ScriptedReply(
        " | ".join(text for role, text in request.turns if role in ("user", "assistant"))
    )
    thinkers.declare("Model")
    said = [("system", "Be brief."), ("user", "I am Eve."), ("assistant", "Hello, Eve."), ("user", "as a model")]
    body = {"model": "Model", "messages": [{"role": role, "content": text} for role, text in said]}
    completion = thinkers.operator.post("/v1/chat/completions", body)
    text = completion["choices"][0]["message"]["content"]
    assert [text.index(each) for _, each in said] == sorted(text.index(each) for _, each in said)
    first = thinkers.operator.post("/v1/responses", {"model": "Model", "input": "as a model"})
    more = {"previous_response_id": first["id"], "input": "as a model, again"}
    second = thinkers.operator.post("/v1/responses", {"model": "Model", **more})
    assert second["output"][-1]["content"][0]["text"].endswith("as a model | as a model | as a model, again")


# -- the runner process ------------------------------------------------------------------------------


def test_server_without_declared_agents_starts_no_runner(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    server.operator.post("/declared-agents", {"name": "Idle", "specification": {"model": "none:none"}})
    server.operator.post("/agora/messaging/send", {"to_agent": "Idle", "content": "anybody there?"})
    assert runner_pids(server.pid) == []


def test_keys_are_absent_from_arguments_environment_and_log(thinkers: Thinkers) -> None:
    thinkers.declare("Quiet")
    place = Path(f"/proc/{thinkers.runner()}")
    seen = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
    assert KEY.encode() not in seen
    assert b"agt_" not in seen
    assert KEY not in thinkers.server.log()


def test_killed_runner_is_restarted_and_continues_after_the_last_step(thinkers: Thinkers) -> None:
    """The runner is killed while the model answers its second step, and while another agent works for it."""
    reader, helper = thinkers.server.register("Kill-reader"), thinkers.server.register("Helper")
    killed: list[int] = []

    def script(request: ModelRequest) -> ScriptedReply:
        done = len(request.results)
        if done == 0:
            return ScriptedReply("", [ToolCall("messaging_send", {"to_agent": reader.name, "content": "once"})])
        if done == 1 and not killed:
            killed.append(thinkers.runner())
            os.kill(killed[0], signal.SIGKILL)
        if done == 1:
            return ScriptedReply("", [ToolCall("ask_Helper", {"message": "help"})])
        return ScriptedReply("All done.")

    thinkers.scripts["survive"] = script
    thinkers.declare("Survivor", tools=["messaging", "agent:Helper"])
    task_id = thinkers.give("Survivor", "survive", max_attempts=10)

    def claim() -> dict[str, Any] | None:
        return next(iter(helper.post("/agora/task/claim", {"lease_seconds": 600})["tasks"]), None)

    child = poll_until(
        claim, lambda: f"the helper is not asked: {thinkers.task(task_id)} {thinkers.server.log()[-2000:]}"
    )
    second = thinkers.runner()
    os.kill(second, signal.SIGKILL)
    poll_until(lambda: second not in runner_pids(thinkers.server.pid) and runner_pids(thinkers.server.pid), "not again")
    helper.post(
        "/agora/task/complete", {"task_id": child["task_id"], "result": "ok", "fencing_token": child["fencing_token"]}
    )
    done = thinkers.wait_for(task_id, "completed", "failed")
    assert (done["status"], done["result"]) == ("completed", "All done.")
    assert [message["content"] for message in reader.get("/agora/messaging/receive")["messages"]] == ["once"]
    children = thinkers.operator.get("/agora/task/list", params={"parent_id": task_id})["tasks"]
    assert [task["task_id"] for task in children] == [child["task_id"]]
    # three steps; the second was requested twice, because its first answer was lost with the process
    assert [len(request.results) for request in thinkers.requests_of("survive")] == [0, 1, 1, 2]


def test_external_tool_is_called_once_despite_a_lost_answer(thinkers: Thinkers) -> None:
    """After a kill of the runner the server keeps the answer; if the answer itself is lost, the model is told so."""
    calls: list[str] = []

    def on_call(arguments: dict[str, Any]) -> None:
        calls.append(arguments["order"])
        if arguments["order"] == "kill":
            os.kill(thinkers.runner(), signal.SIGKILL)
        if arguments["order"] == "cut":
            raise ConnectionAbortedError

    narrow = thinkers.operator.post("/tokens", {"label": "narrow", "scopes": ["read:tasks", "write:tasks"]})
    with McpUpstream(free_port(), result=10, on_call=on_call) as upstream:
        thinkers.operator.post("/upstreams", {"name": "far", "url": upstream.url})
        thinkers.declare("Traveller", tools=["upstream:far"])
        for order, beginning in (("kill", '<data source="far_tool_0">'), ("cut", "unknown: ")):
            thinkers.scripts[f"far, {order}"] = call_then_say("far_tool_0", {"order": order}, "I was told:")
            task = thinkers.do("Traveller", f"far, {order}", max_attempts=10)
            assert task["result"].startswith(f"I was told: {beginning}"), task
        assert calls == ["kill", "cut"]
        asker = thinkers.server.account(narrow["token"])
        assert "refused: " in thinkers.do("Traveller", "far, kill it without the right to", asker)["result"]
        assert calls == ["kill", "cut"]


def test_conversation_may_exceed_the_size_of_a_checkpoint(thinkers: Thinkers) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        if len(request.results) < 5:
            return ScriptedReply("", [ToolCall("long_tool_0", {"part": len(request.results)})])
        return ScriptedReply(f"I have read {sum(map(len, request.results))} characters.")

    thinkers.scripts["read it all"] = script
    with McpUpstream(free_port(), result=30_000) as upstream:
        thinkers.operator.post("/upstreams", {"name": "long", "url": upstream.url})
        thinkers.declare("Bookworm", tools=["upstream:long"])
        task = thinkers.do("Bookworm", "read it all")
    assert (task["status"], task["attempts"]) == ("completed", 1), task["error"]
    assert int(task["result"].split()[3]) > 100_000
    assert len(json.dumps(task["checkpoint"])) < 65_536


def test_killed_server_leaves_no_process(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    with running_thinkers(server) as thinkers:
        thinkers.scripts["hello"] = lambda request: ScriptedReply("Hello.")
        thinkers.declare("Ada")
        assert thinkers.do("Ada", "hello")["result"] == "Hello."
        runner = thinkers.runner()
        server.kill()
        poll_until(lambda: not Path(f"/proc/{runner}/cmdline").exists() or _is_zombie(runner), "it is still there")


def _is_zombie(pid: int) -> bool:
    """Whether a process is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.long
@pytest.mark.timeout(900)
def test_kills_at_every_step_repeat_no_message_and_no_tool_call(start_server: Callable[..., ServerProcess]) -> None:
    """A run of eight steps is killed once at each request of the model. Each message is sent once; each external tool,
    also killed during its call, is called once, and its answer reaches the model."""
    steps = 8
    server = start_server(mcp_private_networks="true")
    outside: list[int] = []

    def on_call(arguments: dict[str, Any]) -> None:
        outside.append(arguments["step"])
        os.kill(thinkers.runner(), signal.SIGKILL)

    with running_thinkers(server) as thinkers, McpUpstream(free_port(), result=10, on_call=on_call) as upstream:
        reader = server.register("Reader")
        killed: set[int] = set()

        def script(request: ModelRequest) -> ScriptedReply:
            done = len(request.results)
            if done not in killed:
                killed.add(done)
                os.kill(thinkers.runner(), signal.SIGKILL)
            if done == steps:
                answers = ["r" * 10 in text for text in request.results]
                return ScriptedReply("All done." if answers == [False, True] * (steps // 2) else f"{request.results}")
            if done % 2:
                return ScriptedReply("", [ToolCall("far_tool_0", {"step": done})])
            return ScriptedReply("", [ToolCall("messaging_send", {"to_agent": reader.name, "content": f"step {done}"})])

        thinkers.scripts["endure"] = script
        thinkers.operator.post("/upstreams", {"name": "far", "url": upstream.url})
        thinkers.declare("Survivor", tools=["messaging", "upstream:far"])
        task_id = thinkers.give("Survivor", "endure", max_attempts=100)

        def has_ended() -> bool:
            return bool(thinkers.task(task_id)["status"] in ("completed", "failed"))

        poll_until(has_ended, lambda: f"{thinkers.task(task_id)}\n{server.log()[-2000:]}", timeout=600)
        assert thinkers.task(task_id)["result"] == "All done."
        assert killed == set(range(steps + 1))
        messages = reader.get("/agora/messaging/receive")["messages"]
        assert sorted(message["content"] for message in messages) == [f"step {number}" for number in range(0, steps, 2)]
        assert outside == [*range(1, steps, 2)]


@pytest.mark.long
def test_another_host_continues_after_the_last_step(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """The server and its runner are killed together while the model answers the second step."""
    asked = threading.Event()

    def script(request: ModelRequest) -> ScriptedReply:
        if not request.results:
            return ScriptedReply("", [ToolCall("messaging_send", {"to_agent": "Reader", "content": "once"})])
        if not asked.is_set():
            asked.set()
            return ScriptedReply("word " * 100_000, pause=0.05)
        return ScriptedReply("All done.")

    with ExitStack() as stack:
        store = stack.enter_context(postgres_server.database_url())
        first = ServerProcess(tmp_path / "first", store=store)
        second = ServerProcess(tmp_path / "second", store=store, keys_dir=str(first.directory))
        for server in (first, second):
            stack.callback(server.close)
        first.start()
        thinkers = stack.enter_context(running_thinkers(first))
        thinkers.scripts["move"] = script
        reader = first.register("Reader")
        thinkers.declare("Traveller", tools=["messaging"])
        task_id = thinkers.give("Traveller", "move on")
        assert asked.wait(60)
        runner = thinkers.runner()
        second.start()
        first.kill()
        with suppress(ProcessLookupError):
            os.kill(runner, signal.SIGKILL)
        reader, operator = second.account(reader.token), second.account(first.admin_token)

        def has_ended() -> dict[str, Any] | None:
            task = operator.get("/agora/task/get", params={"task_id": task_id})
            return dict(task) if task["status"] in ("completed", "failed") else None

        task = poll_until(has_ended, lambda: second.log()[-3000:], timeout=300)
        assert (task["result"], task["checkpoint"]["steps"]) == ("All done.", 2)
        assert [message["content"] for message in reader.get("/agora/messaging/receive")["messages"]] == ["once"]
        assert len(thinkers.requests_of("move")) == 3, "the first step is not asked for again"


@pytest.mark.long
def test_server_killed_during_an_external_tool_call_does_not_repeat_it(
    start_server: Callable[..., ServerProcess],
) -> None:
    calls: list[dict[str, Any]] = []
    server = start_server(mcp_private_networks="true")

    def on_call(arguments: dict[str, Any]) -> None:
        calls.append(arguments)
        server.kill()

    with running_thinkers(server) as thinkers, McpUpstream(free_port(), result=10, on_call=on_call) as upstream:
        thinkers.scripts["far away"] = call_then_say("far_tool_0", {"order": 1}, "I was told:")
        # the call may take its full timeout: only then is the outcome known to be unknown
        thinkers.operator.post("/upstreams", {"name": "far", "url": upstream.url, "timeout": 3})
        thinkers.declare("Traveller", tools=["upstream:far"])
        task_id = thinkers.give("Traveller", "far away", max_attempts=10)
        poll_until(lambda: calls, "not called")
        assert server.process is not None
        server.process.wait(30)
        server.start()
        assert "I was told: unknown: " in thinkers.wait_for(task_id, "completed", "failed")["result"]
        assert len(calls) == 1


def test_traces_follow_the_conventions_for_generative_ai(
    start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Do nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        server = start_server(tracing="true")
        with running_thinkers(server) as thinkers:
            thinkers.scripts["look up"] = call_then_say("query_agents", {})
            thinkers.declare("Traced", tools=["agents"])
            assert thinkers.do("Traced", "look up something-secret", context_id="talk-9")["status"] == "completed"
            server.stop()
        collector.shutdown()
    spans = b"".join(body for body in bodies if b"gen_ai" in body)
    for text in ("invoke_agent Traced", "chat openai-script:tiny", "execute_tool query_agents", "gen_ai.agent.name"):
        assert text.encode() in spans
    for name in ("gen_ai.conversation.id", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"):
        assert name.encode() in spans
    assert b"something-secret" not in b"".join(bodies)


def set_call_price(thinkers: Thinkers, model: str) -> None:
    """Set a price so that each answer of a model costs 0.1: it has twenty tokens."""
    price = {"provider": "openai-script", "model": model, "input_cost_per_m": 0, "output_cost_per_m": 5000}
    thinkers.operator.post("/agora/token_billing/set_price", price)


def list_calls(thinkers: Thinkers, task: dict[str, Any]) -> list[tuple[str, float]]:
    """List model and cost of the calls charged for a task, oldest first."""
    answer = thinkers.operator.get("/agora/token_billing/recent", params={"task_id": task["task_id"]})
    return [(call["model"], call["cost"]) for call in reversed(answer["calls"])]


def list_calls_with_tokens(thinkers: Thinkers, task: dict[str, Any]) -> list[dict[str, Any]]:
    """List the calls charged for a task, oldest first."""
    answer = thinkers.operator.get("/agora/token_billing/recent", params={"task_id": task["task_id"]})
    return list(reversed(answer["calls"]))


def reserved_amount(thinkers: Thinkers) -> float:
    """Return the amount reserved for the operator's account, which requests the tasks."""
    balances = thinkers.operator.get("/agora/billing/balance")["balances"]
    return sum(balance["reserved"] for balance in balances)


def test_token_billing_routes_list_model_calls(thinkers: Thinkers) -> None:
    """Each route of the source's API answers, and the answers contain the payer's calls and limits."""
    set_call_price(thinkers, "dear")
    payer, base, operator = thinkers.server.register("Payer"), "/v1/token-billing", thinkers.operator
    thinkers.scripts["count me"] = lambda request: ScriptedReply("One.")
    thinkers.declare("Counted", model="openai-script:dear", limits={"output_tokens": 20})
    task = thinkers.do("Counted", "count me", payer)
    (usage,) = payer.get(f"{base}/usage/summary", params={"month": f"{datetime.now(UTC):%Y-%m}"})["by_model"]
    assert (usage["model"], usage["request_count"], usage["cost_dollars"]) == ("dear", 1, 0.1)
    assert payer.get(f"{base}/usage/recent")["calls"][0]["task_id"] == task["task_id"]
    assert any(price["model"] == "dear" for price in payer.get(f"{base}/pricing")["pricing"])
    account = payer.get(f"{base}/budget")["account_id"]
    operator.post(f"{base}/credits", {"account": account, "amount_cents": 500})
    plan = {"account": account, "billing_model": "prepaid", "monthly_limit_cents": 20}
    operator.call("PUT", f"{base}/config/billing-model", json=plan)
    operator.call("PUT", f"{base}/config/spending-limit", json={"account": account, "monthly_limit_cents": 10})
    budget = payer.get(f"{base}/budget")
    assert (budget["allowed"], budget["billing_model"], budget["monthly_limit_dollars"]) == (False, "prepaid", 0.1)
    assert thinkers.do("Counted", "count me", payer)["status"] == "failed"


def test_exhausted_budget_stops_a_running_task_with_an_error(thinkers: Thinkers) -> None:
    set_call_price(thinkers, "dear")
    thinkers.scripts["spend"] = lambda request: ScriptedReply("", [ToolCall("query_agents", {})])
    fields = {"tools": ["agents"], "limits": {"output_tokens": 20}, "budget": {"hard_limit": 0.35}}
    thinkers.declare("Spender", model="openai-script:dear", **fields)
    task = thinkers.do("Spender", "spend it all")
    assert task["status"] == "failed"
    assert task["error"].startswith("The budget does not cover another call of a model: The hard limit of the agent")
    assert list_calls(thinkers, task) == [("dear", 0.1)] * 3
    requests = thinkers.requests_of("spend")
    assert [request.body.get("max_completion_tokens") for request in requests] == [20] * 3


def test_agent_switches_to_the_cheaper_model_near_its_limit(thinkers: Thinkers) -> None:
    set_call_price(thinkers, "dear")

    def script(request: ModelRequest) -> ScriptedReply:
        return ScriptedReply("Done.") if request.model == "tiny" else ScriptedReply("", [ToolCall("query_agents", {})])

    thinkers.scripts["save"] = script
    fields = {"tools": ["agents"], "limits": {"output_tokens": 20}, "budget": {"hard_limit": 0.5}}
    thinkers.declare("Thrifty", model="openai-script:dear", fallbacks=["anthropic-script:tiny"], **fields)
    task = thinkers.do("Thrifty", "save the money")
    assert (task["status"], task["result"]) == ("completed", "Done.")
    assert [request.model for request in thinkers.requests_of("save")] == ["dear"] * 4 + ["tiny"]
    assert list_calls(thinkers, task) == [("dear", 0.1)] * 4 + [("tiny", 0.0003)]
