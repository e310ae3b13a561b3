"""PostgreSQL: the calls of a batch are stepped together and committed at once.

In reading order: :mod:`.sql` builds the texts, :mod:`.calls` has a call and one attempt at it, :mod:`.transaction` runs
statements for one call or for many, :mod:`.batch` drives work over a transaction, :mod:`.writing` groups calls and
handles failures, :mod:`.reading` serves reads, :mod:`.connections` and :mod:`.schema` manage the database's, and
:mod:`.engine` combines them.

Transactions are READ COMMITTED and several run at once: a service keeps an invariant by a unique index
(the losing call is run again, and sees the winner's row) or by reading with ``lock=True``, not by checking first.
"""

from __future__ import annotations

try:
    import asyncpg as _asyncpg  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "The PostgreSQL store needs the asyncpg package: pip install 'agora-server[postgres]'", name=error.name
    ) from error

from .engine import PostgresStore
from .failures import ConnectionLost, OutcomeUnknown

__all__ = ["ConnectionLost", "OutcomeUnknown", "PostgresStore"]
