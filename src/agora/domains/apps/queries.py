"""SQL of apps."""

from __future__ import annotations

from functools import lru_cache

from agora.store.port import Query, Write
from agora.value_classes import value_class

from .records import AppRow, Orchestrator

__all__ = [
    "LETTERS",
    "Selection",
    "build_apps_count_query",
    "build_apps_page_query",
    "count_apps_of_registrar",
    "delete_app",
    "lock_app",
    "select_app_by_alias",
    "select_app_by_id",
    "select_app_by_name_key",
    "select_apps_of_orchestrator",
    "select_orchestrators",
    "update_app",
]

BIG = "bigint"
LETTERS = "abcdefgh"  #: parameter suffixes of the search words

select_app_by_id = Query("select * from apps where tenant_id = :tenant and app_id = :ref", AppRow)
lock_app = Query("select * from apps where tenant_id = :tenant and app_id = :ref", AppRow, lock=True)
select_app_by_alias = Query("select * from apps where tenant_id = :tenant and alias = :ref", AppRow)
select_app_by_name_key = Query("select * from apps where tenant_id = :tenant and name_key = :key", AppRow)
select_apps_of_orchestrator = Query(
    "select * from apps where tenant_id = :tenant and orchestrator = :agent_id order by app_id limit 100", AppRow
)
count_apps_of_registrar = Query(
    "select count(*) from (select 1 from apps where tenant_id = :tenant and registrar = :registrar limit :most) as counted",
    int,
    types={"most": BIG},
)
_ORCHESTRATORS = """
    select agent_id, agent_name, account_id, visibility, retired_at from agents
    where tenant_id = :tenant and agent_id
"""
select_orchestrators = Query(
    _ORCHESTRATORS + "in (select value from json_each(:ids))",
    Orchestrator,
    postgres=_ORCHESTRATORS + "= any(array(select json_array_elements_text(:ids::json)))",
)
update_app = Write(
    """
    update apps set alias = :alias, description = :description, industry = :industry, industry_key = :industry_key,
        version = :version, revision = :revision, orchestrator = :orchestrator, uses = :uses, visibility = :visibility,
        agents = :agents, workflow = :workflow, search_text = :search_text, published = :published, updated_at = :now
    where tenant_id = :tenant and app_id = :app_id
    """,
    types={"revision": BIG, "published": BIG, "now": BIG},
)
delete_app = Write("delete from apps where tenant_id = :tenant and app_id = :app_id")


@value_class
class Selection:
    """Selection of apps, without parameter values. words: number of search words. seen: whether others' private
    apps are included.
    """

    words: int = 0
    industry: bool = False
    capability: bool = False
    free: bool = False
    seen: bool = False


# The condition of is_app_visible, in SQL: pages and counts must contain what a single read shows.
_IS_VISIBLE = """
    (a.visibility <> 'private' or a.created_by = :viewer or (a.account_id <> 'default' and a.account_id = :account))
"""
_USES_CAPABILITY = "exists (select 1 from json_each(a.uses) as u where u.value = :capability)"
_USES_CAPABILITY_POSTGRES = """
    exists (select 1 from json_array_elements_text(a.uses::json) as u(value) where u.value = :capability)
"""
# The highest version of a price that has begun is in force.
_IS_FREE = """
    a.orchestrator is not null and not exists (
        select 1 from billing_prices p where p.tenant_id = :tenant and p.agent_id = a.orchestrator
            and p.effective_from <= :now and p.type <> 'free' and not exists (
                select 1 from billing_prices q where q.tenant_id = :tenant and q.agent_id = a.orchestrator
                    and q.effective_from <= :now and q.version > p.version))
"""
_TYPES = {"limit": BIG, "now": BIG}


def _build_conditions(selection: Selection, position: str, uses: str) -> str:
    conditions = [
        "a.tenant_id = :tenant",
        "a.app_id > :after",
        "" if selection.seen else _IS_VISIBLE,
        "a.industry_key = :industry" if selection.industry else "",
        uses if selection.capability else "",
        _IS_FREE if selection.free else "",
        *(f"{position}(a.search_text, :word_{letter}) > 0" for letter in LETTERS[: selection.words]),
    ]
    return "from apps a where " + " and ".join(filter(None, conditions))


@lru_cache(256)
def build_apps_page_query(selection: Selection) -> Query[AppRow]:
    """Build the query for a page of apps after ``:after``, in the order of publication."""
    form = "select a.* {} order by a.app_id limit :limit"
    return Query(
        form.format(_build_conditions(selection, "instr", _USES_CAPABILITY)),
        AppRow,
        postgres=form.format(_build_conditions(selection, "strpos", _USES_CAPABILITY_POSTGRES)),
        types=_TYPES,
        # A page without conditions follows the index of ids; any condition may read many rows for few matches.
        scan=selection != Selection(seen=selection.seen),
    )


@lru_cache(256)
def build_apps_count_query(selection: Selection) -> Query[int]:
    """Build the query for the number of apps, counted up to ``:limit``."""
    form = "select count(*) as total from (select 1 {} limit :limit) as counted"
    return Query(
        form.format(_build_conditions(selection, "instr", _USES_CAPABILITY)),
        int,
        postgres=form.format(_build_conditions(selection, "strpos", _USES_CAPABILITY_POSTGRES)),
        types=_TYPES,
        scan=True,
    )
