"""Two servers on one database act as one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller, EventStreamSpec
from agora.core.events.feed import Feed
from agora.core.events.filter import OPERATOR_VIEWER, EventFilter
from agora.server.app import App
from agora_sdk.errors import Conflict, Halted, RateLimited, Unauthenticated
from tests.conformance.a2a.a2a_calls import say, shown, state_of
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.harness import make_settings
from tests.market import Market
from tests.polling import wait_until
from tests.unit.builtin_agents.remote.remote_calls import add
from tests.unit.builtin_agents.remote.scripted_agent import elsewhere
from tests.unit.core.events.feed_parts import Reader

RUNS_ON = RunsOn.POSTGRES

SECRETS = ("signing.key", "admin-token")


async def replica(postgres: PostgresEngine, directory: Path, secrets: Path | None = None, **settings: Any) -> Market:
    directory.mkdir()
    for name in SECRETS if secrets is not None else ():
        assert secrets is not None
        shutil.copy(secrets / name, directory / name)
    app = App(make_settings(directory, **settings), store=postgres.store())
    await app.start()
    return Market(app, app.clock)  # type: ignore[arg-type]


@asynccontextmanager
async def together(postgres: PostgresEngine, directory: Path, **settings: Any) -> AsyncIterator[tuple[Market, Market]]:
    """Run two servers that know each other."""
    first = await replica(postgres, directory / "a", **settings)
    second = await replica(postgres, directory / "b", directory / "a", **settings)
    await wait_until(lambda: all(len(market.app.replicas.others) == 1 for market in (first, second)))
    yield first, second
    for market in (first, second):
        await market.app.stop()


@pytest.fixture
async def pair(postgres: PostgresEngine, tmp_path: Path) -> AsyncIterator[tuple[Market, Market]]:
    async with together(postgres, tmp_path) as pair:
        yield pair


async def test_message_wakes_a_waiter_on_the_other_server(pair: tuple[Market, Market]) -> None:
    a, b = pair
    ada, ben = await a.agent("Ada"), await a.agent("Ben")
    waiting = asyncio.create_task(b.call(ben, "messaging.receive", wait=50))
    await wait_until(lambda: bool(b.app.feed.waiting_calls))
    async with asyncio.timeout(60):
        sent = await a.call(ada, "messaging.send", to_agent="Ben", content="hello")
        page = await waiting
    assert [message.message_id for message in page.messages] == [sent.message_id]


async def read_events(market: Market, types: str) -> Reader:
    """Read this server's events from now on."""
    reader, feed = Reader(), market.app.feed
    opening = EventStreamSpec(EventFilter.from_request([types]), OPERATOR_VIEWER, feed.head("default"))
    await feed.open("default", opening).attach(reader)
    return reader


async def test_commits_of_one_server_reach_the_other_once_and_in_order(pair: tuple[Market, Market]) -> None:
    a, b = pair
    told = await read_events(b, "work.*")

    async def publish(market: Market, name: str) -> None:
        for _ in range(20):
            await market.call(market.operator, "event.publish", event_type=name, data=1)

    await asyncio.gather(*(publish(a, "work.a") for _ in range(4)), *(publish(b, "work.b") for _ in range(4)))
    await wait_until(lambda: len(told.sequences) >= 160)
    assert told.sequences == sorted(set(told.sequences)), "each once, in order"
    page = await b.call(b.operator, "event.list", types=["work.*"], limit=500)
    assert len(page.events) == 160


async def test_halt_applies_to_both_servers(pair: tuple[Market, Market]) -> None:
    a, b = pair
    ada = await a.agent("Ada")
    halt = await a.call(
        a.operator, "admin.override", action="emergency_halt", target_id="system_wide", reason="a drill"
    )
    await wait_until(lambda: b.app.overrides.is_halted("default"))
    with pytest.raises(Halted):
        await b.call(ada, "agent.heartbeat")
    await b.call(b.operator, "admin.override", action="resume", target_id="system_wide", reason="it is over")
    await wait_until(lambda: not a.app.overrides.is_halted("default"))
    assert (await a.call(ada, "query.agents")).count == 1
    assert halt.override_id


async def test_deregistered_agent_is_unknown_to_both_servers(pair: tuple[Market, Market]) -> None:
    a, b = pair
    registration = await a.call(a.operator, "agent.register", agent_name="Ada")
    ada = await b.app.authenticator.authenticate(registration.token)
    await a.call(ada, "agent.deregister", agent_id="Ada")
    await wait_until(
        lambda: b.app.authenticator.find_cached_or_anonymous_caller(registration.token, local=False) is None
    )
    with pytest.raises(Unauthenticated):
        await b.app.authenticator.authenticate(registration.token)


async def test_idempotency_key_is_shared_by_both_servers(pair: tuple[Market, Market]) -> None:
    a, b = pair
    ada, ben = await a.agent("Ada"), await a.agent("Ben")

    async def send(market: Market) -> Any:
        try:
            return await market.call(ada, "messaging.send", key="once", to_agent="Ben", content="x")
        except Conflict:  # the other one is executing it
            return None

    answers = [answer for answer in await asyncio.gather(*(send(market) for market in (a, b) * 5)) if answer]
    assert len({answer.message_id for answer in answers}) == 1
    assert len((await b.call(ben, "messaging.receive")).messages) == 1


