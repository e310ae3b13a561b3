"""Dead letters of the built-in bus and of webhooks: listed, inspected, redelivered, discarded."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

#: an entry becomes a dead letter half a second after one missing acknowledgement, a webhook at its first failure
IMPATIENT = {"bus_stale": "0.5", "bus_deliveries": "1", "push_attempts": "1", "a2a_private_networks": "true"}
#: the first two tests execute the statements on PostgreSQL; the ways to call the operations do not depend on the engine
POSTGRES_IF_LONG = pytest.mark.parametrize(
    "server", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = dict(IMPATIENT)
    with ExitStack() as stack:
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        process = ServerProcess(tmp_path_factory.mktemp("dead-letters") / "data", **settings).start()
        stack.callback(process.close)
        yield process


def _letters(account: Account, count: int = 1, **filters: Any) -> list[dict[str, Any]]:
    """Wait for that number of dead letters of the account, and return them."""

    def read() -> list[dict[str, Any]]:
        page: list[dict[str, Any]] = account.get("/agora/dead_letter/list", params=filters)["dead_letters"]
        return page if len(page) >= count else []

    return poll_until(read, f"{count} dead letters of {account.name}")


def _poison(sender: Account, reader: Account, text: str) -> str:
    """Deliver a message without acknowledging it. Returns its id."""
    sent: str = sender.post("/agora/messaging/send", {"to_agent": reader.name, "content": text})["message_id"]
    reader.post("/agora/bus/read", {})
    return sent


def test_replayed_dead_letter_is_delivered_once(server: ServerProcess) -> None:
    sender, reader, other = (server.register(name) for name in ("Ann", "Bob", "Carl"))
    message_id = _poison(sender, reader, "poison")
    (letter,) = _letters(reader)
    assert (letter["source"], letter["ref"], letter["agent_id"]) == ("bus", message_id, reader.agent_id)
    assert (letter["state"], letter["attempts"]) == ("dead", 1)
    key = {"dead_letter_id": letter["dead_letter_id"]}
    detail = reader.get("/agora/dead_letter/get", params=key)
    assert (detail["content"]["content"], detail["content"]["sender"]) == ({"text": "poison"}, "Ann")
    assert detail["obstacle"] is None
    # The letter belongs to the recipient; operators may access it.
    assert server.operator.get("/agora/dead_letter/get", params=key)["reason"] == letter["reason"]
    assert [each["dead_letter_id"] for each in _letters(server.operator, agent_id="Bob")] == list(key.values())
    for stranger in (sender, other):
        assert stranger.get("/agora/dead_letter/list")["dead_letters"] == []
        stranger.get("/agora/dead_letter/get", 404, params=key)
        stranger.post("/agora/dead_letter/replay", key, 404)
        stranger.post("/agora/dead_letter/discard", key, 404)
    other.get("/agora/dead_letter/list", 403, params={"agent_id": "Bob"})
    server.kill()
    server.start()
    first = reader.post("/agora/dead_letter/replay", key)
    assert reader.post("/agora/dead_letter/replay", key) == first, "again it is nothing"
    assert (first["state"], first["settled_by"]) == ("replayed", reader.agent_id)
    reader.post("/agora/dead_letter/discard", key, 409)
    inbox = reader.get("/agora/messaging/receive", params={"unread": True})["messages"]
    assert [message["message_id"] for message in inbox] == [message_id]
    server.kill()
    server.start()
    entries = reader.post("/agora/bus/read", {})["entries"]
    assert [entry["message_id"] for entry in entries] == [message_id]
    reader.post("/agora/bus/ack", {"message_ids": [message_id]})
    assert reader.post("/agora/bus/read", {})["entries"] == []
    assert reader.get("/agora/dead_letter/list")["dead_letters"] == []


def test_discarded_dead_letter_stays_discarded_and_pages_are_bounded(server: ServerProcess) -> None:
    sender, reader = server.register("Dora"), server.register("Emil")
    for number in range(5):
        sender.post("/agora/messaging/send", {"to_agent": "Emil", "content": str(number)})
    reader.post("/agora/bus/read", {})
    _letters(reader, 5)
    pages, cursor = [], None
    while cursor or not pages:
        query = {"limit": 2, "source": "bus"} | ({"cursor": cursor} if cursor else {})
        page = reader.get("/agora/dead_letter/list", params=query)
        pages.append([letter["dead_letter_id"] for letter in page["dead_letters"]])
        cursor = page["next_cursor"]
    ids = [each for page in pages for each in page]
    assert ([len(page) for page in pages], len(set(ids))) == ([2, 2, 1], 5)
    assert ids == sorted(ids, reverse=True), "newest first"
    key = {"dead_letter_id": ids[0]}
    assert reader.post("/agora/dead_letter/discard", key)["state"] == "discarded"
    assert reader.post("/agora/dead_letter/discard", key)["state"] == "discarded"
    reader.post("/agora/dead_letter/replay", key, 409)
    assert len(reader.get("/agora/dead_letter/list")["dead_letters"]) == 4
    (gone,) = reader.get("/agora/dead_letter/list", params={"state": "discarded"})["dead_letters"]
    assert gone["dead_letter_id"] == ids[0]
    reader.get("/agora/dead_letter/list", 422, params={"limit": 501})
    reader.get("/agora/dead_letter/list", 422, params={"cursor": "x"})


@POSTGRES_IF_LONG
def test_dead_letters_over_command_line_and_mcp(server: ServerProcess) -> None:
    sender, reader = server.register("Finn"), server.register("Gerd")
    _poison(sender, reader, "by hand")
    (letter,) = _letters(reader)
    shell = server.run_cli("dead-letter", "list", "--json", token=reader.token)
    assert letter["dead_letter_id"] in shell.stdout, shell.stderr
    tool = "agora.dead_letter.get"
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    parameters = {"name": tool, "arguments": {"dead_letter_id": letter["dead_letter_id"]}, "_meta": meta}
    headers = {
        "accept": "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call", "mcp-name": tool,
    }  # fmt: skip
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
    answer = reader.http.post("/mcp", json=request, headers=headers).text
    assert "by hand" in answer
    shell = server.run_cli("dead_letter", "replay", letter["dead_letter_id"], token=reader.token)
    assert shell.returncode == 0, shell.stderr
    assert [entry["content"] for entry in reader.post("/agora/bus/read", {})["entries"]] == [{"text": "by hand"}]


@POSTGRES_IF_LONG
def test_dead_letters_in_the_monitor(server: ServerProcess) -> None:
    sender, reader = server.register("Lena"), server.register("Moritz")
    message_id = _poison(sender, reader, "on a page")
    (letter,) = _letters(reader)
    with Browser(server.url) as browser:
        assert "/v1/monitor/dead-letters" in browser.links()
        place = f"/v1/monitor/dead-letters/{letter['dead_letter_id']}"
        assert place in browser.http.get("/v1/monitor/dead-letters?agent_id=Moritz&source=bus").text
        assert place not in browser.http.get("/v1/monitor/dead-letters?source=push").text
        page = browser.http.get(place).text
        assert "on a page" in page
        assert message_id in page
        done = browser.act("agora.dead_letter.replay", place, dead_letter_id=letter["dead_letter_id"])
        assert "Replayed" in done.text
        assert "on a page" in browser.http.get(place).text
    assert [entry["message_id"] for entry in reader.post("/agora/bus/read", {})["entries"]] == [message_id]


class _Webhook(BaseHTTPRequestHandler):
    healthy = False
    bodies: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.healthy:
            self.bodies.append(json.loads(body))
        self.send_response(200 if self.healthy else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Do nothing: a failure shows the server's own output."""


