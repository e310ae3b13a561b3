"""Forms of the monitor: executed operations, identity, CSRF protection."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agora.protocols import web as monitor
from agora.protocols.web import forms
from agora.protocols.web.outcomes import describe_outcome
from agora_sdk.contract import Operation, operations
from agora_sdk.contract.admin import Admin
from agora_sdk.contract.agents import Agents
from agora_sdk.contract.tasks import Tasks
from agora_sdk.errors import InvalidRequest
from tests.market import Market
from tests.unit.protocols.web.http_browser import HOME, Browser

REGISTER = "act/agora.agent.register"


async def count(market: Market) -> int:
    return int((await market.call(market.operator, "agent.list")).total)


async def test_form_calls_an_operation_as_the_signed_in_person(market: Market, browser: Browser) -> None:
    await browser.sign_in()
    sent = await browser.act("agora.agent.register", agent_name="Alice", capabilities="a, b", next=f"{HOME}agents?x=1")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{HOME}agents?x=1")
    (agent,) = (await market.call(market.operator, "agent.list")).agents
    assert (agent.agent_name, agent.capabilities) == ("Alice", ["a", "b"])
    audit = await market.call(market.operator, "admin.audit", operation="agora.agent.register")
    assert [entry.actor for entry in audit.entries] == ["operator"]
    first, second = await browser.get(), await browser.get()
    assert "<p>Agent registered</p>" in first.text
    assert "Agent registered" not in second.text


async def test_form_opened_by_a_url_redirects_without_opening_it_again(browser: Browser) -> None:
    await browser.sign_in()
    page = (await browser.get("tasks?new=1&view=table")).text
    assert f'name="next" value="{HOME}tasks?view=table"' in page


def test_actions_of_forms_are_described_in_words() -> None:
    """Covers every form of a page; other operations are described by their summary."""
    named: set[str] = set()
    for template in Path(monitor.__file__).parent.glob("templates/**/*.html"):
        named |= set(re.findall(r'"(agora\.\w+\.\w+)"', template.read_text()))
    acts = [each for each in operations() if each.name in named and not each.reads]
    assert len(acts) > 15
    for operation in acts:
        for fields in choices(operation):
            words = describe_outcome(operation, fields.get)
            assert not words.startswith("Done: "), (operation, fields)
            assert "_" not in words
    (approve,) = [each for each in operations() if each.name == "agora.workflow.approve"]
    assert [describe_outcome(approve, fields.get) for fields in choices(approve)] == ["Approved", "Rejected"]
    (claim,) = [each for each in operations() if each.name == "agora.task.claim"]
    assert describe_outcome(claim, {}.get) == f"Done: {claim.summary.rstrip('.')}"


def choices(operation: Operation) -> list[dict[str, str]]:
    """Return the values of a form's choice of actions."""
    if operation.name == "agora.workflow.approve":
        return [{"approved": "true"}, {"approved": "false"}]
    schema = operation.input_schema
    action = schema["properties"].get("action", {})
    action = schema["$defs"][action["$ref"].rpartition("/")[2]] if "$ref" in action else action
    return [{"action": each} for each in action.get("enum", ())] or [{}]


async def test_form_submitted_twice_is_executed_once(market: Market, browser: Browser) -> None:
    await browser.sign_in()
    fields = {"task_type": "dig", "idempotency_key": "key_1"}
    for _ in range(2):
        await browser.act("agora.task.assign", **fields)
    assert (await market.call(market.operator, "task.list")).total == 1


async def test_missing_csrf_token_is_refused(market: Market, browser: Browser) -> None:
    await browser.sign_in()
    own = await browser.csrf()
    other = Browser(market.app)
    await other.sign_in()
    for token in ("", "x", own[:-1], own + "x", await other.csrf(), "ünïcode"):
        assert (await browser.post(REGISTER, {"agent_name": "Mallory", "csrf": token})).status_code == 403
    assert (await browser.post(REGISTER, {"agent_name": "Mallory"})).status_code == 403
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert (await browser.post(REGISTER, {"agent_name": "Mallory", "csrf": own}, **headers)).status_code == 403
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        body = f"agent_name=Mallory&csrf={own}"
        sent = await browser.http.post(HOME + REGISTER, content=body, headers={"content-type": kind})
        assert sent.status_code == 415
    stranger = Browser(market.app)
    away = await stranger.post(REGISTER, {"agent_name": "Mallory", "csrf": own})
    assert (away.status_code, away.headers["location"]) == (303, f"{HOME}sign-in")
    assert (await stranger.get(f"{REGISTER}?agent_name=Mallory")).status_code == 303
    assert (await browser.get(f"{REGISTER}?agent_name=Mallory&csrf={own}")).status_code == 404
    assert await count(market) == 0
    by_script = await browser.post(REGISTER, {"agent_name": "Alice"}, **{"x-csrf-token": own})
    assert by_script.status_code == 303
    assert await count(market) == 1


