"""Test vectors shared by every SDK: sdk/vectors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.contract.results import Page
from agora_sdk.errors import BY_CODE

VECTORS = Path(__file__).parents[3] / "sdk" / "vectors"
Answering = Callable[[BaseHTTPRequestHandler, bytes], None]


def load_cases(name: str) -> list[Any]:
    cases = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in cases]


class StubServer:
    """A server with scripted answers. ``answer`` writes the response to a request, given its body."""

    def __init__(self) -> None:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_request(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                stub.answer(self, body)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.answer: Answering = lambda handler, body: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._serving.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    server = StubServer()
    yield server
    server.close()


def send_answer(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in {"content-length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def make_client(stub: StubServer) -> AgoraClient:
    return AgoraClient(stub.url, token="agt_x", retries=2, mode="sync")


def call(client: AgoraClient, operation: str, arguments: dict[str, Any]) -> Any:
    _, category, action = operation.split(".")
    return getattr(getattr(client, category), action)(**arguments)


@pytest.mark.parametrize("case", load_cases("requests"))
def test_requests_match_the_vectors(stub: StubServer, case: dict[str, Any]) -> None:
    sent: dict[str, Any] = {}

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        target = urlsplit(handler.path)
        query = sorted(map(list, parse_qsl(target.query, keep_blank_values=True)))
        sent["request"] = {
            "method": handler.command,
            "path": target.path,
            "query": query,
            "body": json.loads(body) if body else None,
        }
        sent["key"] = handler.headers.get("idempotency-key")
        send_answer(handler, 422, {}, b"{}")  # only the request matters here

    stub.answer = answer
    with make_client(stub) as client, pytest.raises(AgoraError):
        call(client, case["operation"], case["arguments"])
    assert sent["request"] in [{**request, "query": sorted(request["query"])} for request in case["requests"]]
    assert (sent["key"] is not None) == case["idempotency_key"]


@pytest.mark.parametrize("case", load_cases("responses"))
def test_responses_match_the_vectors(stub: StubServer, case: dict[str, Any]) -> None:
    body = json.dumps(case["body"]).encode()
    stub.answer = lambda handler, _: send_answer(handler, 200, {"content-type": "application/json"}, body)
    with make_client(stub) as client:
        result = call(client, case["operation"], case["arguments"])
    for check in case["checks"]:
        value = result
        for name in check["at"]:
            value = value[name] if isinstance(name, int) else getattr(value, name)
        for name in check.get("within", ()):
            value = value[name]
        assert value == check["value"], check
    assert isinstance(result, Page) == case["operation"].endswith(".list")


@pytest.mark.parametrize("case", load_cases("errors"))
def test_errors_match_the_vectors(stub: StubServer, case: dict[str, Any]) -> None:
    tries = []
    body = case.get("text", json.dumps(case.get("body"))).encode()

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        tries.append(handler.path)
        send_answer(handler, case["status"], case["headers"], body)

    stub.answer = answer
    expected = case["expect"]
    with make_client(stub) as client, pytest.raises(AgoraError) as raised:
        client.agent.get("x")
    error = raised.value
    assert (error.code, error.fix, len(tries)) == (expected["code"], expected["fix"], expected["tries"])
    assert [kind.code for kind in BY_CODE.values() if isinstance(error, kind) and kind is not AgoraError] == [
        code for code in BY_CODE if code in expected["kinds"]
    ]
    if "detail" in expected:
        assert error.detail == expected["detail"]
    assert expected.get("extra", {}).items() <= error.extra.items()


@pytest.mark.parametrize("case", load_cases("streams"))
def test_streams_match_the_vectors(stub: StubServer, case: dict[str, Any]) -> None:
    connections, positions = list(case["connections"]), []

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        target = urlsplit(handler.path)
        if target.path == "/ws":  # so that events arrive over HTTP
            send_answer(handler, 404, {}, b"")
            return
        positions.append(dict(parse_qsl(target.query)).get("last_event_id"))
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream; charset=utf-8")
        handler.send_header("connection", "close")
        handler.end_headers()
        for chunk in connections.pop(0)["chunks"] if connections else ():
            handler.wfile.write(bytes.fromhex(chunk))
            handler.wfile.flush()

    stub.answer = answer
    items = []
    with make_client(stub) as client, client.event.stream() as stream:
        for event in stream:
            items.append(event)
            if len(items) == len(case["items"]):
                break
    assert [event.sequence for event in items] == case["items"]
    assert all(isinstance(event.data, dict) and event.data["text"] == "ä 🚀" for event in items)
    assert positions == [connection["resumes_from"] for connection in case["connections"]]
