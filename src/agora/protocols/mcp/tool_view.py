"""Tool views: the tools shown to a client, and their form; chosen by the URL's query or by headers.

``/mcp`` is the model view: few tools, with names that every host accepts and the important parameters
(:mod:`.model_view`). ``/mcp?view=full`` lists every tool with its full schemas. A query with names or toolsets uses the
full view, too.

==================  =====================  ======================================================================
query               header                 meaning
==================  =====================  ======================================================================
``view``                                   ``model`` or ``full``: the form of names and schemas
``names``                                  ``dots`` or ``underscore``, in either form
``toolsets``        ``X-MCP-Toolsets``     list these toolsets instead of the form's own choice
``tools``           ``X-MCP-Tools``        list these tools, in addition to any toolsets
``readonly``        ``X-MCP-Readonly``     ``true``: list and call only read-only tools
``page``                                   entries per page
==================  =====================  ======================================================================

Headers override the query. A view chooses what is listed; apart from ``readonly`` it does not
limit what can be called. At ``/mcp/servers/NAME`` the tools are those of a virtual server (:mod:`.virtual_servers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from agora.comma_lists import split_list
from agora.value_classes import value_class
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["FULL_VIEW", "MODEL_VIEW", "PAGE_SIZE", "VIEW_HEADERS", "VIRTUAL_SERVER_VIEW", "ToolView", "parse_tool_view"]

#: default number of tools or resources per page: some clients read no second page
PAGE_SIZE: Final = 500
MAX_PAGE_SIZE: Final = 1000
MAX_PAGE_SIZE_DIGITS: Final = 9
MAX_PARAMETERS: Final = 50
MAX_NAMES: Final = 200  #: maximum number of tools that a client can name
UNDERSCORES_BY_STYLE: Final[Mapping[str, bool]] = {"dots": False, "underscore": True, "underscores": True}
VIEW_NAMES: Final = ("model", "full")
FLAG_VALUES: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False, "": False}
#: query parameters that select the full view unless ``view`` is set
FULL_VIEW_PARAMETERS: Final = frozenset({"names", "toolsets"})

_HEADERS: Final = {"toolsets": b"x-mcp-toolsets", "tools": b"x-mcp-tools", "readonly": b"x-mcp-readonly"}
VIEW_HEADERS: Final = tuple(_HEADERS.values())


@value_class
class ToolView:
    """The selection and form of a client's tools.

    compact: short form of the model view. underscores: names without dots. toolsets, tools: listed tools; the form's
    own choice if both are empty. readonly: list and call only read-only tools. page: entries per page.
    server: the virtual server with these ``tools``, which are the only callable ones; instructions: of that server.
    task_support: whether tools show their task support, as in 2025-11-25.
    """

    compact: bool = False
    underscores: bool = False
    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    readonly: bool = False
    page: int = PAGE_SIZE
    server: str = ""
    instructions: str = ""
    task_support: bool = False

    @property
    def is_model_choice(self) -> bool:
        """Whether the view lists the tools selected for models."""
        return self.compact and not self.toolsets and not self.tools


FULL_VIEW: Final = ToolView()
MODEL_VIEW: Final = ToolView(compact=True, underscores=True)
VIRTUAL_SERVER_VIEW: Final = ToolView(underscores=True)


def parse_tool_view(query: bytes, headers: Mapping[bytes, str | None], default: ToolView) -> ToolView:
    """Read the view from a query string and headers. Raises InvalidRequest. Unknown parameters are ignored."""
    choices = tuple((name, value) for name, header in _HEADERS.items() if (value := headers.get(header)) is not None)
    return _parse_tool_view_cached(query, choices, default) if query or choices else default


@lru_cache(maxsize=256)
def _parse_tool_view_cached(query: bytes, headers: tuple[tuple[str, str], ...], default: ToolView) -> ToolView:
    try:
        parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise _build_invalid_parameter_error("query", f"has at most {MAX_PARAMETERS} parameters") from None
    form = parameters.get("view")
    if form is None:
        compact = default.compact and FULL_VIEW_PARAMETERS.isdisjoint(parameters)
    elif form in VIEW_NAMES:
        compact = form == "model"
    else:
        raise _build_invalid_parameter_error("view", "is 'model' or 'full'")
    style = parameters.get("names", "underscore" if compact else "dots")
    if style not in UNDERSCORES_BY_STYLE:
        raise _build_invalid_parameter_error("names", "is 'dots' or 'underscore'")
    page = parameters.get("page", str(PAGE_SIZE))
    # The length bounds the integer that a client makes us parse, leading zeros included.
    if not page.isdecimal() or len(page) > MAX_PAGE_SIZE_DIGITS or not 1 <= int(page) <= MAX_PAGE_SIZE:
        raise _build_invalid_parameter_error("page", f"is a number from 1 to {MAX_PAGE_SIZE}")
    parameters |= dict(headers)
    readonly = FLAG_VALUES.get(parameters.get("readonly", "").strip().lower())
    if readonly is None:
        raise _build_invalid_parameter_error("readonly", "is 'true' or 'false'")
    toolsets, tools = (tuple(sorted({*split_list(parameters.get(name, ""))})) for name in ("toolsets", "tools"))
    if len(tools) > MAX_NAMES:
        raise _build_invalid_parameter_error("tools", f"names at most {MAX_NAMES} tools")
    return ToolView(compact, UNDERSCORES_BY_STYLE[style], toolsets, tools, readonly, int(page))


def _build_invalid_parameter_error(field: str, rule: str) -> InvalidRequest:
    return InvalidRequest(
        f"{field} {rule}.", fix="Correct the URL's query or the header.", errors=[field_error(field, rule)]
    )
