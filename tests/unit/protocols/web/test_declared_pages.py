"""Pages of declared agents: declare, edit, roll back and chat with one by forms; permissions."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import pytest

from agora.core.call import Caller
from tests.market import Market
from tests.unit.protocols.web.http_browser import Browser
from tests.unit.protocols.web.test_coding_pages import EVIL, read_page
from tests.unit.protocols.web.test_page_access import signed_in

FORM = {
    "name": "Poet",
    "specification": "{}",
    "specification.model": "local:tiny",
    "specification.instructions": f"Be brief.\r\n{EVIL}",
    "specification.tools": "messaging\r\nagent:Bob",
    "specification.limits.steps": "7",
    "specification.memory.conversation": "false",
    "specification.output_schema": '{"type": "object"}',
    "specification.description": "",
}


async def act(browser: Browser, operation: str, **fields: Any) -> str:
    """Submit a form. Returns the text of the resulting page."""
    response = await browser.act(operation, **fields)
    assert response.status_code == 303, response.text[-600:]
    return str(response.headers["location"])


async def declare(market: Market) -> tuple[Browser, Caller]:
    browser = await signed_in(market)
    await act(browser, "agora.declared_agent.apply", **FORM)
    agent = await market.call(market.operator, "declared_agent.get", name="Poet")
    token = market.app.signer.sign_agent_token("default", agent.agent_id, 1)
    return browser, await market.app.authenticator.authenticate(token)


async def test_agent_is_declared_edited_and_rolled_back_by_forms(market: Market) -> None:
    browser, _ = await declare(market)
    spec = (await market.call(market.operator, "declared_agent.get", name="Poet")).specification
    assert (spec.model, spec.instructions, spec.tools) == (
        "local:tiny",
        f"Be brief.\n{EVIL}",
        ["messaging", "agent:Bob"],
    )
    assert (spec.limits.steps, spec.limits.depth, spec.memory.conversation) == (7, 3, False)
    assert (spec.output_schema, spec.description) == ({"type": "object"}, "")
    assert "Poet" in await read_page(browser, "agents/declared")
    page = await read_page(browser, "agents/declared/Poet")
    for text in ('value="local:tiny"', ">messaging\nagent:Bob</textarea>", "Invalid declaration.", "Version 1"):
        assert text.lower() in page.lower(), text
    await act(
        browser, "agora.declared_agent.apply", **FORM | {"specification.tools": "", "specification.busy": "reject"}
    )
    changed = await market.call(market.operator, "declared_agent.get", name="Poet")
    assert (changed.version, changed.specification.tools, changed.specification.busy) == (2, [], "reject")
    assert "Roll back to 1" in await read_page(browser, "agents/declared/Poet")
    await act(browser, "agora.declared_agent.rollback", name="Poet", version="1")
    back = await market.call(market.operator, "declared_agent.get", name="Poet")
    assert (back.version, back.specification.tools) == (3, ["messaging", "agent:Bob"])


async def test_person_chats_with_an_agent_and_answers_its_questions(market: Market) -> None:
    browser, poet = await declare(market)
    page = await read_page(browser, "agents/declared/Poet")
    match = re.search(r'name="context_id" value="([^"]+)"', page)
    assert match is not None
    task = {"task_type": "a2a.message", "assignee": "Poet", "context_id": match[1], "payload.text": f"Write {EVIL}"}
    await act(browser, "agora.task.assign", **task)
    held = (await market.call(poet, "task.claim")).task
    assert held.payload == {"text": f"Write {EVIL}"}
    fence = {"task_id": held.task_id, "fencing_token": held.fencing_token}
    await market.call(poet, "task.append", **fence, content=f"So far {EVIL}")
    assert "So far " in await read_page(browser, "agents/declared/Poet")
    await market.call(poet, "task.message", **fence, text=f"Of what? {EVIL}", status="input_required")
    assert "Of what? " in await read_page(browser, "agents/declared/Poet")
    await act(browser, "agora.task.message", task_id=held.task_id, text="Of water")
    again = (await market.call(poet, "task.claim")).task
    fence = {"task_id": again.task_id, "fencing_token": again.fencing_token}
    await market.call(poet, "task.complete", **fence, result="Water is wet.")
    assert "Water is wet." in await read_page(browser, "agents/declared/Poet")
    assert "Water is wet." not in await read_page(browser, "agents/declared/Poet?chat=another")


async def test_invalid_declaration_is_refused_with_its_reason(market: Market) -> None:
    browser = await signed_in(market)
    for field, text in (("tools", "nonsense"), ("output_schema", "{"), ("limits.steps", "many")):
        await browser.act("agora.declared_agent.apply", **FORM | {f"specification.{field}": text})
        page = await browser.get("agents/declared")
        assert "No LLM agents yet" in page.text, field
        assert 'role="alert"' in page.text or "notice" in page.text, field


async def test_only_operators_see_them(market: Market) -> None:
    await declare(market)
    token = (
        await market.call(market.operator, "token.create", label="viewer", scopes=["read:agents", "read:tasks"])
    ).token
    viewer = await signed_in(market, token)
    for path in ("agents/declared", "agents/declared/Poet"):
        assert (await viewer.get(path)).status_code in (403, 404), path
    refused = await viewer.act("agora.declared_agent.apply", **FORM)
    assert refused.status_code in (303, 403)
    assert (await market.call(market.operator, "declared_agent.get", name="Poet")).version == 1
    forged = await viewer.http.post("/v1/monitor/act/agora.declared_agent.delete", data={"name": "Poet", "csrf": "x"})
    assert forged.status_code == 403


async def test_task_page_shows_the_work_of_its_model(market: Market) -> None:
    """It shows the conversation with tool calls, and the cost of each model call."""
    browser, poet = await declare(market)
    price = {"input_cost_per_m": 1000, "output_cost_per_m": 1000}
    await market.call(market.operator, "token_billing.set_price", provider="local", model="tiny", **price)
    await market.call(market.operator, "model_provider.set", name="local", base_url="http://127.0.0.1:4000/v1")
    task = await market.call(
        market.operator, "task.assign", task_type="a2a.message", assignee="Poet", payload={"text": "Go"}
    )
    assert "Model calls" not in await read_page(browser, f"tasks/{task.task_id}")
    held = (await market.call(poet, "task.claim")).task
    fence = {"task_id": held.task_id, "fencing_token": held.fencing_token}
    await market.call(
        poet, "declared_agent.reserve_model_call", **fence, step=0, models=["local:tiny"], input_tokens=1000
    )
    moment = "2026-01-02T03:04:05Z"
    tool_call = {
        "part_kind": "tool-call",
        "tool_name": "messaging_send",
        "args": '{"to_agent": "Bob"}',
        "tool_call_id": "c1",
    }
    tool_return = {
        "part_kind": "tool-return",
        "tool_call_id": "c1",
        "content": f'<data source="x">\nsent to {EVIL}\n</data>',
    }
    messages = [
        {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": f"Go {EVIL}", "timestamp": moment}]},
        {"kind": "response", "parts": [{"part_kind": "text", "content": "Let me **see**."}, tool_call]},
        {"kind": "request", "parts": [tool_return]},
        {"kind": "response", "parts": [{"part_kind": "text", "content": "All done."}], "timestamp": moment},
    ]
    call = {"model": "local:tiny", "tokens": {"input_tokens": 1000, "output_tokens": 500}, "time_to_first_token": 0.25}
    state = {"checkpoint": {"format": 1, "messages": messages}, "checkpoint_number": 1}
    await market.call(poet, "declared_agent.record_model_call", **fence, step=0, is_estimate=True, **call, **state)
    page = await read_page(browser, f"tasks/{task.task_id}")
    for text in (
        "Let me <strong>see</strong>.",
        "<code>messaging_send</code>",
        "&#34;to_agent&#34;: &#34;Bob&#34;",
        "sent to ",
        "All done.",
        "tiny<span",
        "local, estimated",
        "1,000 tokens in, 500 out",
    ):
        assert text in page, text
    assert "&lt;data source" not in page


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"format": 1, "messages": "none"},
        {
            "format": 1,
            "messages": [1, {"kind": "response", "parts": 7}, {"kind": "response", "parts": [{"part_kind": []}]}],
        },
        {"format": 1, "packed": "no base64"},
        {"format": 1, "packed": base64.b64encode(zlib.compress(b" " * 50_000_000)).decode()},
        {"format": 1, "messages": [{"parts": [{"part_kind": "tool-call", "args": "{", "content": {}}]}]},
        {"steps": 1},
    ],
    ids=["no list", "no messages", "not packed", "a bomb", "no arguments", "of another program"],
)
async def test_checkpoint_of_another_format_is_ignored(market: Market, checkpoint: dict[str, Any]) -> None:
    browser = await signed_in(market)
    doer = await market.agent("Doer")
    task = await market.call(market.operator, "task.assign", task_type="x", assignee="Doer")
    held = (await market.call(doer, "task.claim")).task
    fence = {"task_id": held.task_id, "fencing_token": held.fencing_token}
    await market.call(doer, "task.renew", **fence, checkpoint=checkpoint, checkpoint_number=1)
    assert "History" in await read_page(browser, f"tasks/{task.task_id}")
