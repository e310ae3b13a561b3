"""Search over all objects. A full id redirects to its page; words and ends of ids are searched in every list.

Agents and messages are searched completely. Of the other lists the newest rows are read, page by page, up to enough
results or :data:`MAX_PAGES` pages; then the page shows the number of searched rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from agora.value_classes import value_class
from agora_sdk.errors import NotFound

from ..drawing.svg import truncate
from ..filters import find_page_path, format_money, short_id, task_preview, task_state, task_title
from ..registry import PageRedirect, register_page
from ..view import View
from .event_lines import describe_events
from .list_parameters import query_if_allowed

__all__ = ["load_event_page", "load_find_page"]

MAX_RESULTS = 10  #: maximum of each kind
ROWS_PER_PAGE = 500  #: rows of a list read at a time
MAX_PAGES = 10  #: maximum pages of a list read for results
SHORT_ID_CHARACTERS = 8  #: characters of an id shown on pages
HEX_DIGITS = frozenset("0123456789abcdef")


@value_class
class SearchHit:
    """A result. path: of its page. texts: further searchable texts, besides the end of its id."""

    id: str
    path: str
    title: str
    detail: str = ""
    status: str | None = None
    texts: tuple[str, ...] = ()


@value_class
class SearchGroup:
    """Results of one kind. searched: number of rows read if there are more; None if all were searched."""

    title: str
    hits: list[SearchHit]
    more: str = ""
    searched: int | None = None


@register_page("find", title="Search")
async def load_find_page(view: View) -> Mapping[str, Any]:
    """Load the results for the words of the field. Raises PageRedirect for a full id."""
    words = view.query.get("q", "").strip()[:200]
    if not words:
        return {"words": "", "groups": [], "partial": False}
    if (path := find_page_path(words)) is not None:
        raise PageRedirect(view.url(path))
    groups = await asyncio.gather(
        _search_agents(view, words),
        _search_apps(view, words),
        _search_messages(view, words),
        _search_services(view, words),
        *(_search_list(view, words, source) for source in SOURCES),
        _search_events(view, words),
    )
    exact = {hit.path for group in groups for hit in group.hits if hit.id == words}
    if len(exact) == 1:
        raise PageRedirect(view.url(exact.pop()))
    return {
        "words": words,
        "groups": [group for group in groups if group.hits],
        "partial": any(group.searched for group in groups),
        "newest": ROWS_PER_PAGE,
        "reach": ROWS_PER_PAGE * MAX_PAGES,
    }


@register_page("events/{sequence}", title="Event", scope="read:events", needs="agora.event.list")
async def load_event_page(view: View) -> Mapping[str, Any]:
    """Load one event of the log."""
    sequence = view.path["sequence"]
    if not sequence.isdecimal() or len(sequence) > 15 or sequence == "0":
        raise NotFound("There is no such event.")
    listing = await view.invoke("agora.event.list", {"after": int(sequence) - 1, "limit": 1})
    if not listing.items or listing.items[0].sequence != int(sequence):
        raise NotFound("The event does not exist, is past its retention, or is not visible to you.")
    return {"event": listing.items[0], "line": describe_events(listing.items, {})[0]}


def _matches_words(hit: SearchHit, words: str) -> bool:
    """Whether every word is in one of its texts, or the words are its id or the end of it."""
    lowered = words.lower()
    if hit.id == words or (
        len(lowered) >= SHORT_ID_CHARACTERS and set(lowered) <= HEX_DIGITS and hit.id.endswith(lowered)
    ):
        return True
    text = "\n".join((hit.title, hit.detail, *hit.texts)).lower()
    return all(word in text for word in lowered.split())


# -- lists of which the newest rows are searched ---------------------------------------------------


@value_class
class SearchSource:
    """A list to search. build: converts a row to a hit. more: path of the list with the words as filter, if supported."""

    title: str
    operation: str
    build: Callable[[Any], SearchHit]
    arguments: Mapping[str, Any]
    more: str = ""


def _build_task_hit(task: Any) -> SearchHit:
    texts = (task.task_type, task.step or "", task.error or "", task.assignee or "")
    detail = task.error or task_preview(task)
    return SearchHit(task.task_id, f"tasks/{task.task_id}", task_title(task), detail, task_state(task), texts)


def _build_workflow_hit(flow: Any) -> SearchHit:
    return SearchHit(
        flow.workflow_id, f"workflows/{flow.workflow_id}", flow.workflow_name, flow.error or "", flow.status
    )


def _build_instance_hit(instance: Any) -> SearchHit:
    texts = (instance.agent_name, instance.customer_id, instance.host or "")
    title = instance.name or instance.agent_name
    return SearchHit(
        instance.instance_id, f"instances/{instance.instance_id}", title, instance.agent_name, instance.status, texts
    )


def _build_invoice_hit(invoice: Any) -> SearchHit:
    detail = f"{invoice.account_id}, {invoice.period}, {format_money(invoice.amount_due, invoice.currency)} due"
    return SearchHit(invoice.number, f"billing/invoices/{invoice.number}", str(invoice.number), detail, invoice.status)


def _build_account_hit(balance: Any) -> SearchHit:
    word = "owed" if balance.balance < 0 else "left"
    detail = f"{format_money(balance.balance, balance.currency)} {word}"
    return SearchHit(
        balance.account_id, _build_path_with_query("billing", account=balance.account_id), balance.account_id, detail
    )


def _build_agent_hit(agent: Any) -> SearchHit:
    return SearchHit(
        agent.agent_id,
        f"agents/{agent.agent_id}",
        agent.agent_name,
        agent.description,
        agent.status,
        tuple(agent.capabilities),
    )


def _build_message_hit(message: Any) -> SearchHit:
    return SearchHit(
        message.message_id,
        f"messages/{message.message_id}",
        message.from_name,
        message.content,
        texts=(message.correlation_id or "",),
    )


SOURCES = (
    SearchSource("Tasks", "agora.task.list", _build_task_hit, {"descending": True}, "tasks?view=table"),
    SearchSource("Workflows", "agora.workflow.list", _build_workflow_hit, {}, "workflows"),
    SearchSource("Instances", "agora.instance.list", _build_instance_hit, {"ended": True}, "instances?ended=true"),
    SearchSource("Invoices", "agora.billing.invoices", _build_invoice_hit, {}),
    SearchSource("Accounts", "agora.billing.balance", _build_account_hit, {}, "billing/accounts"),
)


async def _search_list(view: View, words: str, source: SearchSource) -> SearchGroup:
    """Search a list, newest rows first, up to enough results."""
    hits: list[SearchHit] = []
    arguments, read = {**source.arguments, "limit": ROWS_PER_PAGE}, 0
    for _ in range(MAX_PAGES):
        page = await query_if_allowed(view, source.operation, arguments)
        if page is None:
            break
        read += len(page.items)
        hits += _select_hits(map(source.build, page.items), words)
        if not page.has_more or page.next_cursor is None:
            return SearchGroup(source.title, hits[:MAX_RESULTS], source.more)
        if len(hits) >= MAX_RESULTS:
            break
        arguments["cursor"] = page.next_cursor
    return SearchGroup(source.title, hits[:MAX_RESULTS], source.more, read or None)


def _select_hits(hits: Iterable[SearchHit], words: str) -> list[SearchHit]:
    matches = {hit.path: hit for hit in hits if _matches_words(hit, words)}
    return list(matches.values())[:MAX_RESULTS]


# -- lists searched completely ---------------------------------------------------------------------


async def _search_agents(view: View, words: str) -> SearchGroup:
    page = await query_if_allowed(view, "agora.query.agents", {"search": words, "limit": MAX_RESULTS})
    hits = [_build_agent_hit(agent) for agent in page.items] if page else []
    if not hits and _is_short_id(words):
        newest = await query_if_allowed(view, "agora.query.agents", {"limit": ROWS_PER_PAGE})
        hits = _select_hits(map(_build_agent_hit, newest.items if newest else ()), words)
    return SearchGroup("Agents", hits, _build_path_with_query("agents", search=words))


async def _search_apps(view: View, words: str) -> SearchGroup:
    page = await query_if_allowed(view, "agora.app.list", {"query": words, "limit": MAX_RESULTS})
    hits = [
        SearchHit(app.app_id, f"apps/{app.app_id}", app.name, app.description, texts=(app.alias or "", app.industry))
        for app in (page.items if page else ())
    ]
    return SearchGroup("Apps", hits, _build_path_with_query("apps", query=words))


async def _search_messages(view: View, words: str) -> SearchGroup:
    page = await query_if_allowed(view, "agora.monitor.search", {"q": words, "limit": MAX_RESULTS})
    hits = [_build_message_hit(message) for message in page.items] if page else []
    if not hits and _is_short_id(words):
        newest = await query_if_allowed(view, "agora.monitor.messages", {"limit": ROWS_PER_PAGE})
        hits = _select_hits(map(_build_message_hit, newest.items if newest else ()), words)
    return SearchGroup("Messages", hits, _build_path_with_query("messages", q=words))


async def _search_services(view: View, words: str) -> SearchGroup:
    page = await query_if_allowed(view, "agora.query.services", {"limit": ROWS_PER_PAGE})
    lowered = words.lower()
    hits = [
        SearchHit(one.name, f"services/{one.name}", one.name, one.description, one.status)
        for one in (page.items if page else ())
        if lowered in one.name
    ]
    return SearchGroup("Services", hits[:MAX_RESULTS], _build_path_with_query("services", q=words))


async def _search_events(view: View, words: str) -> SearchGroup:
    """Search the newest events by type, subject and data, or by number."""
    after = max(view.position - ROWS_PER_PAGE, 0)
    page = await query_if_allowed(view, "agora.event.list", {"after": after, "limit": ROWS_PER_PAGE})
    events = list(reversed(page.items)) if page else []
    hits = []
    for one in events:
        line = describe_events([one], {})[0]
        detail = truncate(f"{line.about} {line.what}{': ' if line.detail else ''}{line.detail}", 200)
        texts = (str(one.sequence), f"{one.source} {one.subject or ''}")
        hit = SearchHit(one.id, f"events/{one.sequence}", one.type, detail, texts=texts)
        if _matches_words(hit, words) or (
            one.subject and _is_short_id(words) and short_id(one.subject) == words.lower()
        ):
            hits.append(hit)
    return SearchGroup("Events", hits[:MAX_RESULTS], "", ROWS_PER_PAGE if after else None)


def _build_path_with_query(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def _is_short_id(words: str) -> bool:
    return len(words) >= SHORT_ID_CHARACTERS and set(words.lower()) <= HEX_DIGITS
