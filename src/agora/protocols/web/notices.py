"""Notices: what an act came to, as a toast on the page that sent it, or on the page that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from agora_sdk.errors import Unauthenticated

from .session import Sessions
from .templating import render_template

__all__ = ["NOTICE", "Link", "Notice", "Notices", "render_notice", "render_toast"]

NOTICE: Final = "agora_notice"
LIFETIME_SECONDS: Final = 60
MAX_NOTICE_LENGTH: Final = 500
TOO_LONG: Final = "The answer is too long for a browser without scripts. Call the operation from a shell to read it."


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the monitor that an answer names. path: below the monitor."""

    path: str
    label: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an act came to.

    path: of the page of what it made, below the monitor. secret: a value that is shown once. answer: what the operation
    answered, where a form asks for it (``show``). sign_in: whether the person has to sign in before trying again.
    links: what the answer is about, on a page with scripts. place: id of the element that it is put into there.
    """

    kind: Literal["done", "failed"]
    words: str
    path: str = ""
    secret: str = ""
    answer: str = ""
    sign_in: bool = False
    links: tuple[Link, ...] = ()
    place: str = "toasts"


class Notices:
    """Notices in a sealed cookie, so that no link can put words on a page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def build_cookie(self, notice: Notice) -> tuple[bytes, bytes]:
        """The header that leaves a notice for the next page. An answer that no cookie can hold is left out."""
        words = notice.words[:MAX_NOTICE_LENGTH]
        try:
            sealed = self._sessions.seal([notice.kind, words, notice.path, notice.secret, notice.answer], "notice")
        except Unauthenticated:
            sealed = self._sessions.seal([notice.kind, words, notice.path, notice.secret, TOO_LONG], "notice")
        return self._sessions.set_cookie(NOTICE, sealed, LIFETIME_SECONDS)

    def discard_cookie(self) -> tuple[bytes, bytes]:
        """The header that takes it away once it was shown."""
        return self._sessions.set_cookie(NOTICE, "", 0)

    def read_cookie(self, text: str | None) -> Notice | None:
        """The notice of a cookie."""
        fields = self._sessions.unseal(text, "notice") if text else None
        if fields is None or len(fields) != 5:
            return None
        kind, words, path, secret, answer = map(str, fields)
        return Notice("failed" if kind == "failed" else "done", words, path, secret, answer)


def render_notice(notice: Notice) -> bytes:
    """A notice as a piece of a page."""
    return render_template("parts/notice.html", {"notice": notice})


def render_toast(notice: Notice) -> bytes:
    """A notice as a piece that htmx puts over the page, or into its place there."""
    swap = "afterbegin" if notice.place == "toasts" else "innerHTML"
    head = f'<hx-partial hx-target="#{notice.place}" hx-swap="{swap}">'
    return head.encode() + render_notice(notice) + b"</hx-partial>"
