"""SQL of follow-ups."""

from __future__ import annotations

from agora.store.port import Query, Write

from .follow_up_records import ClosedJobRow, FollowUpRow

__all__ = [
    "close_job",
    "count_waiting",
    "delete_follow_up",
    "list_follow_ups",
    "list_waiting",
    "move_waiting",
    "select_closed_job",
    "select_follow_up",
    "select_last_number",
    "select_last_taken_number",
    "select_next_waiting",
    "select_taken_follow_up",
    "update_follow_up",
]

BIG = "bigint"

select_follow_up = Query(
    """
    select * from coding_follow_ups
    where tenant_id = :tenant and follow_up_id = :follow_up_id and task_id = :task_id
    """,
    FollowUpRow,
    lock=True,
)
list_follow_ups = Query(
    """
    select * from coding_follow_ups
    where tenant_id = :tenant and task_id = :task_id and number > :after order by number limit :limit
    """,
    FollowUpRow,
    types={"after": BIG, "limit": BIG},
)
list_waiting = Query(
    """
    select * from coding_follow_ups
    where tenant_id = :tenant and task_id = :task_id and number > :after and taken is null order by number limit :limit
    """,
    FollowUpRow,
    types={"after": BIG, "limit": BIG},
)
count_waiting = Query(
    """
    select count(*) as waiting from coding_follow_ups
    where tenant_id = :tenant and task_id = :task_id and taken is null
    """,
    int,
)
select_last_number = Query(
    "select coalesce(max(number), 0) as number from coding_follow_ups where tenant_id = :tenant and task_id = :task_id",
    int,
)
select_last_taken_number = Query(
    "select coalesce(max(taken), 0) as taken from coding_follow_ups where tenant_id = :tenant and task_id = :task_id",
    int,
)
#: the first one taken after those recorded in the worker's checkpoint
select_taken_follow_up = Query(
    """
    select * from coding_follow_ups
    where tenant_id = :tenant and task_id = :task_id and taken > :after order by taken limit 1
    """,
    FollowUpRow,
    types={"after": BIG},
)
#: steering ones first; mode: empty for any
select_next_waiting = Query(
    """
    select * from coding_follow_ups
    where tenant_id = :tenant and task_id = :task_id and taken is null and (:mode = '' or mode = :mode)
    order by case mode when 'steering' then 0 else 1 end, number limit 1
    """,
    FollowUpRow,
    scan=True,
)
update_follow_up = Write(
    """
    update coding_follow_ups set mode = :mode, text = :text, taken = :taken, updated_at = :now
    where tenant_id = :tenant and follow_up_id = :follow_up_id
    """,
    types={"taken": BIG, "now": BIG},
)
move_waiting = Write(
    """
    update coding_follow_ups set task_id = :successor
    where tenant_id = :tenant and task_id = :task_id and taken is null
    """
)
delete_follow_up = Write(
    "delete from coding_follow_ups where tenant_id = :tenant and follow_up_id = :follow_up_id",
)

select_closed_job = Query(
    "select * from coding_closed_jobs where tenant_id = :tenant and task_id = :task_id", ClosedJobRow, lock=True
)
# A job that is closed again without a successor keeps the one to which its follow-ups have moved.
close_job = Write(
    """
    insert into coding_closed_jobs (tenant_id, task_id, successor, closed_at)
    values (:tenant, :task_id, :successor, :now)
    on conflict (tenant_id, task_id) do update set successor = coalesce(excluded.successor, coding_closed_jobs.successor)
    """,
    types={"now": BIG},
)
