"""Agents with an HTTP endpoint: messages are posted to it, whichever protocol they were sent over."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agora.domains.outbox.jobs import MAX_UNPROVEN_WORKERS, MAX_WORKERS
from tests.blackbox.instance_program import deploy, make_instance, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until
from tests.postgres import PostgresServer

Answer = tuple[int, dict[str, Any] | None]
LOCAL = {"endpoint_private_networks": "true", "endpoint_attempts": "2"}


class Endpoint:
    """A program that receives messages at ``/agent/message``. respond: returns the answer to a message."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.respond: Callable[[dict[str, Any]], Answer] = lambda message: (202, None)
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.path == "/agent/message"
                endpoint.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status, document = endpoint.respond(json.loads(body))
                text = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Do nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Do nothing: some clients disconnect, or are killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = dict(LOCAL)
    with ExitStack() as stack:
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        process = ServerProcess(tmp_path_factory.mktemp("endpoints") / "data", **settings).start()
        stack.callback(process.close)
        yield process


def _register(server: ServerProcess, name: str, endpoint: Endpoint) -> Account:
    return server.register(name, endpoints={"agentify": endpoint.url})


def _result(message: dict[str, Any]) -> Answer:
    """Build the answer of a calculation agent in the protocol's own example."""
    return 200, {
        "type": "inform",
        "sender": "agent.calculator.calculation",
        "to": [message["sender"]],
        "intent": "result",
        "payload": {"result": 8},
    }


def _replies(account: Account, message_id: str, count: int = 1) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        page: list[dict[str, Any]] = account.get("/agora/messaging/receive", params={"reply_to": message_id})[
            "messages"
        ]
        return page if len(page) >= count else []

    return poll_until(read, f"{count} replies to {message_id}")


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _check_signature(server: ServerProcess, token: str) -> dict[str, Any]:
    """Return the claims of a token after verifying that it is signed with a key of the server."""
    head, content, signature = token.split(".")
    kid = json.loads(_decode(head))["kid"]
    (key,) = [key for key in server.account().get("/.well-known/jwks.json")["keys"] if key["kid"] == kid]
    x, y, raw = (int.from_bytes(_decode(key["x"])), int.from_bytes(_decode(key["y"])), _decode(signature))
    public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, f"{head}.{content}".encode(), ECDSA(SHA256()))
    claims: dict[str, Any] = json.loads(_decode(content))
    return claims


def _start_with_three_senders(tmp_path: Path, endpoint: Endpoint, stack: ExitStack) -> ServerProcess:
    """Start a server with three tenants, each with four deliveries to an endpoint, which gets those of two at once."""
    server = ServerProcess(tmp_path / "data", **LOCAL, endpoint_timeout="60").start()
    stack.callback(server.close)
    for number in range(3):
        server.operator.post("/tenants", {"tenant_id": f"tenant-{number}"})
        inside = {"X-Agora-Tenant": f"tenant-{number}"}
        names = [f"Slow {part}" for part in range(4)]
        for name in names:
            profile = {"agent_name": name, "endpoints": {"agentify": endpoint.url}}
            server.operator.post("/agents/register", profile, headers=inside)
        # One message, so that its deliveries are claimed together.
        server.operator.post("/agora/messaging/send", {"to_agent": names, "content": f"{number}"}, headers=inside)
    poll_until(lambda: len(endpoint.requests) == 8, "eight posts at once")
    return server


@pytest.fixture
def release(endpoint: Endpoint) -> Iterator[threading.Event]:
    """Until this is set, the endpoint does not answer."""
    release = threading.Event()

    def wait_for_release(message: dict[str, Any]) -> Answer:
        release.wait(60)
        return 202, None

    endpoint.respond = wait_for_release
    yield release
    release.set()


def test_deliveries_do_not_wait_for_a_slow_destination_while_they_are_leased(
    tmp_path: Path, endpoint: Endpoint, release: threading.Event
) -> None:
    """Of three tenants with one slow endpoint, one waits before it claims: otherwise its leases could end meanwhile, and
    the messages would be posted twice."""
    with ExitStack() as stack:
        _start_with_three_senders(tmp_path, endpoint, stack)
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "agora.db")) as database:

            def count_leased() -> int:
                return int(database.execute("select count(*) from outbox where leased = 1").fetchone()[0])

            with pytest.raises(AssertionError, match="not within 2 s"):
                poll_until(lambda: count_leased() > 8, "more leases than posts", timeout=2)
        release.set()
        poll_until(lambda: len(endpoint.requests) == 12, "all posts")
        assert len({headers["idempotency-key"] for headers, _ in endpoint.requests}) == 12


