"""Answers of the monitor: pages and redirections, with what every one of them carries."""

from __future__ import annotations

from collections.abc import Iterable

from agora.protocols.http import Scope, Send, header, respond

from .security import HEADERS

__all__ = ["Headers", "html", "is_piece", "redirect", "wants_html"]

HTML = (b"content-type", b"text/html; charset=utf-8")
Headers = Iterable[tuple[bytes, bytes]]


async def html(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """A page, or a piece of one."""
    await respond(send, status, body, (*HEADERS, *headers), kind=HTML)


async def redirect(send: Send, path: str, headers: Headers = ()) -> None:
    """Go there, with GET."""
    await html(send, 303, b"", ((b"location", path.encode("ascii")), *headers))


def wants_html(scope: Scope) -> bool:
    """Whether a page is asked for: by a browser that goes there, or by a page that fetches a piece of itself."""
    if is_piece(scope):
        return True
    accept = header(scope, b"accept") or ""
    return "text/html" in accept and "application/json" not in accept


def is_piece(scope: Scope) -> bool:
    """Whether htmx asks."""
    return header(scope, b"hx-request") == "true"
