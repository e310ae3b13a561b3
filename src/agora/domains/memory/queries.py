"""SQL of memories: values by key, and their word index."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import MemoryHit, MemoryRow

__all__ = [
    "add_to_memory_count",
    "delete_memory",
    "delete_words",
    "list_memories",
    "lock_memory",
    "search_memories",
    "select_memory",
    "upsert_memory",
]

BIG = "bigint"


select_memory = Query(
    "select * from memories where tenant_id = :tenant and namespace = :namespace and key = :key", MemoryRow
)
#: locked, so that the version does not change before it is stored
lock_memory = Query(select_memory.sql, MemoryRow, lock=True)
upsert_memory = Write(
    """
    insert into memories (tenant_id, namespace, key, memory_id, value, tags, version, stored_by, created_at, updated_at)
    values (:tenant, :namespace, :key, :memory_id, :value, :tags, 1, :stored_by, :now, :now)
    on conflict (tenant_id, namespace, key) do update set
        value = excluded.value, tags = excluded.tags, version = memories.version + 1,
        stored_by = excluded.stored_by, updated_at = excluded.updated_at
    where :if_version = -1 or memories.version = :if_version
    returning *
    """,
    MemoryRow,
    types={"now": BIG, "if_version": BIG},
)
delete_memory = Write(
    "delete from memories where tenant_id = :tenant and namespace = :namespace and key = :key returning memory_id", str
)
delete_words = Write("delete from memory_words where tenant_id = :tenant and memory_id = :memory_id")
#: increments the number of memories; changes no row if that would exceed the limit
add_to_memory_count = Write(
    """
    insert into memory_counts (tenant_id, entries) select :tenant, :change where :change <= :most
    on conflict (tenant_id) do update set entries = memory_counts.entries + :change
    where memory_counts.entries + :change <= :most
    """,
    types={"change": BIG, "most": BIG},
)
list_memories = Query(
    """
    select * from memories
    where tenant_id = :tenant and namespace = :namespace and key > :after and key >= :prefix and key < :beyond
    order by key limit :limit
    """,
    MemoryRow,
    types={"limit": BIG},
)
# Without a namespace: all shared ones and the caller's own, but never the own ones of others, which begin with ``@``.
_SELECT_MATCHES = """
    select m.*, f.hits from (
        select memory_id, count(*) as hits from memory_words
        where tenant_id = :tenant and word {words} group by memory_id
    ) as f join memories m on m.tenant_id = :tenant and m.memory_id = f.memory_id
    where (m.namespace = :namespace
        or (:namespace = '' and (m.namespace = :own or substr(m.namespace, 1, 1) <> '@')))
    order by f.hits desc, m.updated_at desc, m.memory_id limit :limit
"""
search_memories = Query(
    _SELECT_MATCHES.format(words="in (select value from json_each(:words))"),
    MemoryHit,
    postgres=_SELECT_MATCHES.format(words="= any(array(select json_array_elements_text(:words::json)))"),
    types={"limit": BIG},
    scan=True,
)
