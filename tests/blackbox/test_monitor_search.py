"""Search in the monitor: finds objects of every kind by words and by the end of an id; a full id redirects to its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

HOME = "/v1/monitor/"


@pytest.fixture(scope="module")
def things(shared_server: ServerProcess) -> dict[str, str]:
    """Ids of objects by kind."""
    operator = shared_server.operator
    agent = shared_server.register("Seeker", description="Finds mislaid umbrellas.")
    steps = [{"name": "look", "agent": "Seeker"}]
    workflow = operator.post("/agora/workflow/create", {"workflow_name": "Umbrella hunt", "steps": steps})
    body = {"task_type": "search_cellar", "assignee": "Seeker", "payload": {"text": "A red parasol"}}
    task = operator.post("/agora/task/assign", body)
    sent = operator.post("/agora/messaging/send", {"to_agent": "Seeker", "content": "Look behind the door"})
    usage = {"usage_key": "one", "account": "rainy-days", "agent_id": "Seeker", "requests": 1}
    operator.call("PUT", f"/billing/prices/{agent.agent_id}", json={"type": "per_request", "price": 2})
    operator.post("/billing/usage", usage)
    event = operator.get("/agora/event/list", params={"subject": task["task_id"]})["events"][0]
    return {
        "agents": agent.agent_id,
        "tasks": task["task_id"],
        "workflows": workflow["workflow_id"],
        "messages": sent["message_id"],
        "event": event["id"],
        "sequence": str(event["sequence"]),
    }


@pytest.fixture(scope="module")
def browser(shared_server: ServerProcess) -> Iterator[Browser]:
    with Browser(shared_server.url) as browser:
        yield browser


@pytest.mark.parametrize("kind", ["agents", "tasks", "workflows", "messages"])
def test_id_redirects_to_its_page_and_its_suffix_is_found(browser: Browser, things: dict[str, str], kind: str) -> None:
    id = things[kind]
    page = browser.http.get(f"{HOME}find", params={"q": f" {id} "})
    assert (page.status_code, page.url.path) == (200, f"{HOME}{kind}/{id}")
    page = browser.http.get(f"{HOME}find", params={"q": id[-8:]})
    assert f'href="{HOME}{kind}/{id}"' in page.text


def test_event_is_found_by_words_and_by_id(browser: Browser, things: dict[str, str]) -> None:
    page = browser.http.get(f"{HOME}find", params={"q": things["event"]})
    assert (page.status_code, page.url.path) == (200, f"{HOME}events/{things['sequence']}")
    assert f'href="{HOME}tasks/{things["tasks"]}"' in page.text
    page = browser.http.get(f"{HOME}find", params={"q": "task.assigned"})
    assert f'href="{HOME}events/' in page.text


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("red parasol", "tasks/{tasks}"),
        ("search_cell", "tasks/{tasks}"),
        ("umbrella hunt", "workflows/{workflows}"),
        ("behind door", "messages/{messages}"),
        ("mislaid", "agents/{agents}"),
        ("task.assign", "services/agora.task.assign"),
        ("rainy", "billing?account=rainy-days"),
    ],
)
def test_words_find_objects_of_every_kind(browser: Browser, things: dict[str, str], words: str, path: str) -> None:
    page = browser.http.get(f"{HOME}find", params={"q": words})
    assert f'href="{HOME}{path.format(**things)}"' in page.text


def test_unknown_id_shows_a_not_found_page(browser: Browser) -> None:
    page = browser.http.get(f"{HOME}find", params={"q": "task_" + "0" * 32})
    assert page.status_code == 404
    assert ">All tasks</a>" in page.text
    assert "Nothing found" in browser.http.get(f"{HOME}find", params={"q": "qwertzuiop"}).text


@pytest.mark.long
def test_task_is_found_behind_hundreds_of_newer_ones(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    server.register("Digger")
    order = {"task_type": "lost_property", "assignee": "Digger", "payload": {"text": "An antique barometer"}}
    task = server.operator.post("/agora/task/assign", order)["task_id"]
    for number in range(505):
        server.operator.post("/agora/task/assign", {"task_type": f"newer {number}", "assignee": "Digger"})
    newest = server.operator.get("/agora/task/list", params={"limit": 500, "descending": True})["tasks"]
    assert task not in {row["task_id"] for row in newest}
    with Browser(server.url) as browser:
        for words in ("antique barometer", task[-8:], "lost_property"):
            assert f'href="{HOME}tasks/{task}"' in browser.http.get(f"{HOME}find", params={"q": words}).text
