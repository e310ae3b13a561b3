"""Invoice files over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from agora.server.app import App
from tests.harness import ManualClock, admin_token, local_client, make_settings

PROXIED = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
async def app(tmp_path: Path, clock: ManualClock) -> AsyncIterator[App]:
    app = App(make_settings(tmp_path), clock=clock)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(app: App, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a marketplace with one invoice."""

    def go_to(*day: int) -> None:
        clock.added = int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000 - clock.system.now()  # type: ignore[misc, arg-type]

    go_to(2030, 11, 5)
    async with local_client(app) as client:
        await client.post("/agents/register", json={"agent_name": "Worker"})
        price = await client.put("/billing/prices/Worker", json={"type": "per_request", "price": 0.5})
        assert price.status_code == 200, price.text
        usage = {"usage_key": "k", "account": "acme", "agent_id": "Worker", "requests": 3}
        assert (await client.post("/billing/usage", json=usage)).status_code == 201
        go_to(2030, 12, 2)
        assert (await client.post("/billing/invoices/close", json={"period": "2030-11"})).json()["issued"] == [
            "INV-000001"
        ]
        yield client


async def test_invoice_as_a_printable_page(client: httpx.AsyncClient) -> None:
    page = await client.get("/billing/invoices/INV-000001.html")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-disposition"] == 'inline; filename="INV-000001.html"'
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Executions, Worker" in page.text
    assert "1.50" in page.text


async def test_invoice_as_a_table(client: httpx.AsyncClient) -> None:
    table = await client.get("/billing/invoices/INV-000001.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"].startswith("attachment")
    assert [line.split(",")[-2:] for line in table.text.splitlines()] == [["amount", "currency"], ["1.50", "USD"]]
    shown = (await client.get("/billing/invoices/INV-000001")).json()
    document = (await client.get("/billing/invoices/INV-000001/document", params={"format": "csv"})).json()
    assert (shown["amount_due"], document["content"]) == (1.5, table.text)


@pytest.mark.parametrize("path", ["INV-000002.html", "INV-000002.csv", "inv_" + "0" * 32 + ".csv"])
async def test_unknown_invoice_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/billing/invoices/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_invalid_invoice_numbers_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/billing/invoices/x.html")).status_code == 422
    assert (await client.get("/billing/invoices/INV-000001.pdf")).status_code == 422
    assert (await client.get("/billing/invoices/a%2Fb.html")).status_code == 422
    refused = await client.post("/billing/invoices/INV-000001.html")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


async def test_strangers_need_a_credential(app: App, client: httpx.AsyncClient) -> None:
    refused = await client.get("/billing/invoices/INV-000001.html", headers=PROXIED)
    assert refused.status_code == 401
    known = PROXIED | {"Authorization": f"Bearer {admin_token(app.settings)}"}
    assert (await client.get("/billing/invoices/INV-000001.html", headers=known)).status_code == 200
    made = await client.post("/tokens", json={"label": "other", "account": "other"})
    key = PROXIED | {"X-API-Key": made.json()["token"]}
    assert made.json()["account"] == "other"
    assert (await client.get("/billing/invoices/INV-000001.html", headers=key)).status_code == 404
    mine = await client.post("/tokens", json={"label": "mine", "account": "acme"})
    key = PROXIED | {"X-API-Key": mine.json()["token"]}
    assert (await client.get("/billing/invoices/INV-000001.html", headers=key)).status_code == 200
    assert (await client.get("/billing/cost", headers=key)).json()["total_cost"] == 1.5
