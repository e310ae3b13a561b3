"""What every client program does: run its scenarios, one after another, and print what became of them as one line of JSON.

A program is called with the agent's URL, its kind (``built-in`` or ``sdk``) and the URL of a receiver of push notifications, which
answers GET of its URL and ``/TEXT`` once something with that text was posted. It must not import anything of ours: it runs in an environment with nothing but the client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["SECONDS", "NotOffered", "Target", "check", "run"]

Scenario = Callable[["Target"], Awaitable[None]]
SECONDS = 60  #: that a scenario may take
#: what a built-in agent, which answers at once, cannot be asked
ONLY_SDK = ("ask back", "cancel", "resubscribe", "polling", "push", "message")


class NotOffered(Exception):
    """The client has no such thing; the message says so."""


@dataclass(frozen=True)
class Target:
    """What is called. kind: of agent, ``built-in`` or ``sdk``. receiver: URL that takes push notifications."""

    url: str
    kind: str
    receiver: str

    def words(self, text: str) -> str:
        """A message that the agent answers with a text."""
        return text if self.kind == "built-in" else f"echo {text}"


def check(condition: object, what: str) -> None:
    """Fail a scenario. what: was not so."""
    if not condition:
        raise AssertionError(what)


async def _run_all(scenarios: dict[str, Scenario], target: Target) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    for name, scenario in scenarios.items():
        if target.kind == "built-in" and name.partition(":")[0] in ONLY_SDK:
            continue
        try:
            async with asyncio.timeout(SECONDS):
                await scenario(target)
        except NotOffered as reason:
            outcomes[name] = f"not offered: {reason}"
        except Exception as error:
            traceback.print_exc()
            outcomes[name] = f"failed: {type(error).__name__}: {error}"[:300]
        else:
            outcomes[name] = "works"
    return outcomes


def run(scenarios: dict[str, Scenario]) -> None:
    """Run the scenarios that the arguments of the program ask for. scenarios: by name; ``name: variant`` is possible."""
    target = Target(*sys.argv[1:4])
    print(json.dumps(asyncio.run(_run_all(scenarios, target))))
