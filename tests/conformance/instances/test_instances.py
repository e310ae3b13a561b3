"""Lifecycle of instances: created, run, paused, resumed, ended; failures; and permissions."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.call import Caller
from agora.domains.instances.ports import LOCAL_HOST
from agora_sdk.errors import (
    BudgetExceeded,
    Conflict,
    IdempotencyConflict,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    PermissionDenied,
)
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import Site, site, whatever_the_store
from tests.polling import eventually

RUNS_ON = RunsOn.BOTH_IF_LONG

PYTHON_FAILS = "import sys; sys.exit('broken')"


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, engine) as found:
        yield found


# -- lifecycle ------------------------------------------------------------------------------------


async def test_instance_is_created_run_and_ended(here: Site) -> None:
    await here.agent(pricing={"type": "hybrid", "base_price": 1.0, "price": 36.0, "task_price": 0.5})
    acme = here.customer("acme")
    made = await here.create(caller=acme, instance_config={"memory_limit": "512M", "cpu_limit": "0.5"}, name="first")
    assert (made.customer_id, made.name, made.engine, made.host, made.generation) == (
        "acme",
        "first",
        "process",
        "here",
        1,
    )
    assert made.instance_config["memory_limit"] == "512M"
    assert made.billing_info.cost_breakdown.base_cost == 1.0

    done = await here.execute(made.instance_id, "/process", {"input": "data"}, caller=acme, timeout=30)
    assert (done.status, done.result["given"], done.cost, done.currency) == ("completed", {"input": "data"}, 0.5, "USD")

    paused = await here.call("instance.pause", acme, instance_id=made.instance_id)
    assert (paused.status, paused.message) == ("paused", "The instance is paused.")
    assert not paused.health_status.healthy
    with pytest.raises(IllegalTransition):
        await here.execute(made.instance_id, "/process", caller=acme)
    resumed = await here.call("instance.resume", acme, instance_id=made.instance_id)
    assert (resumed.status, resumed.generation) == ("running", 1)

    ended = await here.call("instance.terminate", acme, instance_id=made.instance_id)
    assert ended.status == "stopped"
    assert ended.stopped_at is not None
    assert ended.billing_info.cost_breakdown.task_cost == 0.5
    assert ended.billing_info.accrued_cost == 0
    assert here.told(made.instance_id) == [
        "requested", "provisioning", "starting", "running", "executed", "pausing", "paused", "resuming", "running",
        "stopping", "stopped",
    ]  # fmt: skip
    again = await here.call("instance.terminate", acme, instance_id=made.instance_id)
    assert again.billing_info == ended.billing_info
    for name in ("pause", "resume"):
        with pytest.raises(IllegalTransition):
            await here.call(f"instance.{name}", acme, instance_id=made.instance_id)


@whatever_the_store
async def test_instance_gets_its_environment(here: Site) -> None:
    await here.agent(configurable=["MODE"], protocol="ACP")
    made = await here.create(instance_config={"environment": {"MODE": "fast"}})
    found = (await here.execute(made.instance_id, "/env", method="GET")).result
    assert found["MODE"] == "fast"
    assert found["AGORA_URL"].startswith("http://127.0.0.1")
    assert found["AGENTHUB_AGENT_ID"] == found["AGORA_AGENT_ID"] == made.agent_id
    own = await here.app.authenticator.authenticate(found["AGORA_TOKEN"])
    assert own.account == "default"
    assert own.may("write:messages")
    assert not own.may("write:instances")
    assert not own.may("write:billing")
    assert "environment" not in made.instance_config
    rows = await here.rows("select config, manifest, secrets from instances where tenant_id = :tenant")
    assert all(b"fast" not in str(row[name]).encode() for row in rows for name in ("config", "manifest", "secrets"))

    await here.call("instance.terminate", instance_id=made.instance_id)
    with pytest.raises(Exception, match=r"revoked|not known"):
        await here.app.authenticator.authenticate(found["AGORA_TOKEN"])


async def test_repeated_request_creates_one_instance(here: Site) -> None:
    await here.agent()
    acme = here.customer("acme")
    made = [
        await here.market.call(acme, "instance.create", key="once", agent_id="Worker", wait=wait)
        for wait in (0, 20, 20)
    ]
    assert len({each.instance_id for each in made}) == 1
    assert made[0].status in ("requested", "provisioning")
    assert made[1].status == "running"
    with pytest.raises(IdempotencyConflict):
        await here.market.call(acme, "instance.create", key="once", agent_id="Worker", name="another")
    other = await here.market.call(here.customer("other"), "instance.create", key="once", agent_id="Worker")
    assert other.instance_id != made[0].instance_id


async def test_two_instances_of_one_agent_share_requests(here: Site) -> None:
    await here.agent()
    acme = here.customer("acme")
    one, two = [await here.create(caller=acme) for _ in range(2)]
    slow = asyncio.create_task(here.execute("Worker", "/slow", {"seconds": 0.5}, caller=acme))
    await eventually(
        lambda: here.rows("select instance_id from instance_executions where tenant_id = :tenant and ended_at is null"),
        lambda rows: len(rows) == 1,
    )
    quick = await here.execute("Worker", "/process", caller=acme)
    busy = await slow
    assert {quick.instance_id, busy.instance_id} == {one.instance_id, two.instance_id}
    with pytest.raises(NotFound, match="no running instance"):
        await here.execute("Worker", "/process", caller=here.customer("other"))


@whatever_the_store
async def test_output_can_be_followed(here: Site) -> None:
    await here.agent()
    made = await here.create()
    first = await eventually(  # it is running once it accepts connections, before it prints
        lambda: here.call("instance.logs", instance_id=made.instance_id, offset=0), lambda page: bool(page.content)
    )
    assert first.content == "listening\n"
    assert (first.begin, first.end, first.has_more) == (0, 10, False)
    await here.execute(made.instance_id, "/say", "hello")
    more = await eventually(
        lambda: here.call("instance.logs", instance_id=made.instance_id, offset=first.end),
        lambda page: bool(page.content),
    )
    assert more.content == "hello\n"
    assert (await here.call("instance.logs", instance_id=made.instance_id, offset=-3)).content == "lo\n"


async def test_last_output_outlives_an_instance(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, instance_output_kept=1, instance_retention=60) as here:
        await here.agent()
        made = await here.create()
        await here.execute(made.instance_id, "/say", "x" * 2000)
        await here.execute(made.instance_id, "/say", "the last word")
        await here.call("instance.terminate", instance_id=made.instance_id, wait=30)
        await here.until(made.instance_id, "stopped")
        last = await here.call("instance.logs", instance_id=made.instance_id)
        assert last.content.endswith("xxx\nthe last word\n")
        assert (last.size, last.begin, last.end, len(last.content)) == (2025, 1001, 2025, 1024)
        assert (last.ended, last.has_more) == (True, False)
        piece = await here.call("instance.logs", instance_id=made.instance_id, offset=2020, limit=3)
        assert (piece.content, piece.end, piece.has_more, piece.ended) == ("wor", 2023, True, False)
        assert (await here.call("instance.logs", instance_id=made.instance_id, offset=9_999_999)).content == ""
        with pytest.raises(NotFound):
            await here.call("instance.logs", here.customer("other"), instance_id=made.instance_id)
        assert len(await here.rows("select size from instance_output where tenant_id = :tenant")) == 1
        here.clock.advance(120)
        await here.upkeep()
        assert await here.rows("select size from instance_output where tenant_id = :tenant") == [], (
            "it goes with its instance"
        )


async def test_state_is_backed_up_and_restored(here: Site) -> None:
    await here.agent()
    acme = here.customer("acme")
    made = await here.create(caller=acme)
    await here.execute(made.instance_id, "/keep", "what I know", caller=acme)
    kept = await here.call("instance.backup", acme, instance_id=made.instance_id)
    assert kept.size > 0
    another = await here.create(caller=acme, restore=kept.backup_id)
    assert (await here.execute(another.instance_id, "/kept", caller=acme)).result == "what I know"
    assert [each.backup_id for each in (await here.call("instance.backups", acme)).backups] == [kept.backup_id]

    stranger = here.customer("stranger")
    assert (await here.call("instance.backups", stranger)).count == 0
    for call in (
        here.call("instance.create", stranger, agent_id="Worker", restore=kept.backup_id),
        here.call("instance.drop_backup", stranger, backup_id=kept.backup_id),
    ):
        with pytest.raises(NotFound):
            await call
    await here.call("instance.drop_backup", acme, backup_id=kept.backup_id)
    assert (await here.call("instance.backups", acme)).count == 0


async def test_account_deletes_the_backup_of_a_deleted_instance(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, instance_retention=60) as here:
        await here.agent()
        acme = here.customer("acme")
        made = await here.create(caller=acme)
        kept = await here.call("instance.backup", acme, instance_id=made.instance_id)
        await here.call("instance.terminate", acme, instance_id=made.instance_id)
        await here.until(made.instance_id, "stopped")
        here.clock.advance(120)
        await here.upkeep()
        assert await here.instance_rows() == []
        with pytest.raises(NotFound):
            await here.call("instance.drop_backup", here.customer("stranger"), backup_id=kept.backup_id)
        await here.call("instance.drop_backup", acme, backup_id=kept.backup_id)
        assert (await here.call("instance.backups", acme)).count == 0


# -- failures -------------------------------------------------------------------------------------


async def test_crashed_instance_is_restarted(here: Site) -> None:
    await here.agent()
    made = await here.create()
    pid = (await here.execute(made.instance_id, "/process")).result["pid"]
    os.kill(pid, signal.SIGKILL)
    again = await here.until(made.instance_id, lambda found: found.status == "running" and found.generation == 2)
    assert (again.restarts, again.crash_loop) == (1, False)
    assert again.health_status.error_count == 1
    assert again.health_status.last_error == "It was ended by signal 9."
    assert (await here.execute(made.instance_id, "/process")).result["pid"] != pid
    assert "failed" in here.told(made.instance_id)


@whatever_the_store
async def test_repeated_crashes_are_shown_as_a_crash_loop(here: Site) -> None:
    await here.agent("Broken", PYTHON_FAILS)
    made = await here.call("instance.create", agent_id="Broken", wait=50)
    assert (made.status, made.reason) == ("failed", "It ended with code 1.")
    waits = []
    for _ in range(6):
        found = await here.until(
            made.instance_id, lambda found: found.status == "failed" and found.retry_at is not None
        )
        waits.append(round((found.retry_at.timestamp() * 1_000_000 - here.clock.now()) / 1_000_000))
        if found.crash_loop:
            break
        generation = found.generation
        here.clock.advance(600)
        await here.until(made.instance_id, lambda found, seen=generation: found.generation > seen)
    assert waits == sorted(waits)
    assert found.crash_loop
    assert found.restarts == 4
    assert (await here.call("billing.cost", instance_id=made.instance_id)).usage_time == 0
    ended = await here.call("instance.terminate", instance_id=made.instance_id)
    assert ended.status == "stopped"


@whatever_the_store
async def test_restart_policies_are_applied(here: Site) -> None:
    await here.agent()
    once = await here.create(instance_config={"restart": "never"})
    good = await here.create(instance_config={"restart": "on_failure"})
    for made, code in ((once, 3), (good, 0)):
        with pytest.raises(Exception, match="did not respond"):
            await here.execute(made.instance_id, "/exit", {"code": code})
    failed = await here.until(once.instance_id, "failed")
    assert failed.retry_at is None
    assert failed.reason == "It ended with code 3."
    ended = await here.until(good.instance_id, "stopped")
    assert ended.reason == "It ended with code 0."
    resumed = await here.call("instance.resume", instance_id=once.instance_id, wait=50)
    assert (resumed.status, resumed.generation) == ("running", 2)


@whatever_the_store
async def test_instance_that_never_becomes_healthy_fails(here: Site) -> None:
    await here.agent("Deaf", "import time; time.sleep(100)")
    made = await here.call("instance.create", agent_id="Deaf", wait=0, instance_config={"start_timeout": 0.5})
    found = await here.until(made.instance_id, "failed")
    assert found.reason.startswith("It did not work within 0.5 s: it does not listen")


@whatever_the_store
async def test_unhealthy_instance_is_restarted(here: Site) -> None:
    await here.agent()
    made = await here.create()
    await here.execute(made.instance_id, "/sick")
    for number in (1, 2, 3):
        here.clock.advance(31)
        await here.checked()
        found = await here.get(made.instance_id)
        assert found.health_status.error_count >= number
    assert not found.health_status.healthy
    again = await here.until(made.instance_id, lambda found: found.generation == 2 and found.status == "running")
    assert "It does not work any more. Its health check failed: HTTP 500." in again.health_status.last_error


@whatever_the_store
async def test_failed_build_reports_its_reason(here: Site) -> None:
    manifest = here.manifest("Unbuilt")
    manifest["build_config"]["build_command"] = "echo what is wrong; exit 3"
    await here.call("deployment.register", manifest=manifest)
    made = await here.call("instance.create", agent_id="Unbuilt", wait=50)
    assert made.status == "failed"
    assert "what is wrong" in made.reason
    assert here.told(made.instance_id) == ["requested", "provisioning", "failed"]


@whatever_the_store
async def test_forbidden_source_is_refused_permanently(here: Site) -> None:
    directory = Path(here.source({"main.py": ""}))
    await here.agent("Thief", directory=str(directory))
    (directory / "main.py").unlink()
    directory.rmdir()
    directory.symlink_to("/etc")
    made = await here.call("instance.create", agent_id="Thief", wait=50)
    assert (made.status, made.retry_at) == ("failed", None)
    assert str(directory) in made.reason


async def test_forbidden_directory_is_refused_at_registration(here: Site) -> None:
    """Except if another server might have the directory, or a hosting agent is to run it."""
    absent, customer = str(here.sources / "absent"), here.customer("customer-uuid")
    for directory, what in (
        ("/etc", "instance_sources"),
        (absent, "does not exist"),
        (f"{here.sources}/..", "may not"),
    ):
        manifest = here.manifest("Thief") | {"directory": directory}
        report = await here.call("deployment.validate", manifest=manifest)
        assert [(fault.field, what in fault.message) for fault in report.faults] == [("directory", True)]
        assert not report.valid
        for name, arguments in (
            ("deployment.register", {"manifest": manifest}),
            ("agent.register", {"agent_name": manifest["name"], "manifest": manifest}),
        ):
            with pytest.raises(InvalidRequest, match=what):
                await here.call(name, **arguments)
        assert (await here.call("deployment.validate", customer, manifest=manifest)).valid, "it tells of no files"
    manifest["host_requirements"] = {"engine": "docker"}
    assert (await here.call("deployment.validate", manifest=manifest)).valid == (
        "docker" not in here.app.context.ports.get(LOCAL_HOST).engines
    )


async def test_resource_usage_is_known_from_the_start(here: Site) -> None:
    await here.agent()
    made = await here.create()
    assert made.resource_usage.memory_bytes > 1_000_000
    assert made.resource_usage.cpu_seconds > 0
    assert made.health_status.healthy


@whatever_the_store
async def test_instance_waits_for_a_free_port(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, instance_ports="29980-29981") as here:
        await here.agent()
        made = [await here.create() for _ in range(2)]
        third = await here.call("instance.create", agent_id="Worker", wait=50)
        assert third.status == "failed"
        assert "port" in third.reason
        await here.call("instance.terminate", instance_id=made[0].instance_id)
        here.clock.advance(600)
        await here.until(third.instance_id, "running")


@whatever_the_store
async def test_instance_can_be_ended_during_its_preparation(here: Site) -> None:
    manifest = here.manifest("Slow")
    manifest["build_config"]["build_command"] = "exec sleep 1000"
    await here.call("deployment.register", manifest=manifest)
    made = await here.call("instance.create", agent_id="Slow", wait=0)
    builds = here.app.settings.data_dir / "runtime" / "builds"
    await eventually(lambda: asyncio.to_thread(lambda: list(builds.glob("*/tree/main.py"))), bool)
    ended = await here.call("instance.terminate", instance_id=made.instance_id, wait=50)
    assert ended.status == "stopped"
    assert (ended.billing_info.usage_time, ended.started_at) == (0, None)
    assert "running" not in here.told(made.instance_id)
    assert list(builds.glob("*/tree")) == []


@whatever_the_store
async def test_instance_can_be_paused_during_its_preparation(here: Site) -> None:
    await here.agent()
    made = await here.call("instance.create", agent_id="Worker", wait=0)
    paused = await here.call("instance.pause", instance_id=made.instance_id, wait=50)
    assert paused.status == "paused"


# -- permissions ----------------------------------------------------------------------------------


async def test_instance_is_visible_only_to_its_account(here: Site) -> None:
    await here.agent()
    acme, stranger = here.customer("acme"), here.customer("stranger")
    made = await here.create(caller=acme)
    assert [each.instance_id for each in (await here.call("instance.list", acme)).instances] == [made.instance_id]
    assert (await here.call("instance.list", stranger)).count == 0
    assert (await here.call("instance.list", stranger, account="acme")).count == 0
    assert (await here.call("instance.list", account="acme")).count == 1
    for name in ("get", "pause", "resume", "terminate", "logs", "executions", "backup", "execute"):
        with pytest.raises(NotFound):
            await here.call(f"instance.{name}", stranger, instance_id=made.instance_id)
    with pytest.raises(PermissionDenied):
        await here.call("instance.create", stranger, agent_id="Worker", account="acme")
    read_only = here.customer("auditor", "read:all")
    assert (await here.get(made.instance_id, read_only)).instance_id == made.instance_id
    with pytest.raises(NotFound):
        await here.call("instance.pause", read_only, instance_id=made.instance_id)
    assert (await here.get(made.instance_id)).status == "running"


async def test_code_runs_only_if_an_operator_permits_it(here: Site) -> None:
    acme = here.customer("acme")
    with pytest.raises(PermissionDenied):
        await here.call("deployment.register", acme, manifest=here.manifest("Mine"))
    with pytest.raises(PermissionDenied):
        await here.call("deployment.register_docker", acme, docker_image="x", metadata={"name": "Mine"})
    await here.call("agent.register", acme, agent_name="Mine", metadata=here.manifest("Mine"))
    with pytest.raises(Conflict, match="it has no registered deployment"):
        await here.call("instance.create", acme, agent_id="Mine")

    await here.agent(configurable=["MODE"])
    for name in ("LD_PRELOAD", "PYTHONPATH", "PATH"):
        with pytest.raises((PermissionDenied, InvalidRequest)):
            await here.call("instance.create", acme, agent_id="Worker", instance_config={"environment": {name: "/tmp"}})


async def test_developer_registers_only_its_own_agents(here: Site) -> None:
    maker, thief = here.customer("maker", "deploy:agents"), here.customer("thief", "deploy:agents")
    first = await here.call("deployment.register", maker, manifest=here.manifest("Tool", version="1"))
    assert (first.revision, first.created, bool(first.token)) == (1, True, True)
    second = await here.call("deployment.register", maker, manifest=here.manifest("Tool", version="2", tags=["new"]))
    assert (second.agent_id, second.revision, second.created, second.token) == (first.agent_id, 2, False, None)
    with pytest.raises(Conflict):
        await here.call("deployment.register", thief, manifest=here.manifest("Tool"))
    with pytest.raises(NotFound):
        await here.call("deployment.withdraw", thief, agent_id="Tool")
    found = await here.call("deployment.get", thief, agent_id="Tool")
    assert (found.version, found.revision) == ("2", 2)
    assert (await here.call("agent.get", agent_id="Tool")).tags == ["new"]


async def test_tenant_cannot_see_instances_of_another(here: Site) -> None:
    await here.agent()
    made = await here.create()
    foreign = here.customer("default", "*", tenant="other")
    assert (await here.call("instance.list", foreign)).count == 0
    for name in ("get", "terminate", "logs"):
        with pytest.raises(NotFound):
            await here.call(f"instance.{name}", foreign, instance_id=made.instance_id)


async def test_number_of_instances_is_bounded(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, instances_each=2) as here:
        await here.agent(max_instances=3)
        acme = here.customer("acme")
        for _ in range(2):
            await here.call("instance.create", acme, agent_id="Worker", wait=0)
        with pytest.raises(Conflict, match="at most 2"):
            await here.call("instance.create", acme, agent_id="Worker")
        await here.call("instance.create", here.customer("other"), agent_id="Worker", wait=0)
        with pytest.raises(Conflict, match="All 3 instances"):
            await here.call("instance.create", here.customer("third"), agent_id="Worker")
        found = (await here.call("instance.discover", acme)).agents[0].marketplace_info
        assert (found.availability.available, found.customer_instances, found.total_instances) == (False, 2, 3)


async def test_concurrent_requests_keep_within_the_limit_of_an_account(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, instances_each=1) as here:
        acme = here.customer("acme")
        names = [f"Worker{number}" for number in range(4)]
        for name in names:
            await here.agent(name)
        calls = (here.call("instance.create", acme, agent_id=name, wait=0) for name in names)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3, outcomes


async def test_agent_with_instances_cannot_be_deregistered(here: Site) -> None:
    registered = await here.agent()
    made = await here.create()
    with pytest.raises(Conflict, match="1 instances"):
        await here.call("agent.deregister", agent_id="Worker")
    withdrawn = await here.call("deployment.withdraw", agent_id="Worker")
    assert withdrawn.instances == 1
    with pytest.raises(Conflict, match="withdrawn"):
        await here.call("instance.create", agent_id="Worker")
    await here.call("instance.terminate", instance_id=made.instance_id)
    gone = await here.call("agent.deregister", agent_id="Worker")
    assert (gone.agent_id, gone.status) == (registered.agent_id, "retired")
    assert (await here.get(made.instance_id)).agent_name == "Worker"
    assert [each.instance_id for each in (await here.call("instance.list", ended=True)).instances] == [made.instance_id]


async def test_instances_of_a_retired_agent_end(here: Site) -> None:
    await here.agent()
    made = await here.create()
    await here.call("admin.manage", resource="agent", target="Worker", action="retire")
    ended = await here.until(made.instance_id, "stopped")
    assert ended.reason == "Worker has left the marketplace."


async def test_budget_is_checked_before_the_start(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 1.0})
    acme = here.customer("acme")
    made = await here.create(caller=acme)
    await here.call("billing.budget", acme, hard_limit=1.5)
    await here.execute(made.instance_id, "/process", caller=acme)
    with pytest.raises(BudgetExceeded):
        await here.execute(made.instance_id, "/process", caller=acme)
    assert (await here.get(made.instance_id, acme)).task_executions == 1


async def test_events_of_an_instance_are_published(here: Site) -> None:
    await here.agent()
    acme: Caller = here.customer("acme")
    made = await here.create(caller=acme)
    operation = here.app.registry.resolve("agora.instance.events")
    stream = await here.app.dispatcher.open_stream(operation, acme, {"instance_id": made.instance_id})
    seen = []
    async with asyncio.timeout(60):
        async for event in stream:
            seen.append(event.type)
            if len(seen) == 4:
                break
    stream.close()
    assert seen == [f"agora.instance.{name}" for name in ("requested", "provisioning", "starting", "running")]
    with pytest.raises(NotFound):
        await here.app.dispatcher.open_stream(operation, here.customer("other"), {"instance_id": made.instance_id})
