"""Sales records that the pipeline extracts, transforms and loads.

A source is a CSV file of orders with defects: extra blanks, inconsistent capitals, invalid amounts, duplicate orders.
Amounts are in cents. Paths are local; this module does not depend on Agora.
"""

from __future__ import annotations

import csv
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

__all__ = [
    "REGIONS",
    "Tally",
    "Totals",
    "extract_partitions",
    "generate_source",
    "load_totals",
    "read_rows",
    "read_totals",
]

REGIONS = ("north", "south", "west")
PRODUCTS = ("tea", "coffee", "cocoa", "mate")
FIELDS = ("order", "region", "product", "amount")
ORDERS_PER_REGION = 400
Row = Mapping[str, str]
Totals = Mapping[tuple[str, str], tuple[int, int]]  #: by region and product: orders, cents


# -- the source --------------------------------------------------------------------------------------


def generate_source(path: Path, seed: str) -> tuple[int, Totals]:
    """Write a source; return its number of records and the correct result of the pipeline."""
    dice = random.Random(seed)  # noqa: S311  (orders, not secrets)
    orders: Counter[tuple[str, str]] = Counter()
    cents: Counter[tuple[str, str]] = Counter()
    record_count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for number in range(ORDERS_PER_REGION * len(REGIONS)):
            region, product, amount = dice.choice(REGIONS), dice.choice(PRODUCTS), dice.randint(50, 9999)
            is_valid = dice.random() > 0.1
            text = f" {amount / 100:.2f}" if is_valid else dice.choice(("", "n/a", "-1", "free"))
            copies = 2 if dice.random() < 0.05 else 1
            for _ in range(copies):
                writer.writerow((number, region, dice.choice((product, product.upper(), f" {product} ")), text))
            record_count += copies
            if is_valid:
                orders[region, product] += 1
                cents[region, product] += amount
    return record_count, {key: (orders[key], cents[key]) for key in orders}


# -- extract -----------------------------------------------------------------------------------------


def extract_partitions(source: Path, directory: Path) -> list[dict[str, Any]]:
    """Divide a source by region; return the partitions: ``region``, ``path``, ``records``."""
    parts: dict[str, list[Row]] = {}
    for row in read_rows(source):
        parts.setdefault(row["region"], []).append(row)
    return [_write_partition(directory / f"{region}.csv", region, parts[region]) for region in sorted(parts)]


def _write_partition(path: Path, region: str, rows: Sequence[Row]) -> dict[str, Any]:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return {"region": region, "path": str(path), "records": len(rows)}


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a source or a partition."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# -- transform ---------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Result of the first ``row`` rows of a partition; its JSON form is the checkpoint of the work."""

    row: int = 0
    last: str = ""
    rejected: int = 0
    repeated: int = 0
    orders: dict[str, int] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)

    @classmethod
    def resume_from(cls, checkpoint: Mapping[str, Any] | None) -> Tally:
        """Resume from a checkpoint, or start at the beginning without one."""
        return cls(**checkpoint) if checkpoint else cls()

    @property
    def order_total(self) -> int:
        return sum(self.orders.values())

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Clean rows and add them up. Duplicates of an order are adjacent."""
        for row in rows:
            self.row += 1
            cents = _parse_cents(row["amount"])
            if row["order"] == self.last:
                self.repeated += 1
            elif cents is None:
                self.rejected += 1
            else:
                product = row["product"].strip().lower()
                self.orders[product] = self.orders.get(product, 0) + 1
                self.cents[product] = self.cents.get(product, 0) + cents
            self.last = row["order"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _parse_cents(text: str) -> int | None:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return int(amount * 100) if amount > 0 else None


# -- load --------------------------------------------------------------------------------------------


def load_totals(database: Path, parts: Iterable[Mapping[str, Any]]) -> None:
    """Store the tallies of all regions in one transaction; idempotent."""
    rows = [
        (part["region"], product, part["orders"][product], part["cents"][product])
        for part in parts
        for product in part["orders"]
    ]
    # Both: a connection as a context manager ends its transaction, and stays open.
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "create table if not exists sales (region text, product text, orders int, cents int, "
            "primary key (region, product))"
        )
        connection.executemany("insert or replace into sales values (?, ?, ?, ?)", rows)


def read_totals(database: Path) -> Totals:
    """Read the stored totals."""
    return {(region, product): (orders, cents) for region, product, orders, cents in _read_stored_rows(database)}


def _read_stored_rows(database: Path) -> Iterator[tuple[str, str, int, int]]:
    with closing(sqlite3.connect(database)) as connection:
        yield from connection.execute("select region, product, orders, cents from sales")
