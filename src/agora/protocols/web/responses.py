"""Answers of the monitor: pages and redirections, with what every one of them carries."""

from __future__ import annotations

from collections.abc import Iterable

from agora.protocols.http import Scope, Send, read_header, send_response

from .security import HEADERS

__all__ = ["Headers", "is_htmx_request", "send_html", "send_redirect", "wants_html"]

HTML = (b"content-type", b"text/html; charset=utf-8")
Headers = Iterable[tuple[bytes, bytes]]


async def send_html(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """A page, or a piece of one."""
    await send_response(send, status, body, (*HEADERS, *headers), kind=HTML)


async def send_redirect(send: Send, path: str, headers: Headers = ()) -> None:
    """Go there, with GET."""
    await send_html(send, 303, b"", ((b"location", path.encode("ascii")), *headers))


def wants_html(scope: Scope) -> bool:
    """Whether a page is asked for: by a browser that goes there, or by a page that fetches a piece of itself."""
    if is_htmx_request(scope):
        return True
    accept = read_header(scope, b"accept") or ""
    return "text/html" in accept and "application/json" not in accept


def is_htmx_request(scope: Scope) -> bool:
    """Whether htmx asks."""
    return read_header(scope, b"hx-request") == "true"