async def test_each_task_is_claimed_once(pair: tuple[Market, Market]) -> None:
    a, _ = pair
    for number in range(30):
        await a.call(a.operator, "task.assign", task_type="work", payload={"n": number})
    workers = [await a.agent(f"W{number}", max_concurrent_tasks=50) for number in range(4)]

    async def work(market: Market, worker: Caller) -> list[str]:
        taken = []
        while task := (await market.call(worker, "task.claim")).task:
            taken.append(task.task_id)
            await market.call(worker, "task.complete", task_id=task.task_id, fencing_token=task.fencing_token)
        return taken

    taken = await asyncio.gather(*(work(market, worker) for market in pair for worker in workers))
    ids = [task_id for each in taken for task_id in each]
    assert len(ids) == len(set(ids)) == 30


async def test_rate_limit_is_shared_by_both_servers(postgres: PostgresEngine, tmp_path: Path) -> None:
    async with together(postgres, tmp_path, rate_basic=5, rate_call_ms=1000) as (a, b):
        limiter, moment = b.app.dispatcher.limiter, b.app.dispatcher.limiter.clock()
        limiter.clock = lambda: moment  # no refills
        ada = await a.agent("Ada")
        for _ in range(10):  # the burst
            await a.call(ada, "query.agents")
        await wait_until(lambda: limiter.remote_calls.get(("default", ada.subject), (0, 0))[0] >= 10)
        with pytest.raises(RateLimited):
            await b.call(ada, "query.agents")


async def test_missed_events_are_caught_up(pair: tuple[Market, Market], postgres: PostgresEngine) -> None:
    a, b = pair
    await wait_until(lambda: b.app.store.peers is not None and bool(getattr(b.app.store.peers, "listening", False)))
    ada, ben = await a.agent("Ada"), await a.agent("Ben")
    for market in pair:
        market.app.store.peers.others = False  # type: ignore[union-attr]
    sent = await a.call(ada, "messaging.send", to_agent="Ben", content="unheard")
    waiting = asyncio.create_task(b.call(ben, "messaging.receive", wait=50, unread=True))
    halted = await a.call(a.operator, "admin.override", action="emergency_halt", target_id="system_wide", reason="x")
    assert halted.override_id
    await postgres.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'agora peers'")
    await wait_until(lambda: b.app.overrides.is_halted("default"))
    await a.call(a.operator, "admin.override", action="resume", target_id="system_wide", reason="x")
    await wait_until(lambda: not b.app.overrides.is_halted("default"))
    assert [message.message_id for message in (await waiting).messages] == [sent.message_id]


async def test_notifications_are_verified_against_the_log(
    pair: tuple[Market, Market], postgres: PostgresEngine
) -> None:
    """Any client of the database can send notifications."""
    a, b = pair
    remote = b.app.replicas.remote_commits
    for text in ("stranger news default 999999 1", "stranger news nobody 5 1", "stranger news x", "stranger spent {"):
        await postgres.run(f"select pg_notify('agora', '{text}')")
    ada, ben = await a.agent("Ada"), await a.agent("Ben")
    waiting = asyncio.create_task(b.call(ben, "messaging.receive", wait=50))
    sent = await a.call(ada, "messaging.send", to_agent="Ben", content="x")
    assert [message.message_id for message in (await waiting).messages] == [sent.message_id]
    await wait_until(lambda: remote.is_idle)
    told = await read_events(b, "work.*")
    await a.call(a.operator, "event.publish", event_type="work.a", data=1)
    await wait_until(lambda: told.sequences)  # it follows the log, not the hint, which would make it wait for 999,999


async def test_stopping_server_announces_its_end(postgres: PostgresEngine, tmp_path: Path) -> None:
    first = await replica(postgres, tmp_path / "a")
    second = await replica(postgres, tmp_path / "b", tmp_path / "a")
    await wait_until(lambda: len(first.app.replicas.others) == 1)
    await second.app.stop()
    await wait_until(lambda: not first.app.replicas.others)
    assert first.app.dispatcher.limiter.unannounced_calls is None
    await first.app.stop()


async def test_events_before_a_start_do_not_end_a_task(
    postgres: PostgresEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that claims a task during its start receives no past events, in which the task was released."""
    start = Feed.load_heads_and_start_heartbeats

    async def late(feed: Feed) -> None:
        await wait_until(lambda: any(place.runs for place in starting.agent_host.hosted_agents))
        await start(feed)

    async with elsewhere(streams=False) as far:
        first = await replica(postgres, tmp_path / "a", a2a_private_networks=True)
        ann = await first.agent("Ann")
        await add(first, far.url)
        task = await say(first, ann, "wait until later", "Far")
        await far.script.waiting.wait()
        first.app.agent_host.grace = 0.01
        await first.app.stop()
        far.script.go_on.set()
        monkeypatch.setattr(Feed, "load_heads_and_start_heartbeats", late)
        starting = App(first.app.settings, store=postgres.store())
        await starting.start()
        second = Market(starting, starting.clock)  # type: ignore[arg-type]
        assert state_of(await shown(second, ann, task["id"], wait=30)) == "TASK_STATE_COMPLETED"
        await starting.stop()


async def test_commits_during_a_start_are_not_missed(
    postgres: PostgresEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await replica(postgres, tmp_path / "a")
    start, halt = (
        Feed.load_heads_and_start_heartbeats,
        {"action": "emergency_halt", "target_id": "system_wide", "reason": "a drill"},
    )

    async def meanwhile(feed: Feed) -> None:
        await first.call(first.operator, "admin.override", **halt)
        await start(feed)

    monkeypatch.setattr(Feed, "load_heads_and_start_heartbeats", meanwhile)
    second = await replica(postgres, tmp_path / "b", tmp_path / "a")
    await wait_until(lambda: second.app.overrides.is_halted("default"))
    for market in (first, second):
        await market.app.stop()
