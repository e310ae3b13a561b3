"""Third act: the marketplace runs an agent itself, as instances of a paying customer."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agora_sdk import AgoraClient, AgoraError

from ..hosted import counter
from ..ledger import ExpectationFailed, ExpectationSkipped
from .base import PRICE_PER_CALL, SAMPLE_TEXT, DemoRun, HostedAgent, Scenario

if TYPE_CHECKING:
    from agora_sdk.contract.instances import Instance

__all__ = ["HOSTING", "INSTANCE_COUNT", "ONCE", "end_hosting", "require_hosted"]

CALL_SECONDS = 5.0
INSTANCE_COUNT = 2  #: number of instances
WATCH_SECONDS = 1.0
ONCE, HOURLY = 0.5, 360.0  #: prices of an instance's start, and of its running time
HOSTING = Scenario()


def require_instances(demo_run: DemoRun) -> HostedAgent:
    """Return the hosted agent. Raises ExpectationFailed or ExpectationSkipped if none runs."""
    if demo_run.hosted is None:
        raise ExpectationFailed("no agent was registered")
    if len(demo_run.hosted.instances) < INSTANCE_COUNT:
        raise ExpectationFailed("the instances were not started")
    return demo_run.hosted


@HOSTING.register_expectation("A Python agent is registered from its directory, with a price")
async def register_agent(demo_run: DemoRun) -> str:
    name = demo_run.participants.name("Counter")
    source = (await _source_directory(demo_run)) / name
    source.mkdir(parents=True)
    try:
        shutil.copy(counter.__file__, source / "main.py")
        registered = await demo_run.client.deployment.register(_build_agent_manifest(name, source))
        key = await demo_run.client.token.create(
            f"the demo's customer {demo_run.participants.mark}", account=_account_name(demo_run)
        )
    # Also for an interruption: the directory is one of the server's, and would outlive the demo.
    except BaseException:
        shutil.rmtree(source)
        raise
    customer = AgoraClient(demo_run.client.url, token=key.token, mode="async", timeout=CALL_SECONDS)
    demo_run.hosted = HostedAgent(registered.agent_id, source, customer, key.token_id)
    cost = "0.50 USD once, 0.10 a running second, 0.01 an execution"
    return f"revision {registered.revision}, runs with: {', '.join(registered.engines)}; {cost}"


async def _source_directory(demo_run: DemoRun) -> Path:
    """Find the directory whose content the server may run. Raises ExpectationSkipped if it is unknown."""
    data = demo_run.server.data_dir
    try:
        own_host_id = (data / "host-id").read_text("ascii").strip()
    except (OSError, ValueError):
        own_host_id = None
    hosts = {host.host_id: host async for host in demo_run.client.host.list()}
    if own_host_id not in hosts:
        raise ExpectationSkipped("where the server takes programs from is not known here (AGORA_DATA_DIR says it)")
    if "process" not in hosts[own_host_id].engines:
        raise ExpectationSkipped("the server runs no processes")
    return data / "sources"


def _build_agent_manifest(name: str, source: Path) -> dict[str, Any]:
    return {
        "name": name,
        "description": "Counts words.",
        "directory": str(source),
        "build_config": {"type": "python", "start_command": "python main.py"},
        "health": "/",
        "pricing": {"type": "hybrid", "base_price": ONCE, "price": HOURLY, "task_price": PRICE_PER_CALL},
    }


def _account_name(demo_run: DemoRun) -> str:
    return f"demo-{demo_run.participants.mark}"


@HOSTING.register_expectation(f"{INSTANCE_COUNT} instances of it are started, each a process of its own")
async def start_instances(demo_run: DemoRun) -> str:
    hosted = demo_run.hosted
    if hosted is None:
        raise await _build_missing_agent_error(demo_run)
    create = hosted.customer.instance.create
    created = await asyncio.gather(*(create(hosted.agent_id, name=f"number {n + 1}") for n in range(INSTANCE_COUNT)))
    hosted.instances = [each.instance_id for each in created]
    if bad := [f"{each.status}: {each.reason}" for each in created if each.status != "running"]:
        raise ExpectationFailed("; ".join(bad))
    return ", ".join(f"{each.name} at {each.address}" for each in created)


async def _build_missing_agent_error(demo_run: DemoRun) -> Exception:
    """Build the error of the expectation that no agent was registered."""
    try:
        await _source_directory(demo_run)
    except ExpectationSkipped as reason:
        return reason
    return ExpectationFailed("no agent was registered")


@HOSTING.register_expectation("Work is executed on them, and charged")
async def execute_work(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    for instance_id in (*hosted.instances, *hosted.instances):
        await hosted.execute_count(instance_id)
    processes = {answer["process"] for answer in hosted.last_answers.values()}
    if len(processes) != INSTANCE_COUNT or any(answer["asked"] != 2 for answer in hosted.last_answers.values()):
        raise ExpectationFailed(f"they said {hosted.last_answers}")
    paid = (await hosted.customer.billing.cost()).cost_breakdown.task_cost
    if round(paid, 6) != round(hosted.execution_count * PRICE_PER_CALL, 6):
        raise ExpectationFailed(f"{hosted.execution_count} executions cost {paid:g}")
    return f"{hosted.execution_count} times {len(SAMPLE_TEXT.split())} words, by processes {sorted(processes)}: {paid:.2f} USD"


async def require_hosted(demo_run: DemoRun) -> HostedAgent:
    """Return the hosted agent. Raises the error that kept it from running."""
    if demo_run.hosted is None:
        raise await _build_missing_agent_error(demo_run)
    return require_instances(demo_run)


@HOSTING.register_expectation("One is paused: its cost stands still, while the other's goes on")
async def pause_instance(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    change = hosted.customer.instance
    paused = await change.pause(hosted.paused_instance)
    before = await _measure_other(hosted)
    await asyncio.sleep(WATCH_SECONDS)
    after = await _measure_other(hosted)
    hosted.paused_cost = (await change.get(hosted.paused_instance)).billing_info
    grown = after.billing_info.total_cost - before.billing_info.total_cost
    still = paused.billing_info.total_cost
    if paused.status != "paused" or hosted.paused_cost.total_cost != still or grown <= 0:
        raise ExpectationFailed(
            f"{paused.status}: from {still} to {hosted.paused_cost.total_cost}; the other's grew by {grown:.6f}"
        )
    return f"{still:.6f} USD before and after {WATCH_SECONDS:g} s; the other's grew by {grown:.6f}"


async def _measure_other(hosted_agent: HostedAgent) -> Instance:
    """Return the other instance with its bill so far: a pause closes the running interval."""
    instance = await hosted_agent.customer.instance.pause(hosted_agent.working_instance)
    await hosted_agent.customer.instance.resume(hosted_agent.working_instance)
    return instance


async def end_hosting(demo_run: DemoRun) -> None:
    """Terminate the instances and collect their cost; no-op without instances."""
    hosted, demo_run.hosted = demo_run.hosted, None
    if hosted is None:
        return
    client = demo_run.client
    shutil.rmtree(hosted.source, ignore_errors=True)
    await hosted.customer.aclose()
    instance_ids = [each.instance_id async for each in client.instance.list(account=_account_name(demo_run))]
    await asyncio.gather(*(client.instance.terminate(each) for each in instance_ids))
    with contextlib.suppress(AgoraError):
        await client.agent.deregister(hosted.agent_id)
    await client.token.revoke(hosted.token_id)
    entries = [entry async for entry in client.billing.usage(account=_account_name(demo_run))]
    for entry in entries:
        if entry.reverses is None:
            await client.billing.reverse(entry.entry_id, "the demo is over")
