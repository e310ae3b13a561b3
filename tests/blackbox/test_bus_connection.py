"""Connection resets between the server and Redis under load: the server keeps answering, and logs no traceback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from tests.blackbox.server import Account, ServerProcess
from tests.blackbox.tcp_proxy import TcpProxy, running_proxy
from tests.valkey import Broker, valkey_server

__all__ = ["valkey_server"]

PUBLISHERS = 4
CUTS = 5
WORKING = 100  # bytes received from Redis after which the server works again


@pytest.fixture
def redis_proxy(valkey_server: Broker) -> Iterator[TcpProxy]:
    with running_proxy(valkey_server.port) as proxy:
        yield proxy


def _publish_until(account: Account, stop: threading.Event, statuses: list[int]) -> None:
    with httpx.Client(base_url=account.url, headers=account.http.headers, timeout=30) as client:
        while not stop.is_set():
            body = {"type": "state_update", "target": "Reader", "message_id": str(uuid4()), "content": {}}
            try:
                statuses.append(client.post("/agora/bus/publish", json=body).status_code)
            except httpx.HTTPError:
                statuses.append(0)


def test_server_answers_while_redis_is_cut(start_server: Callable[..., ServerProcess], redis_proxy: TcpProxy) -> None:
    server = start_server(bus=f"redis://127.0.0.1:{redis_proxy.port}/0")
    sender = server.register("Sender")
    server.register("Reader")
    observer = server.account()
    stop, statuses = threading.Event(), list[int]()
    threads = [threading.Thread(target=_publish_until, args=(sender, stop, statuses)) for _ in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(CUTS):
            for _ in range(3):  # immediately, and after it has reconnected
                connections = redis_proxy.connections
                redis_proxy.reset()
                while redis_proxy.connections == connections:
                    assert observer.http.get("/health", timeout=20).status_code in (200, 503)
            answers, answered = len(statuses), redis_proxy.answered
            while len(statuses) < answers + 10 or redis_proxy.answered < answered + WORKING:
                assert observer.http.get("/health", timeout=20).status_code in (200, 503)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses.count(0) == 0, "every call got an answer"
    assert statuses.count(200) > len(statuses) // 2
    assert "Traceback" not in server.log(), server.log()[-3000:]