async def test_only_commands_have_forms(browser: Browser) -> None:
    await browser.sign_in()
    assert (await browser.act("agora.agent.list")).status_code == 405
    assert (await browser.act("agora.event.stream")).status_code == 405
    assert (await browser.act("agora.no.such")).status_code == 404
    assert (await browser.act("../../agora.agent.register")).status_code in (404, 405)
    assert (await browser.post("agents", {"csrf": await browser.csrf()})).status_code == 405


async def test_refusal_is_shown_on_the_originating_page(market: Market, browser: Browser) -> None:
    agent = await market.call(market.operator, "agent.register", agent_name="Alice")
    await browser.sign_in(agent.token)
    token = await browser.csrf()
    override = {"target_id": agent.agent_id, "action": "pause", "csrf": token}
    refused = await browser.post("act/agora.admin.override", override)
    assert refused.headers["location"] == HOME
    assert "needs the scope &#39;admin&#39;" in (await browser.get()).text
    piece = await browser.post("act/agora.admin.override", override, **{"hx-request": "true"})
    assert piece.status_code == 403
    assert "<html" not in piece.text
    assert "needs the scope" in piece.text
    audit = await market.call(market.operator, "admin.audit", operation="agora.admin.override")
    assert [(entry.actor, entry.outcome) for entry in audit.entries] == [(agent.agent_id, "permission_denied")] * 2


async def test_script_gets_notice_and_redirect(browser: Browser) -> None:
    await browser.sign_in()
    htmx = {"hx-request": "true", "x-csrf-token": await browser.csrf()}
    done = await browser.post(REGISTER, {"agent_name": "Alice"}, **htmx)
    assert (done.status_code, "Agent registered" in done.text) == (200, True)
    assert 'hx-target="#toasts"' in done.text
    assert re.search(rf'href="{HOME}agents/agent_[0-9a-f]{{32}}"', done.text), "the toast leads to what was made"
    sender = {"hx-current-url": f"http://127.0.0.1:8080{HOME}agents?status=busy"}
    stays = await browser.post(REGISTER, {"agent_name": "Carol", "next": f"{HOME}agents?new=1"}, **htmx, **sender)
    assert "hx-redirect" not in stays.headers
    assert 'hx-target="#toasts"' in stays.text
    led = await browser.post(REGISTER, {"agent_name": "Bob", "next": f"{HOME}agents"}, **htmx)
    assert led.headers["hx-redirect"] == f"{HOME}agents"
    malformed = await browser.post(REGISTER, {"agent_name": "Dora"}, **htmx, **{"hx-current-url": "http://["})
    assert (malformed.status_code, "Agent registered" in malformed.text) == (200, True)
    for number, evil in enumerate(("//evil.example", "https://evil.example", "/v1/monitor/\r\nx: y")):
        led = await browser.post(REGISTER, {"agent_name": f"Agent {number}", "next": evil}, **htmx)
        assert led.headers["hx-redirect"] == HOME
    stranger = Browser(browser.app)
    away = await stranger.post(REGISTER, {"agent_name": "Bob"}, **htmx)
    assert (away.status_code, "hx-redirect" in away.headers) == (401, False), "what was typed would be lost"
    assert "Your session has ended" in away.text


async def test_new_key_is_shown_once(browser: Browser) -> None:
    await browser.sign_in()
    fields = {"label": "k", "scopes": "read:agents", "show": "1"}
    sent = await browser.act("agora.token.create", **fields, next=f"{HOME}settings")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{HOME}settings")
    shown = await browser.get("settings")
    assert shown.headers["cache-control"] == "no-store"
    assert "agfy_" in shown.text
    assert "agfy_" not in (await browser.get("settings")).text
    htmx = {"hx-request": "true", "x-csrf-token": await browser.csrf()}
    toast = await browser.post("act/agora.token.create", fields, **htmx)
    assert "agfy_" in toast.text


