"""The committed contract is the one the code declares."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from agora_sdk.contract import operations
from agora_sdk.contract.export import contract_changes, contract_document
from agora_sdk.errors import BY_CODE

SNAPSHOT = Path(__file__).parents[3] / "sdk" / "contract.json"


def test_snapshot_is_current() -> None:
    kept = json.loads(SNAPSHOT.read_text("utf-8"))
    found = contract_changes(kept, json.loads(json.dumps(contract_document(operations(), BY_CODE))))
    assert not found, "run `agora contract export -o sdk/contract.json` and look at what changed:\n" + "\n".join(found)


def test_a_removed_operation_is_noticed() -> None:
    whole = contract_document(operations(), BY_CODE)
    less = copy.deepcopy(whole)
    gone = less["operations"].pop()
    assert f"- operations: {gone['name']}@{gone['version']}" in contract_changes(whole, less)


def test_a_changed_parameter_is_noticed() -> None:
    whole = contract_document(operations(), BY_CODE)
    other = copy.deepcopy(whole)
    first = other["operations"][0]
    first["parameters"][0]["required"] = False
    assert any(line.startswith(f"~ operations: {first['name']}") for line in contract_changes(whole, other))
