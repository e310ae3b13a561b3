"""Identity: which credential a call carries."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from .credentials import Credential, Credentials
from .errors import AgoraError, InvalidRequest, Unauthenticated
from .login import Login, Logins, renewed

if TYPE_CHECKING:
    from .contract.agents import Registration
    from .retry import IO

__all__ = ["Identity"]

logger = logging.getLogger("agora_sdk")

HOME = "default"  # the marketplace of whoever names none
AGENT_TOKEN = "agt_"  # noqa: S105  (the prefix that every agent's token has)
COPIED = "Copy it whole, and nothing else with it."


def _visible(text: str, what: str, fix: str) -> str:
    if not text.isascii() or any(sign <= " " or sign == "\x7f" for sign in text):
        raise InvalidRequest(f"{what} holds characters other than visible ones of ASCII.", fix=fix)
    return text


class Identity:
    """Who a client is: what it was told, else what registration stored, else nobody in particular.

    token: given by the program; it comes first. agent: a name whose stored credential is used. Spaces and line ends around
    a token are left out, as they come along from a file; raises :class:`InvalidRequest` for what no header can carry.
    ``AGORA_TOKEN`` comes after them, then who logged in with ``agora login``, but for a server on this machine, which takes a caller without a credential
    for its local operator.
    """

    def __init__(
        self, store: Credentials, url: str, tenant: str, *, agent: str | None = None, token: str | None = None
    ) -> None:
        self.store, self.url, self.tenant = store, url, _visible(tenant, "The tenant", "agora tenant list shows them.")
        self.name = agent
        self._explicit = _visible(token.strip(), "The token", COPIED) if token else None
        self._fallback = _visible(os.environ.get("AGORA_TOKEN", "").strip(), "AGORA_TOKEN", COPIED) or None
        self._credential: Credential | None = None
        self.logins = Logins(store.path)
        self._login: Login | None = None
        self._has_looked = False

    def __repr__(self) -> str:
        return f"Identity(agent={self.name!r}, tenant={self.tenant!r})"

    @property
    def agent_id(self) -> str | None:
        """Id of the agent the client acts as, if it is known."""
        credential = self._current()
        return credential.agent_id if credential else None

    def token(self) -> str | None:
        """The credential of a call; raises :class:`Unauthenticated` where the named agent has none here."""
        if credential := self._current():
            return credential.token
        if self._explicit:
            return self._explicit
        if self.name and not self._other:
            raise Unauthenticated(
                f"No credential of agent {self.name!r} is kept for {self.url} in {self.store.path}.",
                fix=f"Register it first: client.register({self.name!r}), or give its token.",
            )
        return self._other

    @property
    def _other(self) -> str | None:
        """The credential of nobody in particular: of the environment, or of who logged in."""
        if self._fallback or (login := self.login) is None:
            return self._fallback
        return login.access_token

    @property
    def login(self) -> Login | None:
        """Who logged in at the server, as it was last read."""
        if not self._has_looked:
            self._login, self._has_looked = self.logins.find(self.url), True
        return self._login

    @property
    def is_due(self) -> bool:
        """Whether calls carry a login that is to be renewed before the next one."""
        if self._explicit or self._fallback or self._current() is not None:
            return False
        return self.login is not None and self.login.due

    async def renew(self, io: IO) -> None:
        """Renew what :attr:`is_due`. Raises Unauthenticated where the login has ended."""
        if self.is_due:
            self._login = await renewed(io, self.logins, self.url)

    def headers(self, token: str | None) -> dict[str, str]:
        """What a call carries: its credential, and the marketplace that was asked for.

        A credential brings its marketplace along; the header lets whoever runs the server choose one.
        """
        found = {"authorization": f"Bearer {token}"} if token else {}
        return found if self.tenant == HOME else {**found, "x-agora-tenant": self.tenant}

    def _current(self) -> Credential | None:
        if self._credential is None and self.name and not self._explicit:
            self._credential = self.store.find(self.url, self.tenant, self.name)
        return self._credential

    def candidates(self, name: str) -> list[str | None]:
        """Credentials to register a name with, the best first: each is tried where the one before is refused.

        An agent's own token, be it given or stored, updates the registration; what else was given makes
        a new one. A stored token is worthless once its server began anew.
        """
        given = self._explicit or self._other
        stored = self.store.find(self.url, self.tenant, name)
        own = [given] if given and given.startswith(AGENT_TOKEN) else []
        kept = [stored.token] if stored else []
        return list(dict.fromkeys([*own, *kept, given]))

    def adopt(self, registration: Registration, used: str | None) -> None:
        """Be the registered agent from now on, and keep its credential for the next time."""
        token = registration.token or (used if used and used.startswith(AGENT_TOKEN) else None)
        self.name = registration.agent_name
        if token is None:
            return
        self._credential = Credential(registration.agent_id, token)
        try:
            self.store.keep(self.url, self.tenant, registration.agent_name, self._credential)
        except (OSError, AgoraError) as error:
            logger.warning("The credential of %s could not be kept: %s", registration.agent_name, error)

    def ended(self, agent_id: str) -> None:
        """Forget the credential of an agent that was taken off the marketplace."""
        if self._credential is None or self._credential.agent_id != agent_id or self.name is None:
            return
        try:
            self.store.forget(self.url, self.tenant, self.name)
        except (OSError, AgoraError) as error:
            logger.warning("The credential of %s could not be removed: %s", self.name, error)
        self._credential = self.name = None
