"""The committed contract equals the one declared in code."""

from __future__ import annotations

import json
from pathlib import Path

from agora_sdk.contract import operations
from agora_sdk.contract.export import contract_document
from agora_sdk.errors import BY_CODE

SNAPSHOT = Path(__file__).parents[3] / "sdk" / "contract.json"


def test_snapshot_is_current() -> None:
    declared = json.loads(json.dumps(contract_document(operations(), BY_CODE)))
    assert declared == json.loads(SNAPSHOT.read_text("utf-8")), "run `make reference`, and look at what changed"
