"""Correlation of answers in the agent protocol's simple form: an answer without a correlation id goes to the only open
question, or to none."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.blackbox.server import Account, ServerProcess

Answer = Callable[[Account, dict[str, Any]], dict[str, Any]]

_numbers = count(1)


class Pair:
    """A requesting and an answering agent. Each answer has its number, so that mixed-up answers are detected."""

    def __init__(self, server: ServerProcess) -> None:
        number = next(_numbers)
        self.app = server.register(f"App{number}", alias=f"agent.app{number}.orchestrator")
        self.calculator = server.register(f"Calculator{number}", alias=f"agent.calculator{number}.calculation")
        self.app_name = f"agent.app{number}.orchestrator"
        self.calculator_name = f"agent.calculator{number}.calculation"

    def request(self, number: int, **fields: Any) -> dict[str, Any]:
        document = {
            "type": "request",
            "sender": self.app_name,
            "to": [self.calculator_name],
            "intent": "calculate",
            "payload": {"n": number},
        }
        return document | fields

    def ask(self, number: int, **fields: Any) -> dict[str, Any]:
        """Send a question without waiting for its answer. Returns the receipt."""
        receipt: dict[str, Any] = self.app.post("/agora/conversation/send", {"message": self.request(number, **fields)})
        return receipt

    def answer(self, number: int, kind: str = "inform", **fields: Any) -> dict[str, Any]:
        """Build an answer as in the protocol's own examples: without correlation."""
        document = {
            "type": kind,
            "sender": self.calculator_name,
            "to": [self.app_name],
            "intent": "result",
            "payload": {"n": number},
        }
        return document | fields

    def send_answer(self, number: int, kind: str = "inform", **fields: Any) -> dict[str, Any]:
        message = {"message": self.answer(number, kind, **fields)}
        receipt: dict[str, Any] = self.calculator.post("/agora/conversation/send", message)
        return receipt

    def reply(self, receipt: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.app.post("/agora/conversation/reply", {"message_id": receipt["message_id"]})
        return found

    def inbox(self) -> list[int]:
        """Return the numbers of the answers in the requester's inbox."""
        page = self.app.get(f"/agents/{self.app.name}/pending")
        return [message["payload"]["n"] for message in page["messages"] if message["type"] == "inform"]

    def wait_for_question(self, number: int) -> None:
        """Poll as the answering agent until the question arrives."""
        while True:
            page = self.calculator.get(f"/agents/{self.calculator.name}/pending", params={"wait": 20})
            assert page["messages"], f"question {number} never came"
            ids = [message["agora"].get("message_id", message["id"]) for message in page["messages"]]
            self.calculator.post("/agora/messaging/mark", {"message_ids": ids})
            if any(message["payload"].get("n") == number for message in page["messages"]):
                return


def by_agent_message(account: Account, document: dict[str, Any]) -> dict[str, Any]:
    receipt: dict[str, Any] = account.post("/agent/message", document)["payload"]
    return receipt


def by_operation(account: Account, document: dict[str, Any]) -> dict[str, Any]:
    receipt: dict[str, Any] = account.post("/agora/conversation/send", {"message": document})
    return receipt


def by_websocket(account: Account, document: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {account.token}"}
    url = account.url.replace("http", "ws", 1) + "/agent/ws?receipts=true"
    with connect(url, additional_headers=headers) as socket:
        socket.send(json.dumps(document))
        while (frame := json.loads(socket.recv(timeout=60)))["intent"] != "accepted":
            assert frame["type"] in ("request", "failure"), frame  # messages that waited for the agent arrive first
        receipt: dict[str, Any] = frame["payload"]
        return receipt


def by_mcp(account: Account, document: dict[str, Any]) -> dict[str, Any]:
    envelope = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    tool = "agora.conversation.send"
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": tool,
    }
    params = {"name": tool, "arguments": {"message": document}, "_meta": envelope}
    answer = account.post(
        "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers=headers
    )
    receipt: dict[str, Any] = answer["result"]["structuredContent"]
    return receipt


@pytest.mark.parametrize("send_answer", [by_agent_message, by_operation, by_websocket, by_mcp])
def test_lost_question_does_not_shift_later_answers(shared_server: ServerProcess, send_answer: Answer) -> None:
    pair = Pair(shared_server)
    lost = pair.app.post("/agent/message", pair.request(0, expected={"type": "inform", "timeout": 100}))
    assert lost["intent"] == "timeout"
    with ThreadPoolExecutor(1) as asking:
        for number in range(1, 5):
            question = pair.request(number, expected={"type": "inform", "timeout": 20_000})
            response = asking.submit(pair.app.post, "/agent/message", question)
            pair.wait_for_question(number)
            receipt = send_answer(pair.calculator, pair.answer(number))
            assert receipt.get("warning") is None
            answer = response.result()
            assert (answer["type"], answer["payload"]) == ("inform", {"n": number})


@pytest.mark.parametrize("kind", ["inform", "refuse"])
def test_answer_after_the_timeout_is_delivered_uncorrelated(shared_server: ServerProcess, kind: str) -> None:
    pair = Pair(shared_server)
    question = pair.request(0, id="Q0", expected={"type": "inform", "timeout": 100})
    lost = pair.app.post("/agent/message", question)
    assert lost["intent"] == "timeout"
    late = pair.send_answer(0, kind)
    assert "'Q0'" in late["warning"]
    assert "correlation.reply_to" in late["warning"]
    assert late["conversation_id"] != lost["correlation"]["conversation_id"]
    page = pair.app.get(f"/agents/{pair.app.name}/pending")
    assert [(m["type"], m.get("correlation", {}).get("reply_to")) for m in page["messages"]] == [(kind, None)]


def test_answer_with_two_open_questions_is_not_correlated(shared_server: ServerProcess) -> None:
    pair = Pair(shared_server)
    first, second = pair.ask(1), pair.ask(2)
    receipt = pair.send_answer(2)
    assert "several questions" in receipt["warning"]
    assert receipt["conversation_id"] not in (first["conversation_id"], second["conversation_id"])
    assert [pair.reply(question) for question in (first, second)] == [{"message": None, "waiting": True}] * 2
    assert pair.inbox() == [2], "it is delivered all the same"
    named = pair.send_answer(2, correlation={"reply_to": second["id"]})
    assert named.get("warning") is None
    assert pair.reply(second)["message"]["payload"] == {"n": 2}
    assert pair.send_answer(1).get("warning") is None, "one is left, and meant"
    assert pair.reply(first)["message"]["payload"] == {"n": 1}


def test_conversation_id_selects_the_question(shared_server: ServerProcess) -> None:
    pair = Pair(shared_server)
    questions = [pair.ask(number, correlation={"conversation_id": f"c{number}"}) for number in (1, 2)]
    receipt = pair.send_answer(2, correlation={"conversation_id": "c2"})
    assert receipt.get("warning") is None
    assert [pair.reply(question)["message"] is not None for question in questions] == [False, True]


def test_uncorrelated_answer_does_not_answer_a_withdrawn_question(shared_server: ServerProcess) -> None:
    pair = Pair(shared_server)
    withdrawn = pair.ask(0)
    failure: dict[str, Any] = {
        "type": "failure",
        "to": [pair.calculator_name],
        "intent": "cancelled",
        "payload": {"error": "never mind"},
    }
    failure["correlation"] = {"reply_to": withdrawn["id"]}
    pair.app.post("/agora/conversation/send", {"message": failure})
    assert not pair.reply(withdrawn)["waiting"]
    question = pair.ask(1)
    assert pair.send_answer(1).get("warning") is None
    assert pair.reply(question)["message"]["payload"] == {"n": 1}


def test_uncorrelated_notification_has_no_warning(shared_server: ServerProcess) -> None:
    pair = Pair(shared_server)
    assert pair.send_answer(7).get("warning") is None
    assert pair.inbox() == [7]
