"""Memory: a versioned key-value store with namespaces, and full-text search by an inverted index.

The index is a table of words, not an engine's full-text search, so that SQLite and PostgreSQL give the same results.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import JsonValue

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import BoundService, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.search.words import fold_text
from agora_sdk.contract import implements
from agora_sdk.contract import memory as contract
from agora_sdk.errors import Conflict, PayloadTooLarge, field_error

from . import queries as statements
from .records import WORDS, MemoryRow, MemoryWordRow

__all__ = ["MemoryService"]

M = TypeVar("M", bound=contract.Memory)

MAX_VALUE_LENGTH = 65_536  #: characters of JSON of one value
MAX_INDEXED_WORDS = 100  #: maximum distinct indexed words per memory
MAX_QUERY_WORDS = 20  #: maximum words of a query
MAX_WORD_CHARACTERS = 40
# Beyond every key with the prefix, so that the prefix is an index range.
PREFIX_RANGE_END = "\U0010ffff"
ANY_VERSION = -1
OWN_NAMESPACE = "own"
_WORD = re.compile(r"[^\W_]+")


class MemoryService(BoundService, contract.Memories):
    """The contract's memory operations."""

    @implements
    async def store(
        self,
        key: str,
        value: JsonValue,
        namespace: str = "default",
        *,
        tags: list[str] = [],
        if_version: int | None = None,
    ) -> contract.Memory:
        call, stored_namespace = self.call, self._build_stored_namespace(namespace)
        call.target = f"{namespace}/{key}"
        text = _encode_bounded_value(value)
        current = await call.tx.one(statements.lock_memory, namespace=stored_namespace, key=key)
        if if_version is not None and if_version != (current.version if current else 0):
            raise _build_version_conflict_error(key, current)
        rows = await call.tx.returning(
            statements.upsert_memory,
            namespace=stored_namespace,
            key=key,
            memory_id=new_id("mem"),
            value=text,
            tags=encode_json(tags),
            stored_by=call.caller.subject,
            now=call.now,
            if_version=ANY_VERSION if if_version is None else if_version,
        )
        if not rows:  # a concurrent call has created the memory since the read
            raise _build_version_conflict_error(
                key, await call.tx.one(statements.select_memory, namespace=stored_namespace, key=key)
            )
        await self._count_and_index_memory(rows[0], key, value, tags, is_new=rows[0].version == 1)
        data, audience = self._build_event_data_and_audience(rows[0])
        self.call.emit("agora.memory.stored", data | {"version": rows[0].version}, subject=key, audience=audience)
        return _build_memory(contract.Memory, rows[0])

    def _build_stored_namespace(self, namespace: str) -> str:
        """Build the stored namespace. ``own`` is private: ``@`` and the caller's id, which callers cannot pass."""
        return f"@{self.call.caller.subject}" if namespace == OWN_NAMESPACE else namespace

    async def _count_and_index_memory(
        self, row: MemoryRow, key: str, value: JsonValue, tags: list[str], *, is_new: bool
    ) -> None:
        tx, memory_id = self.call.tx, row.memory_id
        memory_limit = self.call.context.settings.memory_limit
        if not is_new:
            await tx.execute(statements.delete_words, memory_id=memory_id)
        # Counted in a row instead of by count(*): one locked row makes the limit exact at a constant cost. The error rolls the memory back.
        elif not await tx.execute(statements.add_to_memory_count, change=1, most=memory_limit):
            raise Conflict(
                f"The limit of {memory_limit} memories is reached.",
                fix="Delete some with agora.memory.forget, or raise the setting memory_limit.",
                limit=memory_limit,
            )
        for word in _iterate_index_words(f"{key} {' '.join(tags)}", *_iterate_value_texts(value)):
            tx.append(
                WORDS,
                MemoryWordRow(
                    tenant_id=self.call.caller.tenant,
                    word=word,
                    memory_id=memory_id,
                ),
            )

    def _build_event_data_and_audience(self, row: MemoryRow) -> tuple[dict[str, Any], tuple[str, ...] | None]:
        """Data and audience of an event, without the value: readers recall it, under access control."""
        is_agent_namespace, by = row.namespace.startswith("@"), self.call.caller.subject
        data = {"namespace": OWN_NAMESPACE if is_agent_namespace else row.namespace, "key": row.key, "by": by}
        return data, (by,) if is_agent_namespace else None

    @implements
    async def recall(self, key: str, namespace: str = "default") -> contract.Memory:
        row = await self.call.tx.one(
            statements.select_memory, namespace=self._build_stored_namespace(namespace), key=key
        )
        if row is None:
            raise not_found(
                "key",
                f"There is no memory under {key!r}.",
                fix="List memories with GET /agora/memory/list, or search with GET /agora/memory/search.",
            )
        return _build_memory(contract.Memory, row)

    @implements
    async def list(
        self, namespace: str = "default", *, prefix: str = "", limit: int = 50, cursor: str | None = None
    ) -> contract.MemoryPage:
        stored_namespace = {
            "namespace": self._build_stored_namespace(namespace),
            "prefix": prefix,
            "beyond": prefix + PREFIX_RANGE_END,
        }
        rows, more = await paging.read_query_page(
            self.call, statements.list_memories, "key", limit, cursor, **stored_namespace
        )
        page = [_build_memory(contract.Memory, row) for row in rows]
        return contract.MemoryPage.model_construct(
            memories=page,
            **paging.build_page_fields(page, "key", more=more, cursor=cursor),
        )

    @implements
    async def search(self, query: str, namespace: str | None = None, *, limit: int = 10) -> contract.FoundMemories:
        words = list(_iterate_index_words(query))[:MAX_QUERY_WORDS]
        if not words:
            return contract.FoundMemories.model_construct(memories=[], count=0)
        rows = await self.call.tx.all(
            statements.search_memories,
            words=encode_json(words),
            namespace=self._build_stored_namespace(namespace) if namespace else "",
            own=self._build_stored_namespace(OWN_NAMESPACE),
            limit=limit,
        )
        rows, _ = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        memories = [_build_memory(contract.FoundMemory, row, score=round(row.hits / len(words), 4)) for row in rows]
        return contract.FoundMemories.model_construct(memories=memories, count=len(memories))

    @implements
    async def forget(self, key: str, namespace: str = "default") -> contract.Forgotten:
        call, stored_namespace = self.call, self._build_stored_namespace(namespace)
        call.target = f"{namespace}/{key}"
        row = await call.tx.one(statements.select_memory, namespace=stored_namespace, key=key)
        deleted = await call.tx.returning(statements.delete_memory, namespace=stored_namespace, key=key)
        if deleted and row is not None:
            await call.tx.execute(statements.delete_words, memory_id=deleted[0])
            # Without a limit: after memory_limit was lowered below the count, removals must still be counted.
            await call.tx.execute(statements.add_to_memory_count, change=-1, most=1 << 62)
            data, audience = self._build_event_data_and_audience(row)
            call.emit("agora.memory.forgotten", data, subject=key, audience=audience)
        return contract.Forgotten.model_construct(namespace=namespace, key=key, forgotten=bool(deleted))


