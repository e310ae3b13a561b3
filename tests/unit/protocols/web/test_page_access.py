"""Pages without a browser: visible with permission, helpful when empty, with forms that match their operations."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import agora.protocols.web.pages  # noqa: F401  (the pages register themselves)
from agora.protocols.web.forms import OWN_FIELDS
from agora.protocols.web.registry import FRAGMENTS, PAGES
from agora.protocols.web.templating import DIRECTORY, get_environment
from agora.server.app import App
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.unit.protocols.web.http_browser import Browser

LISTS = [page.path.strip("/") for page in PAGES if "{" not in page.path]
STEPS = [
    {"name": "write", "agent": "Writer"},
    {"name": "check", "approval": True, "message": "Good?"},
    {"name": "print", "agent": "Writer", "depends_on": ["check"]},
]


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path), clock=ManualClock())
    await app.start()
    yield Market(app, ManualClock())
    await app.stop()


class Forms(HTMLParser):
    """The forms of a page that run operations, with the names of their fields; and content that a policy would
    forbid."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []
        self.forbidden: list[str] = []
        self.ids: list[str] = []
        self.commands: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.forbidden += [f"{tag} {name}" for name in given if name == "style" or (name.startswith("on"))]
        if tag in ("script", "style") and "src" not in given:
            self.forbidden.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("commandfor"):
            self.commands.append(str(given["commandfor"]))
        if tag == "form":
            action = given.get("action") or ""
            self.found.append((action.rpartition("/act/")[2] if "/act/" in action else "", set()))
        elif tag in ("input", "select", "textarea", "button") and given.get("name") and self.found:
            self.found[-1][1].add(str(given["name"]))


async def signed_in(market: Market, token: str | None = None) -> Browser:
    browser = Browser(market.app)
    assert (await browser.sign_in(token)).status_code == 303
    return browser


async def filled(market: Market) -> list[str]:
    """Create some of everything. Returns the pages of single objects."""
    writer = await market.agent("Writer", capabilities=["writing"], description="Writes.", metadata={"a": 1})
    task = await market.call(writer, "task.assign", task_type="draft", assignee="Writer", payload={"n": 1})
    await market.call(writer, "task.message", task_id=task.task_id, text="Which?", status="input_required")
    flow = await market.call(market.operator, "workflow.create", workflow_name="Book", steps=STEPS)
    first = (await market.call(market.operator, "workflow.status", workflow_id=flow.workflow_id)).steps[0].task_id
    await market.call(writer, "task.complete", task_id=first)
    sent = await market.call(writer, "messaging.send", to_agent="Writer", content="Note", correlation_id="c")
    reply = await market.call(writer, "messaging.send", to_agent="broadcast", content="All", correlation_id="c")
    ask = {"type": "request", "to": "Writer", "intent": "help", "task": "Help"}
    await market.call(writer, "conversation.send", message=ask)
    listed = await market.call(market.operator, "conversation.list", agent_id="Writer")
    await market.call(market.operator, "token.create", label="Night shift", scopes=["read:agents"])
    await market.call(market.operator, "billing.record", usage_key="k", account="acme", agent_id="Writer", requests=1)
    return [
        f"agents/{writer.subject}",
        "agents/Writer",
        f"tasks/{task.task_id}",
        f"tasks/{first}",
        f"workflows/{flow.workflow_id}",
        f"messages/{sent.message_id}",
        f"messages/{reply.message_id}",
        f"conversations/{listed.items[0].key}",
        "billing/invoices/open?account=acme",
        "services/agora.task.assign",
        "tasks?view=table",
        "tasks?view=table&status=pending",
        "find?q=writ",
        "events/1",
    ]


def test_all_templates_and_fragments_exist_and_are_used() -> None:
    templates = get_environment()
    for template in templates.list_templates():
        templates.get_template(template)
    used = {f"live/{name}.html" for name in FRAGMENTS}
    assert {path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.glob("live/*")} == used
    assert {name for page in PAGES for name in page.live} == set(FRAGMENTS)


async def test_empty_marketplace_shows_next_steps(market: Market) -> None:
    browser = await signed_in(market)
    for path in LISTS:
        page = await browser.get(path)
        assert page.status_code == 200, path
        assert Forms(page.text).forbidden == []
    for path in ("agents", "workflows", "messages", "conversations", "services/upstreams"):
        assert "<code>agora " in (await browser.get(path)).text, path


