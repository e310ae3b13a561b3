"""Answers of the monitor: pages and redirections, with what every one of them carries."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from agora.protocols.http import Scope, Send, read_header, send_response

from .security import HEADERS

__all__ = ["Headers", "accepts_gzip", "is_htmx_request", "send_html", "send_page", "send_redirect", "wants_html"]

HTML = (b"content-type", b"text/html; charset=utf-8")
Headers = Iterable[tuple[bytes, bytes]]


async def send_html(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """A page, or a piece of one."""
    await send_response(send, status, body, (*HEADERS, *headers), kind=HTML)


async def send_page(scope: Scope, send: Send, body: bytes, headers: Headers = ()) -> None:
    """A whole page, compressed where the browser takes that.

    A page holds the token of its forms beside text of others. Its length tells a stranger nothing about the token: no page is
    rendered for a request of another site, since the session's cookie is SameSite=Strict.
    """
    if accepts_gzip(scope):
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers = (*headers, (b"content-encoding", b"gzip"))
    await send_html(send, 200, body, headers)


async def send_redirect(send: Send, path: str, headers: Headers = ()) -> None:
    """Go there, with GET."""
    await send_html(send, 303, b"", ((b"location", path.encode("ascii")), *headers))


def accepts_gzip(scope: Scope) -> bool:
    """Whether the client takes gzip (RFC 9110, section 12.5.3)."""
    for part in (read_header(scope, b"accept-encoding") or "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def wants_html(scope: Scope) -> bool:
    """Whether a page is asked for: by a browser that goes there, or by a page that fetches a piece of itself."""
    if is_htmx_request(scope):
        return True
    accept = read_header(scope, b"accept") or ""
    return "text/html" in accept and "application/json" not in accept


def is_htmx_request(scope: Scope) -> bool:
    """Whether htmx asks."""
    return read_header(scope, b"hx-request") == "true"
