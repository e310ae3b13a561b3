"""SDK calls from a client method to the wire and back, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import threading
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, RedirectResponse

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.contract import Service, operations
from agora_sdk.errors import Conflict, DeadlineExceeded, InternalError, InvalidRequest, NotFound, ServerUnreachable
from agora_sdk.transport import AsyncTransport, Endpoint
from agora_sdk.types import AgentStatus, MessageType, Priority, ServiceTier, TaskStatus
from agora_sdk.wire import Request
from tests.unit.sdk.scripted_server import NOW, Wire, agent_answer, free_port, page

RECEIPT = {"message_id": "msg_" + "0" * 32, "status": "queued", "timestamp": NOW}


def test_examples_of_the_source_run_in_synchronous_code(wire: Wire, client: Any) -> None:
    wire.answer("/agents/register", agent_answer())
    wire.answer("/agora/messaging/send", RECEIPT)
    wire.answer("/agora/query/agents", page("agents", [agent_answer()], total=1))
    wire.answer("/agora/admin/health", {"status": "healthy", "components": {}, "version": "5", "timestamp": NOW})
    wire.answer("/discovery/list", page("services", []))
    registration = client.register(agent_name="Ada", capabilities=["documentation"], service_tier="basic")
    assert len(registration.available_services) == 2
    receipt = client.messaging.send("SomeAgent", "Hello", priority="normal")
    assert receipt.message_id == RECEIPT["message_id"]
    agents = client.query.agents(capabilities=["documentation"], status="active")
    assert (len(agents), agents.count, agents.total) == (1, 1, 1)
    assert [agent.metadata.get("team") for agent in agents] == ["docs"]
    assert client.admin.health().status == "healthy"
    assert len(client.discovery.list(category="messaging")) == 0
    assert wire.of("/agora/messaging/send")[0].body == {
        "to_agent": "SomeAgent",
        "content": "Hello",
        "priority": "normal",
    }
    assert wire.of("/agora/query/agents")[0].query == [("capabilities", "documentation"), ("status", "active")]


async def test_client_is_awaitable_in_an_event_loop(wire: Wire) -> None:
    wire.answer("/agents/register", agent_answer())
    wire.answer("/agora/query/agents", page("agents", [agent_answer()]))
    async with AgoraClient(wire.url) as client:
        registration = await client.register("Ada", ["documentation"], ServiceTier.BASIC)
        assert registration.agent_id == agent_answer()["agent_id"]
        assert len(await client.query.agents(status=AgentStatus.ACTIVE)) == 1
        both = await asyncio.gather(client.query.agents(), asyncio.ensure_future(client.query.agents()))
        assert [len(found) for found in both] == [1, 1]


def test_one_client_serves_synchronous_code_loops_and_threads_in_turn(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/query/agents", page("agents", [agent_answer()]))

    async def main() -> int:
        blocked = await asyncio.to_thread(lambda: client.query.agents())
        return len(await client.query.agents()) + len(blocked)

    assert len(client.query.agents()) == 1
    assert [asyncio.run(main()), asyncio.run(main())] == [2, 2]
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(client.query.agents()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8


async def test_mode_forces_synchronous_or_asynchronous_calls(wire: Wire) -> None:
    wire.answer("/agora/query/agents", page("agents", []))
    with AgoraClient(wire.url, mode="sync") as blocking:
        assert await asyncio.to_thread(lambda: blocking.query.agents().count) == 0
    pending: Any = AgoraClient(wire.url, mode="async").query.agents()
    assert asyncio.iscoroutine(pending)
    assert len(await asyncio.create_task(pending)) == 0


def test_async_client_can_be_created_outside_a_loop(wire: Wire) -> None:
    wire.answer("/agora/query/agents", page("agents", []))
    pending: Any = AgoraClient(wire.url, mode="async").query.agents()
    assert asyncio.run(pending).count == 0


def test_unclosed_client_leaves_no_connection_open(wire: Wire) -> None:
    wire.answer("/agora/query/agents", page("agents", []))

    async def main() -> None:
        client = AgoraClient(wire.url)
        await client.query.agents()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()
    assert AgoraClient(wire.url).query.agents().count == 0
    gc.collect()


async def test_missing_await_is_explained(wire: Wire) -> None:
    pending: Any = AgoraClient(wire.url).query.agents()
    with pytest.raises(AttributeError, match=r"write `await client\.query\.agents"):
        pending.count  # noqa: B018
    assert repr(pending) == "<pending call query.agents>"
    with pytest.warns(RuntimeWarning, match=r"AgoraClient\.query\.agents' was never awaited"):
        del pending


def test_every_operation_is_a_method_with_its_signature() -> None:
    client = AgoraClient()
    for operation in operations():
        method = getattr(getattr(client, operation.category), operation.attribute)
        assert method.__doc__ == operation.description
        assert list(inspect.signature(method).parameters) == list(operation.parameters)
        assert operation.attribute in dir(getattr(client, operation.category))
        for alias in operation.aliases:
            assert getattr(client, alias).__operation__ is operation
    with pytest.raises(AttributeError, match=r"no operation messaging\.sned; available: send"):
        client.messaging.sned  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError):
        client.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_category_of_a_client_can_be_copied(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/query/agents", page("agents", []))
    copied = copy.copy(client.query)
    assert copied.agents().agents == []
    with pytest.raises(AttributeError, match=r"there is no operation query\.nothing"):
        copied.nothing  # noqa: B018


def test_client_annotations_match_the_contracts_categories() -> None:
    annotated = {
        name: text.rsplit(".", 1)[-1] for name, text in AgoraClient.__annotations__.items() if "contract." in text
    }
    assert annotated == {name: service.__name__ for name, service in Service.declared.items()}
    assert set(Service.declared) <= set(dir(AgoraClient()))


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda c: c.messaging.send("Ada"), "content"),
        (lambda c: c.messaging.send("Ada", 3), "content"),
        (lambda c: c.messaging.send("Ada", "x", priority="soon"), "priority"),
        (lambda c: c.messaging.send("Ada", "x", colour="red"), "colour"),
        (lambda c: c.messaging.send("Ada", "x", to_agent="Bob"), "to_agent"),
        (lambda c: c.messaging.receive(since=datetime(2026, 1, 1)), "since"),
        (lambda c: c.messaging.mark(["nonsense"]), "message_ids[0]"),
        (lambda c: c.query.agents(limit=-1), "limit"),
        (lambda c: c.messaging.send(["Ada", "a/b"], "x"), "to_agent[1]"),
        (lambda c: c.query.marketplace("surplus"), ""),
        (lambda c: c.messaging.send("Ada", "\ud800"), "content"),
        (lambda c: c.messaging.send("Ada", "x", metadata={"k": "\ud800"}), ""),
        (lambda c: c.messaging.send("Ada", "x", metadata={"k": object()}), "metadata"),
    ],
)
def test_invalid_arguments_are_refused_before_any_request(
    wire: Wire, client: AgoraClient, call: Any, field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        call(client)
    assert field in [error["field"].split(".")[0] for error in caught.value.errors]
    assert "Its arguments are:" in str(caught.value)
    assert not wire.requests


def test_python_values_become_json_and_query_strings(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/messaging/send", RECEIPT)
    wire.answer("/agora/messaging/receive", page("messages", []))
    client.messaging.send(
        ["Ada", "Bob"], "grüße \u2028", MessageType.TASK, Priority.HIGH, metadata={"n": [1, None]}, expires_in=60
    )
    assert wire.requests[-1].body == {
        "to_agent": ["Ada", "Bob"],
        "content": "grüße \u2028",
        "message_type": "task",
        "priority": "high",
        "metadata": {"n": [1, None]},
        "expires_in": 60,
    }
    client.messaging.receive(since=datetime(2026, 1, 2, tzinfo=UTC), unread=True, priority=None, wait=0.5, limit=2)
    assert wire.requests[-1].query == [
        ("since", "2026-01-02T00:00:00Z"),
        ("unread", "true"),
        ("wait", "0.5"),
        ("limit", "2"),
    ]
    assert str(TaskStatus.IN_PROGRESS) == "in_progress"


def test_path_parameters_fill_the_canonical_route(wire: Wire, client: AgoraClient) -> None:
    status = agent_answer() | {
        "load": 0,
        "availability": 1,
        "reputation": None,
        "rating_count": 0,
        "unread_messages": 0,
    }
    wire.answer("/agents/Ada & Söhne 100%?/status", status | {"status": "active"})
    client.agent.status("Ada & Söhne 100%?")
    assert wire.requests[-1].raw_path == "/agents/Ada%20%26%20S%C3%B6hne%20100%25%3F/status"
    wire.answer("/agents/Ada", agent_answer(), {"agent_id": "x", "status": "retired"})
    client.agent.update("Ada", description="new", tags=[])
    assert (wire.requests[-1].method, wire.requests[-1].body) == ("PATCH", {"description": "new", "tags": []})
    client.agent.deregister("Ada")
    assert (wire.requests[-1].method, wire.requests[-1].body) == ("DELETE", None)


def test_arguments_of_delete_requests_are_in_the_query(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/tenants/acme", {"tenant_id": "acme", "status": "deleting"})
    client.tenant.delete("acme", confirm="acme")
    request = wire.requests[-1]
    assert (request.method, request.query, request.body) == ("DELETE", [("confirm", "acme")], None)


def test_malformed_id_error_shows_the_format(client: AgoraClient) -> None:
    with pytest.raises(InvalidRequest) as refused:
        client.instance.get("north")
    message = "is not an id of this kind: inst_ and 32 hexadecimal digits"
    assert refused.value.errors == [{"field": "instance_id", "message": message}]


def test_value_unsuitable_for_a_path_uses_the_canonical_route(wire: Wire, client: AgoraClient) -> None:
    beat = {"agent_id": "x", "status": "active", "last_activity": NOW, "next_before": NOW}
    wire.answer("/agora/agent/heartbeat", beat)
    client.agent.heartbeat(load=0.5)
    assert wire.requests[-1].body == {"load": 0.5}
    wire.answer("/agora/agent/get", agent_answer())
    client.agent.get("..")
    assert wire.requests[-1].query == [("agent_id", "..")]


def test_problems_become_typed_errors(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/Bob", NotFound("No agent 'Bob' is registered.", fix="Look around.", errors=[]))
    with pytest.raises(NotFound, match=r"No agent 'Bob' is registered\. Look around\.") as caught:
        client.agent.get("Bob")
    assert isinstance(caught.value, AgoraError)
    assert caught.value.errors == []


def test_responses_of_other_servers_are_explained(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/a", RedirectResponse("https://elsewhere.example/"))
    with pytest.raises(AgoraError, match=r"answered 307 to https://elsewhere\.example/, not as an Agora server does"):
        client.agent.get("a")
    wire.answer("/agents/b", PlainTextResponse("<html>"))
    with pytest.raises(InternalError, match="Is it an Agora server"):
        client.agent.get("b")
    wire.answer("/agents/c", PlainTextResponse("no", 409))
    with pytest.raises(Conflict):
        client.agent.get("c")


def test_unreachable_server_error_explains_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_URL", f"http://127.0.0.1:{free_port()}/")
    with AgoraClient(retries=1) as client, pytest.raises(ServerUnreachable) as caught:
        client.admin.health()
    said = str(caught.value)
    assert client.url in said
    assert not client.url.endswith("/")
    assert all(word in said for word in ("make up", "agora serve", "AGORA_URL"))
    assert caught.value.url == client.url


MANY_STATES = ["pending"] * 5000  # a query of 75 kB
LONG_LIST = ["漢" * 100] * 100  # 90 kB, percent-encoded


def test_query_too_long_for_an_address_is_refused(client: AgoraClient) -> None:
    with pytest.raises(InvalidRequest, match="too long") as refusal:
        client.task.list(status=MANY_STATES)  # type: ignore[arg-type]
    assert refusal.value.fix
    with pytest.raises(InvalidRequest, match="too long"):
        next(iter(client.worker.stream(capabilities=LONG_LIST)))


async def test_query_too_long_for_an_address_is_refused_in_an_event_loop(wire: Wire) -> None:
    async with AgoraClient(wire.url) as client:
        with pytest.raises(InvalidRequest, match="too long"):
            await client.task.list(status=MANY_STATES)  # type: ignore[arg-type]
        with pytest.raises(InvalidRequest, match="too long"):
            await anext(aiter(client.worker.stream(capabilities=LONG_LIST)))


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x/?q=1"])
def test_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        AgoraClient(url)


def test_url_may_omit_the_scheme_and_have_a_path(wire: Wire) -> None:
    wire.answer("/behind/a/proxy/agora/query/agents", page("agents", []))
    with AgoraClient(wire.url.removeprefix("http://") + "/behind/a/proxy/") as client:
        assert client.query.agents().count == 0


def test_environment_proxies_are_ignored_for_local_calls(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    wire.answer("/agora/query/agents", page("agents", []))
    with AgoraClient(wire.url) as client:
        assert client.query.agents().count == 0


def test_deprecated_operation_is_logged_once(wire: Wire, client: AgoraClient, caplog: pytest.LogCaptureFixture) -> None:
    def old(seen: Any) -> Any:
        from starlette.responses import JSONResponse

        return JSONResponse(page("agents", []), headers={"Deprecation": "@1700000000", "Sunset": "soon"})

    wire.answer("/agora/query/agents", old)
    client.query.agents()
    client.query.agents()
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("agora_sdk")]
    assert messages == ["agora.query.agents is deprecated and ends on soon."]


def test_server_that_ends_long_polls_early_is_polled_with_pauses(wire: Wire, client: AgoraClient) -> None:
    """A server that is shutting down ends every long poll immediately."""
    wire.answer("/agora/messaging/send", RECEIPT)
    wire.answer("/agora/messaging/receive", page("messages", []))
    with pytest.raises(DeadlineExceeded):
        client.request("Ada", "hello", timeout=1.0)
    assert 2 <= len(wire.of("/agora/messaging/receive")) <= 6


class LoopThatLetsAnotherThreadCall(asyncio.SelectorEventLoop):
    """Lets another thread make its first call while its own state is read."""

    call_from_thread: Callable[[], object] | None = None

    def is_closed(self) -> bool:
        call, self.call_from_thread = self.call_from_thread, None
        if call is not None:
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
        return super().is_closed()


def test_event_loops_of_several_threads_may_make_their_first_calls_together(wire: Wire) -> None:
    io = AsyncTransport(Endpoint(wire.url))

    async def exchange() -> int:
        return (await io.exchange(Request("GET", "/nowhere"), 5)).status

    with asyncio.Runner(loop_factory=LoopThatLetsAnotherThreadCall) as first, asyncio.Runner() as second:
        first.run(exchange())
        statuses: list[int] = []
        loop = first.get_loop()
        assert isinstance(loop, LoopThatLetsAnotherThreadCall)
        loop.call_from_thread = lambda: statuses.append(asyncio.run(exchange()))
        statuses.append(second.run(exchange()))
        assert len(statuses) == 2
