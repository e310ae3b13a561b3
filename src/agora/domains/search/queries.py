"""SQL of the agent search: pages, totals, and indexed words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agora.domains.agents.records import AgentRow
from agora.store.port import Query, R
from agora.value_classes import value_class

from .records import CapabilityCount, KnownTerm, RankedAgentRow

__all__ = [
    "LETTERS",
    "MAX_PIECES",
    "Selection",
    "Term",
    "build_agents_page_query",
    "build_agents_total_query",
    "build_match_parameters",
    "build_ranked_agents_page_query",
    "build_visible_private_count_query",
    "select_capability_counts",
    "select_similar_terms",
]

BIG = "bigint"
LETTERS = "abcdefghijklmnopqrst"  #: parameter names of requested capabilities and of the pieces of a word
MAX_PIECES = 4

# Where the words were found: the smaller, the better the match. FTS5 columns, and PostgreSQL weights.
_PLACES = (
    ("whole", "agent_name", "A"),
    ("name", "agent_name", "A"),
    ("skills", "agent_name capabilities", "AB"),
    ("labels", "agent_name capabilities tags", "ABC"),
)

_FILTERS = {
    "status": "a.status = :status",
    "service_tier": "a.service_tier = :service_tier",
    "category": "a.category = :category",
    "min_rating": "a.rating_count > 0 and a.rating_sum >= :min_rating * a.rating_count",
}
_VISIBILITY_CONDITIONS = {
    "all": "",
    "account": "(a.visibility <> 'private' or a.agent_id = :viewer or a.account_id = :account)",
    "own": "(a.visibility <> 'private' or a.agent_id = :viewer)",
}
_AGENTS_WITH_CAPABILITY = """
    select agent_id from agent_capabilities c where c.tenant_id = :tenant and c.agent_id > :after
        and c.capability = :capability_{letter}
"""
_HAS_FURTHER_CAPABILITY = """
    exists (select 1 from agent_capabilities c{letter} where c{letter}.tenant_id = :tenant
        and c{letter}.capability = :capability_{letter} and c{letter}.agent_id = f.agent_id)
"""
_HAS_STORED_CAPABILITY = "exists (select 1 from json_each(a.capabilities) h where h.value = :capability_{letter})"
_HAS_STORED_CAPABILITY_POSTGRES = """
    exists (select 1 from json_array_elements_text(a.capabilities::json) h(value) where h.value = :capability_{letter})
