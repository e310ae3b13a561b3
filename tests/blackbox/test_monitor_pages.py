"""Pages of the monitor: questions, answers and artifacts are shown in full, even during a halt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import Account, ServerProcess

QUESTION = "Which of these? " + " ".join(f"option-{number}" for number in range(250))
ARTIFACT = " ".join(f"finding-{number}" for number in range(250))
ANSWER = "Neither: " + " ".join(f"reason-{number}" for number in range(250))


@pytest.fixture(scope="module")
def browser(shared_server: ServerProcess) -> Iterator[Browser]:
    with Browser(shared_server.url) as person:
        yield person


@pytest.fixture(scope="module")
def asker(shared_server: ServerProcess) -> Account:
    return shared_server.register("Asker")


def _text(browser: Browser, path: str) -> str:
    page = browser.http.get(f"/v1/monitor/{path}")
    assert page.status_code == 200, path
    return unescape(page.text)


def test_question_answer_and_artifacts_are_shown_in_full(
    shared_server: ServerProcess, browser: Browser, asker: Account
) -> None:
    operator = shared_server.operator
    task = operator.post("/agora/task/assign", {"task_type": "choose", "assignee": "Asker"})["task_id"]
    claimed = asker.post("/agora/task/claim")["tasks"][0]
    fence = {"task_id": task, "fencing_token": claimed["fencing_token"]}
    asker.post("/agora/task/artifact", {**fence, "name": "shortlist", "text": ARTIFACT})
    parts = [{"text": QUESTION}, {"data": {"choices": ["left", "right"]}}]
    asker.post("/agora/task/message", {**fence, "parts": parts, "status": "input_required"})
    page = _text(browser, f"tasks/{task}")
    dialog = page[page.index('<dialog id="answer"') :]
    trail = page[page.index('id="live-task_trail"') :]
    for place in (dialog[: dialog.index("</dialog>")], trail[: trail.index("</section>")], _text(browser, "")):
        assert QUESTION in place
        assert '"left"' in place
    assert page.count(ARTIFACT) == 2  # beside the output, and in the dialog of the answer
    operator.post("/agora/task/message", {"task_id": task, "text": ANSWER})
    page = _text(browser, f"tasks/{task}")
    assert ANSWER in page[page.index('id="live-task_trail"') :]
    assert QUESTION not in _text(browser, "")


def test_every_page_is_readable_during_a_halt_and_shows_who_halted(
    shared_server: ServerProcess, browser: Browser
) -> None:
    override = {"target_id": "system_wide", "action": "emergency_halt", "reason": "fire drill"}
    shared_server.operator.post("/agora/admin/override", override)
    try:
        for path in browser.links():
            page = _text(browser, path.removeprefix("/v1/monitor/"))
            bar = page[page.index('class="halt-bar"') :]
            bar = bar[: bar.index("</form>")]
            assert "By operator" in bar, path
            assert "fire drill" in bar
            assert "<time" in bar
            assert "Resume everything" in bar
    finally:
        browser.act("agora.admin.override", "/v1/monitor/", target_id="system_wide", action="resume")
    assert "halt-bar" not in _text(browser, "agents")


def test_page_without_rows_is_updated_by_a_halt(shared_server: ServerProcess, browser: Browser) -> None:
    with browser.http.stream("GET", "/v1/monitor/live/settings") as stream:
        lines = stream.iter_lines()
        next(lines)
        shared_server.operator.post("/agora/admin/override", {"target_id": "system_wide", "action": "pause"})
        assert next(line for line in lines if "halt-bar" in line)
    browser.act("agora.admin.override", "/v1/monitor/", target_id="system_wide", action="resume")


def test_times_use_one_component_that_shows_utc_without_scripts(
    shared_server: ServerProcess, browser: Browser, asker: Account
) -> None:
    said = asker.post("/agora/messaging/send", {"to_agent": "Asker", "content": "When?"})["message_id"]
    paths = ["", "agents", f"agents/{asker.agent_id}", "tasks?view=table", "messages", f"messages/{said}", "settings"]
    for path in paths:
        page = _text(browser, path)
        main = page[page.index("<main") : page.index("</main>")]
        times = re.findall(r"<time ([^>]*)>([^<]*)</time>", main)
        assert times, path
        for attributes, text in times:
            form = re.fullmatch(r'datetime="([0-9T:.+-]+)" data-time="(ago|clock|full)"', attributes)
            assert form is not None, (path, attributes)
            assert text == f"{form[1][:10]} {form[1][11:19]} UTC"
        assert not re.search(r"\d\d:\d\d:\d\d", re.sub(r"<time .*?</time>|<pre.*?</pre>", "", main, flags=re.DOTALL)), (
            path
        )
