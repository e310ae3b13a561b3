"""Log lines as JSON or text: request ids, levels, and no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.server import logging as logs
from agora.server.app import App
from agora.settings import Settings
from agora.store.port import StoreFailure
from tests.failing_stores import FailingSqliteStore, failing_store
from tests.harness import ManualClock, admin_token, local_client, make_settings, restored_logging
from tests.market import Market

STATIC = "client1:secret123,client2:secret456"


class Log:
    """The log since the beginning of the test."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """The process's own log, configured as in the server, in memory."""
    stream, settings = io.StringIO(), Settings.load_settings(environ={"AGORA_AUTH_TOKENS": STATIC})
    with restored_logging():
        logs.configure_logging("debug", "json", settings.secret_values, stream)
        yield Log(stream)


async def test_line_has_its_request_id(log: Log, client: httpx.AsyncClient) -> None:
    answer = await client.get("/agents", headers={"X-Request-ID": "mine-1"})
    lines = [line for line in log.lines if line.get("request_id") == "mine-1"]
    assert answer.headers["x-request-id"] == "mine-1"
    assert lines
    assert lines[-1]["event"].startswith("agora.agent.list: ok in ")
    assert (lines[-1]["level"], lines[-1]["protocol"]) == ("debug", "rest")
    assert (lines[-1]["tenant"], lines[-1]["caller"]) == ("default", "operator")
    assert lines[-1]["logger"] == "agora.core.dispatcher"
    assert lines[-1]["timestamp"].endswith("Z")


async def test_libraries_do_not_log_outgoing_urls(log: Log, client: httpx.AsyncClient) -> None:
    await client.get("/agents?access_token=something")
    assert {line["logger"].split(".")[0] for line in log.lines} <= {"agora", "asyncio"}


async def test_level_can_change_at_run_time_and_revert(log: Log, client: httpx.AsyncClient) -> None:
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    change = {"resource": "configuration", "target": "log_level"}
    for action, level in (({"action": "set", "value": "error"}, logging.ERROR), ({"action": "reset"}, logging.INFO)):
        assert (await client.post("/agora/admin/manage", json=change | action)).is_success
        assert root.level == level


async def test_failure_is_logged_with_its_request_id(log: Log, app: App, client: httpx.AsyncClient) -> None:
    with failing_store(app).failing():
        answer = await client.get("/agents", headers={"X-Request-ID": "mine-2"})
    assert answer.status_code == 500
    errors = [line for line in log.lines if line["level"] == "error"]
    assert [line["request_id"] for line in errors] == ["mine-2"]
    assert answer.json()["incident"] in errors[0]["event"]
    assert "StoreFailure" in errors[0]["exception"]


async def test_no_secret_of_a_request_is_logged(log: Log, tmp_path: Path) -> None:
    """Covers credentials of every kind in headers, queries and bodies, on calls that succeed, fail, or raise."""
    store = FailingSqliteStore(tmp_path / "agora.db")
    app = App(make_settings(tmp_path, auth_tokens=STATIC), store=store)
    await app.start()
    market = Market(app, ManualClock())
    made = await market.call(market.operator, "agent.register", agent_name="Ada")
    key = await market.call(market.operator, "token.create", label="key")
    jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
    secrets = [admin_token(app.settings), made.token, key.token, jwt, "secret123", "agt_wrong_but_secret_0123456789"]
    body = {"content": "x", "to_agent": "Ada", "password": "hunter22", "refresh_token": jwt}
    async with local_client(app) as client:
        await _attempts(client, secrets, body)

        error = f"could not store {body}, {secrets}, postgresql://agora:hunter22@db/agora"
        for kind in (StoreFailure, RuntimeError):
            with failing_store(app).failing(kind(error)):
                await _attempts(client, secrets, body)
    await app.stop()
    assert log.text.count("StoreFailure") > len(secrets)  # it raised, and was logged
    for secret in (*secrets, "hunter22", app.signer.compute_digest(made.token).hex()):
        assert secret not in log.text


async def _attempts(client: httpx.AsyncClient, secrets: list[str], body: dict[str, Any]) -> None:
    for secret in secrets:
        for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}, {"Cookie": f"session={secret}"}):
            await client.get("/agents", headers=headers)
            await client.post("/agora/messaging/send", headers=headers, json=body)
        await client.get(f"/agents?access_token={secret}&token={secret}")
        await client.get(f"/nothing/{secret}")
        await client.post("/agora/messaging/send", content=f'{{"password": "{secret}", ')
        await client.post("/agora/messaging/send", json={**body, "metadata": {"token": secret}})


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc.def", "abc.def"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("GET /events?access_token=opensesame&x=1", "opensesame"),
        ("redis://:opensesame@localhost:6379/0", "opensesame"),
        ("postgresql://agora:opensesame@db:5432/agora?sslmode=require", "opensesame"),
        ("{'client_secret': 'opensesame', 'b': 1}", "opensesame"),
        ('{"password": "open sesame", "b": 1}', "open sesame"),
        ("X-API-Key: opensesame", "opensesame"),
        ("of client1 with secret123", "secret123"),
        ("token eyJhbGciOi.eyJzdWIiOi.c2ln is bad", "eyJhbGciOi"),
    ],
)
def test_secrets_are_recognized_by_format_or_settings(log: Log, text: str, hidden: str) -> None:
    logging.getLogger("agora.x").info(text)
    assert hidden not in log.text
    assert "[redacted]" in log.text


@pytest.mark.parametrize("text", ["the code: 4 of https://example.org/a:b", "ada@example.org: 12:30", "task tsk_01AB"])
def test_other_values_are_not_masked(log: Log, text: str) -> None:
    logging.getLogger("agora.x").info(text)
    assert log.lines[0]["event"] == text


def test_text_of_a_caller_stays_on_one_line(log: Log) -> None:
    logging.getLogger("agora.x").info("name %s", 'a\n{"level": "critical"}')
    assert len(log.lines) == 1
