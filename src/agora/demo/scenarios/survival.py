"""The end of the third act: the server dies, and nothing of what ran on it does; then everything is paid."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import httpx

from agora_sdk.errors import Conflict

from ..ledger import Missing, Skipped
from .base import Act, Play
from .hosting import COUNT, EACH, ONCE, Lodging, settled

if TYPE_CHECKING:
    from agora_sdk.contract.instances import Instance

__all__ = ["SURVIVAL"]

ADOPTION_SECONDS = 10.0
NOT_ITS_OWN = "not with a server of yours: stop it, and the demo starts one that it may kill"
SURVIVAL = Act()


@SURVIVAL.expect("The server is killed (SIGKILL); the instances go on without it")
async def killing(play: Play) -> str:
    lodging = await settled(play)
    if play.venue.own is None:
        raise Skipped(NOT_ITS_OWN)
    address = (await lodging.customer.instance.get(lodging.working)).address
    code = await play.venue.own.kill()
    async with httpx.AsyncClient() as directly:
        answer = await directly.get(f"{address}/")
    if code != -signal.SIGKILL or answer.status_code != 200:
        raise Missing(f"the server ended with code {code}, the instance answers {answer.status_code}")
    return f"no server any more, and {address} still answers"


@SURVIVAL.expect("Started again, it adopts them: the same processes, each where it was")
async def adoption(play: Play) -> str:
    lodging = await settled(play)
    if play.venue.own is None:
        raise Skipped(NOT_ITS_OWN)
    await play.venue.own.start()
    found = await asyncio.gather(*(_adopted(lodging, each) for each in lodging.instances))
    before = lodging.said[lodging.working]
    after = await lodging.count(lodging.working)
    if [each.status for each in found] != ["paused", "running"] or any(each.generation > 1 for each in found):
        raise Missing(", ".join(f"{each.status}, start {each.generation}" for each in found))
    if (after["process"], after["asked"]) != (before["process"], before["asked"] + 1):
        raise Missing(f"{before} before, {after} after")
    if lodging.rest is None or found[0].billing_info.total_cost != lodging.rest.total_cost:
        raise Missing(f"the paused one costs {found[0].billing_info.total_cost}, not what it did")
    return f"one paused, one running; process {after['process']} counts on: {before['asked']}, {after['asked']}"


async def _adopted(lodging: Lodging, instance_id: str) -> Instance:
    """An instance, when the server has seen it again or there was time enough for it."""
    end = asyncio.get_running_loop().time() + ADOPTION_SECONDS
    while True:
        found = await lodging.customer.instance.get(instance_id)
        if found.status in ("running", "paused") or asyncio.get_running_loop().time() > end:
            return found
        await asyncio.sleep(0.05)


@SURVIVAL.expect("The agent stays registered while they run; terminated, nothing is left of them")
async def termination(play: Play) -> str:
    lodging = await settled(play)
    try:
        await play.client.agent.deregister(lodging.agent_id)
    except Conflict:
        pass
    else:
        raise Missing("it was deregistered while they ran")
    change = lodging.customer.instance
    ended = await asyncio.gather(*(change.terminate(each) for each in lodging.instances))
    left = [said["process"] for said in lodging.said.values() if _lives(said["process"])]
    if left or any(each.status != "stopped" for each in ended):
        raise Missing(f"{[each.status for each in ended]}, processes {left}")
    await play.client.agent.deregister(lodging.agent_id)
    bills = [f"{each.billing_info.total_cost:.6f}" for each in ended]
    return f"final bills: {' and '.join(bills)} USD"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@SURVIVAL.expect("The invoice adds up: what they began with, the time they ran, what they did")
async def invoice(play: Play) -> str:
    lodging = await settled(play)
    play.invoice = found = await lodging.customer.billing.invoice()
    bills = [(await lodging.customer.instance.get(each)).billing_info for each in lodging.instances]
    parts = {line.kind.value: line.amount for line in found.lines}
    agreed = {"base": COUNT * ONCE, "request": lodging.done * EACH}
    wrong = [kind for kind, amount in agreed.items() if _micros(parts.get(kind, 0)) != _micros(amount)]
    total = _micros(found.charges)
    if wrong or total != sum(map(_micros, parts.values())) or total != sum(_micros(b.total_cost) for b in bills):
        raise Missing(f"{found.charges} for {parts}, bills {[bill.total_cost for bill in bills]}")
    told = ", ".join(f"{kind} {amount:.6f}" for kind, amount in parts.items())
    return f"{told}: {found.charges:.6f} USD, as the final bills say"


def _micros(amount: float) -> int:
    return round(amount * 1_000_000)
