"""Coding pages in the browser with the real OpenCode: reviews, follow-ups, checkpoints, the board; only the model is
scripted."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.coding_worker import GIT, WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.forge_server import ForgeServer, serve_forge
from tests.blackbox.server import ServerProcess
from tests.coding.installed_agents import install_agents, model_server, stub_environment
from tests.e2e.chromium import browser
from tests.e2e.coding_place import Place, open_live, open_page, queue_job
from tests.polling import poll_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
MINUS = "\N{MINUS SIGN}"
SLOW = 180.0  # seconds: the first turn takes half a minute on a busy machine
#: OpenCode's configuration: commands run without permission, except one as an example
PERMISSIONS = {"edit": "allow", "bash": {"*": "allow", "touch *": "ask"}}
GIT_AS_AGENT = "git -c user.name=Agent -c user.email=agent@localhost"
SOLVE = (
    f"{GIT_AS_AGENT} merge -q main || {{ git checkout -q --ours shared.txt; git add shared.txt; "
    f"{GIT_AS_AGENT} commit -qm solved; }}"
)


@pytest.fixture(scope="module")
def forge() -> Iterator[ForgeServer]:
    with serve_forge() as forge:
        yield forge


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, forge: ForgeServer) -> Iterator[Place]:
    """A server, a worker with OpenCode whose repository has a remote, and a browser."""
    directory = tmp_path_factory.mktemp("opencode")
    repository = create_repository(directory / "api", **{"shared.txt": "start\n"})
    (directory / "o").mkdir()
    git(directory / "o", "init", "-q", "--bare", "api.git")
    git(repository, "config", f"url.{directory}/o/.insteadOf", "https://github.com/o/")
    git(repository, "remote", "add", "origin", "https://github.com/o/api.git")
    programs = install_agents()
    server = ServerProcess(directory / "data").start()
    try:
        with model_server() as port, browser() as launched:
            variables = stub_environment(port, programs)
            configuration = json.loads(variables["OPENCODE_CONFIG_CONTENT"]) | {"permission": PERMISSIONS}
            variables |= {"OPENCODE_CONFIG_CONTENT": json.dumps(configuration), **forge.environment}
            worker = WorkerProcess(
                server,
                directory / "home",
                repository,
                "--lease-seconds",
                "30",
                name="laptop",
                agent="opencode",
                variables=variables,
            ).start()
            try:
                yield Place(server, worker, launched)
            finally:
                worker.close()
    finally:
        server.close()


@pytest.fixture
def page(place: Place) -> Iterator[Any]:
    with open_page(place) as page:
        page.set_default_timeout(SLOW * 1000)
        yield page


def git(path: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def repository_of(place: Place) -> Path:
    return place.worker.home.parent / "api"


def write_file(name: str, text: str) -> str:
    """Build a directive that makes the agent write a file."""
    return f"RUN: printf '{text}\\n' > {name}"


def finish_job(place: Place, prompt: str) -> str:
    """Run a job without watching it."""
    job = submit_job(place.operator, prompt)
    wait_for_status(place.operator, job, "completed", timeout=SLOW)
    return job


def wait_for_revision(page: Any, place: Place, job: str, revision: int) -> None:
    """Wait until the agent has submitted a new revision and its job has ended; no decision is possible before that."""
    page.get_by_text(f"revision {revision}").wait_for()
    page.locator(".figures .state", has_text="Open").wait_for()

    def are_done() -> bool:
        tasks = place.operator.get(f"/v1/agent/tasks?context_id={context_of(place, job)}")["tasks"]
        return all(task["status"] == "completed" for task in tasks)

    poll_until(are_done, "its job has ended", SLOW)


def context_of(place: Place, job: str) -> str:
    return str(place.operator.get(f"/v1/agent/reviews/{job}")["context_id"])


def open_review(page: Any, job: str) -> Any:
    """Open the page of a job's review. Returns the element with its state."""
    open_live(page, f"reviews/{job}")
    return page.locator(".figures .state").first


