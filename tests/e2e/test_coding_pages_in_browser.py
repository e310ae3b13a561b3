"""Coding pages in the browser, with a real worker and a recorded agent: prompts, diffs, permissions, interruptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.server import ServerProcess
from tests.e2e.chromium import barriers, browser
from tests.e2e.coding_place import HOME, Place, open_live, open_page, queue_job
from tests.polling import poll_until

EDGE = {"x": 30, "y": 5}  # position on a card without other elements


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("coding")
    server = ServerProcess(directory / "data").start()
    worker = WorkerProcess(server, directory / "home", create_repository(directory / "api"), name="laptop").start()
    try:
        with browser() as launched:
            yield Place(server, worker, launched)
    finally:
        worker.close()
        server.close()


@pytest.fixture
def page(place: Place) -> Iterator[Any]:
    with open_page(place) as page:
        yield page


def test_job_is_followed_from_its_prompt_to_its_diff(place: Place, page: Any) -> None:
    prompt = "Add a **file**\nTHINK: A file is wanted.\nPLAN: look, add it\nEDIT: a.txt=<script>done</script>"
    task = queue_job(page, place, prompt)
    asked = page.locator(".note.warn")
    asked.get_by_text("The agent asks for permission:").wait_for()
    assert asked.locator("pre").first.inner_text() == "a.txt"
    asked.get_by_role("button", name="Allow once").click()
    page.locator(".figures .state", has_text="Completed").wait_for()
    added = page.locator("pre.diff .add", has_text="+<script>done</script>").first
    added.wait_for()
    assert page.locator(".changes code").first.inner_text() == "a.txt"
    assert "[agora]" in page.locator("#output").inner_text()

    page.locator("dt:has-text('Session') + dd a").click()
    page.locator('.link[data-state="live"]').wait_for()
    talk = page.locator(".talk")
    assert talk.locator(".turn.user strong").inner_text() == "file", "Markdown is read"
    assert talk.locator(".plan .ticked").all_inner_texts() == ["look"]
    assert not talk.get_by_text("A file is wanted.", exact=True).is_visible(), "thoughts are folded"
    tool = talk.locator("details.tool", has_text="a.txt")
    tool.locator("summary").first.click()
    assert tool.locator("pre.diff .add", has_text="<script>").is_visible()

    page.get_by_label("Next prompt").fill("RECALL\nSLOWLY: 2000")
    page.get_by_role("button", name="Resume").click()
    live = talk.locator("#output")
    live.get_by_text("word5 ").wait_for()
    assert "I remember: Add a file" in live.inner_text(), "read as Markdown while it is written"
    assert tool.locator("pre.diff").first.is_visible(), (
        "what was unfolded stays so while the page is brought up to date"
    )
    assert page.get_by_label("Message to the agent").input_value() == "", "what was sent is not there again"
    page.get_by_label("Message to the agent").fill("Then stop")
    page.get_by_role("button", name="Interrupt", exact=True).click()
    box = page.get_by_label("Next prompt")
    box.wait_for()
    poll_until(lambda: box.input_value() == "Then stop", "what was being written moves along")
    live.wait_for(state="detached")
    poll_until(lambda: not place.worker.agent_pids(), "no agent is left")
    (session,) = place.operator.get(f"/v1/agent/{place.codebase}/sessions")["sessions"]
    assert session["task_id"] != task, "the interrupted job went on in the session of the first"
    assert place.operator.get(f"/v1/agent/tasks/{session['task_id']}")["status"] == "cancelled"


def test_second_of_two_concurrent_answers_is_refused(place: Place, page: Any) -> None:
    job = submit_job(place.operator, "RUN: echo twice >> b.txt")
    wait_for_status(place.operator, job, "input_required")
    context = place.sign_in()
    late = context.new_page()
    context.route(re.compile("/monitor/live/"), lambda route: route.abort())  # still shows the earlier page
    late.goto(f"{HOME}inbox")
    late.get_by_role("button", name="Always allow").wait_for()
    open_live(page, "inbox").get_by_role("button", name="Allow once").click()
    page.locator("#toasts .note.good").wait_for()
    page.get_by_role("heading", name="Inbox empty").wait_for()
    late.get_by_role("button", name="Always allow").click()
    late.get_by_role("alert").get_by_text("it has been answered").wait_for()
    context.close()
    task = wait_for_status(place.operator, job, "completed")
    assert task["result"]["files"] == ["b.txt"]
    history = place.operator.get(f"/v1/agent/tasks/{job}/history?types=message")["entries"]
    answers = [entry["data"]["parts"] for entry in history if entry["data"]["role"] == "ROLE_USER"]
    assert answers == [[{"data": {"option_id": "once"}}]]


@pytest.mark.long
def test_worktrees_are_removed_after_a_preview(place: Place, page: Any) -> None:
    idle, busy = (submit_job(place.operator, prompt, worker="laptop") for prompt in ("SAY: hello", "SAY: to be kept"))
    for job in (idle, busy):
        wait_for_status(place.operator, job, "completed")
    root = place.worker.home / "state/worktrees/api"
    (root / busy / "notes").write_text("nobody has committed this")
    api = f"/v1/agent/{place.codebase}/worktrees"
    absent = place.operator.post(f"{api}/clean", {"job_ids": [f"task_{'0' * 32}"]})
    wait_for_status(place.operator, absent["task_id"], "completed")  # and the worker has reported
    open_live(page, place.codebase)
    rows = page.get_by_role("region", name="Worktrees")
    assert "changes or new files" in rows.get_by_role("row").filter(has_text=busy[:40]).inner_text()
    page.get_by_role("button", name="Clean up").click()
    dialog = page.locator("dialog[open]")
    assert dialog.get_by_role("checkbox").count() == dialog.locator("code").count() >= 1
    assert dialog.locator(f'input[value="{busy}"]').count() == 0, "what has work is not offered"
    dialog.locator(f'input[value="{idle}"]').check()
    dialog.get_by_role("button", name="Remove").click()
    page.wait_for_url(re.compile(r"/tasks/task_\w+$"))
    task = wait_for_status(place.operator, page.url.rpartition("/")[2], "completed")
    assert task["result"]["removed"] == [idle]
    assert not (root / idle).exists()
    assert (root / busy / "notes").exists()


@pytest.mark.long
def test_queued_job_is_dragged_to_another_priority(place: Place, page: Any) -> None:
    dragged, chosen = (
        place.operator.post("/v1/agent/tasks", {"prompt": "SAY: later", "required_capabilities": ["nobody"]})["task_id"]
        for _ in range(2)
    )
    open_live(page, "board")
    assert barriers(page) == []
    page.locator(f"#card-{dragged}").drag_to(page.locator('.rank[data-priority="urgent"]'), source_position=EDGE)
    page.locator(f'.rank[data-priority="urgent"] #card-{dragged}').wait_for()
    card = page.locator(f"#card-{chosen}")
    card.get_by_role("combobox").select_option("high")
    card.get_by_role("button", name="Set").click()
    page.locator(f'.rank[data-priority="high"] #card-{chosen}').wait_for()
    assert [place.operator.get(f"/agora/task/get?task_id={job}")["priority"] for job in (dragged, chosen)] == [
        "urgent",
        "high",
    ]
    for job in (dragged, chosen):
        place.operator.post("/agora/task/cancel", {"task_id": job})


@pytest.mark.long
def test_queued_jobs_are_dragged_into_any_order(place: Place, page: Any) -> None:
    first, second, third = (
        place.operator.post("/v1/agent/tasks", {"prompt": "SAY: later", "required_capabilities": ["nobody"]})["task_id"]
        for _ in range(3)
    )

    def wait_for_order(*jobs: str) -> None:
        page.locator(
            " + ".join(
                f'.rank[data-priority="normal"] > #card-{job}' if n == 0 else f"#card-{job}"
                for n, job in enumerate(jobs)
            )
        ).wait_for()

    open_live(page, "board")
    wait_for_order(first, second, third)
    page.locator(f"#card-{third}").drag_to(page.locator(f"#card-{second}"), source_position=EDGE, target_position=EDGE)
    wait_for_order(first, third, second)
    card = page.locator(f"#card-{second}")
    card.get_by_role("button", name="Earlier").click()
    page.locator(f"#card-{second} + #card-{third}").wait_for()
    assert barriers(page) == []
    listed = place.operator.get("/agora/task/list?status=pending&sort=priority&task_type=coding.job")["tasks"]
    order = [task["task_id"] for task in listed if task["task_id"] in (first, second, third)]
    assert order.index(second) + 1 == order.index(third), "claims go by the order that is shown"
    for job in (first, second, third):
        place.operator.post("/agora/task/cancel", {"task_id": job})


@pytest.mark.long
def test_worker_is_chatted_with_and_drained(place: Place, page: Any) -> None:
    workers = place.operator.get("/v1/agent/workers?search=laptop")["workers"]
    open_live(page, f"agents/workers/{workers[0]['worker_id']}")
    page.get_by_role("button", name="Chat directly").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Message").fill("SAY: from nowhere")
    dialog.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile(r"/tasks/task_\w+$"))
    task = wait_for_status(place.operator, page.url.rpartition("/")[2], "completed")
    home = place.operator.get(f"/v1/agent/codebases/{task['payload']['codebase_id']}")
    assert (home["path"], task["result"]["text"]) == (str(place.worker.home), "from nowhere")
    worker = WorkerProcess(place.server, place.worker.home, place.worker.home.parent / "api", name="leaver").start()
    try:
        record = poll_until(
            lambda: place.operator.get("/v1/agent/workers?search=leaver")["workers"], "it is registered", 30
        )[0]
        open_live(page, f"agents/workers/{record['worker_id']}")
        page.get_by_role("button", name="Drain").click()
        page.locator("dialog[open]").get_by_role("button", name="Drain").click()
        assert worker.process is not None
        assert worker.process.wait(30) == 0
    finally:
        worker.close()


@pytest.mark.long
def test_pages_are_accessible_in_both_themes_and_fit_a_phone(place: Place, page: Any) -> None:
    done = submit_job(place.operator, "# Heading\nTHINK: hm\nPLAN: one, two\nREAD: README\nSAY: `code`")
    wait_for_status(place.operator, done, "completed")
    asking = submit_job(place.operator, "RUN: echo a very long command " + "and-so-on" * 60)
    wait_for_status(place.operator, asking, "input_required")
    changed = submit_job(place.operator, "EDIT: reviewed.txt=one")
    wait_for_status(place.operator, changed, "input_required")
    place.operator.post("/agora/task/message", {"task_id": changed, "text": "allow once"})
    poll_until(lambda: place.operator.get(f"/v1/agent/tasks/{changed}")["status"] == "completed", "it is done")
    comment = {"path": "reviewed.txt", "line": 1, "text": "A comment"}
    place.operator.post(f"/v1/agent/reviews/{changed}/comments", comment)
    codebase_id = place.codebase.rpartition("/")[2]
    laptop = place.operator.get("/v1/agent/workers?search=laptop")["workers"][0]["worker_id"]
    attempts = {"codebase_id": codebase_id, "prompt": "SAY: hi", "variants": [f"worker:{laptop}"] * 2}
    group = place.operator.post("/v1/agent/attempts", attempts)
    sessions = place.operator.get(f"/v1/agent/{place.codebase}/sessions")["sessions"]
    worker = place.operator.get("/v1/agent/workers")["workers"][0]  # another test may have left one, offline
    paths = ["inbox", "board", "agents/workers", f"agents/workers/{worker['worker_id']}", "codebases", place.codebase]
    paths += [f"{place.codebase}/sessions", f"tasks/{done}", f"tasks/{asking}"]
    paths += [f"{place.codebase}/sessions/{session['session_id']}" for session in sessions]
    paths += ["reviews", f"reviews/{changed}?file=1&side=new&line=1", f"reviews/{changed}?view=split"]
    paths += ["attempts", f"attempts/{group['group_id']}", f"{place.codebase}?new=1"]
    problems: dict[str, list[str]] = {}
    for path in paths:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(HOME + path)
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
        problems[path] = barriers(page)
        page.emulate_media(color_scheme="dark")
        problems[path] += [f"dark {barrier}" for barrier in barriers(page, "color-contrast")]
        page.set_viewport_size({"width": 360, "height": 780})
        if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            problems[path].append(f"{over} px too wide for a telephone")
    assert {path: found for path, found in problems.items() if found} == {}
    place.operator.post("/agora/task/cancel", {"task_id": asking})


@pytest.mark.long
def test_text_answer_refuses_a_permission_and_reaches_the_agent(place: Place, page: Any) -> None:
    queue_job(page, place, "RUN: rm -rf everything")
    page.get_by_role("button", name="Text answer").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("rm -rf everything").first.wait_for()  # the question arrives separately from the button
    dialog.get_by_label("Answer").fill("Not before the backup.")
    dialog.get_by_role("button", name="Answer").click()
    page.locator(".figures .state", has_text="Completed").wait_for()
    output = page.locator("#output").inner_text()
    assert "The command was not allowed." in output
    assert "Not before the backup." in output
