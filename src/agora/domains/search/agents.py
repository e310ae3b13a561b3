"""Agent search: by capabilities in the order of registration, or by words ranked by relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agora.core import pagination as paging
from agora.core.call import Call, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import looks_like_id
from agora.domains.agents.service import build_agent_from_row
from agora.store.port import Query, R
from agora_sdk.contract import query as contract
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .queries import Selection, Term
from .records import CapabilityCount
from .words import compute_edit_distance, compute_max_typing_errors, split_pieces

__all__ = ["AgentSearch"]

MAX_INLINE_ROWS = 1000  # maximum of rows processed on the event loop
# From this number of agents with one of several capabilities, all agents are scanned instead of collecting these first.
COMMON_CAPABILITY_AGENTS = 10_000  # for a page
MAX_COUNTED = 100_000  # for the total
MAX_CANDIDATE_WORDS = 100  # known words compared with one search word
MAX_MATCHED_TERMS = 20  # known words that one search word is expanded to
ZERO_TOTAL = (0, False)
EXACT, NEAR = 0, 1


class AgentSearch:
    """One search. Totals are pairs: the number, and whether it is an estimate."""

    def __init__(
        self, call: Call, capabilities: list[str], values: Mapping[str, Any], *, any: bool, retired: bool
    ) -> None:
        caller = call.caller
        everyone = caller.may("read:all")
        self.call, self.capabilities = call, capabilities
        self.barred = retired and not everyone  # retired agents are shown only to operators
        self.chosen = Selection(
            capabilities=len(capabilities),
            any=any and len(capabilities) > 1,
            filters=frozenset(name for name, value in values.items() if value is not None),
            sees="all" if everyone else "own" if caller.account == "default" else "account",
            retired=retired,
        )
        self.parameters: dict[str, Any] = {**values, "viewer": caller.subject, "account": caller.account}

    # -- in the order of registration ------------------------------------------------------------

    async def list_agents(self, limit: int, offset: int, cursor: str | None) -> contract.FoundAgentPage:
        after = _parse_agent_id(paging.decode_cursor(cursor)[0]) if cursor else ""
        if self.barred:
            return _build_agent_page([], self.call.now, ZERO_TOTAL)
        # Counters are read first: they answer impossible searches, give exact totals, and order the conditions.
        counts = await self._count_agents_by_capability()
        if counts is not None and not self._can_match(counts):
            return _build_agent_page([], self.call.now, ZERO_TOTAL)
        plain = counts[0] if counts and self.chosen.capabilities == 1 and not self.chosen.filters else None
        private = plain.private if plain is not None and self.chosen.sees != "all" else 0
        gathered = sum(row.agents for row in counts or ())
        selection = replace(
            self.chosen,
            scan=plain is None or offset > MAX_INLINE_ROWS or private > MAX_INLINE_ROWS,
            common=gathered > COMMON_CAPABILITY_AGENTS,
        )
        query = statements.build_agents_page_query(selection)

        async def read_agents(position: str, count: int) -> Sequence[AgentRow]:
            skipped = offset if position == after else 0
            return await self._run_query(query, after=position, limit=count, offset=skipped)

        rows, more = await paging.read_page(
            read_agents, after, "agent_id", limit, self.call.context.settings.page_bytes
        )
        if plain is not None:
            total = await self._count_visible_agents(plain), False
        else:
            total = await self._count_total(replace(selection, common=gathered > MAX_COUNTED), after="")
        following = paging.encode_cursor(rows[-1].agent_id) if more else None
        return _build_agent_page(rows, self.call.now, total, following)

    async def _count_agents_by_capability(self) -> Sequence[CapabilityCount] | None:
        """Count the agents with each of the capabilities, the rarest first; this also sorts the conditions."""
        if not self.capabilities or self.chosen.retired:
            return None
        rows = await self.call.tx.all(statements.select_capability_counts, capabilities=encode_json(self.capabilities))
        rows_by_name = {row.capability: row for row in rows}
        # The rarest capability drives the query; the others are tested for each of its agents.
        self.capabilities.sort(key=lambda name: rows_by_name[name].agents if name in rows_by_name else 0)
        return [rows_by_name[name] for name in self.capabilities if name in rows_by_name]

    def _can_match(self, counts: Sequence[CapabilityCount]) -> bool:
        """Whether any agent can match: none has all capabilities if one of them has no agent."""
        return bool(counts) and (self.chosen.any or len(counts) == len(self.capabilities))

    async def _count_visible_agents(self, counted: CapabilityCount) -> int:
        """Count the visible agents with the one capability exactly, from its counter."""
        agents, private = counted.agents, counted.private
        if self.chosen.sees == "all" or not private:
            return agents
        query = statements.build_visible_private_count_query(self.chosen.sees == "account")
        parameters = {"viewer": self.call.caller.subject, "capability": counted.capability}
        if "account" in query.parameter_names:
            parameters["account"] = self.call.caller.account
        # The counter counts hidden agents too: all private ones are subtracted, and the visible ones of them added again.
        return agents - private + (await self.call.tx.one(query, **parameters) or 0)

    # -- by relevance ----------------------------------------------------------------------------

    async def search_agents(
        self, words: list[str], limit: int, offset: int, cursor: str | None
    ) -> contract.FoundAgentPage:
        """Search by words: exact matches, or, only if there are none, words that contain or resemble them."""
        stage, rank, after = _decode_ranked_cursor(cursor) if cursor else (EXACT, 0, "")
        if self.chosen.retired:
            raise InvalidRequest(
                "Agents that have left are not found by words.",
                fix="Leave out 'search', or the status.",
                errors=[field_error("search", "not with status=retired")],
            )
        if not words:
            return _build_agent_page([], self.call.now, ZERO_TOTAL)
        selection, total = replace(self.chosen, searched=True), ZERO_TOTAL
        if stage == EXACT:
            self.parameters |= statements.build_match_parameters([[_build_typed_term(word)] for word in words])
            total = await self._count_total(selection, place=0, after="")
        # Decided on the first page only: a later page must not change from exact to similar matches.
        if total[0] == 0 and (stage == NEAR or not cursor):
            stage = NEAR
            self.parameters |= statements.build_match_parameters(await self._expand_words(words))
            total = await self._count_total(selection, place=0, after="")
        rows = await self._run_query(
            statements.build_ranked_agents_page_query(selection),
            place=rank,
            after=after,
            limit=limit + 1,
            offset=offset,
        )
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        following = paging.encode_cursor(stage, rows[-1].place, rows[-1].agent_id) if more else None
        return _build_agent_page(rows, self.call.now, total, following)

    async def _expand_words(self, words: Sequence[str]) -> Sequence[Sequence[Term]]:
        """Expand each word to itself and the known words that contain it or that it may be a misspelling of."""
        return [[_build_typed_term(word), *await self._find_similar_terms(word)] for word in words]

    async def _find_similar_terms(self, word: str) -> Sequence[Term]:
        allowed = compute_max_typing_errors(word)
        # One or two Latin letters are contained in most words; in other scripts they may be a word.
        if len(word) < 3 and word.isascii():
            return ()
        rows = await self.call.tx.all(
            statements.select_similar_terms,
            word=word,
            shortest=len(word) - allowed,
            least=1 if allowed else statements.MAX_PIECES + 1,
            limit=MAX_CANDIDATE_WORDS,
            **{f"piece_{letter}": piece for letter, piece in zip(statements.LETTERS, split_pieces(word), strict=False)},
        )
        # Words that contain the search word are better than words that resemble it.
        holding = [Term(row.term) for row in rows if row.intact > statements.MAX_PIECES]
        return (holding or _select_nearest_terms(word, [row.term for row in rows], allowed))[:MAX_MATCHED_TERMS]

    # -- both ------------------------------------------------------------------------------------

    async def _run_query(self, query: Query[R], **parameters: Any) -> Sequence[R]:
        values = self.parameters | parameters
        values |= {
            f"capability_{letter}": name for letter, name in zip(statements.LETTERS, self.capabilities, strict=False)
        }
        return await self.call.tx.all(query, **values)

    async def _count_total(self, chosen: Selection, **start: Any) -> tuple[int, bool]:
        (total,) = await self._run_query(
            statements.build_agents_total_query(chosen), limit=paging.MAX_EXACT_TOTAL + 1, **start
        )
        return paging.split_bounded_total(total)


def _build_typed_term(word: str) -> Term:
    """Build a search term as typed, possibly a prefix."""
    return Term(word, goes_on=True, whole=True)


def _select_nearest_terms(word: str, terms: Sequence[str], allowed: int) -> list[Term]:
    """Select the terms with the fewest typing errors, if any has at most ``allowed``."""
    errors = [compute_edit_distance(word, term, allowed) for term in terms]
    fewest = min(errors, default=allowed + 1)
    if fewest > allowed:
        return []
    closest_terms = [term for term, count in zip(terms, errors, strict=True) if count == fewest]
    return [Term(term, whole=len(term) <= len(word) + allowed) for term in closest_terms]


def _build_agent_page(
    rows: Sequence[AgentRow], now: int, total: tuple[int, bool], following: str | None = None
) -> contract.FoundAgentPage:
    agents = [build_agent_from_row(row, now) for row in rows]
    return contract.FoundAgentPage.model_construct(
        agents=agents,
        count=len(agents),
        total=total[0],
        total_is_estimate=total[1],
        has_more=following is not None,
        next_cursor=following,
    )


def _parse_agent_id(part: str) -> str:
    """Check the agent id in a cursor."""
    if not looks_like_id(part):
        raise _build_cursor_error()
    return part


def _decode_ranked_cursor(cursor: str) -> tuple[int, int, str]:
    """Decode stage, place and agent of a cursor in ranked pages."""
    stage, rank, agent_id = paging.decode_cursor(cursor, int, int, str)
    if stage not in (EXACT, NEAR) or not 0 < rank < 10:
        raise _build_cursor_error()
    return stage, rank, _parse_agent_id(agent_id)


def _build_cursor_error() -> InvalidRequest:
    return InvalidRequest(
        "The cursor belongs to another query.",
        fix="Repeat the same query with 'next_cursor' of the previous page.",
        errors=[field_error("cursor", "of another query")],
    )
