"""The mapping of task states to A2A is total, and documented."""

from __future__ import annotations

import re
from pathlib import Path

from agora.domains.a2a.states import STATES, to_a2a_state, to_task_statuses
from agora.domains.tasks.states import TERMINAL_STATUSES
from agora_sdk.contract.a2a import A2AState
from agora_sdk.contract.fields import TaskStatus

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "a2a-states.md"
ROW = re.compile(r"^\| `(\w+)` \| `(TASK_STATE_\w+)` \| (yes|no) \|", re.MULTILINE)


def test_every_status_has_a_state_and_every_state_a_status() -> None:
    assert set(STATES) == set(TaskStatus)
    assert set(STATES.values()) == set(A2AState)
    assert {status for state in A2AState for status in to_task_statuses(state)} == {
        status.value for status in TaskStatus
    }
    assert all(to_a2a_state(status.value) == state.value for status, state in STATES.items())


def test_no_state_is_both_final_and_open() -> None:
    ended = {STATES[status] for status in TERMINAL_STATUSES}
    assert not ended & {state for status, state in STATES.items() if status not in TERMINAL_STATUSES}


def test_documentation_matches_the_mapping() -> None:
    told = {(status, state, ended == "yes") for status, state, ended in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert told == {(status.value, state.value, status in TERMINAL_STATUSES) for status, state in STATES.items()}
