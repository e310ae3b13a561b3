"""Follow-ups to jobs of a real worker: queued and steering, delivered exactly once despite kills, and to waiting or
ended jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.blackbox.coding_worker import (
    WorkerProcess,
    create_repository,
    read_output,
    submit_job,
    wait_for_status,
)
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def worker(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """A worker that asks for unsafe permissions; a test that kills it restarts it."""
    directory = tmp_path_factory.mktemp("follow-ups")
    repository = create_repository(directory / "api")
    worker = WorkerProcess(shared_server, directory / "home", repository, name="steered").start()
    yield worker
    worker.close()


def say(account: Account, task_id: str, text: str, mode: str = "queued") -> Any:
    return account.post(f"/v1/agent/tasks/{task_id}/follow-ups", {"text": text, "mode": mode})


def waiting_texts(account: Account, task_id: str) -> list[str]:
    page = account.get(f"/v1/agent/tasks/{task_id}/follow-ups?waiting=true")
    return [follow_up["text"] for follow_up in page["follow_ups"]]


def recalled_prompts(task: Any) -> list[str]:
    """Return the prompts of the agent's session in order."""
    text = str(task["result"]["text"])
    return text.removeprefix("I remember: ").rpartition(" model=")[0].split(" | ")


def test_follow_ups_are_delivered_in_order_and_steering_interrupts(
    shared_server: ServerProcess, worker: WorkerProcess
) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "SLOWLY: 5000", worker=worker.name)
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    say(operator, job, "SAY: first")
    place = f"/v1/agent/tasks/{job}/follow-ups"
    changed = say(operator, job, "SAY: never said")["follow_up_id"]
    operator.call("PUT", f"{place}/{changed}", json={"text": "RECALL"})
    removed = say(operator, job, "SAY: removed")["follow_up_id"]
    operator.call("DELETE", f"{place}/{removed}")
    assert waiting_texts(operator, job) == ["SAY: first", "RECALL"], "the agent is not done with its turn"
    token = shared_server.admin_token
    shared_server.run_cli("follow-up", "add", job, "SAY: stop that", "--mode", "steering", token=token)
    task = wait_for_status(operator, job, "completed")
    assert recalled_prompts(task) == ["SLOWLY: 5000", "SAY: stop that", "SAY: first", "RECALL"]
    assert "interrupted by a follow-up" in read_output(operator, job)
    assert (task["attempts"], waiting_texts(operator, job)) == (1, [])
    (usage,) = operator.get(f"/billing/tokens?task_id={job}")["tokens"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (400, 80), "those of the interrupted turn count, too"


def test_killed_worker_delivers_each_follow_up_once(shared_server: ServerProcess, worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "SLOWLY: 5000", worker=worker.name)
    poll_until(lambda: "word3" in read_output(operator, job), "output")
    for text in ("SAY: one", "SLOWLY: 60\nSAY: two", "RECALL"):
        say(operator, job, text)
    say(operator, job, "SAY: zero", "steering")
    poll_until(lambda: read_output(operator, job).count("word3 ") == 2, "the second is being answered")
    assert waiting_texts(operator, job) == ["RECALL"]
    worker.kill()
    worker.start()
    task = wait_for_status(operator, job, "completed")
    prompts = recalled_prompts(task)
    assert prompts[:4] == ["SLOWLY: 5000", "SAY: zero", "SAY: one", "SLOWLY: 60\nSAY: two"]
    going_on = [prompt for prompt in prompts[4:-1] if prompt.startswith("The work was interrupted")]
    assert prompts[4:] == [*going_on, "RECALL"], "each is delivered once; the interrupted prompt is continued"
    assert len(going_on) <= 1
    assert all("SAY: two" in prompt for prompt in going_on)


def test_follow_up_resumes_waiting_and_ended_jobs(shared_server: ServerProcess, worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "RUN: rm -rf everything", worker=worker.name)
    wait_for_status(operator, job, "input_required")
    say(operator, job, "SAY: rather not", "steering")
    task = wait_for_status(operator, job, "completed")
    assert task["result"]["text"] == "rather not"
    assert task["attempts"] == 1
    successor = say(operator, job, "RECALL")["task_id"]
    assert successor != job
    task = wait_for_status(operator, successor, "completed")
    assert recalled_prompts(task) == ["RUN: rm -rf everything", "SAY: rather not", "RECALL"]
    assert task["result"]["branch"] == f"agora/{job}", "it continues in the worktree of the first"
    assert "goes on as" in str(operator.get(f"/v1/agent/tasks/{job}/history")["entries"][-1])
    poll_until(lambda: not worker.agent_pids(), "no agent is left")


def test_follow_up_keeps_what_the_agent_has_made_of_attached_files(
    shared_server: ServerProcess, worker: WorkerProcess
) -> None:
    operator = shared_server.operator
    files = [{"path": "notes.txt", "content": "as given\n"}]
    job = submit_job(operator, "EDIT: notes.txt=changed", worker=worker.name, payload={"files": files})
    wait_for_status(operator, job, "input_required")
    operator.post("/agora/task/message", {"task_id": job, "text": "once"})
    wait_for_status(operator, job, "completed")
    successor = say(operator, job, "RECALL")["task_id"]
    task = wait_for_status(operator, successor, "completed")
    assert task["result"]["branch"] == f"agora/{job}"
    (notes,) = worker.home.rglob(f"{job}/notes.txt")
    assert notes.read_text().strip() == "changed"
