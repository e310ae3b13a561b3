"""A person's login: the tokens that ``agora login`` received from an identity provider, stored and renewed when due.

A JSON file beside the credentials that only its owner can read, with one entry per server; SDKs of other languages
share it.
A refresh token is valid once: a renewing process holds the file's lock, and first checks whether another process has
renewed.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .credentials import server_key
from .errors import AgoraError, Unauthenticated
from .private_file import lock_file, replace_json, try_lock_file

if TYPE_CHECKING:
    from .retry import IO

__all__ = ["Login", "Logins", "get_renewed_login"]

logger = logging.getLogger("agora_sdk")

# Covers a slow call and clocks that differ by some seconds: a token that expires on its way is refused.
RENEW_BEFORE_SECONDS = 30  #: seconds before its end that a token is renewed
POLL_SECONDS = 0.1
REFRESH_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Login:
    """A person's login at one server. client_id: the client of the tokens; None for the server's own client.

    expires_at: of the access token, in seconds since 1970.
    """

    username: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: float
    client_id: str | None = None

    @property
    def due(self) -> bool:
        """Whether it must be renewed before use."""
        return time.time() >= self.expires_at - RENEW_BEFORE_SECONDS


@dataclass(frozen=True, slots=True)
class _Unstored:
    """A renewed login that could not be stored. replaced: the entry of the file that it should have replaced."""

    replaced: Login | None
    renewed: Login


#: By file and server. All clients of the process need it: the refresh token in the file is used up.
_unstored: dict[tuple[str, str], _Unstored] = {}


#: held by the thread that renews a login whose file cannot be locked
_unlocked_renewal = threading.Lock()


class Logins:
    """The file of logins. credentials: path of the file of credentials, in whose directory it is."""

    def __init__(self, credentials: str) -> None:
        self.path = os.path.join(os.path.dirname(credentials), "logins.json")

    def find(self, url: str) -> Login | None:
        """Find the login at a server: the stored one, or its renewal by this process that could not be stored."""
        stored, unstored = self._find_stored(url), _unstored.get(self._build_memory_key(url))
        # A different entry is newer: another program has logged in or out.
        return unstored.renewed if unstored is not None and unstored.replaced == stored else stored

    def _find_stored(self, url: str) -> Login | None:
        entry = self._read_logins().get(server_key(url))
        return Login(**entry) if entry else None

    def _build_memory_key(self, url: str) -> tuple[str, str]:
        return self.path, server_key(url)

    def store_login(self, url: str, login: Login) -> None:
        """Store a login, replacing an earlier one for that server."""
        with lock_file(self.path):
            self.write_under_lock(url, login)

    def remove_login(self, url: str) -> None:
        """Remove a login; no-op if there is none."""
        if self.find(url) is not None:
            with lock_file(self.path):
                self.write_under_lock(url, None)

    def write_under_lock(self, url: str, login: Login | None) -> None:
        """Store or remove a login as :meth:`store_login` and :meth:`remove_login` do; the caller holds the lock."""
        logins = self._read_logins()
        logins.pop(server_key(url), None)
        if login is not None:
            logins[server_key(url)] = asdict(login)
        replace_json(self.path, {"logins": logins})
        # The file has the newest login again: a renewal kept in memory is obsolete.
        _unstored.pop(self._build_memory_key(url), None)

    async def renew(self, url: str, refresh: Callable[[Login], Awaitable[Login]]) -> Login | None:
        """Renew the login if it is due, and store it; if that fails, keep it in memory. The caller holds the lock."""
        stored, login = self._find_stored(url), self.find(url)
        # Another process may have renewed it or logged out before this one got the lock.
        if login is None or not login.due:
            return login
        renewed = await refresh(login)
        try:
            self.write_under_lock(url, renewed)
        except (OSError, AgoraError) as error:
            _unstored[self._build_memory_key(url)] = _Unstored(stored, renewed)
            logger.warning(
                "The renewed login of %s could not be stored; it is valid in this process only: %s",
                renewed.username,
                error,
            )
        return renewed

    def _read_logins(self) -> dict[str, dict[str, Any]]:
        try:
            with open(self.path, encoding="utf-8") as file:
                logins: dict[str, dict[str, Any]] = json.load(file)["logins"]
            for entry in logins.values():
                if not isinstance(Login(**entry).access_token, str) or not isinstance(entry["expires_at"], int | float):
                    raise TypeError
            return logins
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AgoraError(
                f"The file of logins {self.path} cannot be read ({type(error).__name__}).",
                fix="Repair it, or move it away and log in again.",
            ) from None


async def get_renewed_login(io: IO, logins: Logins, url: str) -> Login | None:
    """Return a valid login at a server, renewed if due. Raises Unauthenticated if it has ended."""
    while (login := logins.find(url)) is not None and login.due:
        # Providers revoke a refresh token that is used twice, so one process renews while the others wait for the file.
        with _try_lock_renewal(logins.path) as is_locked:
            if is_locked:
                return await logins.renew(url, lambda due: _refresh_login(io, due, url))
        await io.pause(POLL_SECONDS)
    return login


@contextmanager
def _try_lock_renewal(path: str) -> Iterator[bool]:
    """Acquire the lock of renewals without waiting: yields whether it was acquired.

    A file that cannot be locked, as on a read-only disk, excludes only the threads of this process: the renewed login
    is valid, so calls go on with it.
    """
    with ExitStack() as locks:
        try:
            is_locked = locks.enter_context(try_lock_file(path, REFRESH_TIMEOUT_SECONDS))
        except OSError as error:
            logger.warning(
                "The file of logins %s cannot be locked, so other programs are not excluded: %s", path, error
            )
            is_locked = _unlocked_renewal.acquire(blocking=False)
            if is_locked:
                locks.callback(_unlocked_renewal.release)
        yield is_locked


async def _refresh_login(io: IO, login: Login, url: str) -> Login:
    from . import retry, wire
    from .contract.auth import Auth

    if login.refresh_token is None:
        raise _build_login_expired_error(login)
    operation = Auth.operations["refresh"]
    arguments = {"refresh_token": login.refresh_token, "client_id": login.client_id}
    request = wire.build_request(operation, operation.input(**arguments))
    try:
        # Without retries: the token is valid once, and a repetition after a lost answer would count as its reuse.
        answer = await retry.exchange_with_retries(
            io, request, url=url, seconds=REFRESH_TIMEOUT_SECONDS, backoff=retry.Backoff(0)
        )
    except Unauthenticated as ended:
        raise _build_login_expired_error(login) from ended
    tokens = wire.parse_result(operation, answer)
    # ``expires_in`` is only recommended (RFC 6749, section 5.1).
    expires = time.time() + (tokens.expires_in or 60)
    # A provider may keep the refresh token, and then sends none (RFC 6749, section 6).
    return Login(
        login.username, tokens.access_token, tokens.refresh_token or login.refresh_token, expires, login.client_id
    )


def _build_login_expired_error(login: Login) -> Unauthenticated:
    return Unauthenticated(f"The login of {login.username} has ended.", fix="Log in again: agora login.")
