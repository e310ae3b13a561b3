"""Contract models built from records: columns of the same names, converted as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import pytest
from pydantic import BaseModel

from agora.core.record_models import UnmappedField, build_from_record
from agora.store.records import record
from agora_sdk.contract.fields import JsonObject, Timestamp


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Size(BaseModel):
    width: int


class Item(BaseModel):
    name: str
    state: State | None
    hidden: bool
    created_at: Timestamp
    closed_at: Timestamp | None = None
    tags: list[str]
    metadata: JsonObject
    size: Size
    note: str = "none"


@record
class ItemRow:
    name: str
    state: str | None
    hidden: int
    created_at: int
    closed_at: int | None
    tags: str
    metadata: str
    size: str
    owner: str


@record
class PriceRow:
    amount: int


class Price(BaseModel):
    amount: float


ROW = ItemRow(
    name="a",
    state="open",
    hidden=0,
    created_at=1_500_000,
    closed_at=None,
    tags='["x"]',
    metadata='{"y": 1}',
    size='{"width": 3}',
    owner="b",
)


def test_values_are_converted_as_they_are_stored() -> None:
    item = build_from_record(Item, ROW)
    assert item == Item(
        name="a",
        state=State.OPEN,
        hidden=False,
        created_at=datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC),
        tags=["x"],
        metadata={"y": 1},
        size=Size(width=3),
    )
    assert item.hidden is False
    assert item.state is State.OPEN


def test_computed_fields_replace_their_columns() -> None:
    item = build_from_record(Item, ROW, name="c", note="seen", state=None)
    assert (item.name, item.note, item.state) == ("c", "seen", None)


def test_an_amount_of_another_type_is_not_copied() -> None:
    with pytest.raises(UnmappedField, match=r"Price\.amount is not stored as int"):
        build_from_record(Price, PriceRow(amount=1_000_000))
    assert build_from_record(Price, PriceRow(amount=1_000_000), amount=1.0).amount == 1.0


def test_a_required_field_needs_a_column_or_a_value() -> None:
    with pytest.raises(UnmappedField, match=r"PriceRow has no column for Item\.name"):
        build_from_record(Item, PriceRow(amount=1))