@pytest.fixture
def webhook() -> Iterator[tuple[str, type[_Webhook]]]:
    handler = type("Handler", (_Webhook,), {"bodies": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{receiver.server_address[1]}/hook?key=secret", handler
        receiver.shutdown()
        thread.join()


@POSTGRES_IF_LONG
def test_replayed_webhook_delivers_again(server: ServerProcess, webhook: tuple[str, type[_Webhook]]) -> None:
    url, handler = webhook
    giver, doer = server.register("Hans"), server.register("Inge")
    task_id = giver.post("/agora/task/assign", {"task_type": "work", "assignee": "Inge"})["task_id"]
    config = {"task_id": task_id, "url": url, "token": "hidden", "config_id": "hook"}
    giver.post("/agora/a2a/create_push_config", config)
    (task,) = doer.post("/agora/task/claim", {})["tasks"]
    doer.post("/agora/task/complete", {"task_id": task_id, "fencing_token": task["fencing_token"]})
    (letter,) = _letters(giver, source="push")
    assert (letter["ref"], letter["destination"]) == (task_id, url.split("?")[0])
    detail = giver.http.get("/agora/dead_letter/get", params={"dead_letter_id": letter["dead_letter_id"]})
    assert "hidden" not in detail.text
    assert "secret" not in detail.text
    assert doer.get("/agora/dead_letter/list")["dead_letters"] == []
    handler.healthy = True
    key = {"dead_letter_id": letter["dead_letter_id"]}
    giver.post("/agora/dead_letter/replay", key)
    giver.post("/agora/dead_letter/replay", key)
    poll_until(
        lambda: "COMPLETED" in json.dumps(handler.bodies[-1:]).upper(), lambda: f"told of the end: {handler.bodies}"
    )
    statuses = [json.dumps(body) for body in handler.bodies]
    assert len(statuses) == len(set(statuses)), "each update once"
    assert giver.get("/agora/dead_letter/list")["dead_letters"] == []


@POSTGRES_IF_LONG
def test_dead_letter_of_a_webhook_follows_its_configuration(
    server: ServerProcess, webhook: tuple[str, type[_Webhook]]
) -> None:
    giver, doer = server.register("Jens"), server.register("Klara")
    task_id = giver.post("/agora/task/assign", {"task_type": "work", "assignee": "Klara"})["task_id"]
    for name in ("one", "two", "three"):
        giver.post("/agora/a2a/create_push_config", {"task_id": task_id, "url": webhook[0], "config_id": name})
    doer.post("/agora/task/claim", {})
    letters = _letters(giver, 3, source="push")
    giver.post("/agora/a2a/delete_push_config", {"task_id": task_id, "config_id": "one"})
    assert len(giver.get("/agora/dead_letter/list")["dead_letters"]) == 2
    two = next(
        letter for letter in letters
        if giver.get("/agora/dead_letter/get", params={"dead_letter_id": letter["dead_letter_id"]})["content"]
        and giver.get("/agora/dead_letter/get", params={"dead_letter_id": letter["dead_letter_id"]})["content"]["id"]
        == "two"
    )  # fmt: skip
    giver.post("/agora/dead_letter/discard", {"dead_letter_id": two["dead_letter_id"]})
    names = [
        config["id"] for config in giver.get("/agora/a2a/list_push_configs", params={"task_id": task_id})["configs"]
    ]
    assert names == ["three"]