"""
_TYPES = {"min_rating": "double precision", "limit": BIG, "offset": BIG, "place": BIG}


@value_class
class Selection:
    """The selected agents: the shape of a search, without its values.

    capabilities: number of requested ones; any: one of them is enough; common: so many agents have one
        that scanning all agents is faster than collecting the matching ones.
    filters: names of the given filters: status, service_tier, category, min_rating.
    sees: visible private agents: ``all``, those of the caller's ``account``, its ``own``.
    retired: only agents that have left.
    scan: many more agents may be scanned than returned.
    """

    capabilities: int = 0
    any: bool = False
    common: bool = False
    filters: frozenset[str] = frozenset()
    sees: str = "own"
    searched: bool = False
    retired: bool = False
    scan: bool = True


def _build_match_condition_sqlite(column: str) -> str:
    # Cross joins keep their order: words first, then their agents.
    return f"""
        (select d.agent_id{column} from agent_search s cross join agent_documents d
         where s.agent_search match :fts_anywhere and d.document = s.rowid and d.tenant_id = :tenant)
    """


def _build_match_condition_postgres(column: str) -> str:
    return f"""
        (select agent_id{column} from agora_agents_with(cast(:ts_anywhere as tsquery)))
    """


def _build_rank_column(inside: str) -> str:
    """Build the column for where the words were found; ``inside`` is the condition for one place."""
    cases = " ".join(f"when {inside.format(name)} then {at}" for at, (name, _, _) in enumerate(_PLACES, 1))
    return f", case {cases} else {len(_PLACES) + 1} end as place"


_RANK_COLUMN = _build_rank_column("s.rowid in (select rowid from agent_search where agent_search match :fts_{})")
_RANK_COLUMN_POSTGRES = _build_rank_column("words @@ cast(:ts_{} as tsquery)")


def _build_capability_condition(chosen: Selection, first: int, stored_form: str) -> str:
    """Build the condition on capabilities from the number ``first`` on."""
    form = stored_form if chosen.retired else _HAS_FURTHER_CAPABILITY
    each = [form.format(letter=letter) for letter in LETTERS[first : chosen.capabilities]]
    return f"({(' or ' if chosen.any else ' and ').join(each)})" if each else ""


def _build_id_source(chosen: Selection, matches: str) -> tuple[str, int]:
    """Build the source of agent ids; return it with the number of capabilities it covers."""
    if chosen.searched:
        return matches, 0
    if not chosen.capabilities or chosen.retired or (chosen.any and chosen.common):
        return "(select agent_id from agents where tenant_id = :tenant and agent_id > :after)", 0
    # Each capability's agents come from its own index, already in order, so that the union stops after a page.
    if chosen.any:
        arms = " union ".join(
            _AGENTS_WITH_CAPABILITY.format(letter=letter) for letter in LETTERS[: chosen.capabilities]
        )
        return f"({arms} order by agent_id)", chosen.capabilities
    return f"({_AGENTS_WITH_CAPABILITY.format(letter=LETTERS[0])})", 1


def _build_select_body(chosen: Selection, matches: str, stored_form: str, *further: str) -> str:
    source, handled = _build_id_source(chosen, matches)
    conditions = [
        "a.tenant_id = :tenant",
        "a.retired_at is not null" if chosen.retired else "a.retired_at is null",
        _build_capability_condition(chosen, handled, stored_form),
        _VISIBILITY_CONDITIONS[chosen.sees],
        *(text for name, text in _FILTERS.items() if name in chosen.filters),
        *further,
    ]
    # SQLite does not reorder a cross join: the ids come first, each agent is then looked up by its key.
    return f"{source} as f cross join agents a where a.agent_id = f.agent_id and " + " and ".join(
        filter(None, conditions)
    )


@lru_cache(512)
def build_agents_page_query(chosen: Selection) -> Query[AgentRow]:
    """Build the query of a page of agents after ``:after``, in the order of registration."""
    return _build_page_query(chosen, AgentRow, "a.*", "f.agent_id")


@lru_cache(512)
def build_ranked_agents_page_query(chosen: Selection) -> Query[RankedAgentRow]:
    """Build the query of a page of agents that match words, after ``:place`` and ``:after``; the best matches first."""
    start = "(f.place > :place or (f.place = :place and f.agent_id > :after))"
    return _build_page_query(chosen, RankedAgentRow, "a.*, f.place", "f.place, f.agent_id", start)


def _build_page_query(chosen: Selection, record: type[R], columns: str, order: str, *start: str) -> Query[R]:
    form = f"select {columns} from {{}} order by {order} limit :limit offset :offset"
    return Query(
        form.format(
            _build_select_body(chosen, _build_match_condition_sqlite(_RANK_COLUMN), _HAS_STORED_CAPABILITY, *start)
        ),
        record,
        postgres=form.format(
            _build_select_body(
                chosen, _build_match_condition_postgres(_RANK_COLUMN_POSTGRES), _HAS_STORED_CAPABILITY_POSTGRES, *start
            )
        ),
        types=_TYPES,
        scan=chosen.scan,
    )


@lru_cache(512)
def build_agents_total_query(chosen: Selection) -> Query[int]:
    """Build the query that counts the matching agents up to ``:limit``."""
    form = "select count(*) as total from (select 1 from {} limit :limit) as counted"
    return Query(
        form.format(_build_select_body(chosen, _build_match_condition_sqlite(""), _HAS_STORED_CAPABILITY)),
        int,
        postgres=form.format(
            _build_select_body(chosen, _build_match_condition_postgres(""), _HAS_STORED_CAPABILITY_POSTGRES)
        ),
        types=_TYPES,
        scan=True,
    )


# The dialects expand the JSON list of values differently.
_SELECT_COUNTS = """
    select capability, agents, private from capability_counts where tenant_id = :tenant and capability
