"""Weather of the analysis agent: with a stub of Open-Meteo, and the refusal without a provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agora.builtin_agents.weather import NOT_CONFIGURED, find_place_in_sentence
from agora.server.app import App
from agora_sdk.contract.fields import TaskStatus
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.stand_in_http import serve_http

CURRENT = {
    "time": "2026-11-23T05:00",
    "temperature_2m": 3.4,
    "wind_speed_10m": 12,
    "weather_code": 61,
    "relative_humidity_2m": 90,
}


def _provide(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    url = urlsplit(path)
    query = parse_qs(url.query)
    if url.path == "/v1/search":
        place = {"name": "Berlin", "country": "Germany", "latitude": 52.52, "longitude": 13.41}
        return 200, {"results": [place]} if query["name"] == ["Berlin"] else {}
    assert (url.path, query["latitude"], query["longitude"]) == ("/v1/forecast", ["52.52"], ["13.41"])
    return 200, {"current": CURRENT}


async def _ask(path: Path, clock: ManualClock, texts: list[str], **settings: Any) -> list[Any]:
    app = App(make_settings(path, builtin_agents=True, **settings), clock=clock)
    await app.start()
    market, answers = Market(app, clock), []
    try:
        for text in texts:
            request = {"task_type": "a2a.message", "assignee": "Analysis Agent", "payload": {"text": text}}
            receipt = await market.call(market.operator, "task.assign", **request, max_attempts=1)
            await app.agent_host.wait_until_idle()
            answers.append(await market.call(market.operator, "task.get", task_id=receipt.task_id))
        return answers
    finally:
        await app.stop()


async def test_weather_comes_from_the_provider(tmp_path: Path, clock: ManualClock) -> None:
    async with serve_http(_provide) as url:
        texts = [
            "What is the weather in Berlin?",
            "What is the weather in Atlantis?",
            "How is the weather?",
            "Analyze: I love it",
        ]
        known, unknown, nowhere, text = await _ask(tmp_path / "data", clock, texts, weather_url=url)
    figures = {"place": "Berlin, Germany", "temperature": 3.4, "conditions": "rain", "wind_speed": 12, "humidity": 90}
    assert figures.items() <= known.result.items()
    assert (unknown.status, "Atlantis" in unknown.error, "Name a place" in nowhere.error) == (
        TaskStatus.FAILED,
        True,
        True,
    )
    assert "statistics" in text.result


async def test_missing_provider_is_reported(tmp_path: Path, clock: ManualClock) -> None:
    (refused,) = await _ask(tmp_path / "data", clock, ["What is the weather in Berlin?"])
    assert (refused.status, NOT_CONFIGURED in refused.error) == (TaskStatus.FAILED, True)


def test_place_is_extracted_from_a_question() -> None:
    for text, place in (
        ("What's the weather like in New York today?", "New York"),
        ("weather for Paris", "Paris"),
        ("Temperature in Rome right now", "Rome"),
        ("How is the weather?", ""),
        ("Analyze: the sea was calm", None),
    ):
        assert find_place_in_sentence(text) == place
