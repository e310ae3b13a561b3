"""Pages and fragments, registered where they are written.

A page is a function from a :class:`~.view.View` to the values of its template. A fragment is a part of a page that is
rendered again after events: its template is ``live/NAME.html``, and ``sse-swap="NAME"`` marks its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from agora.core.events.filter import EventFilter

__all__ = [
    "FRAGMENTS",
    "HALT_FRAGMENT",
    "PAGES",
    "Fragment",
    "Page",
    "PageRedirect",
    "register_fragment",
    "register_page",
]

Values = Mapping[str, Any]
Build = Callable[[Any], Awaitable[Values]]  #: takes a View, whose module imports this one
BuildFragment = Callable[[Any], Awaitable[Values | None]]
F = TypeVar("F", bound=BuildFragment)


class PageRedirect(Exception):
    """Redirects to another page. path: its URL on this server."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Page:
    """A page. path: below ``/v1/monitor``, with ``{names}``. scope: required to open it.

    nav: position in the navigation; None for a page linked from another one. key: keyboard shortcut after ``g``. needs:
    an operation that must be available. live: names of its fragments.
    """

    path: str
    title: str
    template: str
    build: Build
    scope: str = ""
    nav: int | None = None
    key: str = ""
    needs: str = ""
    live: tuple[str, ...] = ()

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    def match_path(self, parts: tuple[str, ...]) -> dict[str, str] | None:
        """Extract the parameters of a path; None if it is not a path of this page."""
        if len(parts) != len(self.parts):
            return None
        parameters: dict[str, str] = {}
        for part, segment in zip(self.parts, parts, strict=True):
            if part.startswith("{"):
                if not segment:
                    return None
                parameters[part[1:-1]] = segment
            elif part != segment:
                return None
        return parameters


@dataclass(frozen=True)
class Fragment:
    """A part of a page. on: event types and patterns that cause a rendering. tick: seconds after which it is rendered
    without events; 0 for never. every: minimum seconds between renderings. grows: whether renderings are added to the
    previous ones, like rows of a log.
    """

    name: str
    build: BuildFragment
    on: tuple[str, ...] = ()
    tick: float = 0.0
    every: float = 0.25
    grows: bool = False

    @cached_property
    def filter(self) -> EventFilter:
        return EventFilter.from_request(self.on)

    @property
    def template(self) -> str:
        return f"live/{self.name}.html"


HALT_FRAGMENT = "halt"  #: the fragment of every page with the state of the emergency stop
PAGES: list[Page] = []
FRAGMENTS: dict[str, Fragment] = {}


def register_page(
    path: str,
    *,
    title: str,
    template: str | None = None,
    scope: str = "",
    nav: int | None = None,
    key: str = "",
    needs: str = "",
    live: tuple[str, ...] = (),
) -> Callable[[Build], Build]:
    """Register a function ``load_NAME_page`` as a page; its template is ``NAME.html`` unless given."""

    def add_page(build: Build) -> Build:
        name = template or f"{build.__name__.removeprefix('load_').removesuffix('_page')}.html"
        PAGES.append(Page(path, title, name, build, scope, nav, key, needs, (*live, HALT_FRAGMENT)))
        return build

    return add_page


def register_fragment(
    name: str, *, on: tuple[str, ...] = (), tick: float = 0.0, every: float = 0.25, grows: bool = False
) -> Callable[[F], F]:
    """Register a function as a fragment; its result None means no change."""

    def add_fragment(build: F) -> F:
        if name in FRAGMENTS:
            raise ValueError(f"there is a fragment {name!r} already")
        FRAGMENTS[name] = Fragment(name, build, on, tick, every, grows)
        return build

    return add_fragment
