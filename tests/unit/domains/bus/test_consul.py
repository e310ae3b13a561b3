"""Registration with Consul, against a stub that replays recorded exchanges of its API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
import pytest
import uvicorn

from agora.domains.bus.consul_client import Consul, Service
from agora.domains.bus.consul_registration import ConsulRegistrar, build_service
from agora.server.app import App
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable
from tests.harness import ManualClock, PromptServer, free_port, make_settings, running

RECORDED = {
    each["name"]: each for each in json.loads((Path(__file__).parent / "consul.json").read_text("utf-8"))["exchanges"]
}
KINDS = {"string": str, "array": list, "integer": int, "object": dict}


class Agent:
    """A recorded Consul agent; unknown requests are refused."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.services: dict[str, Any] = {}
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, text = self.answer(scope, body)
        headers = [(b"content-type", b"application/json" if text.startswith("{") else b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    def answer(self, scope: Any, body: bytes) -> tuple[int, str]:
        method, path = scope["method"], scope["raw_path"].decode().split("?")[0]
        given = dict(scope["headers"]).get(b"x-consul-token", b"").decode()
        if given != self.token:
            return self._recorded("without a token that allows it")
        if (method, path) == ("PUT", "/v1/agent/service/register"):
            return self._register(json.loads(body), parse_qs(scope["query_string"].decode()))
        if method == "PUT" and path.startswith("/v1/agent/service/deregister/"):
            service_id = unquote(path.rsplit("/", 1)[1])
            self.asked.append("deregister")
            known = self.services.pop(service_id, None)
            return self._recorded("deregister" if known else "deregister one that is not there", service_id)
        if method == "GET" and path.startswith("/v1/agent/service/"):
            service_id = unquote(path.rsplit("/", 1)[1])
            self.asked.append("look up")
            if service_id in self.services:
                found = self.services[service_id]
                return 200, json.dumps({"ID": service_id, "Service": found["Name"], "Port": found["Port"]})
            return self._recorded("look up one that is not there", service_id)
        return 405, "method not allowed"

    def _register(self, document: dict[str, Any], query: dict[str, list[str]]) -> tuple[int, str]:
        expected = RECORDED["register"]["request"]
        assert query.keys() == set(expected["query"])
        assert document.keys() == expected["body"].keys()
        for name, kind in expected["body"].items():
            assert isinstance(document[name], KINDS[kind]), name
        assert set(document["Check"]) == set(expected["check"])
        assert all(isinstance(value, str) for value in (*document["Meta"].values(), *document["Check"].values()))
        self.asked.append("register")
        self.services[document["ID"]] = document
        return self._recorded("register")

    def _recorded(self, name: str, service_id: str = "") -> tuple[int, str]:
        answer = RECORDED[name]["answer"]
        return answer["status"], answer["body"].replace("{id}", service_id)


@pytest.fixture
async def agent() -> AsyncIterator[tuple[Agent, str]]:
    agent, port = Agent("secret"), free_port()
    server = PromptServer(uvicorn.Config(agent, port=port, log_config=None, lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    await server.wait_started(serving)
    yield agent, f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


SERVICE = Service("agora-8080", "agora", "10.0.0.7", 8080, "http://10.0.0.7:8080/ready", ("mcp",), {"mcp": "/mcp"})


async def test_server_is_registered_found_and_deregistered(agent: tuple[Agent, str]) -> None:
    found, url = agent
    consul = Consul(url + "/", "secret")
    assert not await consul.is_registered(SERVICE.id)
    await consul.register_service(SERVICE)
    await consul.register_service(SERVICE)
    assert await consul.is_registered(SERVICE.id)
    document = found.services[SERVICE.id]
    assert document["Check"]["HTTP"] == "http://10.0.0.7:8080/ready"
    assert (document["Name"], document["Tags"], document["Meta"]) == ("agora", ["mcp"], {"mcp": "/mcp"})
    await consul.deregister_service(SERVICE.id)
    await consul.deregister_service(SERVICE.id)
    assert found.services == {}


async def test_unusual_id_is_one_path_segment(agent: tuple[Agent, str]) -> None:
    found, url = agent
    consul = Consul(url, "secret")
    odd = Service("a/../b c?d", "agora", "", 1, "http://127.0.0.1:1/ready")
    await consul.register_service(odd)
    assert await consul.is_registered(odd.id)
    await consul.deregister_service(odd.id)
    assert found.services == {}


async def test_refusals_are_reported(agent: tuple[Agent, str]) -> None:
    _, url = agent
    with pytest.raises(UpstreamFailed, match=r"403.*lacks permission.*consul_token"):
        await Consul(url, "wrong").register_service(SERVICE)
    with pytest.raises(UpstreamUnavailable, match="consul_url"):
        await Consul(f"http://127.0.0.1:{free_port()}").register_service(SERVICE)


async def test_server_is_registered_while_it_runs(agent: tuple[Agent, str], tmp_path: Path, clock: ManualClock) -> None:
    found, url = agent
    port = free_port()
    settings = make_settings(tmp_path / "data", consul_url=url, consul_token="secret", port=port, consul_name="bus")
    app = App(settings, clock=clock)
    async with running(app, port):
        async with asyncio.timeout(60):
            while not found.services:
                await app.store.measure_health()
        document = found.services[f"bus-{port}"]
        assert (document["Name"], document["Address"], document["Port"]) == ("bus", "127.0.0.1", port)
        async with httpx.AsyncClient() as client:
            assert (await client.get(document["Check"]["HTTP"])).status_code == 200, "the check would pass"
        found.services.clear()  # the agent was restarted
        registrar = next(c for c in app.controllers if isinstance(c, ConsulRegistrar))
        await registrar.step()
        assert f"bus-{port}" in found.services
    assert found.services == {}
    assert found.asked[-1] == "deregister"


async def test_without_consul_the_server_works(tmp_path: Path, clock: ManualClock) -> None:
    app = App(make_settings(tmp_path / "data", consul_url=f"http://127.0.0.1:{free_port()}"), clock=clock)
    await app.start()
    registrar = next(c for c in app.controllers if isinstance(c, ConsulRegistrar))
    with pytest.raises(UpstreamUnavailable):
        await registrar.step()
    await app.stop()


@pytest.mark.parametrize(
    ("given", "address", "check"),
    [
        ({"host": "0.0.0.0"}, "", "http://127.0.0.1:8080/ready"),
        ({"host": "10.0.0.7"}, "10.0.0.7", "http://10.0.0.7:8080/ready"),
        ({"host": "::1"}, "::1", "http://[::1]:8080/ready"),
        ({"host": "0.0.0.0", "consul_address": "agora.example"}, "agora.example", "http://agora.example:8080/ready"),
    ],
)
def test_registered_address_is_reachable_by_others(
    tmp_path: Path, given: dict[str, str], address: str, check: str
) -> None:
    service = build_service(make_settings(tmp_path, port=8080, **given))
    assert (service.address, service.check, service.id) == (address, check, "agora-8080")
