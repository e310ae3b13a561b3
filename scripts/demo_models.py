"""Demo of three LLM agents that complete a task together: 'make demo-models'.

Starts a server, declares a researcher, a writer and an editor, and gives the writer a task. The writer asks the
researcher, wants to send the text, and waits for an approval; its process is killed in the meantime, and another one
continues. The model is scripted; with ANTHROPIC_API_KEY, Claude is used. Everything ends with this process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.server import Account, ServerProcess
from tests.blackbox.thinking import Thinkers, running_thinkers
from tests.polling import poll_until

PROMPT = "Write one sentence about octopuses, and send it to the Editor."


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def play_writer(request: ModelRequest) -> ScriptedReply:
    """Ask the researcher, send the text to the editor, and report it."""
    results = request.results
    if not results:
        return ScriptedReply("I ask the Researcher. ", [ToolCall("ask_Researcher", {"message": "Facts on octopuses"})])
    if len(results) == 1:
        sentence = f"Did you know? {results[0].splitlines()[1]}"
        return ScriptedReply("I send it. ", [ToolCall("ask_Editor", {"message": f"Check: {sentence}"})])
    return ScriptedReply(f"The Editor has it: {results[1].splitlines()[1]}", pause=0.02)


def declare_agents(thinkers: Thinkers) -> None:
    """Declare a researcher, a writer and an editor."""
    key = os.environ.get("ANTHROPIC_API_KEY")
    if key:
        thinkers.operator.post("/model-providers", {"name": "anthropic", "api_key": key})
    model = {"model": f"anthropic:{os.environ.get('LLM_MODEL', 'claude-sonnet-4-5')}"} if key else {}
    say(f"The model: {'Claude' if key else 'a script'}")
    thinkers.scripts["Facts"] = lambda request: ScriptedReply("Octopuses have three hearts.", pause=0.02)
    thinkers.scripts["Check"] = lambda request: ScriptedReply(request.prompt.removeprefix("Check: ") + " (checked)")
    thinkers.scripts["Write"] = play_writer
    thinkers.declare("Researcher", instructions="Answer with one fact.", **model)
    thinkers.declare("Editor", instructions="Correct the sentence that you get, and answer with it.", **model)
    instructions = "Ask the Researcher for a fact. Then have the Editor check your sentence. Use your tools."
    tools = ["agent:Researcher", "agent:Editor"]
    thinkers.declare("Writer", instructions=instructions, tools=tools, approval=["agent:Editor"], **model)


def show_question(operator: Account, task_id: str) -> None:
    """Print the question that the task waits for."""
    entries = operator.get("/agora/task/history", params={"task_id": task_id})["entries"]
    question = next(entry["data"] for entry in reversed(entries) if entry["type"] == "message")
    print(question["parts"][0]["text"])


def kill_runner(thinkers: Thinkers) -> None:
    """Kill the process of the agents, and wait for its successor."""
    pid = thinkers.runner()
    os.kill(pid, signal.SIGKILL)
    poll_until(lambda: thinkers.runner() != pid, "no other process")
    print(f"process {pid} is dead, process {thinkers.runner()} has taken over")


def main() -> None:
    """Run the demo."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agora-demo-models-")))
        server = ServerProcess(directory / "data").start()
        stack.callback(server.close)
        thinkers = stack.enter_context(running_thinkers(server))
        say(f"Server at {server.url}; the monitor is at {server.url}/monitor")
        declare_agents(thinkers)
        say(f"A task for the Writer: {PROMPT}")
        task_id = thinkers.give("Writer", PROMPT, max_attempts=10)
        thinkers.wait_for(task_id, "input_required", "completed", "failed")
        print(thinkers.output(task_id))
        say("It waits for an approval")
        show_question(thinkers.operator, task_id)
        say("Its process is killed (SIGKILL)")
        kill_runner(thinkers)
        say("Approved; the other process goes on after the last step")
        thinkers.operator.post("/agora/task/message", {"task_id": task_id, "text": "approve"})
        task = thinkers.wait_for(task_id, "completed", "failed")
        print(f"{task['status']}: {task.get('result') or task.get('error')}")
        say("What it cost")
        entries = thinkers.operator.get("/agora/token_billing/recent")["calls"]
        for call in reversed(entries):
            tokens = f"{call['input_tokens']} tokens in, {call['output_tokens']} out"
            about = ", estimated" if call["is_estimate"] else ""
            print(f"{call['model']:24} {tokens:28} {call['cost']:.6f} {call['currency']}{about}")
        print(
            f"{len(entries)} calls of the model: {sum(call['cost'] for call in entries):.6f} {entries[0]['currency']}"
        )
        if task["status"] != "completed":
            sys.exit(1)


if __name__ == "__main__":
    main()
