"""Tasks: a queue of work with leases, fencing tokens, retries, deadlines and dependencies.

:mod:`.service` implements the contract's operations. Below it, one module per part of a task's life: :mod:`.creation`
creates and addresses tasks, :mod:`.claims` leases them, :mod:`.task_updates` holds what the assignee does, :mod:`.transitions`
requeues and ends them, :mod:`.deadlines` handles leases and deadlines that expire, :mod:`.lookup` reads. They share
:mod:`.states` (the state machine), :mod:`.draft` (a locked row and its changes), :mod:`.queues` (queue names) and
:mod:`.access` (who may see and change a task).
"""
