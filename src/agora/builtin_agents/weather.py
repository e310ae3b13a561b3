"""Weather from a provider with Open-Meteo's API: geocoding of a place, then its current weather."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic_core import from_json

from agora.net.egress_policy import EgressPolicy, is_evidently_private
from agora.net.http_client import ConnectionLost, send_single_request
from agora.value_classes import value_class

from .port import TaskFailed

__all__ = ["NOT_CONFIGURED", "fetch_weather_report", "find_place_in_sentence"]

NOT_CONFIGURED: Final = (
    "No weather provider is configured here. An operator sets weather_url, such as https://api.open-meteo.com."
)
TIMEOUT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 262_144
MAX_PLACE_CHARACTERS: Final = 100
CURRENT_VARIABLES: Final = (
    "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,wind_speed_10m,weather_code"
)
_SENTENCE = re.compile(
    r"\b(?:weather|temperature|forecast)\b(?:\s+(?:like|today|now|report|forecast|right\s+now|currently))*\s+(?:in|for|at|of)\s+"
    r"(?P<place>[^\n?!.;]{1,100}?)(?:\s+(?:today|now|right\s+now|please))?\s*(?:[?!.;]|$)",
    re.IGNORECASE,
)
#: WMO code table 4677, grouped as by such providers
_CONDITIONS: Final = (
    (0, "clear sky"),
    (3, "partly cloudy"),
    (48, "fog"),
    (57, "drizzle"),
    (67, "rain"),
    (77, "snow"),
    (82, "rain showers"),
    (86, "snow showers"),
    (99, "thunderstorm"),
)


@value_class
class _Place:
    name: str
    latitude: float
    longitude: float


def find_place_in_sentence(text: str) -> str | None:
    """Find the place in a sentence about weather; empty if it names none, None if it is about something else."""
    match = _SENTENCE.search(text[:1000])
    if match is not None:
        return match["place"].strip()
    return "" if re.fullmatch(r"\W*(?:\w+\s+){0,4}weather(?:\s+\w+){0,2}\W*", text[:200], re.IGNORECASE) else None


async def fetch_weather_report(place_name: str, weather_url: str, geocoding_url: str) -> tuple[str, dict[str, Any]]:
    """Fetch the weather of a place as a sentence and as figures. Raises TaskFailed."""
    if not weather_url:
        raise TaskFailed(NOT_CONFIGURED, code="not_configured")
    if not place_name or len(place_name) > MAX_PLACE_CHARACTERS:
        raise TaskFailed("Name a place. For example: What is the weather in Berlin?")
    query = {"name": place_name, "count": 1, "format": "json"}
    geocoding_answer = await _fetch_json(geocoding_url or weather_url, "/v1/search", query)
    place = _parse_first_place_or_none(geocoding_answer)
    if place is None:
        raise TaskFailed(f"The provider knows no place named {place_name!r}.")
    answer = await _fetch_json(
        weather_url,
        "/v1/forecast",
        {"latitude": place.latitude, "longitude": place.longitude, "current": CURRENT_VARIABLES, "timezone": "auto"},
    )
    current = answer.get("current")
    if not isinstance(current, Mapping) or not isinstance(current.get("temperature_2m"), int | float):
        raise TaskFailed("The weather provider returned an unexpected answer.", retry=True)
    data = _build_figures(place, current)
    sentence = f"{place.name}: {data['temperature']:g} °C, {data['conditions']}"
    if data["wind_speed"] is not None:
        sentence += f", wind {data['wind_speed']:g} km/h"
    return sentence + ".", data


def _build_figures(place: _Place, current: Mapping[str, Any]) -> dict[str, Any]:
    """Build the figures in °C, percent, mm and km/h, the default units of such providers."""
    names = {
        "temperature": "temperature_2m",
        "apparent_temperature": "apparent_temperature",
        "humidity": "relative_humidity_2m",
        "precipitation": "precipitation",
        "wind_speed": "wind_speed_10m",
    }
    figures: dict[str, Any] = {name: _read_number_or_none(current, source) for name, source in names.items()}
    code = _read_number_or_none(current, "weather_code")
    # The table holds the last code of each group, in ascending order.
    conditions = next((words for most, words in _CONDITIONS if code is not None and code <= most), "conditions unknown")
    time = current.get("time")
    location = {"place": place.name, "latitude": place.latitude, "longitude": place.longitude}
    return {**location, **figures, "conditions": conditions, "time": time if isinstance(time, str) else None}


def _parse_first_place_or_none(answer: Mapping[str, Any]) -> _Place | None:
    results = answer.get("results")
    first = results[0] if isinstance(results, list) and results else None
    if not isinstance(first, Mapping):
        return None
    latitude, longitude = _read_number_or_none(first, "latitude"), _read_number_or_none(first, "longitude")
    if latitude is None or longitude is None:
        return None
    names = [first[name] for name in ("name", "country") if isinstance(first.get(name), str)]
    return _Place(", ".join(names)[:200], latitude, longitude)


def _read_number_or_none(holder: Mapping[str, Any], name: str) -> float | None:
    value = holder.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


async def _fetch_json(base: str, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """Fetch JSON from a path of the provider. Raises TaskFailed; another attempt may help."""
    url = f"{base.rstrip('/')}{path}?{urlencode(query)}"
    # The operator configures the provider. Nevertheless, a public name must not resolve into the operator's network.
    policy = EgressPolicy(private=is_evidently_private(urlsplit(url).hostname or ""))
    try:
        status, body = await send_single_request(
            "GET", url, policy, seconds=TIMEOUT_SECONDS, max_bytes=MAX_ANSWER_BYTES
        )
        answer = from_json(body)
    except (OSError, ValueError, ConnectionLost) as error:  # TimeoutError is an OSError
        reason = str(error) or type(error).__name__
        raise TaskFailed(f"The weather provider cannot be reached: {reason}.", retry=True) from None
    if status != 200 or not isinstance(answer, dict):
        # A refusal of 4xx would be repeated; one of 5xx may be an outage.
        raise TaskFailed(f"The weather provider refused: {status}.", retry=status >= 500)
    return answer
