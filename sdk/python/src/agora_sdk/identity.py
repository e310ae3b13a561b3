"""Identity: the credential of a call."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .credentials import Credential, Credentials
from .errors import AgoraError, InvalidRequest, Unauthenticated
from .login import Login, Logins, get_renewed_login

if TYPE_CHECKING:
    from .contract.agents import Registration
    from .retry import IO

__all__ = ["Identity"]

logger = logging.getLogger("agora_sdk")

DEFAULT_TENANT = "default"  # the marketplace if none is named
AGENT_TOKEN = "agt_"  # noqa: S105  (the prefix that every agent's token has)
COPY_HINT = "Copy the complete value, and nothing else."

#: the agent that each identity acts as in this task or thread, by name. A mapping is replaced, never changed: tasks
#: started with it keep theirs
_acting: ContextVar[Mapping[Identity, str]] = ContextVar("agora_sdk_acting")


def _require_visible_ascii(text: str, name: str, fix: str) -> str:
    if not text.isascii() or any(sign <= " " or sign == "\x7f" for sign in text):
        raise InvalidRequest(f"{name} contains characters that are not printable ASCII.", fix=fix)
    return text


class Identity:
    """The identity of a client: explicit, else stored by registration, else anonymous.

    The client acts as the first registered agent. Agents registered later in the same task
    or thread do not change this: use :meth:`get_identity_of_agent`. A task that registers an agent beside other tasks acts
    as that one, and so do the tasks that it starts.

    token: explicit, with the highest precedence. agent: name of the agent whose stored credential is used. Whitespace
    around
    a token is removed, since tokens read from files may have it; raises :class:`InvalidRequest` for one that is not a
    valid header.
    ``AGORA_TOKEN`` comes next, then the login of ``agora login``. Without any of them a server on this machine treats
    the caller as its local operator.
    """

    def __init__(
        self, store: Credentials, url: str, tenant: str, *, agent: str | None = None, token: str | None = None
    ) -> None:
        self.store, self.url, self.tenant = (
            store,
            url,
            _require_visible_ascii(tenant, "The tenant", "agora tenant list shows them."),
        )
        self._default_agent = agent
        self._is_given = agent is not None  # else the first registration decides
        self._agents: dict[str, Credential] = {}
        self._explicit = _require_visible_ascii(token.strip(), "The token", COPY_HINT) if token else None
        self._fallback = (
            _require_visible_ascii(os.environ.get("AGORA_TOKEN", "").strip(), "AGORA_TOKEN", COPY_HINT) or None
        )
        self.logins = Logins(store.path)
        self._login: Login | None = None
        # The file of logins is read once, and only if a call needs it: most clients have a token.
        self._has_looked = False

    def __repr__(self) -> str:
        return f"Identity(agent={self.name!r}, tenant={self.tenant!r})"

    @property
    def name(self) -> str | None:
        """Name of the agent that calls of this task or thread act as."""
        return self._acting_agent or self._default_agent

    @property
    def _acting_agent(self) -> str | None:
        """Name of the agent that was registered in this task or thread, or in the task that started it."""
        return _acting.get({}).get(self)

    def _set_acting_agent(self, name: str | None) -> None:
        # Weak: a context that lives as long as the program must not keep the identities of dropped clients.
        acting = WeakKeyDictionary(_acting.get({}))
        if name is None:
            acting.pop(self, None)
        else:
            acting[self] = name
        _acting.set(acting)

    def get_identity_of_agent(self, name: str) -> Identity:
        """Return the identity of one agent, registered by this client or stored before; raises
        :class:`Unauthenticated`."""
        credential = self._agents.get(name) or self.store.find(self.url, self.tenant, name)
        if credential is None:
            raise self._build_missing_credential_error(name)
        identity = Identity(self.store, self.url, self.tenant, agent=name)
        self._agents[name] = credential
        identity._agents = self._agents  # shared, so that all of them see additions and removals
        identity._fallback = self._explicit or self._fallback  # credential for registering other agents
        return identity

    def _build_missing_credential_error(self, name: str) -> Unauthenticated:
        return Unauthenticated(
            f"No credential of agent {name!r} is stored for {self.url} in {self.store.path}.",
            fix=f"Register it first: client.register({name!r}), or give its token.",
        )

    def bind_to_current_agent(self) -> Identity:
        """Return an identity bound to the current agent, for work in another task or thread."""
        return self if self._acting_agent is None else self.get_identity_of_agent(self._acting_agent)

    @property
    def agent_id(self) -> str | None:
        """Id of the agent the client acts as, if it is known."""
        credential = self._find_current_credential()
        return credential.agent_id if credential else None

    def token(self) -> str | None:
        """Return the credential of a call; raises :class:`Unauthenticated` if the named agent has none here."""
        if credential := self._find_current_credential():
            return credential.token
        if self._explicit:
            return self._explicit
        if self.name and not self._ambient_token:
            raise self._build_missing_credential_error(self.name)
        return self._ambient_token

    @property
    def _ambient_token(self) -> str | None:
        """The credential without an agent: from the environment, or of the logged-in user."""
        if self._fallback or (login := self.login) is None:
            return self._fallback
        return login.access_token

    @property
    def login(self) -> Login | None:
        """Login at the server, as last read."""
        if not self._has_looked:
            self._login, self._has_looked = self.logins.find(self.url), True
        return self._login

    @property
    def is_login_due(self) -> bool:
        """Whether calls use a login that must be renewed before the next one."""
        if self._explicit or self._fallback or self._find_current_credential() is not None:
            return False
        return self.login is not None and self.login.due

    async def renew_login(self, io: IO) -> None:
        """Renew the login if :attr:`is_login_due`. Raises Unauthenticated if the login has ended."""
        if self.is_login_due:
            self._login = await get_renewed_login(io, self.logins, self.url)

    def headers(self, token: str | None) -> dict[str, str]:
        """Build the headers of a call: its credential and the requested marketplace.

        A credential implies its marketplace; the header lets operators of the server choose one.
        """
        authorization = {"authorization": f"Bearer {token}"} if token else {}
        return authorization if self.tenant == DEFAULT_TENANT else {**authorization, "x-agora-tenant": self.tenant}

    def _find_current_credential(self) -> Credential | None:
        name = self.name
        # An explicit token has precedence over the file.
        if name and name not in self._agents and not self._explicit:
            credential = self.store.find(self.url, self.tenant, name)
            if credential is not None:
                self._agents[name] = credential
        return self._agents.get(name) if name else None

    def list_registration_tokens(self, name: str) -> list[str | None]:
        """Return credentials for registering a name, in order of preference: each is tried if the previous one is
        refused.

        An agent's own token, explicit or stored, updates the registration; another explicit token creates
        a new one. A stored token becomes invalid when its server is reset.
        """
        explicit = self._explicit or self._ambient_token
        credential = self.store.find(self.url, self.tenant, name)
        agent_tokens = [explicit] if explicit and explicit.startswith(AGENT_TOKEN) else []
        identity = self._agents.get(name) or credential  # the file may not be writable
        stored_tokens = [identity.token] if identity else []
        # In order and without repetitions. The last one is the credential of the caller itself, or None: anonymous.
        return list(dict.fromkeys([*agent_tokens, *stored_tokens, explicit]))

    def store_and_adopt_registration(self, registration: Registration, used: str | None) -> None:
        """Store the credential of a registered agent, and act as it unless this client already acts as another one."""
        name = registration.agent_name
        token = registration.token or (used if used and used.startswith(AGENT_TOKEN) else None)
        if token is not None:
            self._store_credential(name, Credential(registration.agent_id, token))
        is_agents_token = self._explicit is not None and self._explicit.startswith(AGENT_TOKEN)
        if is_agents_token and self._default_agent is None and registration.created:
            self._warn_unchanged_identity(name, "the agent of its token")  # which registered another one
        elif self._default_agent is None:
            self._default_agent = name
            self._set_acting_agent(name)
        elif name not in (self._default_agent, self._acting_agent):
            if self._acting_agent is None and not self._is_given:
                self._set_acting_agent(name)
                logger.info("This task acts as %s; calls from elsewhere act as %s.", name, self._default_agent)
            else:
                self._warn_unchanged_identity(name, self.name)

    def _store_credential(self, name: str, credential: Credential) -> None:
        self._agents[name] = credential
        try:
            self.store.keep(self.url, self.tenant, name, credential)
        # The agent is registered: this process has its credential, and only later ones lack it.
        except AgoraError as error:
            logger.warning("The credential of %s could not be kept: %s", name, error)

    @staticmethod
    def _warn_unchanged_identity(name: str, agent_name: str | None) -> None:
        logger.warning(
            "%s is registered; this client goes on as %s. client.as_agent(%r) acts as %s.", name, agent_name, name, name
        )

    def forget_agent(self, agent_id: str) -> None:
        """Remove the credential of a deregistered agent."""
        for name in [name for name, credential in self._agents.items() if credential.agent_id == agent_id]:
            try:
                self.store.forget(self.url, self.tenant, name)
            except AgoraError as error:
                logger.warning("The credential of %s could not be removed: %s", name, error)
            del self._agents[name]
            if name == self._default_agent:
                self._default_agent, self._is_given = None, False
            if name == self._acting_agent:
                self._set_acting_agent(None)
