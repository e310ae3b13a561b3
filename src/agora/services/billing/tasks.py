"""Tasks: whoever gave a task to an agent that has a price for tasks pays once it is completed.

The event log is followed, so that completing a task costs nothing more, and a task whose completion was committed is
charged for in the end, whatever happens to the server in between.
"""

from __future__ import annotations

from agora_sdk.contract.billing import EntryKind

from ...store.port import Row
from ...store.statements import billing as statements
from ..base import Call, unpack
from .accounts import account_for
from .ledger import Charge, Ledger

__all__ = ["bill_tasks"]

STRETCH = 2000  #: events looked through in one transaction


async def bill_tasks(call: Call) -> bool:
    """Charge for tasks completed since the last time; tells whether there may be more.

    The position is written with the charges. Which events there are is read before which prices there are: a price
    that is not seen was set after them.
    """
    head = await call.tx.one(statements.head)
    newest, position = (head["newest"] or 0, head["position"] or 0) if head is not None else (0, 0)
    if newest <= position:
        return False
    until = newest
    if await call.tx.one(statements.any_price) is not None:
        until = min(newest, position + STRETCH)
        for row in await call.tx.all(statements.completed_tasks, after=position, until=until):
            await _charge(call, row)
    await call.tx.execute(statements.advance, position=until)
    return bool(until < newest)


async def _charge(call: Call, event: Row) -> None:
    """Charge for one task, if whoever gave it named the agent, at the price that the agent had then.

    Who leaves it open who does a task has agreed to no price, and a price that was raised meanwhile is not what was agreed.
    """
    agent_id = unpack(bytes(event["data"]).decode()).get("assigned_agent")
    task = await call.tx.one(statements.task, task_id=event["subject"])
    if not agent_id or task is None or task["assignee"] is None or task["assignee"].startswith("capability:"):
        return
    ledger, at, given = Ledger(call), event["time"], task["created_at"]
    if not (await ledger.terms(agent_id, given)).for_execution:
        return
    account = account_for(task["account_id"], task["created_by"])
    key, what = f"task:{task['task_id']}", task["task_type"]
    charge = Charge(key, account, agent_id, EntryKind.TASK, 1, began=at, ended=at, description=what, agreed=given)
    await ledger.charge(charge, enforce=False)