def test_nothing_is_posted_for_a_tenant_that_is_halted_while_it_waits_for_a_slow_destination(
    tmp_path: Path, endpoint: Endpoint, release: threading.Event
) -> None:
    with ExitStack() as stack:
        server = _start_with_three_senders(tmp_path, endpoint, stack)
        (waiting,) = {"0", "1", "2"} - {message["payload"]["text"][0] for message in endpoint.messages}
        inside = {"X-Agora-Tenant": f"tenant-{waiting}"}
        halt = {"target_id": "system_wide", "action": "emergency_halt"}
        server.operator.post("/agora/admin/override", halt, headers=inside)
        release.set()
        with pytest.raises(AssertionError, match="not within 2 s"):
            poll_until(lambda: len(endpoint.requests) > 8, "a post during the halt", timeout=2)
        server.operator.post("/agora/admin/override", halt | {"action": "resume"}, headers=inside)
        poll_until(lambda: len(endpoint.requests) == 12, "all posts")


def test_many_silent_destinations_do_not_delay_one_that_responds(
    tmp_path: Path, endpoint: Endpoint, release: threading.Event
) -> None:
    with ExitStack() as stack:
        server = ServerProcess(tmp_path / "data", **LOCAL, endpoint_timeout="60").start()
        stack.callback(server.close)
        responsive = Endpoint()
        stack.callback(responsive.close)
        _register(server, "Responsive", responsive)
        server.operator.post("/agora/messaging/send", {"to_agent": "Responsive", "content": "first"})
        poll_until(lambda: len(responsive.requests) == 1, "the first post")
        silent = [Endpoint() for _ in range(MAX_WORKERS + 2)]
        for number, each in enumerate(silent):
            stack.callback(each.close)
            each.respond = endpoint.respond
            _register(server, f"Silent {number}", each)
        names = [f"Silent {number}" for number in range(len(silent))]
        server.operator.post("/agora/messaging/send", {"to_agent": names, "content": "x"})
        poll_until(lambda: sum(len(each.requests) for each in silent) == MAX_UNPROVEN_WORKERS, "posts to silent ones")
        server.operator.post("/agora/messaging/send", {"to_agent": "Responsive", "content": "second"})
        poll_until(lambda: len(responsive.requests) == 2, "the second post", timeout=50)
        assert sum(len(each.requests) for each in silent) == MAX_UNPROVEN_WORKERS
        release.set()
        poll_until(lambda: sum(len(each.requests) for each in silent) == len(silent), "all posts")


def test_plain_message_is_posted_and_its_answer_becomes_a_reply(server: ServerProcess, endpoint: Endpoint) -> None:
    endpoint.respond = _result
    asker, agent = server.register("Rest Asker"), _register(server, "Rest Calculator", endpoint)
    content = '{"a":5,"b":3,"op":"+"}'
    sent = asker.post("/agora/messaging/send", {"to_agent": "Rest Calculator", "content": content})
    (reply,) = _replies(asker, sent["message_id"])
    assert (reply["from_agent"], reply["message_type"], reply["content"]) == (
        agent.agent_id,
        "inform",
        '{"result":8}',
    )
    ((headers, body),) = endpoint.requests
    message = json.loads(body)
    assert (message["id"], message["sender"], message["to"]) == (
        sent["message_id"],
        "Rest Asker",
        ["Rest Calculator"],
    )
    assert message["payload"] == {"a": 5, "b": 3, "op": "+"}
    assert headers["content-type"] == "application/json"
    claims = _check_signature(server, headers["authorization"].removeprefix("Bearer "))
    assert claims["request_body_sha256"] == hashlib.sha256(body).hexdigest()
    assert (claims["aud"], claims["sub"]) == (endpoint.url, agent.agent_id)
    assert claims["jti"] == headers["idempotency-key"]
    (taken,) = agent.get("/agora/messaging/receive")["messages"]
    assert taken["status"] == "acknowledged"


