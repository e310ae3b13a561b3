"""Search for agents in customers' terms: words, then filters and sorting of the candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from agora.core.call import Call
from agora.domains.instances.market import MarketplaceQuery, discover_agents
from agora.value_classes import value_class
from agora_sdk.contract.instances import MarketplaceAgent

__all__ = ["MAX_SCANNED", "MatchRequest", "find_matches"]

MAX_SCANNED = 1000  # maximum number of filtered and sorted candidates
PAGE_SIZE = 50
REACHABLE_STATUSES = frozenset(("active", "busy"))
MAX_WORDS = 8


@value_class
class MatchRequest:
    """Search criteria. status: a state, or ``online``."""

    query: str | None = None
    capability: str | None = None
    name: str | None = None
    industry: str | None = None
    free: bool = False
    max_price: float | None = None
    min_rating: float | None = None
    status: str | None = None
    sort: Literal["relevance", "price", "rating"] = "relevance"

    @property
    def has_filters_or_sorting(self) -> bool:
        """Whether candidates are filtered or sorted after the word search."""
        filters = (self.capability, self.industry, self.max_price, self.min_rating, self.status)
        return self.free or self.sort != "relevance" or any(value is not None for value in filters)


async def find_matches(call: Call, request: MatchRequest, limit: int) -> tuple[list[MarketplaceAgent], int]:
    """Find the best matches and the number of all matches among the candidates.

    Candidates match all words of the query; if there are none, any word, with the most matching words first.
    """
    # Filters and sorting need all candidates; without them, the search's own order and limit are enough.
    count = MAX_SCANNED if request.has_filters_or_sorting else limit
    candidates, total = await _read_candidates(call, request, request.query, count)
    words = (request.query or "").split()[:MAX_WORDS]
    # Only then: a match of all words is always better than one of some.
    if not candidates and words:
        candidates = await _match_any_word(call, request, words)
        total = len(candidates)
    page_bytes = call.context.settings.page_bytes
    if not request.has_filters_or_sorting:
        return _limit_page_bytes(candidates[:limit], page_bytes), max(total, len(candidates))
    matches = [agent for agent in candidates if _passes_filters(agent, request)]
    if request.sort != "relevance":
        matches.sort(key=_ORDERS[request.sort])
    return _limit_page_bytes(matches[:limit], page_bytes), len(matches)


def _limit_page_bytes(matches: list[MarketplaceAgent], most: int) -> list[MarketplaceAgent]:
    """Limit the matches to a number of bytes, but keep at least one."""
    size = 0
    for number, agent in enumerate(matches):
        size += len(agent.model_dump_json())
        if size > most and number:
            return matches[:number]
    return matches


async def _read_candidates(
    call: Call, request: MatchRequest, search: str | None, limit: int, category: str | None = None
) -> tuple[list[MarketplaceAgent], int]:
    """Read candidates in order of relevance, and their total number."""
    candidates: list[MarketplaceAgent] = []
    cursor, total = None, 0
    for _ in range(MAX_SCANNED // PAGE_SIZE):  # a page may be shorter than its limit because of its size
        if len(candidates) >= limit:
            break
        query = MarketplaceQuery(
            search=search,
            category=category,
            name=request.name,
            limit=min(PAGE_SIZE, limit - len(candidates)),
            cursor=cursor,
        )
        page = await discover_agents(call, query)
        candidates += page.agents
        total, cursor = page.total or len(candidates), page.next_cursor
        if cursor is None:
            break
    return candidates, total


async def _match_any_word(call: Call, request: MatchRequest, words: Sequence[str]) -> list[MarketplaceAgent]:
    hits: dict[str, tuple[int, MarketplaceAgent]] = {}
    for word in words:
        candidates, _ = await _read_candidates(call, request, word, PAGE_SIZE)
        for spelling in (word, word.capitalize()):  # a word may be a category, verbatim or capitalized
            candidates += (await _read_candidates(call, request, None, PAGE_SIZE, spelling))[0]
        for agent in {agent.agent_id: agent for agent in candidates}.values():
            hits[agent.agent_id] = (hits.get(agent.agent_id, (0, agent))[0] + 1, agent)
    return [agent for _, agent in sorted(hits.values(), key=lambda hit: -hit[0])]


def _passes_filters(agent: MarketplaceAgent, request: MatchRequest) -> bool:
    price = _compute_highest_price(agent)
    states = REACHABLE_STATUSES if request.status == "online" else {request.status}
    return (
        (not request.free or agent.marketplace_info.pricing_info.type == "free")
        and (request.max_price is None or price <= request.max_price)
        and (request.min_rating is None or (agent.reputation or 0.0) >= request.min_rating)
        and (request.status is None or agent.status in states)
        and (
            request.capability is None
            or _normalize_text(request.capability) in map(_normalize_text, agent.capabilities)
        )
        and (
            request.industry is None
            or _normalize_text(request.industry) in map(_normalize_text, (agent.category, *agent.tags))
        )
    )


def _compute_highest_price(agent: MarketplaceAgent) -> float:
    """Return the highest amount of its price for any unit, so that an agent "under 2 dollars" never costs more."""
    price = agent.marketplace_info.pricing_info
    return max(price.price, price.base_price, price.task_price, price.input_price, price.output_price)


def _normalize_text(text: str) -> str:
    # Capabilities are written text_analysis, text-analysis or Text Analysis.
    return " ".join(text.replace("_", " ").replace("-", " ").casefold().split())


_ORDERS: dict[str, Callable[[MarketplaceAgent], tuple[float, str]]] = {
    "price": lambda agent: (_compute_highest_price(agent), agent.agent_name),
    "rating": lambda agent: (-(agent.reputation or 0.0), agent.agent_name),
}
