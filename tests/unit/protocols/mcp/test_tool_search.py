"""Tool search: the right tool among the first three, in few words, said once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from agora.protocols.mcp.search_words import KEYWORDS
from agora_sdk.contract import operations
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire

PHRASINGS = tomllib.loads((Path(__file__).parent / "search_phrasings.toml").read_text())
BYTES_PER_TOKEN = 4  # of English and JSON, as the tokenizers of today's models cut them, nearly


async def _search(wire: Wire, era: str = "modern", **arguments: Any) -> str:
    call = {"name": "agora_tools_search", "arguments": arguments}
    result = (await wire.call(era, "tools/call", call))["result"]
    assert not result["isError"], result
    assert "structuredContent" not in result, "told twice"
    (content,) = result["content"]
    text: str = content["text"]
    return text


def _names(text: str) -> list[str]:
    return [line.partition("(")[0] for line in text.splitlines()]


@pytest.mark.parametrize(("part", "least"), [("phrasings", 0.9), ("held_out", 0.8)])
async def test_people_find_the_tool_in_the_first_three(wire: Wire, part: str, least: float) -> None:
    missed = []
    for phrasing, tools in PHRASINGS[part].items():
        names = _names(await _search(wire, query=phrasing, limit=3))
        if not {f"agora_{tool.replace('.', '_')}" for tool in tools} & set(names):
            missed.append((phrasing, names))
    total = len(PHRASINGS[part])
    assert total >= (60 if part == "phrasings" else 30)
    assert len(missed) <= (1 - least) * total, missed


async def test_answers_are_terse(wire: Wire) -> None:
    longest = 0
    for phrasing in PHRASINGS["phrasings"]:
        text = await _search(wire, query=phrasing, limit=5)
        longest = max(longest, len(text.encode()))
        assert len(text.splitlines()) <= 5
    assert longest / BYTES_PER_TOKEN <= 600


@pytest.mark.parametrize("era", ERAS)
async def test_a_name_is_answered_with_the_whole_tool(wire: Wire, era: str) -> None:
    for name in ("agora_messaging_send", "agora.messaging.send"):
        text = await _search(wire, era, query=name)
        assert text.startswith("agora_messaging_send\nSend a message")
        assert '"expires_in"' in text


async def test_what_may_not_be_called_is_not_found(wire: Wire) -> None:
    agent = await register(wire, "Alice")
    assert "agora_admin_override" in _names(await _search(wire, query="emergency stop everything"))
    assert "agora_admin_override" not in _names(await _search(agent, query="emergency stop everything"))


async def test_a_query_that_nothing_fits(wire: Wire) -> None:
    assert "Rephrase" in await _search(wire, query="xyzzy")


def test_keywords_are_of_operations() -> None:
    assert {f"agora.{name}" for name in KEYWORDS} <= {operation.name for operation in operations()}
