"""The director: brings server, agents and plot together, and everything to an end, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Collection
from pathlib import Path

from agora_sdk import AgoraClient, AgoraError

from .ledger import Missing, Skipped
from .participants import ROLES, Troupe
from .processes import Stage
from .report import Finding, Reporter
from .scenarios import PLOT, Expectation, Play, clear, vacate
from .server import Venue, venue

__all__ = ["direct"]

PLAY_SECONDS = 60.0
CALL_SECONDS = 5.0
CLEARING_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def direct(url: str | None, without: Collection[str]) -> int:
    """Run the demo; answers the exit code. Raises ValueError for a role that is none."""
    if strangers := set(without) - set(ROLES):
        raise ValueError(f"no such role: {', '.join(sorted(strangers))}; there are {', '.join(ROLES)}")
    return asyncio.run(_interruptible(url, without))


async def _interruptible(url: str | None, without: Collection[str]) -> int:
    """The first signal ends the demo, which then still ends its processes; further ones change nothing."""
    caught: list[int] = []
    loop, task = asyncio.get_running_loop(), asyncio.create_task(_perform(url, without, Reporter()))

    def interrupt(number: int) -> None:
        if not caught:
            caught.append(number)
            task.cancel()

    with contextlib.suppress(ValueError, RuntimeError):  # signals reach the main thread alone
        for number in SIGNALS:
            loop.add_signal_handler(number, interrupt, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not caught:
            raise
        return 128 + caught[0]


async def _perform(url: str | None, without: Collection[str], reporter: Reporter) -> int:
    try:
        async with contextlib.AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agora-demo-")))
            place = await stack.enter_async_context(venue(url, directory, reporter.say))
            client = AgoraClient(
                place.url, token=place.token, credentials=directory / "none.json", mode="async", timeout=CALL_SECONDS
            )
            await stack.enter_async_context(client)
            beginning = await _beginning(client)
            troupe = Troupe()
            stage = Stage(troupe, _environment(place, directory), directory, without)
            play = Play(client, stage, troupe, place, beginning)
            stack.push_async_callback(_clear, play)
            await stack.enter_async_context(stage)
            findings = await _observe(play, reporter)
    except AgoraError as error:
        reporter.fail(str(error))
        return 2
    if play.timeline is not None:
        reporter.draw(play.timeline, play.played_by)
    if play.invoice is not None:
        reporter.invoice(play.invoice)
    reporter.conclude(findings)
    return 0 if all(finding.fulfilled or finding.skipped for finding in findings) else 1


async def _beginning(client: AgoraClient) -> int:
    """The newest event before the demo; raises AgoraError if the client may not do what an operator may."""
    try:
        await client.admin.audit(limit=1)
    except AgoraError as error:
        if error.status not in (401, 403):
            raise
        fix = "Set AGORA_TOKEN to the admin token of that server; on its own machine, unset it."
        raise type(error)(f"The demo acts as an operator too, which is refused: {error.detail}", fix=fix) from None
    return (await client.event.list(limit=1)).last_sequence


def _environment(place: Venue, directory: Path) -> dict[str, str]:
    """The agents' environment: the server, and credentials that are not the person's."""
    environ = dict(os.environ)
    if place.token is not None:
        environ.pop("AGORA_TOKEN", None)
    return environ | {"AGORA_URL": place.url, "AGORA_CREDENTIALS": str(directory / "credentials.json")}


async def _observe(play: Play, reporter: Reporter) -> list[Finding]:
    """Go through the plot; what time is not left for was not observed."""
    end = asyncio.get_running_loop().time() + PLAY_SECONDS
    findings = []
    for expectation in PLOT:
        findings.append(await _decide(expectation, play, end))
        reporter.found(findings[-1])
    return findings


async def _decide(expectation: Expectation, play: Play, end: float) -> Finding:
    try:
        async with asyncio.timeout_at(end):
            return Finding(expectation.title, await expectation.observe(play), True)
    except TimeoutError:
        observed = f"not within {PLAY_SECONDS:g} seconds of the start"
    except Skipped as reason:
        return Finding(expectation.title, str(reason), False, skipped=True)
    except (Missing, AgoraError) as missing:
        observed = str(missing)
    return Finding(expectation.title, observed, False)


async def _clear(play: Play) -> None:
    """Leave nothing behind on the server, as far as it answers."""
    for put_away in (vacate(play), clear(play.client, play.troupe)):
        with contextlib.suppress(AgoraError, TimeoutError):
            async with asyncio.timeout(CLEARING_SECONDS):
                await put_away
