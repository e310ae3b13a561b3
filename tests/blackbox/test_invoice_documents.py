"""Invoices that can be printed and sent: addresses, tax, due date, rounded and exact figures."""

from __future__ import annotations

import email
import email.policy
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.blackbox.billing_calls import customer, priced_agent
from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

ISSUER = r"Agora GmbH\nHauptstraße 1\n10115 Berlin"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    settings = {"billing_issuer": ISSUER, "billing_email": "bills@agora.example", "billing_tax_rate": "19"}
    server = ServerProcess(tmp_path_factory.mktemp("invoices") / "data", **settings).start()
    yield server
    server.close()


def issue_invoice(server: ServerProcess, account: str, price: float, currency: str = "USD", requests: int = 1) -> str:
    """Charge an account for a past month, and issue its invoice. Returns its number."""
    agent = priced_agent(server, f"Sold to {account}", price=price, currency=currency)
    with closing(sqlite3.connect(server.directory / "agora.db", timeout=10)) as database, database:
        # Moves the price's start before last month: no call sets a price for the past.
        database.execute(
            """insert into billing_prices select tenant_id, agent_id, version + 1, type, currency, price, base_price, task_price,
            usage_unit, input_price, output_price, 0, created_at, created_by from billing_prices where agent_id = ?""",
            (agent.agent_id,),
        )
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    usage = {"usage_key": f"k-{account}", "account": account, "agent_id": agent.agent_id, "requests": requests}
    server.operator.post("/billing/usage", usage | {"at": last_month.isoformat()})
    (number,) = server.operator.post("/billing/invoices/close", {"period": f"{last_month:%Y-%m}"})["issued"]
    return str(number)


def test_invoice_shows_both_parties_tax_and_due_date(server: ServerProcess) -> None:
    acme = customer(server, "acme")
    profile = {
        "name": "Acme <Inc.>",
        "address": "1 Main Street\nSpringfield",
        "tax_id": "US1",
        "email": "a@acme.example",
    }
    assert profile.items() <= acme.call("PUT", "/billing/profile", json=profile).items()
    number = issue_invoice(server, "acme", price=0.333333, requests=5)
    acme.call("PUT", "/billing/profile", json={"name": "Renamed"})  # an invoice does not change after it is issued
    invoice = acme.get(f"/billing/invoices/{number}")
    assert invoice["issuer"].splitlines() == ["Agora GmbH", "Hauptstraße 1", "10115 Berlin"]
    assert invoice["customer"] == profile
    assert (invoice["charges"], invoice["tax_rate"], invoice["tax"]) == (1.666665, 19.0, 0.266106)
    assert invoice["net_charges"] + invoice["tax"] == pytest.approx(invoice["charges"])
    issued, due = (datetime.fromisoformat(invoice[name]) for name in ("issued_at", "due_at"))
    assert due - issued == timedelta(days=30)

    page = acme.http.get(f"/billing/invoices/{number}.html").text
    for text in (
        "Acme &lt;Inc.&gt;",
        "Springfield",
        "Hauptstraße 1",
        "VAT of 19 %",
        f"{due:%Y-%m-%d}",
        ">1.67<",
        "@media print",
    ):
        assert text in page
    assert ">1.666665<" not in page
    assert ">1.666665<" in acme.http.get(f"/billing/invoices/{number}.html?exact=true").text
    assert acme.http.get(f"/billing/invoices/{number}.json").json() == invoice

    file = acme.http.get(f"/billing/invoices/{number}.eml")
    assert file.headers["content-type"] == "message/rfc822"
    message = email.message_from_bytes(file.content, policy=email.policy.default)
    assert (message["From"], message["To"]) == ("bills@agora.example", "a@acme.example")
    attachments = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    assert attachments.keys() == {f"{number}.html", f"{number}.csv"}
    assert "1 Main Street" in attachments[f"{number}.html"]
    assert "1.67 USD" in message.get_body().get_content()

    stranger = customer(server, "stranger")
    for kind in ("html", "eml", "json"):
        assert stranger.http.get(f"/billing/invoices/{number}.{kind}").status_code == 404
    stranger.call("PUT", "/billing/profile", 403, json={"account": "acme", "name": "Mine"})
    assert stranger.get("/billing/profile", params={"account": "acme"})["name"] == ""


def test_yen_have_no_decimal_places_and_an_email_needs_an_address(server: ServerProcess, tmp_path: Path) -> None:
    tokyo = customer(server, "tokyo")
    number = issue_invoice(server, "tokyo", price=1500, currency="JPY")
    page = tokyo.http.get(f"/billing/invoices/{number}.html").text
    assert ">1,500<" in page
    problem = tokyo.get(f"/billing/invoices/{number}.eml", expect=422)
    assert "set_profile" in problem["fix"]
    run = server.run_cli(
        "billing", "invoice", number, "--html", "--exact", "-o", str(tmp_path / "i.html"), token=server.admin_token
    )
    assert run.returncode == 0, run.stderr
    assert ">1500.00<" in (tmp_path / "i.html").read_text()
    with Browser(server.url) as browser:
        monitor = browser.http.get(f"/v1/monitor/billing/invoices/{number}").text
    for text in (f"{number}.html", f"{number}.json", "due ", "VAT (19 %) included"):
        assert text in monitor
