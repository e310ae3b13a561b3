"""The third act: the marketplace runs an agent itself, as instances of a customer who pays for what they do."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agora_sdk import AgoraClient, AgoraError

from ..hosted import counter
from ..ledger import Missing, Skipped
from .base import Act, Play

if TYPE_CHECKING:
    from agora_sdk.contract.billing import BillingInfo
    from agora_sdk.contract.instances import Instance

__all__ = ["COUNT", "EACH", "HOSTING", "ONCE", "Lodging", "settled", "vacate"]

CALL_SECONDS = 5.0
COUNT = 2  #: instances
WATCH_SECONDS = 1.0
ONCE, HOURLY, EACH = 0.5, 360.0, 0.01  #: the price of an instance, of its time, of what it does
TEXT = "the quick brown fox jumps over the lazy dog"
HOSTING = Act()


@dataclass
class Lodging:
    """What runs here: the agent, the client of the customer, the instances.

    source: where the agent's program is. said: the last answer of each instance. rest: what the paused one had cost.
    """

    agent_id: str
    source: Path
    customer: AgoraClient
    token_id: str
    instances: list[str] = field(default_factory=list)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: int = 0
    rest: BillingInfo | None = None

    @property
    def paused(self) -> str:
        return self.instances[0]

    @property
    def working(self) -> str:
        return self.instances[1]

    async def count(self, instance_id: str) -> dict[str, Any]:
        """Let an instance count; answers what it said, raises Missing if that is wrong."""
        done = await self.customer.instance.execute(instance_id, "/count", {"text": TEXT})
        self.done += 1
        said: Any = done.result
        if said["words"] != len(TEXT.split()) or done.cost != EACH:
            raise Missing(f"it said {said}, and cost {done.cost:g}")
        self.said[instance_id] = said
        return self.said[instance_id]


def lodged(play: Play) -> Lodging:
    """What runs here; raises Missing or Skipped if nothing does."""
    if play.lodging is None:
        raise Missing("no agent was registered")
    if len(play.lodging.instances) < COUNT:
        raise Missing("the instances were not started")
    return play.lodging


@HOSTING.expect("A Python agent is registered from its directory, with a price")
async def registration(play: Play) -> str:
    name = play.troupe.name("Counter")
    source = (await _sources(play)) / name
    source.mkdir(parents=True)
    try:
        shutil.copy(counter.__file__, source / "main.py")
        made = await play.client.deployment.register(_manifest(name, source))
        key = await play.client.token.create(f"the demo's customer {play.troupe.mark}", account=_account(play))
    except BaseException:
        shutil.rmtree(source)
        raise
    customer = AgoraClient(play.client.url, token=key.token, mode="async", timeout=CALL_SECONDS)
    play.lodging = Lodging(made.agent_id, source, customer, key.token_id)
    cost = "0.50 USD once, 0.10 a running second, 0.01 an execution"
    return f"revision {made.revision}, runs with: {', '.join(made.engines)}; {cost}"


async def _sources(play: Play) -> Path:
    """The directory whose content the server may run; raises Skipped if it is not known."""
    data = play.venue.data
    try:
        own = (data / "host-id").read_text("ascii").strip()
    except (OSError, ValueError):
        own = None
    hosts = {host.host_id: host async for host in play.client.host.list()}
    if own not in hosts:
        raise Skipped("where the server takes programs from is not known here (AGORA_DATA_DIR says it)")
    if "process" not in hosts[own].engines:
        raise Skipped("the server runs no processes")
    return data / "sources"


def _manifest(name: str, source: Path) -> dict[str, Any]:
    return {
        "name": name,
        "description": "Counts words.",
        "directory": str(source),
        "build_config": {"type": "python", "start_command": "python main.py"},
        "health": "/",
        "pricing": {"type": "hybrid", "base_price": ONCE, "price": HOURLY, "task_price": EACH},
    }


def _account(play: Play) -> str:
    return f"demo-{play.troupe.mark}"


@HOSTING.expect(f"{COUNT} instances of it are started, each a process of its own")
async def instances(play: Play) -> str:
    lodging = play.lodging
    if lodging is None:
        raise await _absence(play)
    create = lodging.customer.instance.create
    made = await asyncio.gather(*(create(lodging.agent_id, name=f"number {n + 1}") for n in range(COUNT)))
    lodging.instances = [each.instance_id for each in made]
    if bad := [f"{each.status}: {each.reason}" for each in made if each.status != "running"]:
        raise Missing("; ".join(bad))
    return ", ".join(f"{each.name} at {each.address}" for each in made)


async def _absence(play: Play) -> Exception:
    """Why nothing was registered, again."""
    try:
        await _sources(play)
    except Skipped as reason:
        return reason
    return Missing("no agent was registered")


@HOSTING.expect("Work is executed on them, and charged")
async def work(play: Play) -> str:
    lodging = await settled(play)
    for instance_id in (*lodging.instances, *lodging.instances):
        await lodging.count(instance_id)
    processes = {said["process"] for said in lodging.said.values()}
    if len(processes) != COUNT or any(said["asked"] != 2 for said in lodging.said.values()):
        raise Missing(f"they said {lodging.said}")
    paid = (await lodging.customer.billing.cost()).cost_breakdown.task_cost
    if round(paid, 6) != round(lodging.done * EACH, 6):
        raise Missing(f"{lodging.done} executions cost {paid:g}")
    return f"{lodging.done} times {len(TEXT.split())} words, by processes {sorted(processes)}: {paid:.2f} USD"


async def settled(play: Play) -> Lodging:
    """What runs here; raises what kept it from running."""
    if play.lodging is None:
        raise await _absence(play)
    return lodged(play)


@HOSTING.expect("One is paused: its cost stands still, while the other's goes on")
async def pause(play: Play) -> str:
    lodging = await settled(play)
    change = lodging.customer.instance
    paused = await change.pause(lodging.paused)
    before = await _measured(lodging)
    await asyncio.sleep(WATCH_SECONDS)
    after = await _measured(lodging)
    lodging.rest = (await change.get(lodging.paused)).billing_info
    grown = after.billing_info.total_cost - before.billing_info.total_cost
    still = paused.billing_info.total_cost
    if paused.status != "paused" or lodging.rest.total_cost != still or grown <= 0:
        raise Missing(f"{paused.status}: from {still} to {lodging.rest.total_cost}; the other's grew by {grown:.6f}")
    return f"{still:.6f} USD before and after {WATCH_SECONDS:g} s; the other's grew by {grown:.6f}"


async def _measured(lodging: Lodging) -> Instance:
    """The other one, with the bill up to now: a pause closes it at once."""
    found = await lodging.customer.instance.pause(lodging.working)
    await lodging.customer.instance.resume(lodging.working)
    return found


async def vacate(play: Play) -> None:
    """End what runs here, and take back what it cost; nothing where nothing runs."""
    lodging, play.lodging = play.lodging, None
    if lodging is None:
        return
    client = play.client
    shutil.rmtree(lodging.source, ignore_errors=True)
    await lodging.customer.aclose()
    left = [each.instance_id async for each in client.instance.list(account=_account(play))]
    await asyncio.gather(*(client.instance.terminate(each) for each in left))
    with contextlib.suppress(AgoraError):
        await client.agent.deregister(lodging.agent_id)
    await client.token.revoke(lodging.token_id)
    entries = [entry async for entry in client.billing.usage(account=_account(play))]
    for entry in entries:
        if entry.reverses is None:
            await client.billing.reverse(entry.entry_id, "the demo is over")
