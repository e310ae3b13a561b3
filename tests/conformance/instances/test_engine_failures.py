"""Failing engines: outages of an engine, hangs, and a full disk during a build."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agora.domains.instances import reconciler
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.errors import EngineUnavailable
from agora.runtimes.port import EngineStatus, Runtime
from agora.runtimes.process.builder import Builder
from agora.store.port import Tx, Write
from agora_sdk.errors import AgoraError, Conflict, UpstreamUnavailable
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import Site, site, whatever_the_store
from tests.polling import passing, wait_until

RUNS_ON = RunsOn.BOTH_IF_LONG

HOUR = 3600
AWAY = "The engine's socket is gone."


class Fickle:
    """The real engine, which can be made unavailable."""

    def __init__(self, engine: Runtime) -> None:
        self._engine, self.away, self.refused = engine, False, 0

    @property
    def name(self) -> str:
        return self._engine.name

    async def check(self) -> EngineStatus:
        return EngineStatus(False, AWAY) if self.away else await self._engine.check()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*arguments: Any, **more: Any) -> Any:
            if self.away:
                self.refused += 1
                raise EngineUnavailable(AWAY)
            return await getattr(self._engine, name)(*arguments, **more)

        return ask


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, engine) as found:
        yield found


@pytest.fixture
def fickle(here: Site) -> Fickle:
    local = here.app.context.ports.get(LOCAL_HOST)
    assert local is not None
    found = Fickle(local.engines["process"])
    local.engines, local.ticks = {"process": found}, here.clock.now  # type: ignore[dict-item]
    return found


async def test_engine_outage_ends_without_losing_instances(here: Site, fickle: Fickle) -> None:
    """Running instances continue and are billed; requested changes are applied when the engine is back."""
    await here.agent(pricing={"type": "per_hour", "price": 1.0})
    runs, ends = await here.create(), await here.create()
    pid = (await here.execute(runs.instance_id, "/process")).result["pid"]
    fickle.away = True
    here.clock.advance(31)
    await here.checked()
    asked = await here.call("instance.create", agent_id="Worker", wait=0)
    wanted = await here.call("instance.terminate", instance_id=ends.instance_id, wait=0)
    assert wanted.status == "stopping"
    waiting = await here.until(asked.instance_id, lambda found: found.reason is not None)
    assert (waiting.status, AWAY in waiting.reason) == ("provisioning", True)
    seen = await here.until(runs.instance_id, lambda found: found.reason is not None)
    assert (seen.status, seen.generation) == ("running", 1), "an unknown value is not reported"
    for name in ("logs", "backup"):
        with pytest.raises(UpstreamUnavailable, match="socket is gone"):
            await here.call(f"instance.{name}", instance_id=runs.instance_id)
    await here.upkeep()
    assert (await here.call("host.get", host="here")).unavailable == {"process": AWAY}
    with pytest.raises(Conflict, match="socket is gone"):
        await here.call("instance.create", agent_id="Worker")
    refused = fickle.refused
    await passing(0.5)
    assert fickle.refused - refused < 10, "it is not asked again and again"

    here.clock.advance(HOUR)
    fickle.away = False
    assert (await here.until(asked.instance_id, "running")).generation == 1
    assert (await here.until(ends.instance_id, "stopped")).reason is None
    await here.checked()
    again = await here.until(runs.instance_id, lambda found: found.reason is None)
    assert (again.generation, again.restarts, again.status) == (1, 0, "running")
    assert (await here.execute(runs.instance_id, "/process")).result["pid"] == pid
    here.clock.advance(31)
    await here.checked()
    assert (await here.call("billing.cost", instance_id=runs.instance_id)).usage_time >= HOUR
    await here.upkeep()
    assert (await here.call("host.get", host="here")).engines == ["process"]


@whatever_the_store
async def test_hanging_engine_does_not_block_others(here: Site) -> None:
    """Health checks, inventory and lists of each engine wait separately."""
    local = here.app.context.ports.get(LOCAL_HOST)
    assert local is not None
    works = local.engines["process"]
    await here.agent()
    hung, well = await here.create(), await here.create()
    asked, release = set(), asyncio.Event()

    class Hanging(Fickle):
        name = "hanging"

        async def check(self) -> EngineStatus:
            return await self._hang("check")

        async def _hang(self, name: str) -> Any:
            asked.add(name)
            await release.wait()
            raise EngineUnavailable(AWAY)

        def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
            return lambda *_, **__: self._hang(name)

        async def close(self) -> None: ...

    local.engines = {"hanging": Hanging(works), "process": works}  # type: ignore[dict-item]
    change = Write("update instances set engine = 'hanging' where tenant_id = :tenant and instance_id = :instance_id")

    async def hand_over(tx: Tx) -> None:
        await tx.execute(change, instance_id=hung.instance_id)

    await here.app.store.write("default", hand_over)
    try:
        here.clock.advance(31)
        seen = await here.until(well.instance_id, lambda found: found.health_status.last_heartbeat > well.started_at)
        assert seen.status == "running"
        os.kill((await here.execute(well.instance_id, "/process")).result["pid"], signal.SIGKILL)
        here.clock.advance(31)
        await here.until(well.instance_id, lambda found: found.generation == 2 and found.status == "running")
        made = await here.create()
        assert (await here.call("instance.terminate", instance_id=made.instance_id)).status == "stopped"
        assert asked >= {"list_instances", "inspect_all"}
    finally:
        release.set()
        local.engines = {"process": works}
        await here.instances.wait_until_idle()


@whatever_the_store
async def test_full_disk_during_a_build_is_reported_and_retried(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is reported, no partial build remains, and the build succeeds once there is space."""
    await here.agent()
    usage = shutil.disk_usage
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=1000))
        made = await here.call("instance.create", agent_id="Worker", wait=50)
        assert made.status == "failed"
        assert made.reason.startswith("Only 1000 bytes of disk are free.")
        assert made.retry_at is not None
        assert made.billing_info.usage_time == 0
    here.clock.advance(2)
    found = await here.until(made.instance_id, "running")
    assert found.generation == 2
    builds = here.app.settings.data_dir / "runtime" / "builds"
    assert len([each for each in builds.iterdir() if each.name not in ("index", "commits")]) == 1