def _build_memory(model: type[M], row: MemoryRow, **details: Any) -> M:
    namespace = OWN_NAMESPACE if row.namespace.startswith("@") else row.namespace
    return build_from_record(model, row, namespace=namespace, **details)


def _encode_bounded_value(value: JsonValue) -> str:
    text = encode_json(value)
    if len(text) > MAX_VALUE_LENGTH:
        raise PayloadTooLarge(
            f"The value takes {len(text)} characters of JSON; the limit is {MAX_VALUE_LENGTH}.",
            fix="Store large data outside, and a reference to it here.",
            errors=[field_error("value", "too large")],
        )
    return text


def _build_version_conflict_error(key: str, row: MemoryRow | None) -> Conflict:
    version = row.version if row is not None else 0
    now = f"has the version {version}" if version else "does not exist"
    return Conflict(f"{key!r} {now}; it was not stored.", fix="Recall it, and store with its version.", version=version)


def _iterate_value_texts(value: JsonValue) -> Iterator[str]:
    """Iterate over every string and number in a value, including field names."""
    # Breadth first: if the limit of words is reached, the outer levels of a value are indexed rather than one deep branch.
    level: deque[Any] = deque([value])
    while level:
        item = level.popleft()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            level.extend(item.values())
        elif isinstance(item, list):
            level.extend(item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield str(item)


def _iterate_index_words(*texts: str) -> Iterator[str]:
    """Iterate over the first :data:`MAX_INDEXED_WORDS` distinct words, normalized for comparison."""
    earlier: set[str] = set()
    for text in texts:
        for word in _WORD.findall(fold_text(text)):
            # Query and value are cut alike, so a longer word still finds itself.
            if (short := word[:MAX_WORD_CHARACTERS]) not in earlier:
                earlier.add(short)
                yield short
                if len(earlier) == MAX_INDEXED_WORDS:
                    return
