"""A stopping server hands the tasks of its declared agents to another server immediately, not after the lease."""

from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply
from tests.blackbox.server import ServerProcess
from tests.blackbox.test_mcp_tasks_of_replicas import SECRETS
from tests.blackbox.thinking import runner_pids, running_thinkers
from tests.polling import poll_until
from tests.postgres import PostgresServer


@pytest.mark.long
def test_another_server_continues_the_tasks_of_a_stopped_one(tmp_path: Path, postgres_server: PostgresServer) -> None:
    asked = threading.Event()

    def script(request: ModelRequest) -> ScriptedReply:
        if asked.is_set():
            return ScriptedReply("Done by the other one.")
        asked.set()
        return ScriptedReply("word " * 100_000, pause=0.05)  # its answer takes until the interruption

    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.database_url())
        first, second = (ServerProcess(tmp_path / name, store=url) for name in ("a", "b"))
        stack.callback(second.close)
        stack.callback(first.close)
        first.start()
        second.directory.mkdir()
        for name in SECRETS:
            shutil.copy(first.directory / name, second.directory / name)
        thinkers = stack.enter_context(running_thinkers(first))
        thinkers.scripts["go on"] = script
        thinkers.declare("Steady")
        task_id = thinkers.give("Steady", "go on")
        assert asked.wait(60)
        poll_until(lambda: thinkers.output(task_id), "no words")
        second.start()
        poll_until(lambda: runner_pids(second.pid), "no second runner")
        runner = thinkers.runner()
        first.stop()
        assert not Path(f"/proc/{runner}").exists()
        thinkers.server, thinkers.operator = second, second.operator
        task = thinkers.wait_for(task_id)
        assert (task["status"], task["result"], task["attempts"]) == ("completed", "Done by the other one.", 1)
        history = second.operator.get("/agora/task/history", params={"task_id": task_id})["entries"]
        reasons = [entry["content"] for entry in history if entry["status"] == "pending" and entry["content"]]
        assert reasons == ["The process of the agent stops."]
        assert thinkers.output(task_id).endswith("[interrupted; the answer begins again]\nDone by the other one.")
