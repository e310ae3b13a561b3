"""The director: starts the server and the agents, runs the scenarios, and always stops everything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from agora_sdk import AgoraClient, AgoraError

from .ledger import ExpectationFailed, ExpectationSkipped
from .participants import ROLES, Participants
from .processes import AgentProcesses
from .report import Finding, Reporter
from .scenarios import SCENARIOS, DemoRun, Expectation, end_hosting, remove_agents
from .server import DemoServer, use_server

__all__ = ["observe_expectations", "run_demo"]

STEP_SECONDS = 60.0
CALL_SECONDS = 5.0
CLEANUP_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_demo(url: str | None, without: Collection[str]) -> int:
    """Run the demo; return the exit code. Raises ValueError for an unknown role."""
    if unknown_roles := set(without) - set(ROLES):
        raise ValueError(f"no such role: {', '.join(sorted(unknown_roles))}; there are {', '.join(ROLES)}")
    return asyncio.run(_run_until_end_or_signal(url, without))


async def _run_until_end_or_signal(url: str | None, without: Collection[str]) -> int:
    """Run the demo until it ends or a signal arrives. The first signal ends the demo, which still stops its
    processes; further signals are ignored."""
    signal_numbers: list[int] = []
    loop, task = asyncio.get_running_loop(), asyncio.create_task(_run_scenarios(url, without, Reporter()))

    def on_signal(number: int) -> None:
        if not signal_numbers:
            signal_numbers.append(number)
            task.cancel()

    with contextlib.suppress(ValueError, RuntimeError):  # signals reach only the main thread
        for number in SIGNALS:
            loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not signal_numbers:
            raise
        # As a shell reports a process that a signal ended.
        return 128 + signal_numbers[0]


async def _run_scenarios(url: str | None, without: Collection[str], reporter: Reporter) -> int:
    try:
        async with contextlib.AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agora-demo-")))
            server = await stack.enter_async_context(use_server(url, directory, reporter.print_progress))
            client = AgoraClient(
                server.url, token=server.token, credentials=directory / "none.json", mode="async", timeout=CALL_SECONDS
            )
            await stack.enter_async_context(client)
            # A server in use has a history, which is no observation of this demo.
            beginning = await _find_last_sequence(client)
            participants = Participants()
            agent_processes = AgentProcesses(
                participants, _build_agent_environment(server, directory), directory, without
            )
            demo_run = DemoRun(client, agent_processes, participants, server, beginning)
            # Pushed before the processes are entered: agents are removed when they have stopped, and cannot register again.
            stack.push_async_callback(_remove_demo_data, demo_run)
            await stack.enter_async_context(agent_processes)
            findings = await observe_expectations(SCENARIOS, demo_run, reporter)
    except AgoraError as error:
        reporter.print_failure(str(error))
        return 2
    if demo_run.timeline is not None:
        reporter.print_timeline(demo_run.timeline, demo_run.find_role)
    if demo_run.invoice is not None:
        reporter.print_invoice(demo_run.invoice)
    reporter.print_summary(findings)
    return 0 if all(finding.fulfilled or finding.skipped for finding in findings) else 1


async def _find_last_sequence(client: AgoraClient) -> int:
    """Find the newest event before the demo. Raises AgoraError if the client lacks an operator's rights."""
    try:
        await client.admin.audit(limit=1)
    except AgoraError as error:
        if error.status not in (401, 403):
            raise
        # The class is kept, so that callers see 401 or 403.
        fix = "Set AGORA_TOKEN to the admin token of that server; on its own machine, unset it."
        raise type(error)(f"The demo acts as an operator too, which is refused: {error.detail}", fix=fix) from None
    return (await client.event.list(limit=1)).last_sequence


def _build_agent_environment(server: DemoServer, directory: Path) -> dict[str, str]:
    """Build the agents' environment: the server's address and credentials other than the user's."""
    environ = dict(os.environ)
    if server.token is not None:
        # The user's token belongs to another server than the demo's own.
        environ.pop("AGORA_TOKEN", None)
    return environ | {"AGORA_URL": server.url, "AGORA_CREDENTIALS": str(directory / "credentials.json")}


async def observe_expectations(
    expectations: Sequence[Expectation], demo_run: DemoRun, reporter: Reporter
) -> list[Finding]:
    """Check expectations in order; one that is not reached in time counts as not observed."""
    findings = []
    end = asyncio.get_running_loop().time() + STEP_SECONDS
    for expectation in expectations:
        finding = await _observe_one(expectation, demo_run, end)
        # Only an observation gives the next one more time: a slow machine needs it, and a server that hangs costs the
        # limit once instead of once per expectation.
        if finding.fulfilled:
            end = asyncio.get_running_loop().time() + STEP_SECONDS
        findings.append(finding)
        reporter.print_finding(finding)
    return findings


async def _observe_one(expectation: Expectation, demo_run: DemoRun, end: float) -> Finding:
    try:
        async with asyncio.timeout_at(end):
            return Finding(expectation.title, await expectation.observe(demo_run), True)
    except TimeoutError:
        observed = f"not within {STEP_SECONDS:g} seconds of the last observation"
    except ExpectationSkipped as reason:
        return Finding(expectation.title, str(reason), False, skipped=True)
    except (ExpectationFailed, AgoraError) as missing:
        observed = str(missing)
    return Finding(expectation.title, observed, False)


async def _remove_demo_data(demo_run: DemoRun) -> None:
    """Remove what the demo created on the server, as far as the server answers."""
    for removal in (end_hosting(demo_run), remove_agents(demo_run.client, demo_run.participants)):
        with contextlib.suppress(AgoraError, TimeoutError):
            async with asyncio.timeout(CLEANUP_SECONDS):
                await removal