@whatever_the_store
async def test_unexpected_error_of_a_build_fails_all_instances_that_wait_for_it(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of the server in a shared build: its error is told without its text, and the build is tried again."""
    await here.agent()

    async def fail(*arguments: Any) -> None:
        await both.wait()
        raise NameError("a defect")

    both = asyncio.Event()
    with monkeypatch.context() as defect:
        defect.setattr(Builder, "_run_steps", fail)
        made = [await here.call("instance.create", agent_id="Worker", wait=0) for _ in range(2)]
        both.set()
        for each in made:
            found = await here.until(each.instance_id, lambda found: found.reason is not None)
            assert found.status == "failed"
            assert "The build failed on our side (err_" in found.reason
            assert "a defect" not in found.reason
            assert found.retry_at is not None
    here.clock.advance(2)
    for each in made:
        await here.until(each.instance_id, "running")


@whatever_the_store
async def test_steps_with_unexpected_errors_are_repeated_at_growing_intervals(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.agent()
    local = here.app.context.ports.get(LOCAL_HOST)
    assert local is not None
    engine, starts = local.engines["process"], 0

    class Defective:
        """The engine, except that its starts fail by a defect."""

        async def start(self, *arguments: Any) -> Any:
            nonlocal starts
            starts += 1
            raise NameError("a defect")

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

    seconds = 1000.0
    monkeypatch.setattr(reconciler, "time", SimpleNamespace(monotonic=lambda: seconds))
    local.engines = {"process": Defective()}  # type: ignore[dict-item]
    made = await here.call("instance.create", agent_id="Worker", wait=0)

    async def reconcile() -> int:
        await here.instances.reconcile("default")
        await here.instances.wait_until_idle()
        return starts

    try:
        await wait_until(lambda: starts == 1)
        await here.instances.wait_until_idle()
        seconds += 5.1
        assert await reconcile() == 2
        seconds += 5.1
        assert await reconcile() == 2, "the second pause is twice the first"
        seconds += 5.1
        assert await reconcile() == 3
        local.engines = {"process": engine}
        ended = await here.call("instance.terminate", instance_id=made.instance_id, wait=50)
        assert ended.status == "stopped", "a change of the desired state is no repetition"
    finally:
        local.engines = {"process": engine}


@whatever_the_store
async def test_partially_started_instance_is_removed(here: Site) -> None:
    """A program runs although its start failed: ending the instance kills it and frees its port."""
    await here.agent()
    local = here.app.context.ports.get(LOCAL_HOST)
    assert local is not None
    engine = local.engines["process"]

    class Half:
        """The engine, except that its starts fail."""

        async def start(self, *arguments: Any) -> Any:
            await engine.start(*arguments)
            raise EngineUnavailable("The answer was lost.")

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

    free = (await engine.capacity()).ports
    local.engines = {"process": Half()}  # type: ignore[dict-item]
    made = await here.call("instance.create", agent_id="Worker", wait=0)
    await here.until(made.instance_id, lambda found: found.reason is not None)
    (found,) = await engine.list_instances()
    assert found.handle.instance_id == made.instance_id
    try:
        ended = await here.call("instance.terminate", instance_id=made.instance_id, wait=50)
    except AgoraError as error:
        raise AssertionError("it could not be ended") from error
    assert ended.status == "stopped"
    assert await engine.list_instances() == []
    assert (await engine.capacity()).ports == free
