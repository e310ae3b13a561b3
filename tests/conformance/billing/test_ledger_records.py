"""Ledger entries are stored by field name: the order of lines in the source does not matter."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agora.core.call import Call
from agora.domains.billing import ledger
from agora.domains.billing.ledger import Charge
from agora.domains.billing.records import LEDGER, LedgerEntry
from agora.store.port import Table
from agora.store.records import record
from agora_sdk.contract.billing import EntryKind
from tests.conformance.billing.billing_calls import Till, priced, rows, till
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["till"]


def load_with_swapped_lines(directory: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the ledger's module with the lines ``quantity=...`` and ``amount=...`` of each entry swapped."""
    source = Path(ledger.__file__).read_text()
    swapped, count = re.subn(r"( +quantity=[^\n]*\n)((?:[^\n]*\n)*?)( +amount=[^\n]*\n)", r"\3\2\1", source)
    assert count == 3  # a charge, its reductions, its reversal
    path = directory / "swapped.py"
    path.write_text(swapped)
    spec = importlib.util.spec_from_file_location("agora.domains.billing.swapped", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # a dataclass looks up its module
    spec.loader.exec_module(module)
    return module


async def test_order_of_arguments_does_not_change_an_entry(
    market: Market, till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await priced(market, type="per_request", price=0.5)
    swapped = load_with_swapped_lines(tmp_path, monkeypatch)
    for key, module in (("a", ledger), ("b", swapped)):
        charge = Charge(f"execution:{key}", "acme", agent.subject, EntryKind.REQUEST, 3)

        async def work(call: Call, charge: Charge = charge, module: Any = module) -> None:
            await module.Ledger(call).charge_unless_recorded(charge)
            await module.Ledger(call).reverse_by_key(charge.key)

        await till.act(work)
    stored = [(row["kind"], row["quantity"], row["amount"], row["currency"]) for row in await rows(market)]
    assert sorted(stored) == sorted([("request", 3, 1_500_000, "USD"), ("request", -3, -1_500_000, "USD")] * 2)


def test_order_of_declared_fields_does_not_change_an_entry() -> None:
    names = [field.name for field in dataclasses.fields(LedgerEntry)]
    at, other = names.index("quantity"), names.index("amount")
    names[at], names[other] = names[other], names[at]
    types = {field.name: field.type for field in dataclasses.fields(LedgerEntry)}
    swapped: Any = record(
        type("LedgerEntry", (), {"__annotations__": {name: types[name] for name in names}, "__module__": __name__})
    )
    values: dict[str, Any] = {name: 1 if str(types[name]).startswith("int") else "x" for name in names}
    values |= {"quantity": 3, "amount": 1_500_000}
    assert [*swapped.__slots__] != [*LedgerEntry.__slots__]
    stored = []
    for table, entry in ((LEDGER, LedgerEntry(**values)), (Table("billing_ledger", swapped), swapped(**values))):
        connection = sqlite3.connect(":memory:")
        connection.execute(f"create table billing_ledger ({', '.join(sorted(names))})")
        columns, marks = ", ".join(table.column_names), ", ".join("?" * len(table.column_names))
        connection.execute(f"insert into billing_ledger ({columns}) values ({marks})", table.to_row(entry, "x"))
        stored.append(connection.execute("select * from billing_ledger").fetchall())
        connection.close()
    assert stored[0] == stored[1]
