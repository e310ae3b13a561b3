"""Renders Markdown of agents and users as safe HTML (docs/adr/0033).

Raw HTML is shown as text, images become links, and links lead only to the web: the output contains only elements
created here, so that no sanitizer is needed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from .diffs import render_diff
from .drawing.svg import tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["MAX_CHARACTERS", "render_markdown"]

#: Longer texts are shown as plain text: parsing time can grow quadratically with length, up to 0.1 s at this one.
MAX_CHARACTERS: Final = 8_000
MAX_LINES: Final = 500
MAX_NESTING: Final = 20
LINK_SCHEMES: Final = ("http://", "https://", "mailto:")
HEADING_SHIFT: Final = 3  #: headings of a text are placed below those of the page
MAX_HEADING: Final = 6


@cache
def _create_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.disable(["image", "html_inline", "html_block"])
    parser.core.ruler.push("safe_links", _replace_non_web_links)
    parser.core.ruler.push("headings", _lower_headings)
    parser.add_render_rule("fence", _render_fence)
    return parser


# Live fragments render the same texts again with each update.
@lru_cache(maxsize=256)
def render_markdown(text: str) -> Markup:
    """Render a text as HTML; a text that is too long to parse is shown as plain text."""
    if len(text) > MAX_CHARACTERS or text.count("\n") > MAX_LINES:
        return tag("div", Markup("%s") % text, class_="message", dir="auto")
    html = _create_parser().render(text)
    return tag("div", Markup(html), class_="markdown", dir="auto")  # noqa: S704 - the parser escapes what is not Markdown


def _replace_non_web_links(state: Any) -> None:
    """Replace links outside the web by plain text with the URL as tooltip: most are paths on another machine."""
    for token in state.tokens:
        is_plain = False
        for child in token.children or ():
            if child.type == "link_open":
                href = str(child.attrs.get("href", ""))
                is_plain = not href.lower().startswith(LINK_SCHEMES)
                child.attrs = (
                    {"title": href}
                    if is_plain
                    else {"href": href, "title": href, "rel": "noopener noreferrer nofollow", "target": "_blank"}
                )
            # The flag is still that of the open link: links cannot be nested.
            if child.type in ("link_open", "link_close") and is_plain:
                child.tag = "span"


def _lower_headings(state: Any) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + HEADING_SHIFT, MAX_HEADING)}"


def _render_fence(
    renderer: Any, tokens: Sequence[Token], index: int, options: Mapping[str, Any], environment: Mapping[str, Any]
) -> str:
    """Render a code block; a diff in colour."""
    token = tokens[index]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    if language in ("diff", "patch"):
        return str(render_diff(token.content))
    return str(tag("pre", tag("code", Markup("%s") % token.content), class_="code", data_language=language or None))
