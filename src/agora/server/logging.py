"""Logging: one line per event, as text or JSON, with tenant, caller, request id and trace, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TextIO

from agora.telemetry import CURRENT_CALLER, CURRENT_PROTOCOL, CURRENT_REQUEST_ID, get_trace_id
from agora_sdk.errors import StorageUnavailable

__all__ = ["JsonFormatter", "OutageFilter", "configure_logging"]

#: libraries that log every connection with its URLs and headers
QUIETED_LOGGERS: Final = ("uvicorn", "httpx", "httpx2", "httpcore", "httpcore2", "opentelemetry.exporter", "urllib3")
REDACTED: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"""\b(?:agt|agfy|enr|adm|ses)_[A-Za-z0-9_.\-]{8,}            # credentials of ours
    | \beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)* # JSON web tokens
    | (?<=[Bb]earer\ )\S+ | (?<=[Bb]asic\ )\S+
    | (?<=://)[^/\s:@'"]*:[^/\s@'"]+(?=@)                         # a password in a URL
    | (?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=api_key=)|(?<=api-key:\ )|(?<=code=))[^&\s"',;]+
    | (?i:(?:"|')(?:\w*token|\w*secret|password|api_key|authorization|cookie)(?:"|')\s*:\s*(?:b?"[^"]*"|b?'[^']*'))""",
    re.VERBOSE,
)


#: control characters, removed from text lines: they could forge log lines or control a terminal
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_COLOR_BY_LEVEL: Final = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[1;31m"}
_RESET_COLOR: Final = "\x1b[0m"
CONTEXT_FIELDS: Final = ("tenant", "caller", "request_id", "protocol", "trace_id")
MESSAGE_WIDTH: Final = 30  # columns of the message, so that fields are aligned


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON. secrets: of the settings; credentials of any form are redacted."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        words = [re.escape(word) for word in secrets]
        self._secret_pattern = re.compile("|".join(words)) if words else None

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.collect_fields(record))

    def collect_fields(self, record: logging.LogRecord) -> dict[str, str]:
        """Collect the fields of a line: event, request, caller, trace and exception."""
        fields = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        request, caller, trace = CURRENT_REQUEST_ID.get(), CURRENT_CALLER.get(), get_trace_id()
        if request is not None:
            fields |= {"request_id": request, "protocol": CURRENT_PROTOCOL.get()}
        if caller is not None:
            fields["tenant"], fields["caller"] = caller
        if trace is not None:
            fields["trace_id"] = trace
        # The offset is always +00:00, the last six characters.
        fields["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        if record.exc_info:  # as text, without the values of variables, which contain callers' data
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return {name: self._redact_secrets(text) for name, text in fields.items()}

    def _redact_secrets(self, text: str) -> str:
        text = _SECRETS.sub(REDACTED, text)
        return self._secret_pattern.sub(REDACTED, text) if self._secret_pattern is not None else text


class _TextFormatter(JsonFormatter):
    """Formats a record as text, in colours on a terminal."""

    def __init__(self, secrets: Iterable[str], *, colours: bool) -> None:
        super().__init__(secrets)
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: _CONTROL.sub(_escape_control, text) for name, text in self.collect_fields(record).items()}
        tone = _COLOR_BY_LEVEL.get(fields["level"], "") if self._colours else ""
        level = f"{tone}{fields['level']:<9}{_RESET_COLOR if tone else ''}"
        line = f"{fields['timestamp']} [{level}] {fields['event']:<{MESSAGE_WIDTH}} [{fields['logger']}]"
        line += "".join(f" {name}={fields[name]}" for name in CONTEXT_FIELDS if name in fields)
        more = (fields[name] for name in ("exception", "stack") if name in fields)
        return "\n".join([line, *more]).replace(
            "\n", "\n    "
        )  # a line break in a value must not look like a new log line


def _escape_control(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


class OutageFilter(logging.Filter):
    """Drop records of a call or a job that failed because the storage was unavailable: the store logs the outage once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], StorageUnavailable))


def configure_logging(level: str, style: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Configure logging of the whole process. style: text or json. stream: None for standard error."""
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter(secrets) if style == "json" else _TextFormatter(secrets, colours=stream.isatty())
    )
    handler.addFilter(OutageFilter())
    root = logging.getLogger()
    # Replaced: a handler of a library or of a test would write the line again, without redaction.
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIETED_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