def reopen_or_open_session(page: Any, place: Place, job: str) -> None:
    """Open the page of a job's session, when it exists."""

    def find_session() -> str | None:
        sessions = place.operator.get(f"/v1/agent/{place.codebase}/sessions")["sessions"]
        return next((str(one["session_id"]) for one in sessions if one["task_id"] == job), None)

    open_live(page, f"{place.codebase}/sessions/{poll_until(find_session, 'it has a session', SLOW)}")


def wait_for_phase(page: Any, phase: str) -> None:
    page.locator(f'.figures[data-phase="{phase}"]').wait_for()


def said_by_person(page: Any) -> list[str]:
    """Return the person's messages in a session in order."""
    return [text.strip() for text in page.locator(".talk .turn.user p").all_inner_texts()]


# -- reviews ----------------------------------------------------------------------------------------------


def test_diff_is_reviewed_line_by_line_and_merged(place: Place, page: Any) -> None:
    job = queue_job(page, place, write_file("shared.txt", "hello\\nworld"))
    page.locator(".figures .state", has_text="Completed").wait_for()
    page.get_by_role("link", name="Review", exact=True).click()
    page.wait_for_url(re.compile(f"/reviews/{job}$"))
    page.locator('.link[data-state="live"]').wait_for()
    diff = page.get_by_role("region", name="Diff of shared.txt")
    assert diff.locator(".code").all_inner_texts() == [f"{MINUS}start", "+hello", "+world"]

    page.get_by_role("link", name="Comment on line 2 of shared.txt").focus()  # by keyboard only
    page.keyboard.press("Enter")
    page.locator("textarea:focus").wait_for()
    page.keyboard.type("The world is large.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    diff.get_by_text("The world is large.").wait_for()
    page.get_by_role("link", name="Side by side").click()
    first, second = diff.locator("tr:not(.hunk):not(.remark)").all()[:2]
    assert first.locator(".code").all_inner_texts() == [f"{MINUS}start", "+hello"], "the old line beside the new one"
    assert second.locator(".code.none").count() == 1
    page.get_by_role("link", name="Comment on line 1 as it was of shared.txt").click()
    page.get_by_role("textbox", name="Comment on line 1").fill("Keep the old word.")
    page.get_by_role("button", name="Comment", exact=True).click()
    diff.get_by_text("Keep the old word.").wait_for()
    page.get_by_label("Send back to the agent").fill(write_file("shared.txt", "start\\nhello\\nuniverse"))
    page.get_by_role("button", name="Request changes").click()
    wait_for_revision(page, place, job, 2)
    assert [text for text in diff.locator(".code.add").all_inner_texts() if text] == ["+hello", "+universe"]
    (follow_up,) = place.operator.get(f"/v1/agent/tasks?context_id={context_of(place, job)}")["tasks"][1:]
    recall = place.operator.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": "RECALL"})
    text = wait_for_status(place.operator, recall["task_id"], "completed", timeout=SLOW)["result"]["text"]
    for part in (
        "shared.txt:2 | > world | The world is large.",
        "shared.txt:1 (as it was before) | > start | Keep the old word.",
    ):
        assert part in text, "the agent has read path, line, code and comment"
    assert follow_up["status"] == "completed"

    state = open_review(page, job)
    page.get_by_role("button", name="Merge into main").click()
    state.get_by_text("Merged").wait_for()
    assert (repository_of(place) / "shared.txt").read_text() == "start\nhello\nuniverse\n"
    page.get_by_role("button", name="Merge into main").wait_for(state="detached")  # it is decided


def test_pull_request_is_opened_and_updated(place: Place, page: Any, forge: ForgeServer) -> None:
    job = finish_job(place, write_file("pulled.txt", "one"))
    remote = repository_of(place).parent / "o" / "api.git"
    state = open_review(page, job)
    page.get_by_role("button", name="Push the branch").click()
    state.get_by_text("Pushed").wait_for()
    pushed = git(remote, "rev-parse", f"agora/{job}")
    page.get_by_role("button", name="Open a pull request").click()
    state.get_by_text("Proposed").wait_for()
    assert page.get_by_role("link", name="Pull request").get_attribute("href") == "https://github.com/o/api/pull/7"
    page.get_by_label("Send back to the agent").fill(write_file("pulled.txt", "two"))
    page.get_by_role("button", name="Request changes").click()
    wait_for_revision(page, place, job, 2)
    page.get_by_role("button", name="Update the pull request").click()
    state.get_by_text("Proposed").wait_for()
    assert [(method, path) for method, path, _ in forge.requests] == [
        ("POST", "/repos/o/api/pulls"),
        ("PATCH", "/repos/o/api/pulls/7"),
    ]
    assert git(remote, "show", f"agora/{job}:pulled.txt") == "two"
    git(remote, "merge-base", "--is-ancestor", pushed, f"agora/{job}")  # without a forced push


def test_conflict_is_shown_and_returned_to_the_agent(place: Place, page: Any) -> None:
    ours = finish_job(place, f"CONFLICT: {SOLVE}\n{write_file('shared.txt', 'ours')}")
    theirs = finish_job(place, write_file("shared.txt", "theirs"))
    state = open_review(page, theirs)
    page.get_by_role("button", name="Merge into main").click()
    state.get_by_text("Merged").wait_for()
    state = open_review(page, ours)
    page.get_by_role("button", name="Merge into main").click()
    conflict = page.locator(".note.warn", has_text="conflicts with main")
    conflict.locator("code", has_text="shared.txt").wait_for()
    wait_for_revision(page, place, ours, 2)  # the agent has solved it
    conflict.wait_for(state="detached")
    page.get_by_role("button", name="Merge into main").click()
    state.get_by_text("Merged").wait_for()
    assert (repository_of(place) / "shared.txt").read_text() == "ours\n"


# -- follow-ups -------------------------------------------------------------------------------------------


def test_follow_ups_are_queued_edited_and_used_for_steering(place: Place, page: Any) -> None:
    job = queue_job(page, place, "SLOWLY: 5000")
    page.locator("#output").get_by_text("word3 ").wait_for()
    reopen_or_open_session(page, place, job)
    wait_for_phase(page, "working")
    box = page.get_by_label("Message to the agent")
    waiting = page.get_by_role("region", name="Follow-ups")
    for text in ("SAY: first", "SAY: to be changed", "SAY: to be removed"):
        box.fill(text)
        page.get_by_role("button", name="Queue", exact=True).click()
        waiting.get_by_text(text).first.wait_for()
    changed = waiting.get_by_role("listitem").filter(has_text="to be changed")
    changed.get_by_text("Edit").click()
    changed.get_by_label("Text for the agent").fill("RECALL")
    changed.get_by_role("button", name="Save").click()
    removed = waiting.get_by_role("listitem").filter(has_text="to be removed")
    removed.get_by_role("button", name="Remove").click()
    removed.wait_for(state="detached")
    box.fill("SAY: stop that")
    page.get_by_role("button", name="Interrupt and send").click()
    wait_for_phase(page, "ended")
    order = ["SLOWLY: 5000", "SAY: stop that", "SAY: first", "RECALL"]
    poll_until(lambda: said_by_person(page) == order, lambda: f"in order: {said_by_person(page)}")
    waiting.wait_for(state="detached")

    page.get_by_label("Next prompt").fill("RECALL\nSAY: woken")
    page.get_by_role("button", name="Resume").click()
    poll_until(lambda: said_by_person(page)[4:], "it continues")
    wait_for_phase(page, "ended")
    answer = page.locator(".talk .turn.assistant").last.inner_text()
    assert "SAY: stop that | SAY: first" in answer, "the session has its context"
    sessions = place.operator.get(f"/v1/agent/{place.codebase}/sessions")["sessions"]
    (session,) = [one for one in sessions if one["session_id"] in page.url]
    assert session["task_id"] != job, "a follow-up to an ended job starts another in its session"


# -- checkpoints ------------------------------------------------------------------------------------------


def branch_files(place: Place, job: str) -> dict[str, str]:
    """Return the files of a job's branch changed since the first commit, by name."""
    repository, branch = repository_of(place), f"agora/{job}"
    names = git(repository, "ls-tree", "-r", "--name-only", branch).split()
    return {name: git(repository, "show", f"{branch}:{name}") for name in names if name in ("turn.txt", "later.txt")}


def open_checkpoint(page: Any, number: int) -> Any:
    """Unfold the checkpoints of a session, and preview a rewind to one."""
    turns = page.get_by_role("region", name="Checkpoints")
    if not turns.locator(f"#turn-{number}").is_visible():
        turns.locator("summary").first.click()
    turns.locator(f"#turn-{number} a").first.click()
    page.locator('.link[data-state="live"]').wait_for()
    turn = page.locator(f"#turn-{number}")
    turn.get_by_text("Going back here").wait_for()
    return turn


def test_session_is_rewound_and_forked(place: Place, page: Any) -> None:
    job = finish_job(place, write_file("turn.txt", "one"))
    prompt = "RUN: printf 'two\\n' > turn.txt; printf 'later\\n' > later.txt"
    later = place.operator.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": prompt})["task_id"]
    wait_for_status(place.operator, later, "completed", timeout=SLOW)
    assert branch_files(place, job) == {"turn.txt": "two", "later.txt": "later"}
    reopen_or_open_session(page, place, later)
    turn = open_checkpoint(page, 1)
    assert "takes back 1 turn and 2 messages, and changes 2 files" in turn.inner_text()
    changes = [" ".join(text.split()) for text in turn.locator(".changes li").all_inner_texts()]
    assert changes == ["later.txt is removed", "turn.txt changes back"]
    turn.get_by_role("button", name="Rewind the files").click()
    poll_until(lambda: branch_files(place, job) == {"turn.txt": "one"}, "the files are taken back", SLOW)
    wait_for_phase(page, "ended")

    turn = open_checkpoint(page, 2)
    turn.get_by_label("Continue from here").fill("RECALL")
    turn.get_by_role("button", name="Rewind both").click()
    answer = wait_for_new_job(page, place)
    assert branch_files(place, job) == {"turn.txt": "two", "later.txt": "later"}, "the files come back"
    assert "two" in answer, "the second turn is part of the conversation"

    open_newest_session(page, place)
    turn = open_checkpoint(page, 1)
    turn.get_by_label("Continue from here").fill("RECALL")
    turn.get_by_role("button", name="Rewind the conversation").click()
    answer = wait_for_new_job(page, place)
    assert "one" in answer
    assert "two" not in answer, "what was taken back is not known to the agent"
    assert branch_files(place, job) == {"turn.txt": "two", "later.txt": "later"}, "the files stay"

    open_newest_session(page, place)
    turn = open_checkpoint(page, 1)
    turn.get_by_label("Fork a session").fill(write_file("turn.txt", "forked"))
    turn.get_by_role("button", name="Fork", exact=True).click()
    wait_for_new_job(page, place)
    forked = str(page.url.rpartition("/")[2])
    assert branch_files(place, forked) == {"turn.txt": "forked"}
    assert branch_files(place, job) == {"turn.txt": "two", "later.txt": "later"}, "the forked job is as it was"


def wait_for_new_job(page: Any, place: Place) -> str:
    """Return the agent's answer in a job started by an action on a session."""
    page.wait_for_url(re.compile(r"/tasks/task_\w+$"))
    job = wait_for_status(place.operator, page.url.rpartition("/")[2], "completed", timeout=SLOW)
    return str(job["result"]["text"])


def open_newest_session(page: Any, place: Place) -> None:
    session = place.operator.get(f"/v1/agent/{place.codebase}/sessions")["sessions"][0]
    open_live(page, f"{place.codebase}/sessions/{session['session_id']}")


# -- the board --------------------------------------------------------------------------------------------


def lane(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def test_board_shows_each_state_and_holds_queued_jobs(place: Place, page: Any) -> None:
    operator = place.operator
    for review in operator.get("/v1/agent/reviews?state=open&limit=100")["reviews"]:
        operator.post(f"/v1/agent/reviews/{review['job_id']}/dismiss")
    page.set_viewport_size({"width": 1600, "height": 900})
    asking = submit_job(operator, "RUN: touch permitted.txt")
    open_live(page, "board")
    lane(page, "Needs an answer").locator(f"#card-{asking}").wait_for()
    working = submit_job(operator, "SLOWLY: 5000")
    lane(page, "Working").locator(f"#card-{working}").wait_for()

    open_live(page, "inbox")
    question = page.locator(f"#question-{asking}")
    assert "touch permitted.txt" in question.inner_text()
    question.get_by_role("button", name="Allow once").click()
    question.wait_for(state="detached")
    open_live(page, "board")
    lane(page, "Review").locator(f"#card-review-{asking}").wait_for()
    assert lane(page, "Done").locator(f"#card-{asking}").count() == 0, "it is not done before it is decided"

    open_live(page, place.codebase)
    page.get_by_role("button", name="Queue settings").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Open reviews").fill("1")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("1 review is open, of 1 allowed").wait_for()
    jobs = [submit_job(operator, write_file(f"queued{number}.txt", "x")) for number in range(3)]
    open_live(page, "board")
    page.locator(f'.rank[data-priority="normal"] #card-{jobs[2]}').wait_for()
    page.locator(f"#card-{jobs[2]}").drag_to(page.locator('.rank[data-priority="urgent"]'))
    page.locator(f'.rank[data-priority="urgent"] #card-{jobs[2]}').wait_for()
    choice = page.locator(f"#card-{jobs[1]}").get_by_role("combobox")  # by keyboard only
    choice.focus()
    page.keyboard.press("h")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(f'.rank[data-priority="high"] #card-{jobs[1]}').wait_for()
    assert all(operator.get(f"/v1/agent/tasks/{job}")["status"] == "pending" for job in jobs), "the limit holds them"

    for job, before in ((jobs[2], asking), (jobs[1], jobs[2]), (jobs[0], jobs[1])):  # the most urgent first
        open_review(page, before)
        page.get_by_role("button", name="Dismiss").click()
        page.locator(".figures .state", has_text="Dismissed").wait_for()
        open_live(page, "board")
        lane(page, "Done").locator(f"#card-{before}").wait_for()
        lane(page, "Review").locator(f"#card-review-{job}").wait_for()
    operator.post(f"/v1/agent/{place.codebase}/watch/start", {"review_limit": 0})
    page.locator(f"#card-{working} a").click()
    page.get_by_role("button", name="Cancel").click()
    page.locator("dialog[open]").get_by_role("button", name="Cancel the task").click()
    page.locator(".figures .state", has_text="Cancelled").wait_for()


def test_attempts_are_compared_and_one_is_chosen(place: Place, page: Any) -> None:
    open_live(page, place.codebase)
    page.get_by_role("button", name="Several attempts").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Prompt").fill(write_file("attempted.txt", "done"))
    dialog.get_by_label("coding:opencode").check()
    dialog.get_by_label("More attempts").fill("coding:opencode")
    dialog.get_by_role("button", name="Queue the attempts").click()
    page.wait_for_url(re.compile(r"/attempts/att_\w+$"))
    page.locator('.link[data-state="live"]').wait_for()
    first, second = (page.get_by_role("region", name=re.compile(f"^{number}\\. ")) for number in (1, 2))
    for attempt in (first, second):
        attempt.get_by_role("button", name="Choose").wait_for()
        assert "1 file +1" in " ".join(attempt.inner_text().split())
    second.get_by_role("button", name="Choose attempt 2").click()
    second.get_by_text("Chosen").wait_for()
    first.get_by_text("Dismissed").wait_for()
    second.get_by_role("link", name="Changes of attempt 2").click()
    page.get_by_role("button", name="Merge into main").click()
    page.locator(".figures .state", has_text="Merged").wait_for()
    assert (repository_of(place) / "attempted.txt").read_text() == "done\n"
