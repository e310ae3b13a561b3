"""Connections: one pool, divided so that no kind of work can starve another."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from ..port import StoreFailure
from .failures import ConnectionLost, is_connection_loss, to_connection_lost
from .schema import RUNTIME_ROLE
from .transaction import Transaction

__all__ = ["Connections", "open_connection", "redact_url"]

MIN_VERSION = (14, 0)
CONNECT_SECONDS = 5.0
RETRY_SECONDS = 0.25
IDLE_SECONDS = 300.0
#: settings of a session, with time limits for statements, locks and idle transactions
SESSION_SETTINGS = {
    "application_name": "agora",
    "role": RUNTIME_ROLE,
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",  # so that a lost server stops blocking others
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
    "jit": "off",
}
#: whether the session's role would bypass the policies
_ROLE_BYPASSES_POLICIES = """
select rolsuper or rolbypassrls or rolname <> 'agora_runtime' or pg_has_role(oid, 'agora_admin', 'member')
    or exists (select from pg_class where relowner = r.oid) from pg_roles r where rolname = current_user
"""
_REFUSAL_ERRORS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


def redact_url(url: str) -> str:
    """The URL without its password."""
    # Up to the last @: a password that contains one, and should have been encoded, must not be shown in part.
    hidden = re.sub(r"^(\w+://[^:@/?]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&])(password|sslpassword)=[^&]*", r"\1\2=***", hidden)


async def open_connection(url: str, wait_seconds: float) -> asyncpg.Connection:
    """Open a connection outside the pool without timeouts; waits for a starting server.

    Raises StoreFailure, which names the server without its password.
    """
    until = asyncio.get_running_loop().time() + wait_seconds
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
        except (*_REFUSAL_ERRORS, asyncpg.ClientConfigurationError) as error:
            raise StoreFailure(f"PostgreSQL at {redact_url(url)} refused the connection: {error}") from error
        except ValueError:  # its text may contain a part of the password
            raise StoreFailure(
                f"The store's URL {redact_url(url)} cannot be read. In a user name or a password, characters such as "
                "# / ? @ : are percent-encoded (# is %23)."
            ) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if asyncio.get_running_loop().time() >= until:
                raise StoreFailure(
                    f"PostgreSQL at {redact_url(url)} cannot be reached: {error or type(error).__name__}. "
                    "Start it, or check the store's URL."
                ) from error
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return await _require_supported_server(connection)


async def _require_supported_server(connection: asyncpg.Connection) -> asyncpg.Connection:
    version = connection.get_server_version()
    encoding = await connection.fetchval("show server_encoding")
    if version[:2] < MIN_VERSION or encoding != "UTF8":
        await connection.close()
        raise StoreFailure(
            f"PostgreSQL {MIN_VERSION[0]} or newer with a UTF8 database is needed; "
            f"this one is {version.major}.{version.minor} with {encoding}."
        )
    return connection


def _decode_numeric(text: str) -> int | float:
    """Decode a ``numeric`` (the result of sum() and avg()) like SQLite."""
    return float(text) if "." in text or not text.lstrip("-").isdigit() else int(text)


async def _initialize_connection(connection: asyncpg.Connection) -> None:
    """Set up a new connection. Raises StoreFailure if row-level security would not apply to it."""
    if await connection.fetchval(_ROLE_BYPASSES_POLICIES):
        raise StoreFailure(
            f"The connection does not work as {RUNTIME_ROLE}, or that role owns something or is not held by row level "
            "security: a pooler in between may have dropped the session's role."
        )
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=_decode_numeric, format="text")


async def _skip_session_reset(connection: asyncpg.Connection) -> None:
    """Reset nothing: transactions and their settings end before a connection is returned to the pool."""


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection of the pool."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  (as the library declares it)
        """Close the pool. Lost connections are terminated: asyncpg closes them in tasks that are never awaited."""
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await super().close(timeout=timeout)


class Connections:
    """A pool of connections, and transactions on them.

    timeout: seconds that a statement may take; a connection that does not answer for so long is lost.
    """

    def __init__(self, url: str, limit: int, timeout: float) -> None:
        self.url, self.limit, self.timeout = url, limit, timeout
        self._pool: Any = None

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(
            self.url,
            # Opened as they are needed: an idle server among many holds few of the database's connections.
            min_size=0,
            max_size=self.limit,
            # asyncpg would replace a connection after 50,000 queries, and forget a statement after 300 s: each time all
            # would be prepared again.
            max_queries=math.inf,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            connection_class=_Connection,
            init=_initialize_connection,
            reset=_skip_session_reset,
            timeout=CONNECT_SECONDS,
            command_timeout=self.timeout,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            server_settings=SESSION_SETTINGS,
        )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @property
    def in_use(self) -> int:
        """Number of connections in use."""
        return 0 if self._pool is None else int(self._pool.get_size() - self._pool.get_idle_size())

    @asynccontextmanager
    async def open_transaction(self, tenant: str, mode: str = "") -> AsyncIterator[Transaction]:
        """Open a transaction. It is rolled back unless the block commits it.

        Raises ConnectionLost when the server went away or cannot be reached.
        """
        connection = await self._acquire_connection()
        transaction = Transaction(connection, tenant)
        try:
            await transaction.begin(mode)
            yield transaction
        except BaseException as error:
            if not is_connection_loss(connection, error):
                raise
            transaction.terminate_connection()
            # the other connections may be lost, too: each is replaced when it is used next
            await self._pool.expire_connections()
            reason = str(error) or type(error).__name__
            cause = "timeout" if isinstance(error, TimeoutError) else "unreachable"
            raise ConnectionLost("The connection to PostgreSQL was lost.", cause=cause, reason=reason) from error
        finally:
            try:
                await transaction.roll_back_unless_committed()
            finally:  # a cancelled caller must still return the connection
                await self._pool.release(connection)

    async def _acquire_connection(self) -> asyncpg.Connection:
        try:
            return await self._pool.acquire()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise to_connection_lost(error) from error
