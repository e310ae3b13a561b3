"""Billing commands against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.cli.billing import format_money
from tests.unit.cli.conftest import Agora

ACCOUNT = "cli-acme"


@pytest.fixture(scope="module")
def used() -> list[bool]:
    return []


@pytest.fixture
def till(agora: Agora, used: list[bool]) -> Agora:
    """A marketplace with some usage."""
    if not used:
        agora("agent", "register", "CliBiller")
        agora("billing", "set-price", "CliBiller", "per_request", "0.05")
        agora(
            "billing",
            "record",
            "--usage-key",
            "cli",
            "--account",
            ACCOUNT,
            "--agent-id",
            "CliBiller",
            "--requests",
            "30",
        )
        agora("billing", "credit", ACCOUNT, "100")
        agora("billing", "budget", ACCOUNT, "--hard-limit", "20")
        used.append(True)
    return agora


@pytest.mark.parametrize(
    ("amount", "text"),
    [(1.5, "1.50 USD"), (0.000278, "0.000278 USD"), (1234567.0, "1,234,567.00 USD"), (-0.0, "0.00 USD"), (None, "-")],
)
def test_amounts_are_shown_in_full(amount: float | None, text: str) -> None:
    assert format_money(amount, "USD") == text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["prices", "CliBiller"], ["CliBiller", "0.05 USD a request"]),
        (["usage", ACCOUNT, "--kind", "request"], ["30 request", "1.50 USD", ACCOUNT]),
        (["cost", ACCOUNT], ["1.50 USD", "executions", "30"]),
        (["revenue", "CliBiller"], ["CliBiller", "1.50 USD"]),
        (["balance", ACCOUNT], ["100.00 USD", "98.50 USD"]),
        (["budgets", ACCOUNT], ["20.00 USD", "16.00 USD", "1.50 USD", "ok"]),
        (["dashboard", ACCOUNT], [ACCOUNT, "this month", "1.50 USD", "########################", "20.00 USD"]),
        (["invoice", "--account", ACCOUNT], ["not issued yet", "Executions, CliBiller", "98.50 USD"]),
    ],
)
def test_billing_tables_are_readable(till: Agora, words: list[str], told: list[str]) -> None:
    printed = till("billing", *words).stdout
    assert [part for part in told if part not in printed] == []


def test_dashboard_has_a_short_command(till: Agora) -> None:
    assert till("dashboard", ACCOUNT).stdout == till("billing", "dashboard", ACCOUNT).stdout
    assert "everybody's" in till("dashboard").stdout


def test_billing_output_as_json(till: Agora, answer: Agora) -> None:
    assert answer("billing", "cost", ACCOUNT)["total_cost"] == 1.5
    assert answer("billing", "dashboard", ACCOUNT)["billing"]["current_month_cost"] == 1.5
    assert answer("billing", "invoice", "--account", ACCOUNT)["charges"] == 1.5
    assert [price["price"] for price in answer("billing", "prices", "CliBiller")["prices"]] == [0.05]


@pytest.mark.parametrize("option", [["--csv"], ["--html"], ["--eml"], ["--output", "invoice.html"]])
def test_document_of_an_invoice_without_a_number_is_refused_with_advice(agora: Agora, option: list[str]) -> None:
    refused = agora("billing", "invoice", *option, exit_code=2)
    assert "number" in refused.stderr
    assert "agora billing invoices" in refused.stderr
    assert refused.stdout == ""


def test_exact_amounts_without_a_document_are_refused(agora: Agora) -> None:
    refused = agora("billing", "invoice", "INV-000001", "--exact", exit_code=2)
    assert "--html" in refused.stderr


def test_refusals_show_their_reason(till: Agora, tmp_path: Path) -> None:
    before = list(tmp_path.iterdir())
    assert "INV-999999" in till("billing", "invoice", "INV-999999", "--csv", exit_code=4).stderr
    assert list(tmp_path.iterdir()) == before
    assert (
        "has no base_price"
        in till("billing", "set-price", "CliBiller", "per_hour", "1", "--base-price", "1", exit_code=2).stderr
    )