async def test_form_fields_are_parameters_of_their_operations(market: Market) -> None:
    pages = await filled(market)
    browser = await signed_in(market)
    seen = set()
    for path in (*LISTS, *pages):
        page = await browser.get(path)
        assert page.status_code == 200, path
        forms = Forms(page.text)
        assert forms.forbidden == [], path
        assert len(set(forms.ids)) == len(forms.ids), (path, [i for i in forms.ids if forms.ids.count(i) > 1])
        assert set(forms.commands) <= set(forms.ids), path
        for operation, fields in forms.found:
            if operation:
                seen.add(operation)
                known = set(market.app.registry.resolve(operation).parameters)
                events = {name.partition(".")[0] for name in fields - OWN_FIELDS}
                assert events <= known, (path, operation, events - known)
                assert {"csrf", "next", "idempotency_key"} <= fields
    assert {"agora.task.assign", "agora.task.cancel", "agora.task.message", "agora.workflow.approve"} <= seen
    assert {"agora.monitor.intervene", "agora.admin.override", "agora.token.revoke"} <= seen


async def test_step_that_waits_for_approval_is_marked(market: Market) -> None:
    pages = await filled(market)
    (path,) = [path for path in pages if path.startswith("workflows/")]
    page = (await (await signed_in(market)).get(path)).text
    rows = page[page.index('class="gantt"') :]
    (bar,) = [row for row in rows.split("<tr>")[2:] if ">check" in row]
    assert "waiting for approval" in bar
    assert 'class="piece wait"' in bar
    assert "running" not in bar
    steps = page[page.index('aria-label="Steps"') : page.index('class="gantt"')]
    (row,) = [row for row in steps.split("<tr>")[2:] if ">check<" in row.partition("</th>")[0]]
    assert "Waiting for approval" in row
    assert "Running" not in row


async def test_viewer_gets_no_forms_and_no_pages_of_others(market: Market) -> None:
    pages = await filled(market)
    scopes = ["read:agents", "read:tasks", "read:messages", "read:workflows", "read:events", "read:catalogue"]
    key = await market.call(market.operator, "token.create", label="Viewer", scopes=scopes)
    browser = await signed_in(market, key.token)
    home = (await browser.get()).text
    links = re.findall(r'data-key="(.)"', home)
    assert set("datwmcs,") <= set(links)
    assert "u" not in links  # the audit trail requires another permission
    refused = await market.call(market.operator, "admin.audit", outcome="permission_denied")
    for path in ("agents", "tasks", "workflows", "messages", *pages[:2], "settings"):
        page = await browser.get(path)
        assert page.status_code == 200, path
        assert [operation for operation, _ in Forms(page.text).found if operation] == [], path
    assert (await browser.get("audit")).status_code == 403
    assert (await browser.get("billing")).status_code == 403
    after = await market.call(market.operator, "admin.audit", outcome="permission_denied")
    assert after.count == refused.count  # a page does not call operations that its reader may not call


@pytest.mark.parametrize(
    "path", ["agents/nobody", "tasks/task_" + "0" * 32, "messages/msg_" + "0" * 32, "nowhere", "a/b/c/d"]
)
async def test_unknown_objects_are_not_found(market: Market, path: str) -> None:
    browser = await signed_in(market)
    page = await browser.get(path)
    assert page.status_code == 404
    assert "Page not found" in page.text


@pytest.mark.parametrize(
    "query", ["status=%3Cscript%3E", "status=broken", "cursor=zzzz", "from=-1&cursor=a", "search=" + "x" * 300]
)
async def test_invalid_filters_are_reported_as_text(market: Market, query: str) -> None:
    browser = await signed_in(market)
    for path in ("agents", "tasks", "workflows", "instances", "messages", "audit"):
        page = await browser.get(f"{path}?view=table&{query}")
        assert page.status_code in (200, 404), path
        assert Forms(page.text).forbidden == [], path


async def test_resume_form_is_available_during_a_halt(market: Market) -> None:
    await market.call(
        market.operator, "admin.override", target_id="system_wide", action="emergency_halt", reason="test"
    )
    browser = await signed_in(market)
    home = await browser.get()
    assert home.status_code == 200
    assert "Everything is halted" in home.text
    assert "Everything is halted" in (await browser.get("workflows")).text
    fields: dict[str, Any] = {"target_id": "system_wide", "action": "resume"}
    assert (await browser.act("agora.admin.override", **fields)).status_code == 303
    assert (await browser.get("workflows")).status_code == 200


async def test_long_list_is_read_page_by_page(market: Market) -> None:
    for number in range(120):
        await market.agent(f"Agent {number:03}")
    browser = await signed_in(market)
    names: list[str] = []
    path = "agents"
    for shown in ("1\N{EN DASH}50", "51\N{EN DASH}100", "101\N{EN DASH}120"):
        page = (await browser.get(path)).text
        assert shown in page
        names += re.findall(r">(Agent \d{3})</a>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert path == ""
    assert len(names) == len(set(names)) == 120
