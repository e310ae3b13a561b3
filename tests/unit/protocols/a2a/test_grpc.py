"""A2A over gRPC with the official SDK's client, on a separate port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from a2a.client import A2ACardResolver, AuthInterceptor, ClientConfig, ClientFactory, CredentialService
from a2a.types import a2a_pb2, a2a_pb2_grpc
from a2a.utils.errors import TaskNotFoundError
from a2a.utils.grpc_status import status_from_call
from google.rpc.error_details_pb2 import ErrorInfo

from agora.server.app import App
from agora.settings import ConfigurationError
from tests.harness import Running, admin_token, free_port, make_settings, running

V1 = (("a2a-version", "1.0"),)
Metadata = tuple[tuple[str, str], ...]


@pytest.fixture
async def spoken(tmp_path: Path) -> AsyncIterator[Running]:
    settings = make_settings(tmp_path / "grpc", builtin_agents=True, a2a_grpc_port=free_port())
    async with running(App(settings)) as server:
        yield server


@pytest.fixture
def mine(spoken: Running) -> Metadata:
    return (*V1, ("authorization", f"Bearer {admin_token(spoken.app.settings)}"))


@pytest.fixture
async def stub(spoken: Running) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{spoken.app.settings.a2a_grpc_port}") as channel:
        yield a2a_pb2_grpc.A2AServiceStub(channel)


class _Kept(CredentialService):
    """The SDK's source of credentials: by the name of a scheme of the card."""

    def __init__(self, token: str) -> None:
        self.token = token

    async def get_credentials(self, security_scheme_name: str, context: Any) -> str | None:
        return self.token if security_scheme_name == "bearer" else None


def _said(text: str, id: str, **more: Any) -> a2a_pb2.SendMessageRequest:
    message = a2a_pb2.Message(message_id=id, role=a2a_pb2.ROLE_USER, parts=[a2a_pb2.Part(text=text)])
    return a2a_pb2.SendMessageRequest(message=message, **more)


async def test_sdk_finds_the_port_in_the_card(spoken: Running) -> None:
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, f"{spoken.url}/a2a/Echo%20Agent").get_agent_card()
        found = [entry for entry in card.supported_interfaces if entry.protocol_binding == "GRPC"]
        assert [(entry.tenant, entry.protocol_version) for entry in found] == [("Echo Agent", "1.0")]
        card.security_requirements.add().schemes["bearer"].SetInParent()  # on loopback the card requires none
        config = ClientConfig(
            httpx_client=http,
            grpc_channel_factory=grpc.aio.insecure_channel,
            supported_protocol_bindings=["GRPC"],
        )
        client = ClientFactory(config).create(card, [AuthInterceptor(_Kept(admin_token(spoken.app.settings)))])
        events = [event async for event in client.send_message(_said("hello", "one"))]
        assert events[0].WhichOneof("payload") == "task"
        assert events[-1].status_update.status.state == a2a_pb2.TASK_STATE_COMPLETED
        task = await client.get_task(a2a_pb2.GetTaskRequest(id=events[0].task.id))
        assert task.artifacts[0].parts[0].text == "hello"
        listed = await client.list_tasks(a2a_pb2.ListTasksRequest())
        assert [entry.id for entry in listed.tasks] == [task.id]
        with pytest.raises(TaskNotFoundError):
            await client.cancel_task(a2a_pb2.CancelTaskRequest(id="nothing"))
        await client.close()


async def test_front_agent_is_the_default_without_a_tenant(stub: Any, mine: Metadata) -> None:
    answer = await stub.SendMessage(_said("Calculate 25 * 4", "two"), metadata=mine)
    assert "100" in str(answer.task.artifacts[0])


