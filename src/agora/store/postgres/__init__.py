"""PostgreSQL: the calls of a batch are stepped together and committed at once.

In the order of understanding: :mod:`.sql` makes the texts, :mod:`.calls` is a call and one attempt at
it, :mod:`.transaction` runs statements for one call or for many, :mod:`.batch` drives work over a
transaction, :mod:`.writing` decides who runs with whom and what happens on failure, :mod:`.reading` is
the readers' side, :mod:`.connections` and :mod:`.schema` the database's, :mod:`.engine` the whole.

Transactions are READ COMMITTED and several run at once: a service keeps an invariant by a unique index
(the loser is run again, and sees the winner) or by reading with ``lock=True``, not by looking first.
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
