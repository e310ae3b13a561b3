"""The generated parts of the SDKs are what the contract says, and the lock file of npm names no place to fetch from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts import sdks

ROOT = Path(__file__).parents[3]


def test_generated_files_are_fresh() -> None:
    stale = [path.name for path, text in sdks.files().items() if path.read_text("utf-8") != text]
    assert not stale, "run `make reference`"


def test_every_operation_has_a_method() -> None:
    contract = json.loads(sdks.CONTRACT.read_text("utf-8"))
    services = (sdks.TYPESCRIPT / "services.ts").read_text("utf-8")
    table = (sdks.TYPESCRIPT / "operations.ts").read_text("utf-8")
    for operation in contract["operations"]:
        action = sdks.camel_case(operation["action"])
        assert f"  {action}(" in services, operation["name"]
        assert f"    {action}: {{" in table, operation["name"]


@pytest.mark.parametrize("name", ["task_id", "a2a", "input_schema", "_meta", "sha256_sum", "min_memory_mb"])
def test_names_go_both_ways(name: str) -> None:
    assert sdks.snake_case(sdks.camel_case(name)) == name


def test_the_lock_file_has_no_addresses() -> None:
    lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "://" not in lock, "remove 'funding' and 'resolved' from package-lock.json"
    assert "integrity" in lock
