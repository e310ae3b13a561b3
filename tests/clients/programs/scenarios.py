"""Shared part of the client programs: run scenarios in order, and print their outcomes as one line of JSON.

A program is called with the agent's URL, its kind (``built-in`` or ``sdk``) and the URL of a receiver of push
notifications, which answers GET of its URL and ``/TEXT`` when something with that text was posted. It must not import
other modules of ours: its environment contains only the client.
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
SECONDS = 60  #: timeout of a scenario
#: not possible with a built-in agent, which answers immediately
ONLY_SDK = ("ask back", "cancel", "resubscribe", "polling", "push", "message")


class NotOffered(Exception):
    """The client does not support it; the message is the reason."""


@dataclass(frozen=True)
class Target:
    """The agent to call. kind: ``built-in`` or ``sdk``. receiver: URL for push notifications."""

    url: str
    kind: str
    receiver: str

    def words(self, text: str) -> str:
        """Build a message that the agent answers with a text."""
        return text if self.kind == "built-in" else f"echo {text}"


def check(condition: object, what: str) -> None:
    """Fail a scenario unless the condition is true. what: description of the failure."""
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
    """Run the scenarios selected by the program's arguments. scenarios: by name; ``name: variant`` is possible."""
    target = Target(*sys.argv[1:4])
    print(json.dumps(asyncio.run(_run_all(scenarios, target))))
