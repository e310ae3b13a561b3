"""Lists of the monitor: states, previews, names, notices of omitted rows, and pages for unknown objects."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

STEPS = [
    {"name": "collect", "agent": "Clerk"},
    {"name": "sort", "agent": "Clerk", "depends_on": ["collect"]},
    {"name": "print", "agent": "Clerk", "depends_on": ["sort"]},
]


@pytest.fixture(scope="module")
def browser(shared_server: ServerProcess) -> Iterator[Browser]:
    shared_server.register("Clerk", capabilities=["clerking"])
    with Browser(shared_server.url) as browser:
        yield browser


def open_page(browser: Browser, path: str) -> str:
    response = browser.http.get(f"/v1/monitor/{path}")
    assert response.status_code == 200, response.text
    return response.text


def create_workflow(server: ServerProcess, name: str) -> tuple[str, str]:
    """Create a workflow. Returns its id and the id of its first task."""
    body = {"workflow_name": name, "steps": STEPS}
    workflow_id = server.operator.post("/agora/workflow/create", body)["workflow_id"]
    flow = server.operator.get("/agora/workflow/status", params={"workflow_id": workflow_id})
    return workflow_id, flow["steps"][0]["task_id"]


def test_one_filter_lists_running_workflows(shared_server: ServerProcess, browser: Browser) -> None:
    create_workflow(shared_server, "Going on")
    ended, _ = create_workflow(shared_server, "Called off")
    shared_server.operator.post("/agora/workflow/cancel", {"workflow_id": ended})
    page = open_page(browser, "workflows?status=under_way")
    assert "Going on" in page
    assert "Called off" not in page
    rows = shared_server.operator.get("/agora/workflow/list", params={"status": "cancelled,failed"})["workflows"]
    assert [row["workflow_name"] for row in rows] == ["Called off"]


def test_failed_workflow_shows_progress_and_links_to_the_failure(
    shared_server: ServerProcess, browser: Browser
) -> None:
    operator = shared_server.operator
    workflow_id, first = create_workflow(shared_server, "Breaks at once")
    operator.post("/agora/task/update", {"task_id": first, "status": "failed", "notes": "no paper"})
    flow = operator.get("/agora/workflow/status", params={"workflow_id": workflow_id})
    assert (flow["status"], flow["progress"]) == ("failed", 0)
    page = open_page(browser, f"workflows/{workflow_id}")
    assert "100 %" not in page
    assert re.search(rf'href="/v1/monitor/tasks/{first}">Failed task<', page)
    assert 'command="show-modal" commandfor="pause"' not in page


def test_ready_steps_are_distinguished_from_blocked_ones(shared_server: ServerProcess, browser: Browser) -> None:
    operator = shared_server.operator
    workflow_id, _ = create_workflow(shared_server, "Waits in line")
    page = open_page(browser, f"workflows/{workflow_id}")
    assert "waits for collect" in page
    assert "waits for sort" in page
    first = operator.post("/agora/task/assign", {"task_type": "before", "assignee": "Clerk"})["task_id"]
    operator.post("/agora/task/assign", {"task_type": "after", "assignee": "Clerk", "depends_on": [first]})
    board = open_page(browser, "tasks")
    assert ">blocked by 1</span>" in board
    assert ">Ready</span>" in board


def test_task_created_by_a_message_shows_its_text(shared_server: ServerProcess, browser: Browser) -> None:
    said = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "Translate the annual report"}]}
    body = {"task_type": "a2a.message", "assignee": "Clerk", "payload": {"message": said}}
    task_id = shared_server.operator.post("/agora/task/assign", body)["task_id"]
    for path in ("tasks", "tasks?view=table", f"tasks/{task_id}"):
        page = open_page(browser, path)
        assert re.search(r"<(a|h1)[^>]* dir=\"auto\">Translate the annual report<", page), path


def test_agent_names_are_suggested_and_unknown_ones_refused(shared_server: ServerProcess, browser: Browser) -> None:
    assert 'value="Clerk"' in open_page(browser, "agents/names?q=cler")
    assert 'data-complete="/v1/monitor/agents/names"' in open_page(browser, "tasks")
    page = browser.act(
        "agora.task.assign", "/v1/monitor/tasks", task_type="misdirected", assignee="Clrek", agents="assignee"
    )
    assert "There is no agent &#39;Clrek&#39;" in page.text
    assert "misdirected" not in open_page(browser, "tasks?view=table")
    page = browser.act(
        "agora.task.assign", "/v1/monitor/tasks", task_type="directed", assignee="Clerk", agents="assignee"
    )
    assert "Task assigned" in page.text


def test_lists_report_omitted_rows_and_services_have_pages(shared_server: ServerProcess, browser: Browser) -> None:
    clerk = shared_server.register("Crowded")
    for number in range(13):
        shared_server.operator.post("/agora/messaging/send", {"to_agent": "Crowded", "content": f"letter {number}"})
    page = open_page(browser, f"agents/{clerk.agent_id}")
    assert "The newest 12 messages." in page
    assert ">operator to Crowded</a>" in page
    services = open_page(browser, "services")
    following = re.search(r'href="([^"]*)"[^>]*>Next page<', services) or re.search(
        r'rel="next" href="([^"]*)"', services
    )
    assert following is not None
    assert services.count('href="/v1/monitor/services/agora.') == 50
    second = browser.http.get(following[1].replace("&amp;", "&")).text
    assert re.search(r"51.100 of \d+ services", second)


def test_long_message_is_collapsed(shared_server: ServerProcess, browser: Browser) -> None:
    body = {"to_agent": "Clerk", "content": "word " * 2000}
    sent = shared_server.operator.post("/agora/messaging/send", body)["message_id"]
    assert "Show all 10,000 characters" in open_page(browser, f"messages/{sent}")


def test_not_found_is_a_page_for_browsers_and_json_for_programs(shared_server: ServerProcess, browser: Browser) -> None:
    stranger = httpx.get(f"{shared_server.url}/nope", headers={"accept": "text/html"})
    assert (stranger.status_code, stranger.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "To the dashboard" in stranger.text
    program = httpx.get(f"{shared_server.url}/nope", headers={"accept": "*/*"})
    assert program.json()["status"] == 404
    lost = browser.http.get("/v1/monitor/tasks/task_that_is_none")
    assert 400 <= lost.status_code < 500
    assert ">All tasks</a>" in lost.text
    assert "pattern" not in lost.text
    assert "/agora/" not in lost.text
