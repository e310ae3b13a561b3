"""Notices: the outcome of an action, as a toast on the page that sent it, or on the next page."""

from __future__ import annotations

from typing import Final, Literal

from agora.value_classes import value_class
from agora_sdk.errors import Unauthenticated

from .session import Sessions
from .templating import render_template

__all__ = ["NOTICE_COOKIE", "Notice", "NoticeCookies", "NoticeLink", "render_notice", "render_toast"]

NOTICE_COOKIE: Final = "agora_notice"
LIFETIME_SECONDS: Final = 60
MAX_NOTICE_LENGTH: Final = 500
TOO_LONG_MESSAGE: Final = (
    "The answer is too long for a browser without scripts. Call the operation from a shell to read it."
)


@value_class
class NoticeLink:
    """A link in a notice to a page of the monitor. path: below the monitor."""

    path: str
    label: str
    about: str = ""


@value_class
class Notice:
    """The outcome of an action.

    path: page of the created object, below the monitor. secret: a value that is shown once. answer: the operation's
    result, if the form requests it (``show``). sign_in: whether the user must sign in before trying again. links:
    subjects of the answer, on a page with scripts. place: id of the target element there.
    """

    kind: Literal["done", "failed"]
    words: str
    path: str = ""
    secret: str = ""
    answer: str = ""
    sign_in: bool = False
    links: tuple[NoticeLink, ...] = ()
    place: str = "toasts"


class NoticeCookies:
    """Stores notices in a sealed cookie, so that no link can put text on a page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def build_cookie(self, notice: Notice) -> tuple[bytes, bytes]:
        """Build the cookie header of a notice for the next page. An answer that is too long for a cookie is omitted."""
        words = notice.words[:MAX_NOTICE_LENGTH]
        try:
            sealed = self._sessions.seal([notice.kind, words, notice.path, notice.secret, notice.answer], "notice")
        # Raised by seal() for values that are too long for a cookie.
        except Unauthenticated:
            sealed = self._sessions.seal([notice.kind, words, notice.path, notice.secret, TOO_LONG_MESSAGE], "notice")
        return self._sessions.build_set_cookie_header(NOTICE_COOKIE, sealed, LIFETIME_SECONDS)

    def build_expired_cookie(self) -> tuple[bytes, bytes]:
        """Build the header that deletes the cookie after the notice was shown."""
        return self._sessions.build_set_cookie_header(NOTICE_COOKIE, "", 0)

    def read_cookie(self, text: str | None) -> Notice | None:
        """Read the notice of a cookie; None without one, or if it was not sealed here."""
        fields = self._sessions.unseal_or_none(text, "notice") if text else None
        if fields is None or len(fields) != 5:
            return None
        kind, words, path, secret, answer = map(str, fields)
        return Notice("failed" if kind == "failed" else "done", words, path, secret, answer)


def render_notice(notice: Notice) -> bytes:
    """Render a notice as a part of a page."""
    return render_template("parts/notice.html", {"notice": notice})


def render_toast(notice: Notice) -> bytes:
    """Render a notice as an htmx partial, for the toasts or for its target element."""
    swap = "afterbegin" if notice.place == "toasts" else "innerHTML"
    head = f'<hx-partial hx-target="#{notice.place}" hx-swap="{swap}">'
    return head.encode() + render_notice(notice) + b"</hx-partial>"
