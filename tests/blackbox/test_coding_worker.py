"""A coding job from its prompt to its diff: output streams, permissions are requested, sessions resume, and the job is
done once despite kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agora import __version__
from tests.blackbox.coding_worker import (
    RECORDED_AGENT,
    WorkerProcess,
    create_repository,
    read_output,
    submit_job,
    wait_for_status,
)
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture(scope="module")
def careful_worker(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """A worker that asks for unsafe permissions, for all tests that do not kill it."""
    directory = tmp_path_factory.mktemp("careful")
    repository = create_repository(directory / "api")
    variables = {"ANTHROPIC_API_KEY": "sk-of-the-provider"}
    worker = WorkerProcess(shared_server, directory / "home", repository, name="careful", variables=variables).start()
    # The worker registers its codebases last: by then its agent is registered too.
    poll_until(lambda: _find_codebase(shared_server, "/v1/agent/codebases?search=api", "careful"), "it registers", 60)
    yield worker
    worker.close()


@pytest.fixture
def start_worker(shared_server: ServerProcess, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers on one codebase: ``start_worker("--check", "make test", name="other")``."""
    workers: list[WorkerProcess] = []
    repository = create_repository(tmp_path / "api")

    def start(*options: str, server: ServerProcess = shared_server, **named: str) -> WorkerProcess:
        worker = WorkerProcess(server, tmp_path / "home", repository, *options, **named)
        workers.append(worker)
        return worker.start()

    yield start
    for worker in workers:
        worker.close()


def test_permission_is_requested_and_answered(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "READ: README\nREAD: /etc/passwd\nRUN: echo done > a.txt", worker="careful")
    wait_for_status(operator, job, "input_required")
    output = read_output(operator, job)
    assert "Reading README was allowed" in output
    assert "Reading /etc/passwd was refused" in output
    (agent,) = careful_worker.agent_pids()
    names = {line.partition("=")[0] for line in Path(f"/proc/{agent}/environ").read_text().split("\0")}
    assert "ANTHROPIC_API_KEY" in names
    assert not names & {"AGORA_TOKEN", "AGORA_CREDENTIALS"}, "the worker's own credentials are not the agent's"
    question = operator.get(f"/v1/agent/tasks/{job}/history")["entries"][-1]["data"]
    options = question["parts"][1]["data"]["permission"]["options"]
    assert [option["option_id"] for option in options] == ["once", "always", "reject"]
    assert question["metadata"]["requestedSchema"]["required"] == ["option_id"]
    operator.post("/agora/task/message", {"task_id": job, "text": "once"})
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["files"] == ["a.txt"]
    assert task["attempts"] == 1, "an answer is no attempt"
    assert "session/" not in read_output(operator, job), "it went on in the session that waited"
    poll_until(lambda: not careful_worker.agent_pids(), "no agent is left")


def test_permissions_requested_at_once_are_answered_one_after_another(
    shared_server: ServerProcess, careful_worker: WorkerProcess
) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "TOGETHER: echo 1 > a.txt; echo 2 > b.txt; echo 3 > c.txt", worker="careful")
    titles = []
    for count in range(1, 4):
        wait_for_status(operator, job, "input_required")
        question = operator.get(f"/v1/agent/tasks/{job}/history")["entries"][-1]["data"]
        titles.append(question["parts"][1]["data"]["permission"]["title"])
        operator.post("/agora/task/message", {"task_id": job, "text": "once" if count != 2 else "reject"})
    task = wait_for_status(operator, job, "completed")
    assert sorted(titles) == ["echo 1 > a.txt", "echo 2 > b.txt", "echo 3 > c.txt"]
    allowed = sorted(title[-5:] for title in (titles[0], titles[2]))
    assert (task["result"]["files"], task["attempts"]) == (allowed, 1)


def test_refusal_reaches_the_agent(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "RUN: echo done > a.txt", worker="careful")
    wait_for_status(operator, job, "input_required")
    operator.post("/agora/task/message", {"task_id": job, "text": "reject"})
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["files"] == []
    assert task["result"]["text"] == "The command was not allowed."


