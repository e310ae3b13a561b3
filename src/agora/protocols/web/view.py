"""The view: what a page's functions use to call operations as the signed-in user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any
from urllib.parse import quote, urlencode

from agora.clock import new_id, to_datetime
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.value_classes import value_class
from agora_sdk.contract import Kind, Lifecycle, Operation
from agora_sdk.contract.events import Event
from agora_sdk.errors import AgoraError, NotFound, PermissionDenied, Unauthenticated

from .registry import PAGES, Page
from .security import HOME_PATH
from .session import Session

__all__ = ["View"]

HIDDEN_ERRORS = (PermissionDenied, Unauthenticated, NotFound)


@value_class
class View:
    """The context of one rendering of a page.

    path: parameters of the path. query: parameters of the query string, the last of several values. position: the page
    shows the event log up to it. events: in a fragment, the events since it was last rendered, newest last, at most a
    hundred.
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
        """Invoke an operation that does not change anything as this user. Raises AgoraError."""
        operation = self._find_operation(name)
        if operation.kind is not Kind.QUERY and not (
            operation.kind is Kind.RELAY and operation.routes[0].method == "GET"
        ):
            raise TypeError(f"a page may not call {name}: it is a {operation.kind}")
        filled = {key: value for key, value in arguments.items() if value is not None and value != ""}
        return (await self.dispatcher.invoke(operation, self.caller, filled)).result

    async def invoke_or_none(self, name: str, arguments: Mapping[str, Any] = {}) -> Any | None:
        """Invoke an operation; None if the object does not exist or is not visible to this user."""
        self._find_operation(name)  # an unknown operation is an error of the page
        try:
            return await self.invoke(name, arguments)
        except HIDDEN_ERRORS:
            return None

    def may_call(self, name: str) -> bool:
        """Whether this user may call an operation: pages show no button that would be rejected."""
        try:
            operation = self._find_operation(name)
        except AgoraError:
            return False
        if not self.caller.may(operation.scope) or self.caller.kind in ("anonymous", "enrolment"):
            return False
        return self.dispatcher.context.registry.status(operation, self.caller.tenant) is not Lifecycle.SUNSET

    def _find_operation(self, name: str) -> Operation:
        return self.dispatcher.context.registry.resolve(name, None, self.caller.tenant)

    # -- values for templates --------------------------------------------------------------------

    @property
    def halt(self) -> Mapping[str, Any] | None:
        """The halt or pause of the whole marketplace, if any: its action, actor, reason and time."""
        override = self.dispatcher.overrides.find_strongest_system_wide_override(
            self.caller.tenant, self.dispatcher.clock.now()
        )
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
    def csrf_token(self) -> str:
        """The CSRF token for forms and headers of scripts."""
        return self.session.token

    @property
    def role(self) -> str:
        """``admin`` may override, ``operator`` may act, ``viewer`` may only read."""
        if self.caller.may("admin"):
            return "admin"
        return "operator" if any(scope.startswith("write:") for scope in self.caller.scopes) else "viewer"

    @property
    def new_key(self) -> str:
        """A new idempotency key each time: a form submitted twice acts once."""
        return new_id("key")

    @property
    def navigation(self) -> list[Page]:
        """Pages that this user may open, in order."""
        pages = [page for page in PAGES if page.nav is not None and self.may_open(page)]
        return sorted(pages, key=lambda page: page.nav or 0)

    def may_open(self, page: Page) -> bool:
        """Whether this user may open a page."""
        return self.caller.may(page.scope) and (not page.needs or self.may_call(page.needs))

    @property
    def page_path(self) -> str:
        """Current path of the page below ``/v1/monitor/``, without the query."""
        parts = (quote(self.path[part[1:-1]], safe="") if part.startswith("{") else part for part in self.page.parts)
        return "/".join(parts)

    @property
    def current_url(self) -> str:
        """Current URL of the page, to which a form returns, without the parameter that opens a form (``new``)."""
        return self.url(self.page_path, **{key: value for key, value in self.query.items() if key != "new"})

    @property
    def live_url(self) -> str:
        """URL of the page's stream of fragments; empty without fragments, or if this user may not follow events."""
        if not self.page.live or not self.may_call("agora.monitor.stream"):
            return ""
        # The address of a stream has the position itself, and a link to a page may contain any parameter.
        return self.url(f"live/{self.page_path}".rstrip("/"), **{**self.query, "after": self.position})

    # Positional only: names of query parameters are chosen by whoever writes a link, even "path" and "self".
    def url(self, path: str = "", /, **query: Any) -> str:
        """Build a URL below ``/v1/monitor/``; empty query parameters are omitted."""
        encoded_query = urlencode({key: value for key, value in query.items() if value is not None and value != ""})
        return f"{HOME_PATH}{path.lstrip('/')}{'?' if encoded_query else ''}{encoded_query}"

    def with_events(self, events: Sequence[Event], position: int) -> View:
        """Return the view with the events since it was last rendered."""
        return replace(self, events=events, position=position)