async def test_errors_have_details(stub: Any, mine: Metadata) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetTask(a2a_pb2.GetTaskRequest(id="nothing"), metadata=mine)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    (*_, last) = status_from_call(refused.value).details
    info = ErrorInfo()
    assert last.Unpack(info)
    assert (info.reason, info.domain) == ("TASK_NOT_FOUND", "a2a-protocol.org")
    for request, metadata, code in (
        (a2a_pb2.GetTaskRequest(), mine, grpc.StatusCode.INVALID_ARGUMENT),
        (a2a_pb2.GetTaskRequest(id="nothing"), mine[1:], grpc.StatusCode.FAILED_PRECONDITION),
        (a2a_pb2.GetTaskRequest(id="nothing"), V1, grpc.StatusCode.NOT_FOUND),
        (a2a_pb2.GetTaskRequest(id="x"), (*V1, ("authorization", "Bearer no")), grpc.StatusCode.UNAUTHENTICATED),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetTask(request, metadata=metadata)
        assert refused.value.code() == code


async def test_streams_and_push_configurations_work(spoken: Running, stub: Any, mine: Metadata) -> None:
    async with httpx.AsyncClient(base_url=spoken.url) as http:
        slow = (await http.post("/agents/register", json={"agent_name": "Slow"})).json()["agent_id"]
    stream = stub.SendStreamingMessage(_said("work", "three", tenant=slow), metadata=mine)
    seen = stream.__aiter__()
    task = (await anext(seen)).task
    with pytest.raises(grpc.aio.AioRpcError):
        await stub.GetTask(a2a_pb2.GetTaskRequest(id=task.id, tenant="Echo Agent"), metadata=mine)
    config = a2a_pb2.TaskPushNotificationConfig(task_id=task.id, id="p", url="https://hooks.example.com")
    assert (await stub.CreateTaskPushNotificationConfig(config, metadata=mine)).id == "p"
    wanted = a2a_pb2.ListTaskPushNotificationConfigsRequest(task_id=task.id)
    assert len((await stub.ListTaskPushNotificationConfigs(wanted, metadata=mine)).configs) == 1
    gone = a2a_pb2.DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="p")
    await stub.DeleteTaskPushNotificationConfig(gone, metadata=mine)
    again = stub.SubscribeToTask(a2a_pb2.SubscribeToTaskRequest(id=task.id), metadata=mine).__aiter__()
    assert (await anext(again)).task.id == task.id
    cancelled = await stub.CancelTask(a2a_pb2.CancelTaskRequest(id=task.id), metadata=mine)
    assert cancelled.status.state == a2a_pb2.TASK_STATE_CANCELED
    for open_stream in (seen, again):
        *_, last = [event async for event in open_stream]
        assert last.status_update.status.state == a2a_pb2.TASK_STATE_CANCELED


async def test_credential_is_sent_as_metadata(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "open", builtin_agents=True, host="0.0.0.0", a2a_grpc_port=free_port())
    async with running(App(settings)), grpc.aio.insecure_channel(f"127.0.0.1:{settings.a2a_grpc_port}") as channel:
        stub = a2a_pb2_grpc.A2AServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ListTasks(a2a_pb2.ListTasksRequest(), metadata=V1)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
        with_token = (*V1, ("authorization", f"Bearer {admin_token(settings)}"))
        assert (await stub.ListTasks(a2a_pb2.ListTasksRequest(), metadata=with_token)).page_size == 50
        with_key = (*V1, ("x-api-key", admin_token(settings)))
        card = await stub.GetExtendedAgentCard(a2a_pb2.GetExtendedAgentCardRequest(), metadata=with_key)
        assert card.name == "Agora"


async def test_local_program_needs_no_credential(spoken: Running, stub: Any) -> None:
    task = (await stub.SendMessage(_said("hello", "local", tenant="Echo Agent"), metadata=V1)).task
    assert task.artifacts[0].parts[0].text == "hello"
    with pytest.raises(grpc.aio.AioRpcError) as refused:  # a request through a proxy is anonymous
        await stub.ListTasks(a2a_pb2.ListTasksRequest(), metadata=(*V1, ("x-forwarded-for", "192.0.2.1")))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_port_behind_a_proxy_is_advertised(tmp_path: Path) -> None:
    public = {"a2a_grpc_url": "https://grpc.example.com", "a2a_grpc_agent": "Echo Agent"}
    settings = make_settings(tmp_path / "proxy", builtin_agents=True, a2a_grpc_port=free_port(), **public)
    async with (
        running(App(settings)) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{settings.a2a_grpc_port}") as channel,
    ):
        stub = a2a_pb2_grpc.A2AServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ListTasks(a2a_pb2.ListTasksRequest(), metadata=V1)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
        known = (*V1, ("authorization", f"Bearer {admin_token(settings)}"))
        task = (await stub.SendMessage(_said("hello", "proxied"), metadata=known)).task
        assert task.artifacts[0].parts[0].text == "hello"
        async with httpx.AsyncClient() as http:
            card = await A2ACardResolver(http, server.url).get_agent_card()
        assert [i.url for i in card.supported_interfaces if i.protocol_binding == "GRPC"] == [
            "https://grpc.example.com"
        ]


async def test_card_may_omit_the_port(tmp_path: Path) -> None:
    """Every interface of the card then has the origin from which the card was read, as google-adk requires."""
    settings = make_settings(tmp_path / "plain", a2a_grpc_port=free_port(), a2a_grpc_on_cards=False)
    async with running(App(settings)) as server, httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, server.url).get_agent_card()
        assert all(entry.url.startswith(server.url) for entry in card.supported_interfaces)


async def test_occupied_port_prevents_the_start(spoken: Running, tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "second", a2a_grpc_port=spoken.app.settings.a2a_grpc_port)
    with pytest.raises(ConfigurationError, match="a2a_grpc_port"):
        await App(settings).start()
