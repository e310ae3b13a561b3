"""Relays: an intent, remote work outside any transaction, an outcome; after a crash the outcome is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from agora.core.call import BoundService, Call, Caller, Progress, cast_relay_to_result
from agora.core.dispatcher import Outcome
from agora.core.jobs import JobContext
from agora.core.relay_settler import RelaySettler
from agora.server.app import App
from agora_sdk.contract import Kind, Operation, Result, Service, implements, operation
from agora_sdk.errors import AgoraError, Conflict, DeadlineExceeded, IdempotencyConflict, InternalError, NotFound
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


class Echo(Result):
    said: str


class Remote(Service, category="remote"):
    @operation(scope="write:messages", kind=Kind.RELAY)
    async def echo(self, text: str) -> Echo:
        """Let the remote side answer."""


del Service.declared["remote"]  # not part of the contract
ECHO: Operation = Remote.operations["echo"]


@dataclass
class Far:
    """The remote side: its behaviour and its recorded calls."""

    act: Callable[[str, Progress | None], Awaitable[Any]]
    asked: list[str] = field(default_factory=list)
    timeout: float = 20.0


class RemoteService(BoundService, Remote):
    far: Far

    @implements
    async def echo(self, text: str) -> Echo:
        call, far = self.call, self.far
        call.target = text
        if text == "refused":
            raise NotFound("There is nobody.")

        async def perform() -> Any:
            far.asked.append(text)
            return await far.act(text, call.progress)

        async def settle(end: Call, outcome: Any) -> Echo:
            end.emit("agora.message.held", {"outcome": str(outcome)}, subject=text)
            if isinstance(outcome, AgoraError):
                raise outcome
            return Echo(said=outcome)

        return cast_relay_to_result(perform, settle, far.timeout)


async def _echo(text: str, progress: Progress | None) -> str:
    return text.upper()


@pytest.fixture
def far(market: Market) -> Far:
    return attach(market.app)


def attach(app: App) -> Far:
    far = Far(_echo)
    implementation = type("Attached", (RemoteService,), {"far": far})
    app.dispatcher.services = {**app.dispatcher.services, "remote": implementation}
    return far


@pytest.fixture
async def ada(market: Market) -> Caller:
    return await market.agent("Ada")


async def say(market: Market, caller: Caller, text: str, **options: Any) -> Outcome:
    return await market.app.dispatcher.invoke(ECHO, caller, {"text": text}, **options)


async def relays(engine: Engine) -> list[tuple[str, str | None, str | None]]:
    rows = await engine.run("select status, target, error from relays order by relay_id")
    return [(row["status"], row["target"], row["error"]) for row in rows]


async def audited(engine: Engine) -> list[tuple[str, str]]:
    rows = await engine.run("select outcome, target from audit where operation = 'agora.remote.echo' order by audit_id")
    return [(row["outcome"], row["target"]) for row in rows]


async def test_relay_stores_intent_and_outcome(market: Market, engine: Engine, far: Far, ada: Caller) -> None:
    seen = []

    async def look(text: str, progress: Progress | None) -> str:
        seen.append((await relays(engine), await audited(engine)))
        return text.upper()

    far.act = look
    outcome = await say(market, ada, "hello", request_id="req_1")
    assert outcome.result == Echo(said="HELLO")
    assert seen == [([("pending", "hello", None)], [])], "the intent was committed before the work"
    assert await relays(engine) == [("done", "hello", None)]
    assert await audited(engine) == [("ok", "hello")]
    assert len(market.of_type("agora.message.held")) == 1


async def test_refused_call_stores_no_intent(market: Market, engine: Engine, far: Far, ada: Caller) -> None:
    with pytest.raises(NotFound):
        await say(market, ada, "refused")
    assert not far.asked
    assert await relays(engine) == []


async def test_repeated_call_returns_the_stored_answer(market: Market, far: Far, ada: Caller) -> None:
    first = await say(market, ada, "hello", idempotency_key="k1")
    second = await say(market, ada, "hello", idempotency_key="k1")
    assert (second.result, second.replayed) == (first.result, True)
    assert far.asked == ["hello"]
    with pytest.raises(IdempotencyConflict):
        await say(market, ada, "bye", idempotency_key="k1")


async def test_repetition_during_the_call_is_a_conflict(market: Market, far: Far, ada: Caller) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def wait(text: str, progress: Progress | None) -> str:
        began.set()
        await go.wait()
        return text

    far.act = wait
    first = asyncio.create_task(say(market, ada, "hello", idempotency_key="k1"))
    await began.wait()
    with pytest.raises(Conflict, match="still running") as caught:
        await say(market, ada, "hello", idempotency_key="k1")
    assert caught.value.outcome == "pending"
    go.set()
    assert (await first).result.said == "hello"
    assert (await say(market, ada, "hello", idempotency_key="k1")).replayed
    assert far.asked == ["hello"]


async def test_definite_failure_may_be_retried(market: Market, engine: Engine, far: Far, ada: Caller) -> None:
    async def fail(text: str, progress: Progress | None) -> str:
        raise NotFound("The other side has no such thing.")

    far.act = fail
    with pytest.raises(NotFound, match="no such thing"):
        await say(market, ada, "hello", idempotency_key="k1")
    assert await relays(engine) == [("failed", "hello", "The other side has no such thing.")]
    assert await audited(engine) == [("not_found", "hello")]
    assert len(market.of_type("agora.message.held")) == 1, "what settling wrote before it raised stays"
    far.act = _echo
    assert (await say(market, ada, "hello", idempotency_key="k1")).result.said == "HELLO"


async def test_timeout_has_an_unknown_outcome(market: Market, engine: Engine, far: Far, ada: Caller) -> None:
    async def never(text: str, progress: Progress | None) -> str:
        await asyncio.Event().wait()
        return text

    far.act, far.timeout = never, 0.02
    with pytest.raises(DeadlineExceeded) as caught:
        await say(market, ada, "hello", idempotency_key="k1")
    assert caught.value.outcome == "unknown"
    assert [row[0] for row in await relays(engine)] == ["unknown"]
    with pytest.raises(Conflict, match="unknown") as repeated:
        await say(market, ada, "hello", idempotency_key="k1")
    assert repeated.value.outcome == "unknown"
    assert far.asked == ["hello"], "it is not repeated"


async def test_internal_error_has_an_unknown_outcome(
    market: Market, engine: Engine, far: Far, ada: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    async def fault(text: str, progress: Progress | None) -> str:
        raise ZeroDivisionError

    far.act = fault
    with pytest.raises(InternalError):
        await say(market, ada, "hello")
    assert [row[0] for row in await relays(engine)] == ["unknown"]
    assert "remote work failed" in caplog.text


async def test_disconnected_call_is_recorded(market: Market, engine: Engine, far: Far, ada: Caller) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(text: str, progress: Progress | None) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return text

    far.act = wait
    calling = asyncio.create_task(say(market, ada, "hello"))
    await began.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert ended.is_set(), "the work was cancelled with it"
    assert await relays(engine) == [("unknown", "hello", "The caller left before the answer.")]
    assert await audited(engine) == [("deadline_exceeded", "hello")]


async def test_progress_is_relayed_to_the_caller(market: Market, far: Far, ada: Caller) -> None:
    heard = []

    async def half(text: str, progress: Progress | None) -> str:
        assert progress is not None
        await progress(1, 2, "half")
        return text

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    far.act = half
    await say(market, ada, "hello", progress=hear)
    assert heard == [(1, 2, "half")]


# -- after a crash ----------------------------------------------------------------------------


@pytest.fixture
async def crashed(engine: Engine, tmp_path: Path) -> AsyncIterator[tuple[Market, Caller]]:
    """A server that started after another one had died during a relay."""
    first = App(make_settings(tmp_path / "data"), store=engine.store())
    await first.start()
    far, began = attach(first), asyncio.Event()

    async def die(text: str, progress: Progress | None) -> str:
        began.set()
        return await asyncio.get_running_loop().create_future()

    far.act = die
    ada = await Market(first, ManualClock()).agent("Ada")
    calling = asyncio.create_task(first.dispatcher.invoke(ECHO, ada, {"text": "hello"}, idempotency_key="k1"))
    await began.wait()
    await first.stop()  # nothing can be stored any more
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    clock = ManualClock()
    second = App(make_settings(tmp_path / "data"), clock=clock, store=engine.store(clock))
    await second.start()
    attach(second)
    yield Market(second, clock), ada
    await second.stop()


async def test_crash_during_a_relay_has_an_unknown_outcome(crashed: tuple[Market, Caller], engine: Engine) -> None:
    market, ada = crashed
    app = market.app
    context = JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    controller = RelaySettler(context)
    assert [row[0] for row in await relays(engine)] == ["pending"]
    with pytest.raises(Conflict, match="still running"):
        await say(market, ada, "hello", idempotency_key="k1")
    await controller.step()
    assert [row[0] for row in await relays(engine)] == ["pending"], "its server may be alive"
    market.clock.advance(60)
    await controller.step()
    assert [row[0] for row in await relays(engine)] == ["unknown"]
    (event,) = market.of_type("agora.relay.unknown")
    told = from_json(event.data)
    assert (told["operation"], told["subject"], told["target"]) == ("agora.remote.echo", ada.subject, "hello")
    assert event.audience == (ada.subject,)
    with pytest.raises(Conflict, match="is unknown"):
        await say(market, ada, "hello", idempotency_key="k1")
    market.clock.advance(app.settings.event_retention + 1)
    await controller.step()
    assert await relays(engine) == []
