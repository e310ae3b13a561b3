"""The built-in agents as used by callers: by message, by task, with text and with data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from agora.builtin_agents import analysis
from agora.server.app import App
from agora_sdk.contract.fields import TaskStatus
from tests.harness import ManualClock, make_settings
from tests.market import Market


@pytest.fixture
async def market(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path / "data", builtin_agents=True), clock=clock)
    await app.start()
    await app.agent_host.wait_until_idle()
    yield Market(app, clock)
    await app.stop()


async def done(market: Market, agent: str, text: str | None = None, **data: Any) -> Any:
    """Return an agent's task after its end."""
    payload = data if text is None else {"text": text}
    receipt = await market.call(
        market.operator, "task.assign", task_type="a2a.message", assignee=agent, payload=payload
    )
    await market.app.agent_host.wait_until_idle()
    return await market.call(market.operator, "task.get", task_id=receipt.task_id)


def published(market: Market, event_type: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(event_type)]


async def test_calculator_answers_as_in_the_source(market: Market) -> None:
    assert (await done(market, "Calculator Agent", "Calculate 25 * 4")).result == "The result is 100"
    assert (await done(market, "Calculator Agent", "Calculate 100 / 4")).result == "The result is 25.0"
    assert (await done(market, "Calculator Agent", "What is 10 plus 5?")).result == "The result is 15"
    assert [found["result"] for found in published(market, "calculation.complete")] == [100, 25.0, 15]


async def test_calculator_accepts_and_returns_data(market: Market) -> None:
    assert (await done(market, "Calculator Agent", expression="1/3")).result == {
        "expression": "1/3",
        "result": 1 / 3,
        "text": "0.333333333333333",
        "fraction": "1/3",
    }
    assert (await done(market, "Calculator Agent", operation="add", operands=[1, 2, 3])).result["result"] == 6
    assert (await done(market, "Calculator Agent", operation="divide", a=10, b=4)).result["result"] == 2.5
    assert (await done(market, "Calculator Agent", operation="max", operands=[1, 7])).result["result"] == 7
    for wrong in (
        {"operation": "add"},
        {"operation": "add", "operands": [True]},
        {"operation": "add", "operands": [{}]},
    ):
        assert (await done(market, "Calculator Agent", **wrong)).status == TaskStatus.FAILED


async def test_unsupported_calculation_fails_with_a_reason(market: Market) -> None:
    task = await done(market, "Calculator Agent", "Calculate 1 / 0")
    assert (task.status, task.error) == (
        TaskStatus.FAILED,
        "That cannot be calculated. Division by zero has no result.",
    )
    assert published(market, "calculation.error") == [
        {"expression": "1 / 0", "error": "Division by zero has no result."}
    ]


@pytest.mark.parametrize("text", ["my password is hunter2", "What is pass_1 + 2?", "Call +49 30 1234 (Ann)"])
async def test_text_of_a_failed_calculation_is_private(market: Market, text: str) -> None:
    assert (await done(market, "Calculator Agent", text)).status == TaskStatus.FAILED
    assert published(market, "calculation.error") == [{"error": "That cannot be calculated."}]


async def test_memory_stores_and_recalls_facts(market: Market) -> None:
    async def said(text: str) -> Any:
        return (await done(market, "Memory Agent", text)).result

    assert await said("Store 'Important Data' with key 'demo_key'") == "Stored 'Important Data' with key 'demo_key'"
    assert await said("Recall demo_key") == "demo_key: Important Data"
    assert await said("What do you know about important data?") == "demo_key: Important Data"
    assert await said("List keys") == "Keys: demo_key"
    assert (await market.call(market.operator, "memory.search", query="important")).count == 1
    assert await said("Forget demo_key") == "Forgot 'demo_key'"
    assert await said("Recall demo_key") == "Nothing is stored under 'demo_key'."
    assert await said("Forget demo_key") == "Nothing is stored under 'demo_key'."
    assert await said("List keys") == "Nothing is kept."
    assert published(market, "memory.stored") == [{"key": "demo_key", "version": 1, "by": "operator"}]
    assert len(published(market, "memory.forgotten")) == 1
    assert (await done(market, "Memory Agent", "Sing!")).status == TaskStatus.FAILED


async def test_memory_accepts_and_returns_data(market: Market) -> None:
    stored = await done(market, "Memory Agent", action="store", key="k", value={"n": 1}, tags=["t"])
    assert stored.result == {"key": "k", "value": {"n": 1}, "version": 1, "tags": ["t"]}
    assert (await done(market, "Memory Agent", action="recall", key="k")).result["value"] == {"n": 1}
    assert (await done(market, "Memory Agent", action="recall", key="none")).result == {"found": False, "key": "none"}
    for wrong in (
        {"action": "store", "key": "k", "value": 1, "namespace": "own"},
        {"action": "store", "value": 1},
        {"action": "store", "key": "k"},
        {"action": "recall", "key": ["k"]},
        {"action": "explode"},
        {"action": "store", "key": "k", "value": "x" * 70_000},
    ):
        assert (await done(market, "Memory Agent", **wrong)).status == TaskStatus.FAILED


async def test_analysis_returns_a_report(market: Market) -> None:
    task = await done(market, "Analysis Agent", "Analyze this text: I love it. It is a wonderful, wonderful day!")
    assert task.result["statistics"]["words"] == 9
    assert task.result["sentiment"]["label"] == "positive"
    assert task.result["keywords"][0] == {"keyword": "wonderful", "count": 2}
    told = published(market, "analysis.complete")[0]
    assert told == {name: part for name, part in task.result.items() if name != "keywords"}
    assert (await done(market, "Analysis Agent", "Sentiment of: this is terrible")).result.keys() == {"sentiment"}
    assert (await done(market, "Analysis Agent", "Analyze data")).result["statistics"]["words"] == 2
    nothing = await done(market, "Analysis Agent", parts=["statistics"])
    assert nothing.status == TaskStatus.FAILED
    said = {"parts": [{"data": {"text": "Some text.", "parts": ["statistics", "keywords"]}}]}
    both = await done(market, "Analysis Agent", message=said)
    assert both.result.keys() == {"statistics", "keywords"}
    assert (await done(market, "Analysis Agent", "x" * 200_001)).status == TaskStatus.FAILED


async def test_analysis_reports_a_missing_extra(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vaderSentiment.vaderSentiment", None)
    analysis.load_scorer.cache_clear()
    try:
        found = (await done(market, "Analysis Agent", "Analyze: I love it")).result["sentiment"]
        assert found["label"] == "unknown"
        assert "agora-server[analysis]" in found["reason"]
    finally:
        analysis.load_scorer.cache_clear()


async def test_echo_returns_its_input(market: Market) -> None:
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hi"}, {"data": {"n": 1}}]}
    task = await done(market, "Echo Agent", message=message)
    assert task.result == "hi"


async def test_built_in_agents_are_found_by_capability(market: Market) -> None:
    for word, name in (("calculator", "Calculator Agent"), ("keywords", "Analysis Agent"), ("storage", "Memory Agent")):
        found = await market.call(market.operator, "query.agents", search=word)
        assert name in [agent.agent_name for agent in found.agents]
