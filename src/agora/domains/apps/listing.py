"""Lists of apps: pages, searches, counts."""

from __future__ import annotations

from typing import Any

from agora.core import pagination as paging
from agora.core.call import Call
from agora.store.port import Query
from agora.value_classes import value_class
from agora_sdk.contract import apps as contract

from . import queries as statements
from .records import AppRow
from .references import sees_all_private_apps
from .search_text import fold_search_text
from .views import build_apps

__all__ = ["AppFilter", "count_apps", "find_best_matching_apps", "list_apps"]

MAX_WORDS = len(statements.LETTERS)
MIN_PLURAL_CHARACTERS = 4  #: words of at least so many letters are searched without a final s: invoice finds invoices


def _split_query_into_stems(query: str | None) -> tuple[str, ...]:
    words = dict.fromkeys(fold_search_text(query or "").split())
    stems = (word[:-1] if len(word) >= MIN_PLURAL_CHARACTERS and word.endswith("s") else word for word in words)
    return tuple(stems)[:MAX_WORDS]


@value_class
class AppFilter:
    """Search criteria of apps. words: all must occur in an app's texts."""

    words: tuple[str, ...] = ()
    industry: str | None = None
    capability: str | None = None
    free: bool = False

    @classmethod
    def from_query(
        cls, query: str | None = None, industry: str | None = None, capability: str | None = None, *, free: bool = False
    ) -> AppFilter:
        return cls(
            _split_query_into_stems(query), None if industry is None else fold_search_text(industry), capability, free
        )

    def build_selection(self, call: Call) -> statements.Selection:
        """Build the selection for this caller."""
        industry, capability = self.industry is not None, self.capability is not None
        return statements.Selection(
            len(self.words), industry, capability, self.free, sees_all_private_apps(call.caller)
        )

    def build_parameters(self, call: Call, query: Query[Any]) -> dict[str, Any]:
        """Build the parameters of the query."""
        caller = call.caller
        values = {
            "viewer": caller.subject,
            "account": caller.account,
            "industry": self.industry,
            "capability": self.capability,
            "now": call.now,
        }
        values |= {f"word_{letter}": word for letter, word in zip(statements.LETTERS, self.words, strict=False)}
        return {name: value for name, value in values.items() if name in query.parameter_names}


async def list_apps(call: Call, app_filter: AppFilter, limit: int, cursor: str | None) -> contract.AppPage:
    """List a page of apps, oldest first."""
    rows, more = await _read_app_rows(call, app_filter, limit, cursor)
    apps = await build_apps(call, rows)
    return contract.AppPage.model_construct(
        apps=apps, **paging.build_page_fields(apps, "app_id", more=more, cursor=cursor)
    )


async def _read_app_rows(
    call: Call, app_filter: AppFilter, limit: int, cursor: str | None
) -> tuple[list[AppRow], bool]:
    query = statements.build_apps_page_query(app_filter.build_selection(call))
    return await paging.read_query_page(
        call, query, "app_id", limit, cursor, **app_filter.build_parameters(call, query)
    )


async def count_apps(call: Call, app_filter: AppFilter) -> tuple[int, bool]:
    """Count the apps visible to the caller: (total, whether it is only a lower bound)."""
    query = statements.build_apps_count_query(app_filter.build_selection(call))
    parameters = app_filter.build_parameters(call, query) | {"after": ""}  # as the first page
    return await paging.count_rows_up_to_limit(call.tx, query, parameters)


async def find_best_matching_apps(call: Call, app_filter: AppFilter, limit: int) -> tuple[list[contract.App], int]:
    """Find the best matching apps and the number of matches: all words, or else any of them, most words first."""
    rows, _ = await _read_app_rows(call, app_filter, limit, None)
    # A single word has no part that could match alone.
    if rows or len(app_filter.words) < 2:
        total, _ = await count_apps(call, app_filter)
        return await build_apps(call, rows), total
    hits: dict[str, tuple[int, AppRow]] = {}
    for word in app_filter.words:
        single = AppFilter((word,), app_filter.industry, app_filter.capability, app_filter.free)
        for row in (await _read_app_rows(call, single, limit, None))[0]:
            hits[row.app_id] = (hits.get(row.app_id, (0, row))[0] + 1, row)
    # sorted is stable: apps with equally many words stay in the order in which they were found.
    best = [row for _, row in sorted(hits.values(), key=lambda hit: -hit[0])]
    return await build_apps(call, best[:limit]), len(best)
