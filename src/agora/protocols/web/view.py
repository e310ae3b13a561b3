"""The view: what a page's functions use to call operations as the signed-in user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from agora.clock import new_id, to_datetime
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora_sdk.contract import Kind, Lifecycle, Operation
from agora_sdk.contract.events import Event
from agora_sdk.errors import AgoraError, NotFound, PermissionDenied, Unauthenticated

from .registry import PAGES, Page
from .security import HOME
from .session import Session

__all__ = ["View"]

HIDDEN_ERRORS = (PermissionDenied, Unauthenticated, NotFound)


@dataclass(frozen=True, slots=True)
class View:
    """One look at one page.

    path: what its path says. query: what its query string says, the last of several values. position: everything in
    the event log up to it is on the page. events: in a fragment, what happened since it was last rendered, newest last,
    at most a hundred.
    """

    dispatcher: Dispatcher
    caller: Caller
    session: Session
    page: Page
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    position: int = 0
    events: Sequence[Event] = ()

    # -- operations ------------------------------------------------------------------------------

    async def invoke(self, name: str, arguments: Mapping[str, Any] = {}) -> Any:
        """What an operation answers to this person; a page asks, it never changes anything. Raises AgoraError."""
        operation = self._find_operation(name)
        if operation.kind is not Kind.QUERY and not (
            operation.kind is Kind.RELAY and operation.routes[0].method == "GET"
        ):
            raise TypeError(f"a page may not call {name}: it is a {operation.kind}")
        filled = {key: value for key, value in arguments.items() if value is not None and value != ""}
        return (await self.dispatcher.invoke(operation, self.caller, filled)).result

    async def invoke_or_none(self, name: str, arguments: Mapping[str, Any] = {}) -> Any | None:
        """The same, and None for what this person may not see, or is not there."""
        self._find_operation(name)  # one that does not exist is a mistake of the page
        try:
            return await self.invoke(name, arguments)
        except HIDDEN_ERRORS:
            return None

    def may(self, name: str) -> bool:
        """Whether this person may call an operation: pages show no button that would be refused."""
        try:
            operation = self._find_operation(name)
        except AgoraError:
            return False
        if not self.caller.may(operation.scope) or self.caller.kind in ("anonymous", "enrolment"):
            return False
        return self.dispatcher.context.registry.status(operation, self.caller.tenant) is not Lifecycle.SUNSET

    def _find_operation(self, name: str) -> Operation:
        return self.dispatcher.context.registry.find(name, None, self.caller.tenant)

    # -- what templates need ---------------------------------------------------------------------

    @property
    def brake(self) -> Mapping[str, Any] | None:
        """What stops the whole marketplace, if anything does: its action, actor, reason, and since when."""
        override = self.dispatcher.overrides.find_brake(self.caller.tenant, self.dispatcher.clock.now())
        if override is None:
            return None
        return {
            "halted": override.action == "emergency_halt",
            "actor": override.actor,
            "authority": override.authority,
            "reason": override.reason,
            "since": to_datetime(override.created_at),
        }

    @property
    def csrf(self) -> str:
        """The token that every form and every header of a script carries."""
        return self.session.token

    @property
    def role(self) -> str:
        """``admin`` overrides, ``operator`` acts, ``viewer`` sees."""
        if self.caller.may("admin"):
            return "admin"
        return "operator" if any(scope.startswith("write:") for scope in self.caller.scopes) else "viewer"

    @property
    def key(self) -> str:
        """A fresh idempotency key: a form that is sent twice acts once."""
        return new_id("key")

    @property
    def navigation(self) -> list[Page]:
        """Pages this person may open, in order."""
        pages = [page for page in PAGES if page.nav is not None and self.shows(page)]
        return sorted(pages, key=lambda page: page.nav or 0)

    def shows(self, page: Page) -> bool:
        """Whether this person may open a page."""
        return self.caller.may(page.scope) and (not page.needs or self.may(page.needs))

    @property
    def address(self) -> str:
        """Path of the page as it is shown now, below ``/v1/monitor/``, without the query."""
        parts = (quote(self.path[part[1:-1]], safe="") if part.startswith("{") else part for part in self.page.parts)
        return "/".join(parts)

    @property
    def here(self) -> str:
        """URL of the page as it is shown now: where a form leads back to, without the wish to open one (``new``)."""
        return self.url(self.address, **{key: value for key, value in self.query.items() if key != "new"})

    @property
    def live(self) -> str:
        """URL of the page's stream of fragments; empty where it has none, or this person may not follow events."""
        if not self.page.live or not self.may("agora.monitor.stream"):
            return ""
        return self.url(f"live/{self.address}".rstrip("/"), **self.query, after=self.position)

    def url(self, path: str = "", **query: Any) -> str:
        """URL of something below ``/v1/monitor/``; what is None or empty in the query is left out."""
        encoded_query = urlencode({key: value for key, value in query.items() if value is not None and value != ""})
        return f"{HOME}{path.lstrip('/')}{'?' if encoded_query else ''}{encoded_query}"

    def with_events(self, events: Sequence[Event], position: int) -> View:
        """The same view, with what happened since it was last rendered."""
        return replace(self, events=events, position=position)
