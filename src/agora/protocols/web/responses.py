"""Responses of the monitor: pages and redirects, with the headers common to all."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from agora.protocols.http import Scope, Send, read_header, send_response

from .security import SECURITY_HEADERS

__all__ = ["Headers", "accepts_gzip", "is_htmx_request", "send_html", "send_page", "send_redirect", "wants_html"]

HTML_HEADER = (b"content-type", b"text/html; charset=utf-8")
Headers = Iterable[tuple[bytes, bytes]]


async def send_html(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """Send a page or a part of one."""
    await send_response(send, status, body, (*SECURITY_HEADERS, *headers), content_type=HTML_HEADER)


async def send_page(scope: Scope, send: Send, body: bytes, headers: Headers = ()) -> None:
    """Send a whole page, compressed if the browser accepts it.

    A page contains the form token and text of others. The compressed length reveals nothing about the token: requests
    of other sites render no page, since the session's cookie is SameSite=Strict.
    """
    if accepts_gzip(scope):
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers = (*headers, (b"content-encoding", b"gzip"))
    await send_html(send, 200, body, headers)


async def send_redirect(send: Send, path: str, headers: Headers = ()) -> None:
    """Redirect to a path with GET."""
    # 303: the browser follows a POST with GET, so that reloading the page does not repeat the action.
    await send_html(send, 303, b"", ((b"location", path.encode("ascii")), *headers))


def accepts_gzip(scope: Scope) -> bool:
    """Whether the client accepts gzip (RFC 9110, section 12.5.3)."""
    for part in (read_header(scope, b"accept-encoding") or "").lower().split(","):
        coding, _, weight = part.partition(";")
        # A weight of zero, also written 0.000, refuses the coding.
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def wants_html(scope: Scope) -> bool:
    """Whether a page is requested: by browser navigation, or by a page that fetches a part of itself."""
    if is_htmx_request(scope):
        return True
    accept = read_header(scope, b"accept") or ""
    return "text/html" in accept and "application/json" not in accept


def is_htmx_request(scope: Scope) -> bool:
    """Whether htmx sent the request."""
    return read_header(scope, b"hx-request") == "true"