def test_reason_of_a_refusal_reaches_the_agent(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    """The protocol has no field for reasons: the agent is told when its turn has ended."""
    operator = shared_server.operator
    job = submit_job(operator, "RUN: echo done > a.txt", worker="careful")
    wait_for_status(operator, job, "input_required")
    operator.post("/agora/task/message", {"task_id": job, "text": "Not like this.\nRECALL"})
    task = wait_for_status(operator, job, "completed")
    told = "You asked for permission: echo done > a.txt. The answer: Reject (Not like this."
    assert told in task["result"]["text"]
    assert (task["result"]["files"], task["attempts"]) == ([], 1)


def test_agent_that_ends_its_turn_at_a_refusal_is_prompted_again(
    shared_server: ServerProcess, start_worker: StartWorker
) -> None:
    """Codex stops its turn after a refusal. An agent that only repeats the refused request fails its job."""
    operator = shared_server.operator
    agent = f"{sys.executable} {RECORDED_AGENT} --without refusals"
    start_worker("--auto-approve", "all", name="stopper", agent=agent)
    job = submit_job(operator, "READ: /etc/passwd\nRUN: echo never > a.txt", worker="stopper")
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["files"] == []
    assert "is outside of the working directory" in read_output(operator, job)
    insistent = submit_job(operator, "OBSTINATE: /etc/passwd", worker="stopper")
    task = wait_for_status(operator, insistent, "failed")
    assert "The agent has ended 6 turns for refusals. You asked for permission: /etc/passwd" in task["error"]


def test_cancelled_job_ends_its_agent(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    running, waiting = (submit_job(operator, prompt, worker="careful") for prompt in ("SLOWLY: 1000", "RUN: true"))
    wait_for_status(operator, waiting, "input_required")
    poll_until(lambda: "word3" in read_output(operator, running), "output")
    assert len(careful_worker.agent_pids()) == 2, "two jobs of one codebase run side by side"
    for job in (running, waiting):
        operator.post("/agora/task/cancel", {"task_id": job})
    poll_until(lambda: not careful_worker.agent_pids(), "no agent is left")


def test_killed_agent_is_restarted(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "DIE\nRECALL", worker="careful")
    task = wait_for_status(operator, job, "completed")
    output = read_output(operator, job)
    assert "the agent died" in output
    assert "was reopened with session/resume" in output
    assert task["result"]["text"].startswith("I remember: DIE")


def test_context_maps_to_one_session(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    first = submit_job(operator, "SAY: good morning", worker="careful", context_id="conversation")
    wait_for_status(operator, first, "completed")
    second = submit_job(operator, "RECALL", worker="careful", context_id="conversation")
    task = wait_for_status(operator, second, "completed")
    assert task["result"]["text"].startswith("I remember: SAY: good morning | RECALL")
    assert task["result"]["branch"] == f"agora/{first}", "the session continues"


def test_session_is_read_and_resumed_over_rest(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    codebase_id = _find_codebase(shared_server, "/v1/agent/codebases?search=api", "careful")
    body = {"title": "Greet", "prompt": "SAY: good morning", "codebase_id": codebase_id, "priority": 5}
    job = operator.post("/v1/agent/tasks", body)["task_id"]
    task = wait_for_status(operator, job, "completed")
    assert task["task_type"] == "coding.job"
    sessions = f"/v1/agent/codebases/{codebase_id}/sessions"
    (session,) = [each for each in operator.get(sessions)["sessions"] if each["title"] == "Greet"]
    place = f"{sessions}/{session['session_id']}"
    messages = operator.get(f"{place}/messages")["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert messages[1]["parts"][-1] == {"type": "text", "text": "good morning"}
    resumed = operator.post(f"{place}/resume", {"prompt": "RECALL"})["task_id"]
    task = wait_for_status(operator, resumed, "completed")
    assert task["result"]["session_id"] == session["session_id"]
    assert task["result"]["text"].startswith("I remember: SAY: good morning | RECALL")
    token = shared_server.admin_token
    shown = shared_server.run_cli("session", "show", str(codebase_id), session["session_id"], token=token)
    assert "good morning" in shown.stdout
    followed = shared_server.run_cli("job", "run", "SAY: hello", "--worker", "careful", "--follow", token=token)
    assert followed.returncode == 0, followed.stderr
    assert "hello\n" in followed.stdout, "status text of the job starts on a new line"
    assert "nothing" in next(line for line in followed.stdout.splitlines() if line.startswith("changed"))
    assert "checkpoint" not in followed.stdout + followed.stderr
    named = shared_server.run_cli("session", "list", str(codebase_id), token=token)
    assert "Greet" in named.stdout
    listed = shared_server.run_cli("session", "messages", str(codebase_id), session["session_id"], token=token)
    assert listed.returncode == 0, listed.stderr


def test_worker_is_an_a2a_agent(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    """A prompt as a message, over JSON-RPC 1.0: permission as input-required, the answer, and the diff as an artifact."""
    operator = shared_server.operator

    def send(text: str, **ids: str) -> dict[str, Any]:
        message = {"messageId": text, "role": "ROLE_USER", "parts": [{"text": text}], **ids}
        call = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
        answer = operator.http.post("/a2a/careful", json=call, headers={"A2A-Version": "1.0"}).json()
        task: dict[str, Any] = answer["result"]["task"]
        return task

    task = send("RUN: echo hi > a2a.txt")
    assert task["status"]["state"] == "TASK_STATE_INPUT_REQUIRED", task
    task = send("once", taskId=task["id"], contextId=task["contextId"])
    assert task["status"]["state"] == "TASK_STATE_COMPLETED", task
    assert {"diff", "changes"} <= {artifact.get("name") for artifact in task["artifacts"]}


def test_usage_limit_pauses_the_job(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    operator = shared_server.operator
    limited = submit_job(operator, "LIMIT: 12\nSAY: after the limit", worker="careful")
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{limited}")["available_at"], "it is paused")
    assert "paused until" in read_output(operator, limited)
    following = submit_job(operator, "SAY: hello", worker="careful")
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{following}")["available_at"], "the account waits")
    task = wait_for_status(operator, limited, "completed")
    assert task["result"]["text"] == "after the limit"
    assert task["attempts"] == 1, "a pause is no attempt"
    wait_for_status(operator, following, "completed")


def test_output_is_streamed_and_another_worker_continues(
    shared_server: ServerProcess, start_worker: StartWorker, tmp_path: Path
) -> None:
    operator = shared_server.operator
    options = ("--auto-approve", "all", "--check", "echo RUN: touch mended; test -e mended")
    first = start_worker(*options, name="first")
    job = submit_job(operator, "RUN: echo one >> a.txt\nSLOWLY: 120\nRUN: echo two >> a.txt", worker="first")
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    assert operator.get(f"/v1/agent/tasks/{job}")["status"] == "in_progress", "the output came before the end"
    first.kill()
    poll_until(lambda: not first.agent_pids(), "its agent dies with it")
    start_worker(*options, name="second")
    operator.post("/agora/task/reassign", {"task_id": job, "assignee": "second"})
    task = wait_for_status(operator, job, "completed")
    result, output = task["result"], read_output(operator, job)
    assert "was reopened with session/resume" in output
    assert "the check ended with exit code 1" in output
    assert "the check ended with exit code 0" in output, "the agent was sent back, and mended it"
    assert result["branch"] == f"agora/{job}"
    assert result["files"] == ["a.txt", "mended"]
    assert result["usage"]["is_estimate"]
    turns = operator.get(f"/v1/agent/tasks/{job}/turns")["turns"]
    assert [turn["number"] for turn in turns] == [1, 2], "those of the one that has taken over"
    artifacts = [e["data"]["artifact"] for e in _read_log(shared_server, job) if e["type"] == "artifact"]
    assert {artifact["name"] for artifact in artifacts} == {"check", "diff", "changes"}
    shown = subprocess.run(["git", "show", f"agora/{job}:a.txt"], cwd=tmp_path / "api", capture_output=True)
    assert shown.stdout.startswith(b"one\n")
    assert not (tmp_path / "api" / "a.txt").exists(), "the codebase itself is as it was"


def test_worker_without_the_files_starts_the_job_over(shared_server: ServerProcess, tmp_path: Path) -> None:
    """The agent of a worker on another machine had ended its turn: its files are missing here, and the job is not done."""
    operator = shared_server.operator
    first, second = [
        WorkerProcess(shared_server, tmp_path / f"home-{name}", create_repository(tmp_path / name), *options, name=name)
        for name, options in (
            ("far", ("--auto-approve", "all", "--check", "sleep 1000")),
            ("near", ("--auto-approve", "all")),
        )
    ]
    try:
        first.start()
        poll_until(lambda: "takes jobs for" in first.log(), first.log, 60)
        job = submit_job(operator, "EDIT: a.txt=done", worker="far")
        poll_until(lambda: "check: sleep" in read_output(operator, job), "its turn has ended", 60)
        first.kill()
        second.start()
        poll_until(lambda: "takes jobs for" in second.log(), second.log, 60)
        operator.post("/agora/task/reassign", {"task_id": job, "assignee": "near"})
        task = wait_for_status(operator, job, "completed")
        output = read_output(operator, job)
        assert "the job starts over" in output
        assert "a new session gets its transcript" in output
        assert task["result"]["files"] == ["a.txt"]
        turns = operator.get(f"/v1/agent/tasks/{job}/turns")["turns"]
        assert [turn["number"] for turn in turns] == [1, 2], "what the other worker has recorded stays"
        assert len({turn["codebase_id"] for turn in turns}) == 2
    finally:
        first.close()
        second.close()


PROFILES = """
profiles:
  eager: {permissions: all, environment: {GREETING: good morning}, model: stub/large}
"""


def test_job_has_files_a_profile_and_secrets(
    shared_server: ServerProcess, start_worker: StartWorker, tmp_path: Path
) -> None:
    operator, secret = shared_server.operator, "s3cret-of-the-job"
    profiles = tmp_path / "profiles.yaml"
    profiles.write_text(PROFILES)
    start_worker("--auto-approve", "none", "--profiles", str(profiles), name="profiled")
    codebases = "/v1/agent/codebases?search=api"
    own = poll_until(lambda: _find_codebase(shared_server, codebases, "profiled"), "it registers")
    place = f"/v1/agent/codebases/{own}"
    listen = operator.http.stream("GET", f"{place}/events", timeout=60)
    with listen as events:
        prompt = "RUN: cat given/notes.txt; echo $GREETING $DEPLOY_KEY; echo $DEPLOY_KEY > leak.txt\nRECALL"
        files = ["README", {"path": "given/notes.txt", "content": "take note\n"}]
        body = {"prompt": prompt, "profile": "eager", "files": files, "secrets": {"DEPLOY_KEY": secret}}
        job = operator.post(f"{place}/trigger", body)["task_id"]
        seen = [line for line in _read_until(events.iter_lines(), "agora.task.completed") if line.startswith("event:")]
    assert any("agora.task.started" in line for line in seen)
    task = wait_for_status(operator, job, "completed")
    output = read_output(operator, job)
    assert "take note" in output
    assert "good morning ***" in output
    assert "Files of this task: README, given/notes.txt" in task["result"]["text"]
    assert "stub/large" in task["result"]["text"]
    assert task["result"]["files"] == ["given/notes.txt", "leak.txt"]
    log = str(_read_log(shared_server, job))
    session = operator.get(f"/v1/agent/runtime/sessions/{task['result']['session_id']}/parts")
    assert session["count"] >= 2
    assert secret not in output + log + str(session) + str(task)
    status = operator.get(f"{place}/status")
    assert (status["status"], status["session_id"]) == ("idle", task["result"]["session_id"])
    assert operator.post(f"{place}/watch/stop")["watching"] is False
    held = operator.post("/v1/agent/tasks", {"prompt": "SAY: at last", "codebase_id": own})["task_id"]
    wait_for_status(operator, operator.post(f"{place}/trigger", {"prompt": "SAY: now"})["task_id"], "completed")
    assert operator.get(f"/v1/agent/tasks/{held}")["status"] == "pending", "one that was asked for later has run"
    assert operator.get(f"{place}/watch/status")["queued"] == 1
    assert operator.post(f"{place}/watch/start", {"interval": 5})["interval"] == 5
    wait_for_status(operator, held, "completed")
    # Other workers of this server have another home directory: they decline, and the next worker is asked.
    found = create_repository(tmp_path / "home" / "found")
    codebase = operator.post("/v1/agent/codebases", {"name": found.name, "path": str(found)})
    address = f"/v1/agent/codebases/{codebase['codebase_id']}"
    poll_until(lambda: operator.get(address)["state"] == "ready", "it is confirmed")
    (row,) = operator.get("/v1/agent/codebases?search=found")["codebases"]
    job = operator.post(f"/v1/agent/codebases/{row['codebase_id']}/trigger", {"prompt": "SAY: found it"})["task_id"]
    wait_for_status(operator, job, "completed")


def _find_codebase(server: ServerProcess, path: str, worker: str) -> str | None:
    """Return the id of a worker's codebase by its name."""
    workers = {
        row["worker_id"]: row["worker_name"] for row in server.operator.get("/v1/agent/workers?limit=100")["workers"]
    }
    found = [row for row in server.operator.get(path)["codebases"] if workers.get(row["worker_id"]) == worker]
    return found[0]["codebase_id"] if found else None


def _read_until(lines: Iterator[str], last: str) -> Iterator[str]:
    """Read lines up to the one with an event's type."""
    for line in lines:
        yield line
        if last in line:
            return


def _read_log(server: ServerProcess, task_id: str) -> list[dict[str, object]]:
    """Read every entry of an ended task's log from its stream."""
    import json

    with server.operator.http.stream("GET", f"/agora/task/stream?task_id={task_id}") as stream:
        lines = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


@pytest.mark.long
def test_answer_reaches_its_session_after_the_agent_was_ended(
    shared_server: ServerProcess, start_worker: StartWorker
) -> None:
    operator = shared_server.operator
    worker = start_worker("--park-seconds", "0.1", name="impatient")
    job = submit_job(operator, "SAY: first\nRUN: echo done > a.txt", worker="impatient")
    wait_for_status(operator, job, "input_required")
    poll_until(lambda: not worker.agent_pids(), "no agent is left")
    operator.post("/agora/task/message", {"task_id": job, "parts": [{"data": {"option_id": "once"}}]})
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["files"] == ["a.txt"]
    assert "was reopened with session/resume" in read_output(operator, job)


@pytest.mark.long
def test_new_session_gets_the_transcript(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker(agent=f"{sys.executable} {RECORDED_AGENT} --without resume,load", name="forgetful")
    job = submit_job(operator, "SAY: remember the milk\nSLOWLY: 10\nDIE\nRECALL", worker="forgetful")
    task = wait_for_status(operator, job, "completed")
    assert "a new session gets its transcript" in read_output(operator, job)
    assert "remember the milk" in task["result"]["text"]


@pytest.mark.long
def test_loaded_session_is_not_stored_twice(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker(agent=f"{sys.executable} {RECORDED_AGENT} --without resume", name="loader")
    job = submit_job(operator, "SAY: once\nDIE\nSAY: twice", worker="loader")
    wait_for_status(operator, job, "completed")
    output = read_output(operator, job)
    assert "was reopened with session/load" in output
    assert "(replayed)" not in output


@pytest.mark.long
def test_worktrees_are_listed_and_removed_except_unmerged_work(
    shared_server: ServerProcess, start_worker: StartWorker, tmp_path: Path
) -> None:
    """The preview works on the server and on the command line; a worktree with work stays even if its removal is
    requested."""
    operator = shared_server.operator
    worker = start_worker("--auto-approve", "all", name="tidy")
    empty = submit_job(operator, "SAY: hello", worker="tidy")
    busy = submit_job(operator, "RUN: echo work > work.txt", worker="tidy")
    for job in (empty, busy):
        wait_for_status(operator, job, "completed")
    found = operator.get("/v1/agent/codebases")["codebases"]
    codebase_id = next(one["codebase_id"] for one in found if one["path"] == str(tmp_path / "api"))
    place = f"/v1/agent/codebases/{codebase_id}/worktrees"

    def clean(*jobs: str) -> Any:
        task = operator.post(f"{place}/clean", {"job_ids": list(jobs)})
        return wait_for_status(operator, task["task_id"], "completed")["result"]

    assert clean(busy) == {"removed": [], "left": {busy: "unmerged"}, "bytes": 0}
    preview = {one["job_id"]: one["verdict"] for one in operator.get(place)["worktrees"]}
    assert preview == {empty: "recent", busy: "unmerged"}
    command = [sys.executable, "-m", "agora.cli", "worker", "disk", "--codebases", f"{tmp_path / 'api'}:api"]
    command += ["--state", str(worker.home / "state"), "--worktree-days", "0", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=worker.environment)
    assert {row["job_id"]: row["verdict"] for row in json.loads(printed.stdout)} == {
        empty: "removable",
        busy: "unmerged",
    }
    result = clean(empty, busy)
    assert (result["removed"], result["left"]) == ([empty], {busy: "unmerged"})
    assert result["bytes"] > 0
    root = worker.home / "state/worktrees/api"
    assert (root / busy / "work.txt").read_text() == "work\n"
    assert not (root / empty).exists()
    assert [one["job_id"] for one in operator.get(place)["worktrees"]] == [busy]


def test_chat_with_a_worker_needs_no_codebase(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    """Two messages typed in a terminal are two jobs of one session, in the worker's home directory."""
    wait_for_status(shared_server.operator, submit_job(shared_server.operator, "SAY: I am here", worker="careful"))
    command = [sys.executable, "-m", "agora.cli", "chat", "--worker", "careful", "--context", "direct"]
    environment = careful_worker.environment | {"AGORA_URL": shared_server.url}
    talk = subprocess.run(
        command, input="SAY: hello\nSAY: once more\n", capture_output=True, text=True, env=environment
    )
    assert talk.returncode == 0, talk.stderr
    assert talk.stdout.index("hello") < talk.stdout.index("once more")
    jobs = shared_server.operator.get("/v1/agent/tasks?context_id=direct")["tasks"]
    results = [shared_server.operator.get(f"/v1/agent/tasks/{job['task_id']}")["result"] for job in jobs]
    (session,) = {result["session_id"] for result in results}
    places = shared_server.operator.get("/v1/agent/codebases")["codebases"]
    home = next(one["codebase_id"] for one in places if one["path"] == str(careful_worker.home))
    messages = shared_server.operator.get(f"/v1/agent/codebases/{home}/sessions/{session}/messages")
    assert [message["role"] for message in messages["messages"]] == ["user", "assistant"] * 2
    said = subprocess.run([*command, "SAY: at once"], capture_output=True, text=True, env=environment)
    assert "at once" in said.stdout, said.stderr
    unknown = subprocess.run([*command[:4], "--worker", "nobody", "x"], capture_output=True, text=True, env=environment)
    assert (unknown.returncode, "nobody" in unknown.stderr) == (4, True)


def test_check_that_fails_twice_fails_the_job(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker("--check", "echo broken; exit 3", name="checked")
    task = wait_for_status(operator, submit_job(operator, "SAY: it is done", worker="checked"), "failed")
    assert "broken" in task["error"]
    assert task["attempts"] == 1


@pytest.mark.long
def test_worker_drains_and_reconnects_to_a_restarted_server(
    start_server: Callable[..., ServerProcess], start_worker: StartWorker
) -> None:
    server = start_server()
    worker = start_worker("--auto-approve", "all", server=server)
    job = submit_job(server.operator, "SLOWLY: 40\nSAY: the end")
    poll_until(lambda: "word3" in read_output(server.operator, job), "output")
    server.kill()
    server.start()
    task = wait_for_status(server.operator, job, "completed")
    assert task["result"]["text"].endswith("the end")
    assert read_output(server.operator, job).count("word39 ") == 1, "nothing twice, nothing lost"
    long = submit_job(server.operator, "SLOWLY: 1000")
    poll_until(lambda: "word3" in read_output(server.operator, long), "output")
    assert worker.stop() == 0
    task = wait_for_status(server.operator, long, "pending")
    assert task["checkpoint"]["session_id"]


def test_tokens_of_a_turn_that_a_stopping_worker_cancels_are_billed_once(
    shared_server: ServerProcess, start_worker: StartWorker
) -> None:
    operator = shared_server.operator
    worker = start_worker(name="stopped")
    job = submit_job(operator, "SLOWLY: 1000", worker="stopped")
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    assert worker.stop() == 0
    (usage,) = operator.get(f"/billing/tokens?task_id={job}")["tokens"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (100, 20)
    checkpoint = wait_for_status(operator, job, "pending")["checkpoint"]
    assert checkpoint["model_tokens"] == {"stub/small": [100, 20]}, "the next attempt continues the sum"


def test_output_with_a_lone_surrogate_is_written(shared_server: ServerProcess, careful_worker: WorkerProcess) -> None:
    """JSON can express half a surrogate pair, which UTF-8 cannot."""
    operator = shared_server.operator
    job = submit_job(operator, "HALF\nSAY: the end", worker="careful")
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["text"].endswith("the end")
    assert read_output(operator, job).count("half ?the end\n") == 1


def test_drained_worker_exits_after_its_last_job(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    """Its running job is completed, queued jobs wait until it is started again, and no job is done twice."""
    operator = shared_server.operator
    worker = start_worker("--max-concurrent-tasks", "1", name="leaver")
    running = submit_job(operator, "SLOWLY: 160\nSAY: the end", worker="leaver")
    poll_until(lambda: "word3" in read_output(operator, running), "output")
    queued = submit_job(operator, "SAY: later", worker="leaver")
    workers = operator.get("/v1/agent/workers?search=leaver")["workers"]
    record = next(one for one in workers if one["worker_name"] == "leaver")
    assert (record["version"], record["upgrade"]) == (__version__, None)
    drained = operator.post(f"/v1/agent/workers/{record['worker_id']}/drain", {})
    assert (drained["status"], drained["active_tasks"]) == ("draining", 1)
    assert worker.process is not None
    assert worker.process.wait(60) == 0, worker.log()
    task = operator.get(f"/v1/agent/tasks/{running}")
    assert (task["status"], task["attempts"]) == ("completed", 1)
    assert read_output(operator, running).count("word159 ") == 1
    assert operator.get(f"/v1/agent/tasks/{queued}")["status"] == "pending"
    worker.start()
    assert wait_for_status(operator, queued, "completed")["attempts"] == 1


@pytest.mark.long
def test_job_continues_after_its_agent_is_killed(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    worker = start_worker(name="unlucky")
    job = submit_job(operator, "SLOWLY: 50\nSAY: the end", worker="unlucky")
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    for agent in worker.agent_pids():
        os.kill(agent, signal.SIGKILL)
    assert wait_for_status(operator, job, "completed")["result"]["text"].endswith("the end")


@pytest.mark.long
def test_worker_suspended_beyond_its_lease_writes_nothing(
    shared_server: ServerProcess, start_worker: StartWorker
) -> None:
    """A laptop that sleeps suspends its worker for longer than the lease: the job is taken back, and done once after
    the worker resumes."""
    operator = shared_server.operator
    worker = start_worker(name="sleeper")
    job = submit_job(operator, "SLOWLY: 60\nSAY: the end", worker="sleeper")
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    assert worker.process is not None
    worker.process.send_signal(signal.SIGSTOP)
    wait_for_status(operator, job, "pending")
    worker.process.send_signal(signal.SIGCONT)
    task = wait_for_status(operator, job, "completed")
    output = read_output(operator, job)
    assert "was reopened with session/resume" in output
    assert (task["attempts"], output.count("word59 ")) == (2, 1)
    assert "The lease on task" in worker.log()


@pytest.mark.long
def test_tool_without_the_agent_client_protocol_does_a_job(
    shared_server: ServerProcess, start_worker: StartWorker
) -> None:
    operator = shared_server.operator
    start_worker("--command", "sh -c 'echo \"$1\" > said.txt; echo wrote it' tool {prompt}", name="plain")
    task = wait_for_status(operator, submit_job(operator, "a 'quoted' prompt", worker="plain"), "completed")
    assert task["result"]["files"] == ["said.txt"]
    assert "wrote it" in task["result"]["text"]
