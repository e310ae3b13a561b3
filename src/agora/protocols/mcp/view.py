"""Views: how a client wants the marketplace shown, said in the endpoint's query string.

``/mcp?names=underscore`` lists ``agora_messaging_send`` for hosts that refuse dots.
``/mcp?toolsets=messaging,task`` lists those toolsets alone. ``/mcp?page=20`` sets the size of a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from agora_sdk.errors import InvalidRequest

__all__ = ["DEFAULT", "PAGE", "View"]

PAGE = 200  #: tools or resources in one answer, unless the client says otherwise
MOST = 1000
STYLES: Mapping[str, bool] = {"dots": False, "underscore": True, "underscores": True}


@dataclass(frozen=True, slots=True)
class View:
    """underscores: names without dots. toolsets: the ones listed; all where empty. page: entries in one answer."""

    underscores: bool = False
    toolsets: tuple[str, ...] = ()
    page: int = PAGE

    @classmethod
    def read(cls, query: bytes) -> View:
        """The view a query string asks for; raises InvalidRequest. Parameters it does not know are left alone."""
        return _read(query) if query else DEFAULT


DEFAULT = View()


@lru_cache(maxsize=256)
def _read(query: bytes) -> View:
    given = dict(parse_qsl(query.decode("latin-1"), max_num_fields=50))
    style = given.get("names", "dots")
    if style not in STYLES:
        raise _wrong("names", "is 'dots' or 'underscore'")
    page = given.get("page", str(PAGE))
    if not page.isdecimal() or not 1 <= int(page[:9]) <= MOST:
        raise _wrong("page", f"is a number from 1 to {MOST}")
    toolsets = tuple(sorted({name.strip() for name in given.get("toolsets", "").split(",") if name.strip()}))
    return View(STYLES[style], toolsets, int(page))


def _wrong(field: str, rule: str) -> InvalidRequest:
    return InvalidRequest(
        f"{field} {rule}.", fix="Correct the URL's query.", errors=[{"field": field, "message": rule}]
    )
