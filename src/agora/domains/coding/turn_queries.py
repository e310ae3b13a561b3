"""SQL of turns."""

from __future__ import annotations

from agora.store.port import Query, Write

from .turn_records import TurnRow

__all__ = ["delete_turn", "list_turns", "select_last_turn", "select_turn"]

BIG = "bigint"

select_turn = Query(
    "select * from coding_turns where tenant_id = :tenant and job_id = :job_id and number = :number",
    TurnRow,
    types={"number": BIG},
)
select_last_turn = Query(
    "select * from coding_turns where tenant_id = :tenant and job_id = :job_id order by number desc limit 1", TurnRow
)
list_turns = Query(
    """
    select * from coding_turns
    where tenant_id = :tenant and job_id = :job_id and number > :after order by number limit :limit
    """,
    TurnRow,
    types={"after": BIG, "limit": BIG},
)
delete_turn = Write(
    "delete from coding_turns where tenant_id = :tenant and job_id = :job_id and number = :number",
    types={"number": BIG},
)
