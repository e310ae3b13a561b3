"""The end of the third act: the server is killed, its instances survive, and everything is billed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from agora_sdk.errors import Conflict

from ..ledger import ExpectationFailed, ExpectationSkipped
from .base import PRICE_PER_CALL, DemoRun, HostedAgent, Scenario
from .hosting import INSTANCE_COUNT, ONCE, require_hosted

if TYPE_CHECKING:
    from agora_sdk.contract.instances import Instance

__all__ = ["SURVIVAL"]

ADOPTION_SECONDS = 10.0
EXTERNAL_SERVER_REASON = "not with a server of yours: stop it, and the demo starts one that it may kill"
SURVIVAL = Scenario()


@SURVIVAL.register_expectation("The server is killed (SIGKILL); the instances go on without it")
async def kill_server(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    if demo_run.server.own_server is None:
        raise ExpectationSkipped(EXTERNAL_SERVER_REASON)
    address = (await hosted.customer.instance.get(hosted.working_instance)).address
    code = await demo_run.server.own_server.kill()
    async with httpx.AsyncClient() as directly:
        answer = await directly.get(f"{address}/")
    if code != -signal.SIGKILL or answer.status_code != 200:
        raise ExpectationFailed(f"the server ended with code {code}, the instance answers {answer.status_code}")
    return f"no server any more, and {address} still answers"


@SURVIVAL.register_expectation("Started again, it adopts them: the same processes, each where it was")
async def restart_and_check_adoption(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    if demo_run.server.own_server is None:
        raise ExpectationSkipped(EXTERNAL_SERVER_REASON)
    await demo_run.server.own_server.start_process()
    adopted = await asyncio.gather(*(_wait_for_adoption(hosted, each) for each in hosted.instances))
    count_before = hosted.last_answers[hosted.working_instance]
    count_after = await hosted.execute_count(hosted.working_instance)
    if [each.status for each in adopted] != ["paused", "running"] or any(each.generation > 1 for each in adopted):
        raise ExpectationFailed(", ".join(f"{each.status}, start {each.generation}" for each in adopted))
    if (count_after["process"], count_after["asked"]) != (count_before["process"], count_before["asked"] + 1):
        raise ExpectationFailed(f"{count_before} before, {count_after} after")
    if hosted.paused_cost is None or adopted[0].billing_info.total_cost != hosted.paused_cost.total_cost:
        raise ExpectationFailed(f"the paused one costs {adopted[0].billing_info.total_cost}, not what it did")
    return f"one paused, one running; process {count_after['process']} counts on: {count_before['asked']}, {count_after['asked']}"


async def _wait_for_adoption(hosted_agent: HostedAgent, instance_id: str) -> Instance:
    """Return an instance when the server has adopted it, or after a timeout."""
    end = asyncio.get_running_loop().time() + ADOPTION_SECONDS
    while True:
        instance = await hosted_agent.customer.instance.get(instance_id)
        if instance.status in ("running", "paused") or asyncio.get_running_loop().time() > end:
            return instance
        await asyncio.sleep(0.05)


@SURVIVAL.register_expectation("The agent stays registered while they run; terminated, nothing is left of them")
async def terminate_instances(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    try:
        await demo_run.client.agent.deregister(hosted.agent_id)
    except Conflict:
        pass
    else:
        raise ExpectationFailed("it was deregistered while they ran")
    change = hosted.customer.instance
    results = await asyncio.gather(*(change.terminate(each) for each in hosted.instances))
    survivors = [answer["process"] for answer in hosted.last_answers.values() if _is_alive(answer["process"])]
    if survivors or any(each.status != "stopped" for each in results):
        raise ExpectationFailed(f"{[each.status for each in results]}, processes {survivors}")
    await demo_run.client.agent.deregister(hosted.agent_id)
    bills = [f"{each.billing_info.total_cost:.6f}" for each in results]
    return f"final bills: {' and '.join(bills)} USD"


def _is_alive(process: int) -> bool:
    """Whether a process is running. A zombie is not, although its id is still in use."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in ("Z", "X")


@SURVIVAL.register_expectation("The invoice adds up: what they began with, the time they ran, what they did")
async def check_invoice_matches_bills(demo_run: DemoRun) -> str:
    hosted = await require_hosted(demo_run)
    demo_run.invoice = invoice_now = await hosted.customer.billing.invoice()
    bills = [(await hosted.customer.instance.get(each)).billing_info for each in hosted.instances]
    parts = {line.kind.value: line.amount for line in invoice_now.lines}
    agreed = {"base": INSTANCE_COUNT * ONCE, "request": hosted.execution_count * PRICE_PER_CALL}
    mismatches = [kind for kind, amount in agreed.items() if _to_micros(parts.get(kind, 0)) != _to_micros(amount)]
    total = _to_micros(invoice_now.charges)
    if (
        mismatches
        or total != sum(map(_to_micros, parts.values()))
        or total != sum(_to_micros(b.total_cost) for b in bills)
    ):
        raise ExpectationFailed(f"{invoice_now.charges} for {parts}, bills {[bill.total_cost for bill in bills]}")
    parts_text = ", ".join(f"{kind} {amount:.6f}" for kind, amount in parts.items())
    return f"{parts_text}: {invoice_now.charges:.6f} USD, as the final bills say"


def _to_micros(amount: float) -> int:
    return round(amount * 1_000_000)
