"""Console log for people: one line per event; foreign text can neither start a line nor control the terminal."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

from agora.server.logging import configure_logging
from agora.telemetry import CURRENT_REQUEST_ID
from tests.harness import restored_logging

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The process's log as text."""
    text = io.StringIO()
    with restored_logging():
        configure_logging("info", "text", ["opensesame"], text)
        yield text


def test_line_has_time_event_and_source(stream: io.StringIO) -> None:
    before = CURRENT_REQUEST_ID.set("req_1")
    logging.getLogger("agora.x").warning("%s was %s", "Ada", "late")
    CURRENT_REQUEST_ID.reset(before)
    assert re.fullmatch(
        rf"{STAMP} \[warning  \] Ada was late +\[agora\.x\] request_id=req_1 protocol=\S+\n", stream.getvalue()
    )


def test_error_has_a_traceback_without_secrets(stream: io.StringIO) -> None:
    try:
        raise ValueError("opensesame")
    except ValueError:
        logging.getLogger("agora.x").exception("it failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("[agora.x]")
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-1] == "    ValueError: [redacted]"
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize("breaking", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2J", "\x9b2J", "\x00"])
def test_foreign_text_starts_no_line_and_has_no_control_characters(breaking: str, stream: io.StringIO) -> None:
    forged = "2026-01-01T00:00:00.000000Z [info     ] all is well [agora.x]"
    logging.getLogger("agora.x").info("hello%s%s", breaking, forged)
    text = stream.getvalue()
    assert sum(line.startswith("20") for line in text.splitlines()) == 1
    assert not set(text) & {"\r", "\x0b", "\x85", "\u2028", "\x1b", "\x9b", "\x00"}
    assert forged in text


def test_json_log_has_one_line_per_event(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    logging.getLogger("agora.x").info("a\nb \u2028 \x1b é", stack_info=True)
    (line,) = stream.getvalue().splitlines()
    assert line.isascii()
    assert '"event": "a\\nb \\u2028 \\u001b \\u00e9"' in line
    assert '"stack": "Stack (most recent call last)' in line