async def test_action_urls_serve_no_pages(browser: Browser) -> None:
    await browser.sign_in()
    referer = {"referer": f"http://127.0.0.1:8080{HOME}agents?status=busy"}
    stale = await browser.post(REGISTER, {"agent_name": "Alice", "csrf": "of another session"}, **referer)
    assert (stale.status_code, stale.headers["location"]) == (303, f"{HOME}agents?status=busy")
    assert "does not belong to your session" in (await browser.get("agents")).text
    for foreign in ("https://evil.example/v1/monitor/agents", "https://evil.example/x", "http://["):
        refused = await browser.post(REGISTER, {"agent_name": "A", "csrf": "x"}, referer=foreign)
        assert refused.headers.get("location", HOME).startswith(HOME)


async def test_notices_cannot_be_forged(browser: Browser) -> None:
    await browser.sign_in()
    for words in ("You won", '["done","You won"]', browser.cookie):
        browser.http.cookies.set("agora_notice", words, domain="127.0.0.1")
        page = await browser.get()
        assert page.status_code == 200
        assert "You won" not in page.text


async def test_text_of_agents_is_escaped(market: Market, browser: Browser) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    alice = await market.agent(
        evil.replace("/", ""), description=evil, capabilities=[evil], tags=["'\"><svg onload=alert(3)>"]
    )
    await market.call(
        market.operator,
        "messaging.send",
        to_agent=alice.subject,
        content=evil,
        message_type=evil[:60],
        correlation_id=evil,
    )
    await market.call(market.operator, "task.assign", task_type=evil[:60], assignee=alice.subject, payload={evil: evil})
    await market.call(market.operator, "event.publish", event_type="x", data=evil, subject=evil)
    await browser.sign_in()
    paths = [
        "",
        "agents",
        f"agents/{alice.subject}",
        "tasks",
        "messages",
        f"messages?q={evil}",
        f"agents?search={evil}",
    ]
    for path in paths:
        page = await browser.get(path)
        for raw in ("<script>alert", "<img src=x", "<svg onload"):
            assert raw not in page.text, path
    failed = await browser.act(evil)
    assert "<script>alert" not in failed.text
    assert "<script>alert" not in (await browser.get(evil)).text
    assert "<script>alert" not in (await browser.act("agora.agent.deregister", agent_id=evil, next=evil)).text
    assert "<script>alert" not in (await browser.get()).text  # the corresponding notice


# -- from fields to arguments --------------------------------------------------------------------


def given(**fields: list[str]) -> forms.Form:
    return forms.Form(fields)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [(["a,b"], ["a", "b"]), (["a", "b"], ["a", "b"]), (["a\nb,\n c "], ["a", "b", "c"]), (['["a,b"]'], ["a,b"])],
)
def test_lists_are_parsed_from_fields(values: list[str], wanted: list[str]) -> None:
    assert forms.convert_form_to_arguments(given(capabilities=values), Agents.operations["register"]) == {
        "capabilities": wanted
    }


def test_structures_are_json_and_empty_fields_are_left_out() -> None:
    assign = Tasks.operations["assign"]
    fields = given(
        task_type=["x"], payload=['{"a": [1, "2"]}'], metadata=[""], csrf=["t"], next=["/"], max_attempts=["5"]
    )
    assert forms.convert_form_to_arguments(fields, assign) == {
        "task_type": "x",
        "payload": {"a": [1, "2"]},
        "max_attempts": "5",
    }
    for bad in ("{", "not json", '{"a": NaN}'):
        with pytest.raises(InvalidRequest, match="payload is not JSON"):
            forms.convert_form_to_arguments(given(payload=[bad]), assign)
    manage = Admin.operations["manage"]
    assert forms.convert_form_to_arguments(given(value=["12"]), manage) == {"value": 12}
    assert forms.convert_form_to_arguments(given(value=["premium"]), manage) == {"value": "premium"}
    assert forms.convert_form_to_arguments(given(action=["x", "y"]), manage) == {"action": "y"}
