"""Views: what a client is shown of the marketplace, and in which form; chosen by the URL's query or by headers.

``/mcp`` is the model view: few tools under names that every host takes, with the parameters that matter (:mod:`.model_view`).
``/mcp?view=full`` lists every tool with its whole schemas. A query that chooses names or toolsets is of the full view, too.

==================  =====================  ======================================================================
query               header                 meaning
==================  =====================  ======================================================================
``view``                                   ``model`` or ``full``: the form of names and schemas
``names``                                  ``dots`` or ``underscore``, whatever the form
``toolsets``        ``X-MCP-Toolsets``     list these toolsets instead of the form's own choice
``tools``           ``X-MCP-Tools``        list these tools, beside the toolsets if some are named
``readonly``        ``X-MCP-Readonly``     ``true``: list and call only what changes nothing
``page``                                   entries in one answer
==================  =====================  ======================================================================

A header replaces what the query says of the same thing. A view chooses what is listed; apart from ``readonly`` it does not
limit what can be called. At ``/mcp/servers/NAME`` the tools are those of a virtual server (:mod:`.virtual_servers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["FULL", "MODEL", "PAGE", "VIEW_HEADERS", "VIRTUAL_SERVER", "View", "read_view"]

#: tools or resources in one answer, unless the client says otherwise: some clients read no second page
PAGE: Final = 500
MAX_PAGE: Final = 1000
MAX_NAMES: Final = 200  #: tools that a client can name
STYLES: Final[Mapping[str, bool]] = {"dots": False, "underscore": True, "underscores": True}
FORMS: Final = ("model", "full")
FLAGS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False, "": False}
#: parameters of the query that only clients of the full view use, unless they also say ``view``
OF_THE_FULL_VIEW: Final = frozenset({"names", "toolsets"})

_HEADERS: Final = {"toolsets": b"x-mcp-toolsets", "tools": b"x-mcp-tools", "readonly": b"x-mcp-readonly"}
VIEW_HEADERS: Final = tuple(_HEADERS.values())


@dataclass(frozen=True, slots=True)
class View:
    """compact: tools as the model view shows them. underscores: names without dots. toolsets, tools: what is listed; the form's own
    choice where both are empty. readonly: nothing that changes anything is listed or called. page: entries in one answer.
    server: the virtual server whose ``tools`` these are, which are all that can be called; instructions: what it says of them.
    task_support: whether tools say which of them may become tasks, as they do in 2025-11-25.
    """

    compact: bool = False
    underscores: bool = False
    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    readonly: bool = False
    page: int = PAGE
    server: str = ""
    instructions: str = ""
    task_support: bool = False

    @property
    def is_model_choice(self) -> bool:
        """Whether it lists the tools that were chosen for models."""
        return self.compact and not self.toolsets and not self.tools


FULL: Final = View()
MODEL: Final = View(compact=True, underscores=True)
VIRTUAL_SERVER: Final = View(underscores=True)


def read_view(query: bytes, headers: Mapping[bytes, str | None], default: View) -> View:
    """The view that a query string and headers ask for; raises InvalidRequest. Parameters it does not know are left alone."""
    choices = tuple((name, value) for name, header in _HEADERS.items() if (value := headers.get(header)) is not None)
    return _parse_view(query, choices, default) if query or choices else default


@lru_cache(maxsize=256)
def _parse_view(query: bytes, headers: tuple[tuple[str, str], ...], default: View) -> View:
    parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50))
    form = parameters.get("view")
    if form is None:
        compact = default.compact and OF_THE_FULL_VIEW.isdisjoint(parameters)
    elif form in FORMS:
        compact = form == "model"
    else:
        raise _build_invalid_parameter_error("view", "is 'model' or 'full'")
    style = parameters.get("names", "underscore" if compact else "dots")
    if style not in STYLES:
        raise _build_invalid_parameter_error("names", "is 'dots' or 'underscore'")
    page = parameters.get("page", str(PAGE))
    if not page.isdecimal() or not 1 <= int(page[:9]) <= MAX_PAGE:
        raise _build_invalid_parameter_error("page", f"is a number from 1 to {MAX_PAGE}")
    parameters |= dict(headers)
    readonly = FLAGS.get(parameters.get("readonly", "").strip().lower())
    if readonly is None:
        raise _build_invalid_parameter_error("readonly", "is 'true' or 'false'")
    toolsets, tools = (_split_names(parameters.get(name, "")) for name in ("toolsets", "tools"))
    if len(tools) > MAX_NAMES:
        raise _build_invalid_parameter_error("tools", f"names at most {MAX_NAMES} tools")
    return View(compact, STYLES[style], toolsets, tools, readonly, int(page))


def _split_names(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in text.split(",") if name.strip()}))


def _build_invalid_parameter_error(field: str, rule: str) -> InvalidRequest:
    return InvalidRequest(
        f"{field} {rule}.", fix="Correct the URL's query or the header.", errors=[field_error(field, rule)]
    )