def test_agent_protocol_request_is_answered_in_the_same_response(server: ServerProcess, endpoint: Endpoint) -> None:
    endpoint.respond = _result
    asker = server.register("Protocol Asker")
    _register(server, "Protocol Calculator", endpoint)
    request = {
        "id": "msg-uuid-123",
        "type": "request",
        "to": ["Protocol Calculator"],
        "intent": "calculate",
        "task": "Calculate 5 + 3",
        "payload": {"a": 5, "b": 3, "op": "+"},
        "correlation": {"conversation_id": "conv-789"},
        "expected": {"type": "inform", "timeout": 20000},
    }
    answer = asker.post("/agent/message", request, expect=200)
    assert (answer["type"], answer["intent"], answer["payload"]) == ("inform", "result", {"result": 8})
    assert answer["correlation"] == {"conversation_id": "conv-789", "reply_to": "msg-uuid-123"}
    (message,) = endpoint.messages
    named = ("id", "type", "intent", "task", "payload", "expected")
    assert {name: message[name] for name in named} == {name: request[name] for name in named}


def test_a2a_client_gets_the_answer_as_a_task(server: ServerProcess, endpoint: Endpoint) -> None:
    endpoint.respond = _result
    asker, agent = server.register("A2A Asker"), _register(server, "A2A Calculator", endpoint)
    message = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "5 + 3"}]}
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
    headers = {"A2A-Version": "1.0"}
    result = asker.call("POST", f"/a2a/{agent.agent_id}", json=request, headers=headers)["result"]
    task = result["task"]
    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    assert '{\\"result\\":8}' in json.dumps(task) or '"result": 8' in json.dumps(task)


def test_waiting_messages_are_posted_when_the_agent_registers(server: ServerProcess, endpoint: Endpoint) -> None:
    endpoint.respond = _result
    asker = server.register("Early")
    sent = asker.post("/agora/messaging/send", {"to_agent": "Late Calculator", "content": "5 + 3"})
    _register(server, "Late Calculator", endpoint)
    assert _replies(asker, sent["message_id"])[0]["content"] == '{"result":8}'


def test_status_202_defers_the_answer(server: ServerProcess, endpoint: Endpoint) -> None:
    asker, agent = server.register("Patient"), _register(server, "Slow Worker", endpoint)
    request = {"type": "request", "to": ["Slow Worker"], "intent": "work", "payload": {}}
    receipt = asker.call("POST", "/agent/message", json=request, headers={"Prefer": "respond-async"}, expect=202)
    poll_until(lambda: endpoint.requests, "the message is posted")
    message_id = receipt["payload"]["message_id"]
    assert asker.post("/agora/conversation/reply", {"message_id": message_id})["message"] is None
    later = {"type": "done", "to": ["Patient"], "correlation": {"reply_to": message_id}, "payload": {"done": True}}
    agent.post("/agent/message", later)
    reply = asker.post("/agora/conversation/reply", {"message_id": message_id, "wait": 10})["message"]
    assert (reply["type"], reply["payload"]) == ("done", {"done": True})
    assert len(endpoint.requests) == 1


def test_failed_post_is_retried_then_dead_lettered_and_replayed(server: ServerProcess, endpoint: Endpoint) -> None:
    endpoint.respond = lambda message: (503, {"why": "starting"})
    asker, agent = server.register("Insistent"), _register(server, "Broken", endpoint)
    sent = asker.post("/agora/messaging/send", {"to_agent": "Broken", "content": "hello"})
    (letter,) = poll_until(lambda: agent.get("/agora/dead_letter/list")["dead_letters"], "it is given up")
    assert (letter["source"], letter["ref"], letter["attempts"]) == ("endpoint", sent["message_id"], 2)
    assert "503" in letter["reason"]
    assert letter["destination"] == f"{endpoint.url}/agent/message"
    keys = {headers["idempotency-key"] for headers, _ in endpoint.requests}
    assert len(endpoint.requests) == 2
    assert len(keys) == 1
    endpoint.respond = _result
    agent.post("/agora/dead_letter/replay", {"dead_letter_id": letter["dead_letter_id"]})
    assert _replies(asker, sent["message_id"])[0]["content"] == '{"result":8}'