"""
select_capability_counts = Query(
    _SELECT_COUNTS + "in (select value from json_each(:capabilities))",
    CapabilityCount,
    postgres=_SELECT_COUNTS + "= any(array(select json_array_elements_text(:capabilities::json)))",
)


@lru_cache(2)
def build_visible_private_count_query(account: bool) -> Query[int]:
    """Build the count of private agents with ``:capability`` visible to the caller: its own, or its account's too."""
    mine = "(a.agent_id = :viewer or a.account_id = :account)" if account else "a.agent_id = :viewer"
    return Query(
        f"""
        select count(*) as seen from agents a where a.tenant_id = :tenant and a.visibility = 'private'
            and a.retired_at is null and {mine} and exists (select 1 from agent_capabilities c
                where c.tenant_id = :tenant and c.capability = :capability and c.agent_id = a.agent_id)
        """,
        int,
        scan=account,
    )


# -- words ---------------------------------------------------------------------------------------

_COUNT_INTACT_PIECES = " + ".join(
    f"(case when instr(term, :piece_{letter}) > 0 then 1 else 0 end)" for letter in LETTERS[:MAX_PIECES]
)
_SELECT_TERMS = f"""
    select term, intact from (
        select term, case when instr(term, :word) > 0 then {MAX_PIECES + 1} else {_COUNT_INTACT_PIECES} end as intact
        from @vocabulary and length(term) >= :shortest
    ) as known where intact >= :least @own order by intact desc, length(term), term limit :limit
"""
# SQLite's index of words is shared by all tenants: only words of the tenant's own agents count.
_OCCURS_IN_TENANT = """
    and exists (select 1 from agent_search s cross join agent_documents d
        where s.agent_search match '"' || known.term || '"' and d.document = s.rowid and d.tenant_id = :tenant)
"""
select_similar_terms = Query(
    _SELECT_TERMS.replace("@vocabulary", "agent_vocabulary where :tenant is not null").replace(
        "@own", _OCCURS_IN_TENANT
    ),
    KnownTerm,
    postgres=_SELECT_TERMS.replace("@vocabulary", "agent_terms where tenant_id = :tenant")
    .replace("@own", "")
    .replace("instr(", "strpos("),
    types={"shortest": BIG, "least": BIG, "limit": BIG},
    scan=True,
)
"""Words that hold ``:word`` or some of its pieces, those that hold most of it first."""


@value_class
class Term:
    """A search term: letters and digits only.

    goes_on: longer words with this prefix match, too. whole: a name consisting only of such words is the best match.
    """

    text: str
    goes_on: bool = False
    whole: bool = False


def build_match_parameters(groups: Sequence[Sequence[Term]]) -> dict[str, str]:
    """Build the parameters of a search for one term of every group, in either dialect."""
    parameters = {}
    for name, columns, weights in (*_PLACES, ("anywhere", "", "ABCD")):
        whole = name == "whole"
        expression = _join_term_groups(groups, whole, " OR ", " AND ", '"{}"{}')
        parameters[f"fts_{name}"] = f"{{{columns}}} : ({expression})" if columns else expression
        parameters[f"ts_{name}"] = _join_term_groups(groups, whole, " | ", " & ", f"'{{}}':{{}}{weights}")
    return parameters


def _join_term_groups(groups: Sequence[Sequence[Term]], match_words: bool, either: str, both: str, form: str) -> str:
    """Join one term of each group. form: format string of a term and its prefix operator."""
    return both.join(
        "("
        + either.join(
            form.format(t.text, "*" if t.goes_on and not match_words else "")
            for t in group
            if t.whole or not match_words
        )
        + ")"
        for group in groups
    )
