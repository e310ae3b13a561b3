"""Logs: one line an event, for people or as JSON, with the request and the trace it belongs to, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

import structlog

from .telemetry import PROTOCOL, REQUEST, trace_id

__all__ = ["configure"]

#: libraries that would tell of every connection, with the URLs and headers of what goes out
TALKATIVE: Final = ("uvicorn", "httpx", "httpx2", "httpcore", "httpcore2", "opentelemetry.exporter", "urllib3")
HIDDEN: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"""\b(?:agt|agfy|enr|adm|ses)_[A-Za-z0-9_.\-]{8,}            # credentials of ours
    | \beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)* # JSON web tokens
    | (?<=[Bb]earer\ )\S+ | (?<=[Bb]asic\ )\S+
    | (?<=://)[^/\s:@'"]*:[^/\s@'"]+(?=@)                         # a password in a URL
    | (?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=api_key=)|(?<=api-key:\ )|(?<=code=))[^&\s"',;]+
    | (?i:(?:"|')(?:\w*token|\w*secret|password|api_key|authorization|cookie)(?:"|')\s*:\s*(?:b?"[^"]*"|b?'[^']*'))""",
    re.VERBOSE,
)


class _Redaction:
    """Credentials never reach a log, whatever text they are in. known: those that the settings have, of any form."""

    def __init__(self, known: Iterable[str]) -> None:
        words = [re.escape(word) for word in known]
        self._known = re.compile("|".join(words)) if words else None

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str):
                text = _SECRETS.sub(HIDDEN, value)
                event[key] = self._known.sub(HIDDEN, text) if self._known is not None else text
        return event


def _whence(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which request and trace a line belongs to."""
    request, trace = REQUEST.get(), trace_id()
    if request is not None:
        event.setdefault("request_id", request)
        event.setdefault("protocol", PROTOCOL.get())
    if trace is not None:
        event.setdefault("trace_id", trace)
    return event


def configure(level: str, style: str, secrets: Iterable[str] = ()) -> None:
    """Send the logs of the whole process to standard error. style: text or json."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _whence,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks as text, without the values of variables: those hold what callers sent.
    last: list[Any] = [structlog.processors.format_exc_info, _Redaction(secrets)]
    last.append(
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
