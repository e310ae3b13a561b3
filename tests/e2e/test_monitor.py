"""The monitor as used by a person: one server, one browser, a marketplace with activity."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.lively import Lively

from agora.server.app import App
from tests.e2e.chromium import barriers, browser
from tests.harness import admin_token, make_settings, running

WAIT = 60_000  # milliseconds, beside compilers and two other browsers
HOME = "/v1/monitor/"
EVIL = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


class Served:
    """A server in a separate thread, until it is closed."""

    def __init__(self, directory: Path) -> None:
        self.settings = make_settings(directory)
        self.url = ""
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with running(App(self.settings)) as served:
            self.url = served.url
            self._ready.set()
            await self._end.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lively]:
    """A marketplace with agents, work, messages and bills."""
    served = Served(tmp_path_factory.mktemp("monitor"))
    made = Lively(served.url, admin_token(served.settings))
    try:
        for part in (made.register, made.work, made.workflow, made.talk, made.converse, made.bill):
            part()
        yield made
    finally:
        made.http.close()
        served.close()


@pytest.fixture(scope="module")
def context(market: Lively) -> Iterator[Any]:
    """A browser context with a signed-in operator; errors in a page fail the test."""
    with browser() as launched:
        made = launched.new_context(
            base_url=market.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce", accept_downloads=True
        )
        made.set_default_timeout(WAIT)
        page = made.new_page()
        page.goto(HOME)
        page.get_by_text("Sign in with a token instead").click()
        page.get_by_label("Token").fill("adm_wrong")
        page.get_by_role("button", name="Sign in").click()
        page.locator(".note.bad").wait_for()
        page.get_by_label("Token").fill(market.token)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Dashboard").wait_for()
        page.close()
        yield made
        made.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """A page whose errors, and whose violations of its own content security policy, fail the test."""
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield made
    made.close()
    assert wrong == []


def opened(page: Any, path: str) -> Any:
    """Go to a page, and wait until it is live if it is a live page."""
    from playwright.sync_api import TimeoutError as BrowserTimeout

    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(f"{request.url}: {request.failure}"))
    answer = page.goto(HOME + path)
    assert answer.ok, f"{path}: {answer.status}"
    link = page.locator(".link")
    if link.count():
        try:
            page.locator('.link[data-state="live"]').wait_for()
        except BrowserTimeout:
            state = link.first.get_attribute("data-state")
            raise AssertionError(f"{path} is {state}, not live; requests that failed: {failed}") from None
    return page


def dialog(page: Any, button: str) -> Any:
    page.get_by_role("button", name=button, exact=True).first.click()
    return page.locator("dialog[open]")


def test_registered_agent_appears_without_reload(market: Lively, page: Any) -> None:
    opened(page, "agents")
    market.call("agora.agent.register", agent_name="Newcomer", capabilities=["arriving"])
    page.get_by_role("link", name="Newcomer").wait_for()
    opened(page, "")
    market.call("agora.agent.register", agent_name="Second newcomer")
    page.locator("#live-recent").get_by_role("link", name="Second newcomer").wait_for()


def test_page_is_live_if_its_scripts_load_late(page: Any) -> None:
    """The extension that connects is loaded after everything else, as on a busy server."""

    def hold(route: Any) -> None:
        page.wait_for_function("() => window.htmx")
        page.evaluate("() => new Promise((turn) => setTimeout(turn, 50))")  # htmx has finished its initialization
        route.continue_()

    page.route(re.compile("htmx-sse"), hold)
    opened(page, "agents")


def test_person_intervenes_in_a_conversation(market: Lively, page: Any) -> None:
    opened(page, "agents")
    page.get_by_role("link", name="Reviewer").click()
    say = dialog(page, "Send a message")
    say.get_by_label("Message").fill("Please look at the draft first.")
    say.get_by_role("button", name="Send").click()
    page.locator("#toasts .note.good").wait_for()
    headers = {"Authorization": f"Bearer {market.tokens['Reviewer']}"}
    inbox = market.http.get("/agora/messaging/receive", headers=headers).json()["messages"]
    assert [said["content"] for said in inbox][-1] == "Please look at the draft first."
    pause = dialog(page, "Pause")
    pause.get_by_label("Reason").fill("A look at its model")
    pause.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume", exact=True).wait_for()
    assert (
        market.http.post(
            "/agora/messaging/send", json={"to_agent": "Writer", "content": "?"}, headers=headers
        ).status_code
        == 423
    )
    dialog(page, "Resume").get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()


def test_task_is_assigned_and_cancelled(market: Lively, page: Any) -> None:
    opened(page, "tasks")
    page.keyboard.press("n")
    new = page.locator("dialog[open]")
    new.get_by_label("Type").fill("water_plants")
    new.get_by_label("Payload").fill("{not json")
    new.get_by_role("button", name="Assign").click()
    new.locator(".trouble .note.bad").wait_for()  # errors are shown at their fields
    new.get_by_label("Payload").fill('{"plants": 4}')
    new.get_by_role("button", name="Assign").click()
    page.locator("#toasts .note.good").wait_for()
    page.get_by_role("link", name="water_plants").click()
    end = dialog(page, "Cancel")
    end.get_by_label("Reason").fill("It rains")
    end.get_by_role("button", name="Cancel the task").click()
    page.get_by_role("button", name="Retry", exact=True).wait_for()
    assert "It rains" in page.locator("#live-task_trail").inner_text()


def test_agent_names_are_suggested_and_errors_shown_at_the_field(page: Any) -> None:
    opened(page, "tasks")
    new = dialog(page, "New task")
    new.get_by_label("Type").fill("misdirected")
    new.get_by_label("For").press_sequentially("resea")
    page.locator("#new-assignee-names option[value=Researcher]").wait_for(state="attached")
    new.get_by_role("button", name="Assign").click()
    new.locator(".trouble", has_text="There is no agent").wait_for()
    assert new.get_by_label("Type").input_value() == "misdirected"


def test_output_is_shown_live(market: Lively, page: Any) -> None:
    opened(page, f"tasks/{market.made['task']}")
    market.call("agora.task.append", "Researcher", task_id=market.made["task"], content="one more line\n")
    page.locator("#output", has_text="one more line").wait_for()


def test_step_is_approved(market: Lively, page: Any) -> None:
    opened(page, "")
    page.locator("#live-attention").get_by_role("link", name="Quarterly report").click()
    decide = dialog(page, "Decide")
    decide.get_by_label("Comment").fill("Names are fine")
    decide.get_by_role("button", name="Approve").click()
    page.locator(".note.good").wait_for()
    page.locator(".stage.good", has_text="legal").wait_for()
    page.locator(".stage.good", has_text="collect").wait_for()
    page.get_by_role("button", name="Decide").wait_for(state="detached")


def test_action_keeps_the_state_of_the_page(market: Lively, page: Any) -> None:
    opened(page, f"workflows/{market.made['workflow']}")
    page.get_by_text("As a table").click()
    dialog(page, "Pause").get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume", exact=True).wait_for()
    resume = dialog(page, "Resume")
    page.evaluate("scrollTo(0, 120)")
    resume.get_by_role("button", name="Resume").click()
    page.locator("#toasts .note.good", has_text="Workflow resumed").wait_for()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    assert page.evaluate("scrollY") == 120
    assert page.locator("details[open] table").count() == 1
    assert page.url.endswith(f"workflows/{market.made['workflow']}")
    opened(page, "tasks")
    for type in ("water_ferns", "water_moss"):  # the second form has its own key
        page.keyboard.press("n")
        new = page.locator("dialog[open]")
        new.get_by_label("Type").fill(type)
        new.get_by_role("button", name="Assign").click()
        page.locator(".card", has_text=type).wait_for()
    page.locator("#toasts").get_by_role("link", name="Open").first.click()
    page.get_by_role("heading", name="water_moss").wait_for()


def test_new_log_rows_wait_while_the_log_is_read(market: Lively, page: Any) -> None:
    opened(page, "messages")
    rows = page.locator("#live-messages > li")
    rows.first.hover()
    first = rows.first.get_attribute("id")
    for number in range(3):
        market.call("agora.messaging.send", "Writer", to_agent="Reviewer", content=f"meanwhile {number}")
    new = page.get_by_role("button", name="3 new ↑")
    new.wait_for()
    assert rows.first.get_attribute("id") == first
    new.click()
    page.locator("#live-messages > li", has_text="meanwhile 2").wait_for()
    new.wait_for(state="detached")


def test_times_are_local_or_utc(market: Lively, context: Any, page: Any) -> None:
    zone = context.new_cdp_session(page)
    zone.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    opened(page, f"messages/{market.made['message']}")
    sent = page.locator("dt:has-text('Sent') + dd time")
    hour = int(str(sent.get_attribute("datetime"))[11:13])
    page.wait_for_function("document.querySelector('.facts time').textContent.includes('GMT+9')")
    assert f", {(hour + 9) % 24:02}:" in sent.inner_text()
    page.get_by_role("button", name="Times: local").click()
    page.get_by_role("button", name="Times: UTC").wait_for()
    assert f", {hour:02}:" in sent.inner_text()
    assert sent.inner_text().endswith("UTC")
    opened(page, "agents")
    ago = page.locator("tbody time").first
    assert ago.inner_text().endswith(("ago", "now"))
    assert str(ago.get_attribute("title")).endswith("UTC"), "the exact time, in the zone of choice"
    page.evaluate("localStorage.clear()")


def test_form_input_survives_loss_of_connection_and_session(market: Lively, context: Any) -> None:
    own = context.browser.new_context(base_url=market.url, reduced_motion="reduce")
    own.set_default_timeout(WAIT)
    page = own.new_page()
    page.goto(f"{HOME}agents/{market.agents['Courier']}")
    page.get_by_role("button", name="Enter as operator").click()
    say = dialog(page, "Send a message")
    say.get_by_label("Message").fill("A long thought")
    own.set_offline(True)
    say.get_by_role("button", name="Send").click()
    say.get_by_text("Your input is kept").wait_for()
    own.set_offline(False)
    own.clear_cookies()
    say.get_by_role("button", name="Send").click()
    say.get_by_text("Your session has ended").wait_for()
    with own.expect_page() as opening:
        say.get_by_role("link", name="Sign in in a new tab").click()
    opening.value.get_by_role("button", name="Enter as operator").click()
    opening.value.get_by_role("heading", name="Dashboard").wait_for()
    assert say.get_by_label("Message").input_value() == "A long thought"
    say.get_by_role("button", name="Send").click()
    page.locator("#toasts .note.good").wait_for()
    own.close()
    headers = {"Authorization": f"Bearer {market.tokens['Courier']}"}
    inbox = market.http.get("/agora/messaging/receive", headers=headers).json()["messages"]
    assert [said["content"] for said in inbox].count("A long thought") == 1


def test_export_applies_the_filter(market: Lively, page: Any) -> None:
    opened(page, "messages?q=heat")
    with page.expect_download() as got:
        page.get_by_role("link", name="Export JSON").click()
    rows = json.loads(Path(got.value.path()).read_text("utf-8"))
    rows = rows["messages"] if isinstance(rows, dict) else rows
    assert len(rows) == 2
    assert all("heat" in row["content"].lower() for row in rows)
    with page.expect_download() as got:
        page.get_by_role("link", name="Export CSV").click()
    lines = Path(got.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert "heat pumps" in "".join(lines)


def test_dark_theme_persists_and_every_element_is_reachable_by_keyboard(page: Any) -> None:
    opened(page, "settings")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url(re.compile("/agents$"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("dialog[open] kbd").count() > 10
    page.keyboard.press("Escape")
    page.evaluate("localStorage.clear()")


def test_page_shows_that_it_is_offline_and_catches_up(market: Lively, context: Any, page: Any) -> None:
    opened(page, "agents")
    context.set_offline(True)
    page.locator('.link[data-state="lost"]').wait_for()
    market.call("agora.agent.register", agent_name="Came meanwhile")
    context.set_offline(False)
    page.locator('.link[data-state="live"]').wait_for()
    page.get_by_role("link", name="Came meanwhile").wait_for()


def test_text_of_agents_is_escaped(market: Lively, page: Any) -> None:
    evil = market.call(
        "agora.agent.register",
        agent_name=EVIL.replace("/", "|"),
        description=EVIL,
        capabilities=[EVIL[:90]],
        metadata={EVIL: EVIL},
    )
    market.tokens["Evil"] = evil["token"]
    opened(page, "messages")
    market.call(
        "agora.messaging.send", "Evil", to_agent="Writer", content=EVIL, message_type=EVIL[:60], correlation_id=EVIL
    )
    sent = market.call(
        "agora.messaging.send",
        "Evil",
        to_agent="Writer",
        content=f"</li></ol><hx-partial hx-target='body'>{EVIL}",
        correlation_id=EVIL,
    )
    task = market.call(
        "agora.task.assign", "Evil", task_type=EVIL[:60], payload={EVIL: EVIL}, assignee=evil["agent_id"]
    )
    market.call("agora.task.append", "Evil", task_id=task["task_id"], content=f"</pre>{EVIL}")
    page.locator("#live-messages li", has_text="hx-partial").wait_for()
    for path in (
        f"agents/{evil['agent_id']}",
        f"tasks/{task['task_id']}",
        f"messages/{sent['message_id']}",
        "find?q=%3Cimg",
    ):
        opened(page, path)
        assert page.title().endswith("Agora")
        assert page.locator("main img, main script, main hx-partial").count() == 0
        assert "<img src=x onerror=" in page.locator("main").inner_text()


def looked_at(market: Lively) -> list[str]:
    """Pages with all components: figures, lists, tables, boards, drawings, forms, notes."""
    made = market.made
    return [
        "",
        f"agents/{market.agents['Researcher']}",
        "tasks",
        f"workflows/{made['workflow']}",
        "messages",
        "settings",
    ]


def paths(market: Lively) -> list[str]:
    """Every page."""
    made = market.made
    return [
        "",
        "agents",
        f"agents/{market.agents['Researcher']}",
        "agents?search=nobodyhasthis",
        "agents/workers",
        "tasks",
        "tasks?view=table",
        f"tasks/{made['task']}",
        "workflows",
        f"workflows/{made['workflow']}",
        "messages",
        f"messages/{made['message']}",
        "conversations",
        f"conversations/{made['conversation']}",
        "instances",
        "billing",
        "billing/invoices/open?account=acme",
        "services?category=admin",
        "services/agora.task.assign",
        "services/upstreams",
        "audit?operation=agora.messaging.send",
        "settings",
        "find?q=heat",
    ]


def faults(page: Any, path: str) -> list[str]:
    """Return accessibility violations in either theme, and overflow on a telephone."""
    page.emulate_media(color_scheme="light")
    opened(page, path)
    found = barriers(page)
    page.emulate_media(color_scheme="dark")
    found += [f"dark {fault}" for fault in barriers(page, "color-contrast")]
    page.set_viewport_size({"width": 360, "height": 780})
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    return [*found, f"{over} px too wide for a telephone"] if over > 0 else found


def test_pages_are_accessible_in_both_themes_and_fit_a_phone(market: Lively, page: Any) -> None:
    assert {path: found for path in looked_at(market) if (found := faults(page, path))} == {}


@pytest.mark.long
def test_every_page_is_accessible(market: Lively, page: Any) -> None:
    assert {path: found for path in paths(market) if (found := faults(page, path))} == {}


def test_chat_answers_on_its_page(market: Lively, page: Any) -> None:
    """The answer stays when the page is updated, shows agents as links, and is replaced by the next answer."""
    page.goto("/v1/monitor/apps")
    field, answer = page.get_by_label("Request"), page.locator("#chat-answer")
    field.fill("pls show me all agents")
    with page.expect_response("**/v1/monitor/apps"):  # updated after the action
        page.get_by_role("button", name="Ask", exact=True).click()
    link = answer.locator(".answer a").first
    link.wait_for()
    assert link.get_attribute("href").startswith("/v1/monitor/agents/agent_")
    field.fill("Register a new agent named ChatMade")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer.get_by_text("ChatMade is registered.").first.wait_for()
    answer.get_by_label("Secret").wait_for()
    assert barriers(page) == []
    answer.get_by_role("button", name="Dismiss").click()
    assert answer.inner_text().strip() == ""


def test_sign_out_ends_the_session_and_open_pages_show_it(market: Lively, context: Any) -> None:
    own = context.browser.new_context(base_url=market.url, reduced_motion="reduce")
    page = own.new_page()
    page.goto(f"{HOME}agents?status=busy")
    assert barriers(page) == []
    page.get_by_role("button", name="Enter as operator").click()
    page.get_by_role("link", name="Researcher").wait_for()  # the page that was requested
    assert page.goto(f"{HOME}nowhere").status == 404
    page.get_by_role("heading", name="Page not found").wait_for()
    assert barriers(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Enter as operator").wait_for()
    page.goto(f"{HOME}agents")
    assert page.url.endswith("sign-in?next=%2Fv1%2Fmonitor%2Fagents")
    own.close()
