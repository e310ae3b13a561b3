"""Problem documents: contents of every error, and parsing."""

from __future__ import annotations

import pytest

from agora_sdk.errors import BY_CODE, from_problem

STANDARD = ("type", "title", "status", "code", "detail", "fix")


@pytest.mark.parametrize("code", BY_CODE)
def test_extra_members_cannot_replace_standard_ones(code: str) -> None:
    kind = BY_CODE[code]
    extra = {name: "replaced" for name in STANDARD if name != "fix"} | {"self": "named", "task_status": "completed"}
    problem = kind("What happened.", fix="What to do.", **extra).problem()
    assert {name: problem[name] for name in STANDARD} == {
        "type": f"urn:agora:error:{code}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": "What happened.",
        "fix": "What to do.",
    }
    assert (problem["self"], problem["task_status"]) == ("named", "completed")
    read = from_problem(problem)
    assert (type(read), read.task_status, read.problem()) == (kind, "completed", problem)
