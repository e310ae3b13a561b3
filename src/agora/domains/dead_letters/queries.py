"""SQL of dead letters."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .records import DeadLetterRow

__all__ = [
    "count_open_letters",
    "delete_letters",
    "delete_old_letters",
    "select_known_keys",
    "select_letter",
    "select_open_keys",
    "select_page",
    "select_page_of_account",
    "select_page_of_owner",
    "select_surplus_letters",
    "settle_letter",
    "settle_letters_of_key",
]

BIG = "bigint"
_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
_KEYS, _KEYS_POSTGRES = build_in_list_condition("keys")

select_letter = Query("select * from dead_letters where tenant_id = :tenant and letter_id = :letter_id", DeadLetterRow)


def _build_page_query(condition: str) -> Query[DeadLetterRow]:
    """Build the query for a page, newest first, after a letter. Empty filters match everything."""
    return Query(
        f"""
        select * from dead_letters
        where tenant_id = :tenant and state = :state and letter_id < :before {condition}
            and (:source = '' or source = :source) and (:ref = '' or ref = :ref)
        order by letter_id desc limit :limit
        """,
        DeadLetterRow,
        types={"limit": BIG},
        scan=True,
    )


select_page = _build_page_query("")
select_page_of_owner = _build_page_query("and owner = :owner")
select_page_of_account = _build_page_query("and account = :account and (:owner = '' or owner = :owner)")

_OPEN_KEYS = "select key from dead_letters where tenant_id = :tenant and source = :source and state = 'dead' and key %s"
select_open_keys = Query(_OPEN_KEYS % _KEYS, str, postgres=_OPEN_KEYS % _KEYS_POSTGRES)
_KNOWN_KEYS = "select key from dead_letters where tenant_id = :tenant and source = :source and key %s"
select_known_keys = Query(_KNOWN_KEYS % _KEYS, str, postgres=_KNOWN_KEYS % _KEYS_POSTGRES)
#: claims letters that are still dead; of concurrent calls, only one gets the row
_SETTLE = """
    update dead_letters set state = :state, settled_at = :now, settled_by = :by
    where tenant_id = :tenant and state = 'dead' and {which} returning *
"""
settle_letter = Write(_SETTLE.format(which="letter_id = :letter_id"), DeadLetterRow, types={"now": BIG})
settle_letters_of_key = Write(
    _SETTLE.format(which="source = :source and key = :key"), DeadLetterRow, types={"now": BIG}
)
#: a bounded number of letters of one owner beyond the newest
select_surplus_letters = Query(
    """
    select letter_id from dead_letters where tenant_id = :tenant and source = :source and owner = :owner
    order by letter_id desc limit 1000 offset :most
    """,
    str,
    types={"most": BIG},
    scan=True,
)
_DELETE_LETTER = "delete from dead_letters where tenant_id = :tenant and letter_id %s"
delete_letters = Write(_DELETE_LETTER % _IDS, postgres=_DELETE_LETTER % _IDS_POSTGRES)
#: everyone = 1: letters of all owners
count_open_letters = Query(
    """
    select count(*) as total from dead_letters
    where tenant_id = :tenant and state = 'dead' and (owner = :owner or :everyone = 1) and source in ('bus', 'bus_inbound')
    """,
    int,
    types={"everyone": BIG},
    scan=True,
)
# Ids begin with the time, so the inner page in id order finds the oldest without an index on died_at.
delete_old_letters = Write(
    """
    delete from dead_letters where tenant_id = :tenant and letter_id in (
        select o.letter_id
        from (select letter_id, died_at from dead_letters where tenant_id = :tenant order by letter_id limit :limit) as o
        where o.died_at < :before)
    """,
    types={"before": BIG, "limit": BIG},
)
