"""The options of ``agora worker run``."""

from __future__ import annotations

import pytest

from agora.cli.worker import RunOptions, detect_worker_options


def test_command_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="--command is empty"):
        detect_worker_options(RunOptions(command=" "))
