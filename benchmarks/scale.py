"""Requirements of much larger installations: a simulation of the write path with measured costs.

A tenant's log is serial: batches of up to 256 calls wait for its head, and hold it until their COMMIT. The other work
runs on cores of servers and of PostgreSQL. The costs are those that ``postgres``, ``send``, ``cluster`` and ``fanout``
print on this machine; options override them. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from dataclasses import asdict, dataclass

__all__ = ["Costs", "Line", "simulate"]

BATCH = 256
AGENT_BEAT = 60.0  # seconds between heartbeats of an idle agent; any call counts as one


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU time, and of waiting for the disk."""

    server: float = 134e-6  # server, for one durable send over HTTP
    database: float = 100e-6  # PostgreSQL, for its rows
    held: float = 12e-6  # head of the log, for writing the events of one call of a batch
    commit: float = 1.0e-3  # head of the log, for one batch: COMMIT with a flush to the disk
    delivery: float = 8.6e-6  # server, for one event to one live subscriber
    follow: float = 15e-6  # each other server, for reading one event from the log


@dataclass(frozen=True)
class Line:
    """Performance of one tenant's log at a rate. batch: mean size. wait: seconds, for the head and the commit."""

    rate: float
    done: float
    batch: float
    p50: float
    p99: float


def simulate(rate: float, costs: Costs, *, seconds: float = 5.0, seed: int = 7) -> Line:
    """Simulate calls that arrive at random; all that wait when the head is free form the next batch."""
    random_, waiting, waits = random.Random(seed), deque[float](), []
    now = arrival = 0.0
    batches = 0
    while now < seconds:
        while arrival <= now:
            waiting.append(arrival)
            arrival += random_.expovariate(rate)
        if not waiting:
            now = arrival
            continue
        taken = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
        now += costs.commit + costs.held * len(taken)
        waits += [now - began for began in taken]
        batches += 1
    waits.sort()
    return Line(rate, len(waits) / now, len(waits) / batches, waits[len(waits) // 2], waits[len(waits) * 99 // 100])


def _lines(costs: Costs) -> None:
    print("one tenant's log (calls/s)    done/s   batch   p50 ms   p99 ms")
    for rate in (1_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000):
        line = simulate(rate, costs)
        late = "  more than it can take" if line.done < rate * 0.97 else ""
        print(f"{rate:26,}  {line.done:8,.0f}  {line.batch:6.1f}  {line.p50 * 1e3:7.1f}  {line.p99 * 1e3:7.1f}{late}")
    most = BATCH / (costs.commit + costs.held * BATCH)
    print(f"at most {most:,.0f}/s: batches of {BATCH}, one after the other")


def _cores(costs: Costs, agents: int, messages: float, subscribers: float) -> None:
    beats = agents / AGENT_BEAT
    print(f"\n{agents:,} agents that give a sign of life every {AGENT_BEAT:g} s, {messages:,.0f} messages/s, ", end="")
    print(f"{subscribers:g} live subscribers an event")
    servers = messages * (costs.server + costs.delivery * subscribers) + beats * costs.server
    count = max(1, round(servers / 3 + 0.5))  # with four cores each, at three quarters of their capacity
    follow = messages * costs.follow * (count - 1)
    print(f"cores of servers              {servers:8.1f}   ({count} servers of 4 cores at 75 %)")
    print(f"  more if all share a tenant  {follow:8.1f}   (each follows the log of every tenant it serves)")
    print(f"cores of PostgreSQL           {messages * costs.database + beats * costs.database * 0.1:8.1f}")
    line = BATCH / (costs.commit + costs.held * BATCH) * 0.7
    print(f"tenants it must be spread over {max(1, round(messages / line + 0.5)):7d}   (70 % of one log's limit each)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in asdict(Costs()).items():
        parser.add_argument(f"--{name}", type=float, default=default, help=f"seconds, {default:g} if not given")
    parser.add_argument("--agents", type=int, default=1_000_000)
    parser.add_argument("--messages", type=float, default=100_000)
    parser.add_argument("--subscribers", type=float, default=1.0)
    given = vars(parser.parse_args())
    costs = Costs(**{name: given[name] for name in asdict(Costs())})
    _lines(costs)
    _cores(costs, given["agents"], given["messages"], given["subscribers"])


if __name__ == "__main__":
    main()
