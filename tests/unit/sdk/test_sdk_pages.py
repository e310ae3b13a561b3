"""Pages: one call returns one page, iteration fetches all pages."""

from __future__ import annotations

from typing import Any

from agora_sdk import AgoraClient
from tests.unit.sdk.scripted_server import NOW, Seen, Wire, agent_answer, event, page

SERVICE = {
    "name": "x",
    "version": "1",
    "category": "c",
    "status": "active",
    "description": "",
    "kind": "query",
    "scope": "",
    "last_updated": NOW,
}


def agents(seen: Seen) -> dict[str, Any]:
    """Return five agents, two per page."""
    start = int(dict(seen.query).get("cursor", "0"))
    names = [f"A{n}" for n in range(start, min(start + 2, 5))]
    more = start + 2 < 5
    found = [agent_answer(agent_name=name) for name in names]
    return page("agents", found, total=5, has_more=more, next_cursor=str(start + 2) if more else None)


def test_iteration_fetches_following_pages_with_the_same_filters(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/query/agents", agents)
    found = client.query.agents(["docs"], limit=2, offset=0)
    assert (len(found), found.count, found.total, found[1].agent_name) == (2, 2, 5, "A1")
    assert len(wire.requests) == 1
    assert [agent.agent_name for agent in found] == ["A0", "A1", "A2", "A3", "A4"]
    assert [agent.agent_name for agent in found.items] == ["A0", "A1"]
    assert [seen.query for seen in wire.requests] == [
        [("capabilities", "docs"), ("limit", "2"), ("offset", "0")],
        [("capabilities", "docs"), ("limit", "2"), ("cursor", "2")],
        [("capabilities", "docs"), ("limit", "2"), ("cursor", "4")],
    ]


async def test_async_for_awaits_pages_and_for_blocks(wire: Wire) -> None:
    wire.answer("/agora/query/agents", agents)
    async with AgoraClient(wire.url) as client:
        found = await client.query.agents()
        assert [agent.agent_name async for agent in found] == ["A0", "A1", "A2", "A3", "A4"]
        assert [agent.agent_name for agent in found] == ["A0", "A1", "A2", "A3", "A4"]
        assert [agent.agent_name async for agent in client.query.agents()] == ["A0", "A1", "A2", "A3", "A4"]
        client.close()


def test_operations_without_a_cursor_use_the_offset(wire: Wire, client: AgoraClient) -> None:
    def services(seen: Seen) -> dict[str, Any]:
        offset = int(dict(seen.query).get("offset", "0"))
        return page("services", [SERVICE | {"name": f"s{offset}"}], has_more=offset < 2)

    wire.answer("/discovery/list", services)
    assert [service.name for service in client.discovery.list(limit=1)] == ["s0", "s1", "s2"]


def test_empty_page_ends_the_iteration(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/discovery/list", page("services", [], has_more=True))
    found = client.discovery.list()
    assert found
    assert list(found) == []


def test_event_log_is_read_to_its_end(wire: Wire, client: AgoraClient) -> None:
    def log(seen: Seen) -> dict[str, Any]:
        after = int(dict(seen.query).get("cursor") or dict(seen.query).get("after", "0"))
        more = after + 2 < 6
        events = [event(after + 1), event(after + 2)]
        return page("events", events, has_more=more, next_cursor=str(after + 2) if more else None)

    wire.answer("/agora/event/list", log)
    assert [each.sequence for each in client.event.list(after=2)] == [3, 4, 5, 6]
