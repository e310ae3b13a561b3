"""Exports: complete files, cells without formulas, and permissions."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from typing import Any

import pytest
from pydantic_core import from_json

from agora.protocols.web import exports
from agora.protocols.web.exports import COLUMNS, escape_spreadsheet_formula
from agora_sdk.contract.monitor import Monitor
from tests.market import Market
from tests.unit.protocols.web.http_browser import Browser

JSON, CSV = "/v1/monitor/export/json", "/v1/monitor/export/csv"
ODD = [
    '=HYPERLINK("http://evil.example")',
    "+1",
    "-1",
    "@x",
    "\t=1",
    "\r\n=1",
    " =1",
    "＝1",  # noqa: RUF001
    'say "hi", twice\nand, so on',
    "ünï🐟",
]


@pytest.fixture
async def told(market: Market) -> Market:
    """A marketplace in which Alice has sent unusual texts to Bob repeatedly."""
    alice, _ = await market.agent("Alice"), await market.agent("Bob")
    for text in ODD:
        await market.call(alice, "messaging.send", to_agent="Bob", content=text, message_type="=cmd|' /C calc'!A0")
    return market


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_json_export_is_complete(told: Market) -> None:
    browser = Browser(told.app)
    answer = await browser.http.get(JSON, headers={"accept": "*/*"})
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert [message["content"] for message in found["messages"]] == ODD
    assert (found["message_count"], found["messages"][0]["from_name"]) == (len(ODD), "Alice")
    none = (await browser.http.get(f"{JSON}?from_agent=Bob")).json()
    assert (none["messages"], none["message_count"]) == ([], 0)


async def test_csv_export_contains_no_formulas(told: Market) -> None:
    answer = await Browser(told.app).http.get(CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    found = rows(answer.text)
    assert tuple(found[0]) == COLUMNS
    for row in found:
        for value in row.values():
            assert not re.match(r"[ ]*[=+\-@\t\r\n＝]", value), value  # noqa: RUF001
    assert [row["content"].removeprefix("'") for row in found] == ODD
    assert {row["type"] for row in found} == {"'=cmd|' /C calc'!A0"}
    assert escape_spreadsheet_formula(None) == ""
    assert escape_spreadsheet_formula("a=b") == "a=b"


async def test_file_name_is_not_controlled_by_users(told: Market) -> None:
    answer = await Browser(told.app).http.get(CSV, params={"correlation_id": 'x"\r\nset-cookie: a=b', "q": "../../x"})
    assert re.fullmatch(
        r'attachment; filename="agora-messages-[0-9]{8}T[0-9]{6}Z\.csv"', answer.headers["content-disposition"]
    )
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_filters_are_validated(told: Market) -> None:
    browser = Browser(told.app)
    for query, status in (
        ("limit=5", 422),
        ("since=yesterday", 422),
        ("q=", 422),
        ("type=a&type=b", 422),
        ("x=1", 422),
    ):
        answer = await browser.http.get(f"{JSON}?{query}", headers={"accept": "*/*"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), query
    assert (await browser.http.post(CSV)).status_code == 405


async def test_export_requires_a_session_or_a_credential(told: Market) -> None:
    away = Browser(told.app, "203.0.113.9")
    assert (await away.http.get(JSON, headers={"accept": "*/*"})).status_code == 401
    assert (await away.get(JSON)).status_code == 303  # a browser signs in first
    key = await told.call(told.operator, "token.create", label="k", scopes=["read:messages", "read:all"])
    by_key = await away.http.get(JSON, headers={"authorization": f"Bearer {key.token}", "accept": "*/*"})
    assert by_key.json()["message_count"] == len(ODD)
    await away.sign_in(key.token)
    assert len(rows((await away.get(CSV)).text)) == len(ODD)
    stranger = await told.call(told.operator, "agent.register", agent_name="Carol")
    carol = Browser(told.app, "203.0.113.9")
    await carol.sign_in(stranger.token)
    assert (await carol.get(JSON)).json()["messages"] == []
    weak = await told.call(told.operator, "token.create", label="w", scopes=["read:agents"])
    other = Browser(told.app, "203.0.113.9")
    await other.sign_in(weak.token)
    assert (await other.get(JSON)).status_code == 403


async def test_interrupted_export_is_recognizable(told: Market) -> None:
    """The credential ends in the middle: neither the file nor the response has an end."""
    key = await told.call(told.operator, "token.create", label="k", scopes=["read:messages", "read:all"])
    told.app.feed.buffer_limit = 1000  # unread messages have not been loaded from the log yet
    sent: list[Any] = []
    events = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:  # the header, the beginning, one message
            await told.call(told.operator, "token.revoke", token_id=key.token_id)
            await told.app.feed.recheck_streams()
            events.set()

    async def receive() -> Any:
        await asyncio.Event().wait()

    headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + key.token.encode())]
    scope = {"type": "http", "method": "GET", "path": JSON, "raw_path": JSON.encode(), "query_string": b""}
    await told.app({**scope, "headers": headers, "client": ("203.0.113.9", 1)}, receive, send)
    assert events.is_set()
    assert all(message["type"] == "http.response.start" or message["more_body"] for message in sent)
    whole = b"".join(message.get("body", b"") for message in sent)
    with pytest.raises(ValueError, match="EOF"):
        from_json(whole)
    assert len(told.app.feed) == 0


async def test_stream_is_served_on_request(told: Market) -> None:
    answer = await Browser(told.app).http.get(f"{JSON}?q=ünï", headers={"accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: message" in answer.text
    assert '"code":1000' in answer.text
    (entry,) = [
        entry
        async for entry in await told.app.dispatcher.open_stream(
            Monitor.operations["export"], told.operator, {"q": "ünï"}
        )
    ]
    assert f"id: {entry.number}\n" in answer.text


async def test_unexpected_error_of_an_export_is_logged(
    told: Market, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(value: str | None) -> str:
        raise KeyError("a defect")

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    monkeypatch.setattr(exports, "escape_spreadsheet_formula", fail)
    scope = {"type": "http", "method": "GET", "path": CSV, "raw_path": CSV.encode(), "query_string": b""}
    await told.app({**scope, "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1)}, receive, send)
    assert all(message["type"] == "http.response.start" or message["more_body"] for message in sent)
    (record,) = [record for record in caplog.records if record.name == exports.__name__]
    assert record.exc_info is not None
    assert "a defect" in str(record.exc_info[1])
