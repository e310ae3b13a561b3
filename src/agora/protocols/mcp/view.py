"""Views: how a client wants the marketplace shown, said in the endpoint's query string.

``/mcp?names=underscore`` lists ``agora_messaging_send`` for hosts that refuse dots.
``/mcp?toolsets=messaging,task`` lists those toolsets alone. ``/mcp?page=20`` sets the size of a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["DEFAULT", "PAGE", "View"]

PAGE = 200  #: tools or resources in one answer, unless the client says otherwise
MAX_PAGE = 1000
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
        return _parse_view(query) if query else DEFAULT


DEFAULT = View()


@lru_cache(maxsize=256)
def _parse_view(query: bytes) -> View:
    parameters = dict(parse_qsl(query.decode("latin-1"), max_num_fields=50))
    style = parameters.get("names", "dots")
    if style not in STYLES:
        raise _invalid_parameter("names", "is 'dots' or 'underscore'")
    page = parameters.get("page", str(PAGE))
    if not page.isdecimal() or not 1 <= int(page[:9]) <= MAX_PAGE:
        raise _invalid_parameter("page", f"is a number from 1 to {MAX_PAGE}")
    toolsets = tuple(sorted({name.strip() for name in parameters.get("toolsets", "").split(",") if name.strip()}))
    return View(STYLES[style], toolsets, int(page))


def _invalid_parameter(field: str, rule: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {rule}.", fix="Correct the URL's query.", errors=[field_error(field, rule)])
