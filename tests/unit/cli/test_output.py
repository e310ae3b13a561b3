"""Output of commands."""

from __future__ import annotations

import json

import pytest

from agora.cli.jobs import _format_output_part
from agora.cli.output import Output


def test_json_of_others_does_not_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON may contain the control characters U+007F to U+009F as they are; U+009B begins an escape sequence."""
    document = {"text": "\x9b31mred\x7f\x85 Grüße"}
    Output(json=True).print_json(document)
    output = capsys.readouterr().out
    assert json.loads(output) == document
    assert output == '{"text": "\\u009b31mred\\u007f\\u0085 Grüße"}\n'


def test_part_of_a_session_of_any_form_is_shown() -> None:
    assert _format_output_part("said") == ["said"]
    assert _format_output_part({"type": "plan", "entries": None}) == []
    assert _format_output_part({"type": "plan", "entries": ["think"]}) == ["  - think"]
