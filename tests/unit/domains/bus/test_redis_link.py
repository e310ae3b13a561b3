"""The link to Redis: lost and hanging connections, queued commands, and errors for callers."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from agora.domains.bus.engines.redis import RedisBus
from agora.domains.bus.engines.redis.address import Address
from agora.domains.bus.engines.redis.connection import Connection, Disconnected, Refused
from agora.domains.bus.engines.redis.durability import Durability
from agora.domains.bus.engines.redis.link import Link
from agora.server.app import App
from agora.server.bootstrap import create_bus_or_none
from agora.settings import ConfigurationError
from agora_sdk.errors import InternalError, Overloaded, UpstreamUnavailable
from tests.harness import free_port, make_settings
from tests.stream_server import serve_streams
from tests.valkey import Broker, broker, running_broker, valkey_server

__all__ = ["broker", "valkey_server"]

STREAM = "s"
ENTRY = {"n": "1"}


@pytest.fixture
async def own() -> AsyncIterator[Broker]:
    """A separate broker that the test may kill."""
    with running_broker() as broker:
        yield broker


async def opened(url: str, **options: Any) -> RedisBus:
    bus = RedisBus(url, **options)
    await bus.start()
    return bus


async def test_server_that_loads_its_data_is_not_used_yet(own: Broker) -> None:
    bus = await opened(own.url, timeout=20)
    await asyncio.gather(*(bus.publish(STREAM, ENTRY) for _ in range(3_000)))
    own.kill()
    starting = asyncio.create_task(asyncio.to_thread(own.start, key_load_delay=500))
    # Sent again and again while the data is loaded, for 1.5 s.
    while not starting.done():
        await bus.publish(STREAM, ENTRY)
    await starting
    await bus.close()


async def test_commands_wait_while_a_connected_server_loads_its_data_again(own: Broker) -> None:
    """As a replica does after a new synchronization."""
    own.kill()
    own.start(enable_debug_command="yes", key_load_delay=200, loading_process_events_interval_bytes=1024)
    bus = await opened(own.url, timeout=20)
    async with redis.asyncio.from_url(own.url) as other:
        await other.execute_command("DEBUG", "POPULATE", 5_000)
        reloading = asyncio.create_task(other.execute_command("DEBUG", "RELOAD"))
        while not reloading.done():
            await bus.publish(STREAM, ENTRY)
        await reloading
    await bus.close()


async def test_entries_published_during_an_outage_arrive(own: Broker) -> None:
    bus = await opened(own.url, timeout=20)
    first = await bus.publish(STREAM, ENTRY)
    own.kill()
    waiting = [asyncio.create_task(bus.publish(STREAM, {"n": str(n)})) for n in range(50)]
    await asyncio.to_thread(own.start)
    ids = await asyncio.gather(*waiting)
    assert len({first, *ids}) == 51
    await bus.create_group(STREAM, "g")
    found = await bus.read(STREAM, "g", "c", count=100)
    assert {entry.fields["n"] for entry in found} == {str(n) for n in range(50)}
    await bus.close()


async def test_command_times_out_with_a_clear_error(own: Broker) -> None:
    bus = await opened(own.url, timeout=0.2)
    own.kill()
    with pytest.raises(UpstreamUnavailable, match=r"cannot be reached.*'bus'") as caught:
        await bus.publish(STREAM, ENTRY)
    assert caught.value.retry_after == 5
    assert not bus.connected
    assert bus.error
    with pytest.raises(UpstreamUnavailable):
        await bus.read(STREAM, "g", "c", block=5)
    await bus.close()


async def test_number_of_waiting_commands_is_bounded(own: Broker) -> None:
    bus = await opened(own.url, timeout=2, buffer=10)
    own.kill()
    results = await asyncio.gather(*(bus.publish(STREAM, ENTRY) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(r, Overloaded) for r in results) == 20
    assert sum(isinstance(r, UpstreamUnavailable) for r in results) == 10
    await bus.close()


async def test_connection_to_a_hanging_server_is_closed(own: Broker) -> None:
    bus = await opened(own.url, timeout=0.4)
    assert own.process is not None
    own.process.send_signal(signal.SIGSTOP)
    with pytest.raises(UpstreamUnavailable) as caught:
        await bus.publish(STREAM, ENTRY)
    assert caught.value.outcome == "unknown", "it may have been taken"
    own.process.send_signal(signal.SIGCONT)
    async with asyncio.timeout(60):
        while True:
            try:
                await bus.publish(STREAM, ENTRY)
                break
            except UpstreamUnavailable:
                continue
    await bus.close()


async def test_blocked_reader_survives_a_lost_connection(own: Broker) -> None:
    bus = await opened(own.url)
    await bus.create_group(STREAM, "g")
    reading = asyncio.create_task(bus.read(STREAM, "g", "c", block=30))
    await bus.publish("other", ENTRY)
    own.kill()
    with pytest.raises(UpstreamUnavailable):
        await reading
    await asyncio.to_thread(own.start)
    await bus.publish(STREAM, ENTRY)
    assert len(await bus.read(STREAM, "g", "c", block=5)) == 1
    await bus.close()


async def test_cancelled_reader_leaves_no_pending_answer(broker: str) -> None:
    bus = await opened(broker)
    await bus.create_group(STREAM, "g")
    reading = asyncio.create_task(bus.read(STREAM, "g", "gone", block=30))
    await bus.publish("other", ENTRY)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await bus.publish(STREAM, ENTRY)
    assert len(await bus.read(STREAM, "g", "c", block=5)) == 1
    await bus.close()


async def test_cancelled_callers_do_not_mix_up_answers(broker: str) -> None:
    bus = await opened(broker)
    tasks = [asyncio.create_task(bus.publish(f"s{n}", {"n": str(n)})) for n in range(200)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for number in range(200):
        if number % 3:
            await bus.create_group(f"s{number}", "g")
            (found,) = await bus.read(f"s{number}", "g", "c")
            assert (found.entry_id, found.fields["n"]) == (tasks[number].result(), str(number))
    await bus.close()


async def test_many_commands_are_sent_in_one_write(broker: str) -> None:
    connection = await Connection.open(Address.from_url(broker))
    written: list[bytes] = []
    transport = connection.transport
    assert transport is not None
    send = transport.write
    transport.write = lambda data: (written.append(bytes(data)), send(data))[1]  # type: ignore[method-assign]
    answers = await asyncio.gather(*(connection.send("ECHO", str(n)) for n in range(100)))
    assert answers == [str(n).encode() for n in range(100)]
    assert len(written) == 1
    with pytest.raises(Refused, match="unknown command"):
        await connection.send("NONSENSE")
    connection.close()


@pytest.mark.timeout(20)
async def test_commands_right_after_a_lost_connection_do_not_block_the_loop(broker: str) -> None:
    """In the loop iteration in which a connection is lost, the task that replaces it has not run yet."""
    link = Link(Address.from_url(broker))
    await link.start()
    connection = link.connection
    assert connection is not None
    for command in (link.execute("PING"), link.execute_transaction(("PING",))):
        connection = link.connection
        assert connection is not None
        connection.close()
        connection.connection_lost(None)  # called by the transport; the command below runs in the same iteration
        assert await command in (b"PONG", [b"PONG"])
    assert link.epoch == 3
    await link.close()


async def test_command_is_not_written_to_a_closing_transport(broker: str) -> None:
    connection = await Connection.open(Address.from_url(broker))
    written: list[bytes] = []
    assert connection.transport is not None
    connection.transport.write = written.append  # type: ignore[assignment, method-assign]
    connection.close()
    with pytest.raises(Disconnected):
        await connection.send("PING")
    assert not written


async def test_reconnection_to_an_immediately_closing_server_is_delayed() -> None:
    """A proxy without a server behind it accepts, greets and closes."""
    dials = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dials
        dials += 1
        await reader.read(100)
        writer.write(b"+OK\r\n")
        writer.close()

    async with serve_streams(serve) as port:
        link = Link(Address.from_url(f"redis://127.0.0.1:{port}"), timeout=0.5)
        await link.start()
        with pytest.raises(UpstreamUnavailable):
            await link.execute("PING")
        await link.close()
    assert dials <= 6, "0.05, 0.1, 0.2 ... seconds apart"


async def test_password_is_required_and_not_shown(own: Broker) -> None:
    connection = await Connection.open(Address.from_url(own.url))
    await connection.send("CONFIG", "SET", "requirepass", "s3cret/&")
    connection.close()
    bus = await opened(f"redis://:s3cret%2F%26@127.0.0.1:{own.port}/3")
    await bus.publish(STREAM, ENTRY)
    await bus.close()
    bus = await opened(f"redis://:wrong-one@127.0.0.1:{own.port}", timeout=0.1)
    with pytest.raises(UpstreamUnavailable) as caught:
        await bus.publish(STREAM, ENTRY)
    assert "wrong-one" not in str(caught.value)
    assert "WRONGPASS" in str(caught.value)
    await bus.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost", Address()),
        ("redis://h:1/2", Address("h", 1, database=2)),
        ("valkeys://u:p%40@h", Address("h", username="u", password="p@", secure=True)),
        ("unix:///run/redis.sock?db=4", Address(path="/run/redis.sock", database=4)),
        ("redis://[::1]:7", Address("::1", 7)),
    ],
)
def test_urls_are_parsed(url: str, expected: Address) -> None:
    assert Address.from_url(url) == expected
    assert "p@" not in str(Address.from_url(url)) + repr(Address.from_url(url))


@pytest.mark.parametrize(
    "url", ["http://x", "redis://h:port", "redis://h/x", "unix://", "redis://h:99999", "redis://h/-1"]
)
def test_invalid_urls_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Redis|socket"):
        Address.from_url(url)


def test_invalid_setting_prevents_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"bus: .*number"):
        create_bus_or_none(make_settings(tmp_path, bus="redis://h/x"))
    with pytest.raises(ConfigurationError, match="bus"):
        make_settings(tmp_path, bus="amqp://h")
    assert create_bus_or_none(make_settings(tmp_path)) is None
    assert create_bus_or_none(make_settings(tmp_path, use_redis=True)) is not None


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("agora.domains.bus.engines.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hiredis", None)
    with pytest.raises(ConfigurationError, match=r"agora-server\[redis\]"):
        create_bus_or_none(make_settings(tmp_path, bus="redis://localhost"))


async def test_unsafe_redis_configuration_is_warned_about(own: Broker) -> None:
    bus = await opened(own.url)
    assert (bus.durability, list(bus.warnings)) == ("appendonly yes, appendfsync always", [])
    connection = await Connection.open(Address.from_url(own.url))
    await connection.send("CONFIG", "SET", "appendfsync", "everysec")
    await connection.send("CONFIG", "SET", "maxmemory", "100mb")
    await connection.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    await bus.refresh_durability()
    assert ["always" in warning or "noeviction" in warning for warning in bus.warnings] == [True, True]
    await connection.send("CONFIG", "SET", "appendonly", "no")
    await bus.refresh_durability()
    assert "lost" in bus.warnings[0]
    connection.close()
    await bus.close()


async def test_too_old_server_is_refused(monkeypatch: pytest.MonkeyPatch, broker: str, tmp_path: Path) -> None:
    monkeypatch.setattr("agora.domains.bus.engines.redis.durability.MIN_VERSION", (99, 0))
    app = App(make_settings(tmp_path / "data", bus=broker))
    with pytest.raises(InternalError, match="too old"):
        await app.start()


async def test_server_without_info_is_reported(own: Broker) -> None:
    connection = await Connection.open(Address.from_url(own.url))
    await connection.send("ACL", "SETUSER", "app", "on", ">p", "~*", "+@all", "-config")
    bus = await opened(f"redis://app:p@127.0.0.1:{own.port}")
    assert "does not report" in bus.durability
    assert len(bus.warnings) == 1
    connection.close()
    await bus.close()
    assert Durability().words


async def test_unreachable_server_is_reported(tmp_path: Path) -> None:
    bus = await opened(f"redis://127.0.0.1:{free_port()}", timeout=0.05)
    assert not bus.connected
    with pytest.raises(UpstreamUnavailable) as caught:
        await bus.publish(STREAM, ENTRY)
    assert "outcome" not in caught.value.extra, "nothing was done"
    await bus.close()
