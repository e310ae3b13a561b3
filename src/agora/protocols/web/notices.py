"""Notices: what an act came to, said on the page that follows it."""

from __future__ import annotations

from typing import Final

from .session import Sessions
from .templating import render_template

__all__ = ["NOTICE", "Notice", "Notices", "render_notice"]

NOTICE: Final = "agora_notice"
LIFETIME_SECONDS: Final = 60
MAX_NOTICE_LENGTH: Final = 500

Notice = dict[str, str]  #: ``kind`` (done or failed) and ``words``


class Notices:
    """Notices in a sealed cookie, so that no link can put words on a page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def cookie(self, kind: str, words: str) -> tuple[bytes, bytes]:
        """The header that leaves a notice for the next page."""
        return self._sessions.set_cookie(
            NOTICE, self._sessions.seal([kind, words[:MAX_NOTICE_LENGTH]], "notice"), LIFETIME_SECONDS
        )

    def discard_cookie(self) -> tuple[bytes, bytes]:
        """The header that takes it away once it was shown."""
        return self._sessions.set_cookie(NOTICE, "", 0)

    def read_cookie(self, given: str | None) -> Notice | None:
        """The notice of a cookie."""
        fields = self._sessions.open(given, "notice") if given else None
        return {"kind": str(fields[0]), "words": str(fields[1])} if fields and len(fields) == 2 else None


def render_notice(kind: str, words: str) -> bytes:
    """A notice as a piece of a page."""
    return render_template("parts/notice.html", {"notice": {"kind": kind, "words": words}})