def test_expected_timeout_bounds_the_request(server: ServerProcess, endpoint: Endpoint) -> None:
    released = threading.Event()

    def hang(message: dict[str, Any]) -> Answer:
        released.wait(30)
        return _result(message)

    endpoint.respond = hang
    asker, agent = server.register("Hasty"), _register(server, "Hanging", endpoint)
    request = {"type": "request", "to": ["Hanging"], "intent": "x", "payload": {}, "expected": {"timeout": 500}}
    try:
        answer = asker.post("/agent/message", request)
        assert (answer["type"], answer["intent"]) == ("failure", "timeout")
        (letter,) = poll_until(lambda: agent.get("/agora/dead_letter/list")["dead_letters"], "it is given up")
        assert (letter["source"], letter["attempts"]) == ("endpoint", 1)
        assert [message["type"] for message in endpoint.messages].count("request") == 1  # the failure is posted too
    finally:
        released.set()


def test_private_address_is_called_only_if_an_operator_allows_it(
    start_server: Callable[..., ServerProcess], endpoint: Endpoint
) -> None:
    server = start_server()
    asker, agent = server.register("Prober"), _register(server, "Inside", endpoint)
    asker.post("/agora/messaging/send", {"to_agent": "Inside", "content": "hello"})
    (letter,) = poll_until(lambda: agent.get("/agora/dead_letter/list")["dead_letters"], "it is refused")
    assert "not a public address" in letter["reason"]
    assert endpoint.requests == []


def test_restarted_server_repeats_the_request_and_stores_one_answer(
    start_server: Callable[..., ServerProcess], endpoint: Endpoint
) -> None:
    server = start_server(**LOCAL)
    first = threading.Event()

    def answer_the_second(message: dict[str, Any]) -> Answer:
        if not first.is_set():
            server.kill()  # the request was sent, but its answer never arrives
            first.set()  # only after the kill: the new process must survive
        return _result(message)

    endpoint.respond = answer_the_second
    asker = server.register("Survivor")
    _register(server, "Steady", endpoint)
    sent = asker.post("/agora/messaging/send", {"to_agent": "Steady", "content": "hello"})
    assert first.wait(30)
    server.start()
    (reply,) = _replies(asker, sent["message_id"])
    assert reply["content"] == '{"result":8}'
    keys = [headers["idempotency-key"] for headers, _ in endpoint.requests]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_two_servers_on_one_database_post_each_message_once(
    postgres_server: PostgresServer, endpoint: Endpoint, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        settings = LOCAL | {"store": stack.enter_context(postgres_server.database_url())}
        server = ServerProcess(tmp_path / "one", **settings)
        other = ServerProcess(tmp_path / "other", keys_dir=str(server.directory), **settings)
        for each in (server, other):
            stack.callback(each.close)
            each.start()
        endpoint.respond = _result
        asker = server.register("Many Asker")
        _register(server, "Many Calculator", endpoint)
        for number in range(24):
            asker.post("/agora/messaging/send", {"to_agent": "Many Calculator", "content": f"{number}"})
        poll_until(lambda: len(asker.get("/agora/messaging/receive")["messages"]) >= 24, "24 answers")
        keys = [headers["idempotency-key"] for headers, _ in endpoint.requests]
        assert len(keys) == len(set(keys)) == 24
        assert len(asker.get("/agora/messaging/receive")["messages"]) == 24


def test_instances_with_opted_in_manifest_receive_their_agents_messages(tmp_path: Path) -> None:
    with serving_instances(tmp_path) as server:
        deploy(server, "Opted In", endpoints=[{"path": "/agent/message", "method": "POST"}])
        deploy(server, "Opted Out")
        asker = server.register("Instance Asker")
        for name in ("Opted In", "Opted Out"):
            make_instance(server.operator, name)
        sent = [
            asker.post("/agora/messaging/send", {"to_agent": name, "content": "5 + 3"})["message_id"]
            for name in ("Opted Out", "Opted In")
        ]
        assert _replies(asker, sent[1])[0]["content"] == '{"echo":{"text":"5 + 3"}}'
        assert len(asker.get("/agora/messaging/receive")["messages"]) == 1
