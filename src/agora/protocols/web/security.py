"""Browser security: content security policy, frame protection, CSRF checks.

The policy allows only this server's own files: no inline scripts or styles, no framing, and no form that posts to
another origin. A state-changing request must come from this origin and contain its session's CSRF token.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from agora.protocols.host_header import parse_host_or_none, parse_origin_or_none
from agora.protocols.http import Scope, read_header
from agora_sdk.errors import PermissionDenied

__all__ = ["HOME_PATH", "SECURITY_HEADERS", "choose_safe_next_path", "read_url_header", "require_same_origin"]

HOME_PATH: Final = "/v1/monitor/"
MAX_PATH_CHARACTERS: Final = 2000

CONTENT_SECURITY_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"vary", b"Accept, Accept-Encoding, Cookie"),
)


def choose_safe_next_path(path: str | None) -> str:
    """Choose the path to go to after an action: one within the monitor, otherwise its first page.

    Browsers resolve ``//elsewhere``, ``/\\elsewhere`` and control characters to other sites.
    """
    if (
        not path
        or len(path) > MAX_PATH_CHARACTERS
        or not path.startswith(HOME_PATH)
        or not path.isascii()
        or not path.isprintable()
    ):
        return HOME_PATH
    # ".." would leave the monitor after the browser normalises the path.
    if "\\" in path or " " in path or ".." in urlsplit(path).path.split("/"):
        return HOME_PATH
    return path


def read_url_header(scope: Scope, name: bytes) -> SplitResult:
    """Read a header with the URL of a page; empty without it, or if it is malformed.

    Both headers that name the sending page are read after the operation, which must not appear as failed.
    """
    try:
        return urlsplit(read_header(scope, name) or "")
    except ValueError:
        return SplitResult("", "", "", "", "")


def require_same_origin(scope: Scope, public_url: str) -> None:
    """Reject requests sent by pages of other sites. Raises PermissionDenied.

    Browsers report the origin in one of two headers; a request without either is not from a browser.
    """
    # ``none`` is a navigation by the user, such as a bookmark.
    if (site := read_header(scope, b"sec-fetch-site")) is not None and site not in ("same-origin", "none"):
        raise _build_foreign_page_error()
    # Older browsers send only Origin, with every POST.
    origin = read_header(scope, b"origin")
    if origin is None:
        return
    page = parse_origin_or_none(origin)
    # Host for direct access, public_url behind a proxy that rewrites Host.
    own_hosts = (parse_host_or_none(read_header(scope, b"host") or ""), parse_host_or_none(urlsplit(public_url).netloc))
    if page is None or page.host not in own_hosts:
        raise _build_foreign_page_error()


def _build_foreign_page_error() -> PermissionDenied:
    return PermissionDenied("The request comes from a page of another site.", fix="Use the pages of the monitor.")
