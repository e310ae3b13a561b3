"""The demo as started by a user: it succeeds only if everything expected was observed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from agora.demo.participants import KILLED_ROLE, ROLES, TRANSFORMERS
from agora.demo.scenarios import SCENARIOS
from agora.demo.scenarios.hosting import HOSTING
from agora.demo.scenarios.survival import SURVIVAL
from tests.harness import Running, free_port

SECONDS = 230  # less than the limit of a test, so that the output is shown
KILLED = [
    expectation.title for expectation in SURVIVAL[:2]
]  # expectations that only a demo with its own server can check


async def start(directory: Path, url: str, *arguments: str) -> Process:
    """Start the demo with its temporary files in a directory. AGORA_URL names a server that may be running or not."""
    environ = os.environ | {"TMPDIR": str(directory), "AGORA_URL": url, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
    command = (sys.executable, "-m", "agora.demo", *arguments)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=environ)


async def output(demo: Process) -> str:
    """Return all its output."""
    try:
        return (await asyncio.wait_for(demo.communicate(), SECONDS))[0].decode()
    finally:
        if demo.returncode is None:
            demo.kill()


def nowhere() -> str:
    """An address without a server."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "demo"
    made.mkdir()
    return made


def leftovers(directory: Path) -> list[str]:
    """Return processes with this directory in their environment, and files in it."""
    found = [str(path) for path in directory.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(directory) in (process / "environ").read_text("utf-8", "replace"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has ended, or belongs to another user
    return found


def assert_complete(printed: str, skipped: Collection[str] = ()) -> None:
    """Check that the table has every expectation, with a check mark at each that could be observed."""
    table = [line for line in printed.splitlines() if line.startswith("│") and not line.rstrip().endswith("│   │")]
    assert len(table) == len(SCENARIOS), printed
    flowing = " ".join(printed.split())
    for expectation, line in zip(SCENARIOS, table, strict=True):
        mark = "·" if expectation.title in skipped else "✓"
        assert line.rstrip().endswith(f"│ {mark} │"), printed
        assert f"{mark} {expectation.title}" in flowing
    told = f"All {len(SCENARIOS)} expectations were observed."
    if skipped:
        told = f"{len(SCENARIOS) - len(skipped)} of {len(SCENARIOS)} expectations were observed; {len(skipped)} could not be"
    assert told in printed


def assert_charted(printed: str) -> None:
    """Check that the chart has a bar for each task, and shows the task with a second attempt."""
    assert "The pipeline: " in printed
    bars = [line for line in printed.splitlines() if line.startswith("  ") and "█" in line]
    assert [line.split()[0] for line in bars] == ["extract", *["transform"] * len(TRANSFORMERS), "load"], printed
    assert [KILLED_ROLE in line for line in bars] == [False] * len(bars), "what it began, another finished"
    assert sum("attempt 2" in line for line in bars) == 1


def assert_billed(printed: str) -> None:
    """Check that the invoice has a line for each part of the price, and that they add up."""
    after = printed[printed.index("The invoice of demo-") :]
    lines = [line.split() for line in after.splitlines() if line.rstrip().endswith(" USD")][:4]
    assert [line[0] for line in lines] == ["Base", "Executions,", "Running", "total"], after
    *parts, total = (Decimal(line[-2]) for line in lines)
    assert (sum(parts), parts[0]) == (total, Decimal(1))


async def test_demo_starts_its_own_server(directory: Path) -> None:
    demo = await start(directory, nowhere())
    printed = await output(demo)
    assert demo.returncode == 0, printed
    assert_complete(printed)
    assert_charted(printed)
    assert_billed(printed)
    assert "started one at http://127.0.0.1:" in printed
    assert leftovers(directory) == []
    assert not os.path.exists(os.environ["AGORA_CREDENTIALS"]), "the person's credentials are not the demo's"


@pytest.mark.long
async def test_demo_runs_twice_on_a_running_server(
    server: Running, tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = server.app.settings.data_dir
    for place, skipped in ((data, KILLED), (tmp_path, [each.title for each in (*HOSTING, *SURVIVAL)])):
        monkeypatch.setenv("AGORA_DATA_DIR", str(place))
        demo = await start(directory, server.url)
        printed = await output(demo)
        assert demo.returncode == 0, printed
        assert_complete(printed, skipped)
        assert f"Using the server at {server.url}." in printed
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/agents")).json()["total"] == 0
        registered = (await client.get("/agora/event/list?types=agora.agent.registered&limit=100")).json()["count"]
        workflows = (await client.get("/agora/workflow/list")).json()["workflows"]
        tasks = (await client.get("/agora/task/list")).json()["tasks"]
    assert registered == 2 * len(ROLES) + 1
    assert list((data / "sources").iterdir()) == []
    assert [workflow["status"] for workflow in workflows] == ["completed"] * 2
    assert sorted(task["attempts"] for task in tasks) == [1] * (len(tasks) - 2) + [2] * 2
    assert leftovers(directory) == []


@pytest.mark.long
async def test_demo_without_some_agents_fails_and_names_them(server: Running, directory: Path) -> None:
    demo = await start(directory, server.url, "--without", "Translator", "--without", "Loader")
    printed = await output(demo)
    assert demo.returncode == 1, printed
    last = printed[printed.rindex("expectations were not observed:") :]
    assert "start in any order and register: Translator does not take part" in last
    assert "nobody found for translation: Translator" in last
    assert "An operator pauses an agent: what it then tries is refused: Translator does not take part" in last
    assert "✓ A request is answered by a reply of the same correlation" in printed
    assert "come, and wait for tasks: Loader does not take part" in last
    assert "The workflow completes all the same: it is running" in last
    assert "was done exactly once, by the holder of the newest fencing token: load is pending" in last
    assert "every cent there: " in last
    assert "✓ Its lease runs out, and another agent goes on from its checkpoint" in printed
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/agents")).json()["total"] == 0
        [workflow] = (await client.get("/agora/workflow/list")).json()["workflows"]
        assert (workflow["status"], workflow["error"]) == ("cancelled", "the demo is over")


@pytest.mark.long
async def test_missing_crash_is_detected(server: Running, directory: Path) -> None:
    demo = await start(directory, server.url, "--without", KILLED_ROLE)
    printed = await output(demo)
    assert demo.returncode == 1, printed
    last = printed[printed.rindex("expectations were not observed:") :]
    assert f"killed half-way through its partition (SIGKILL): {KILLED_ROLE} does not take part" in last
    assert f"its fencing token is old: {KILLED_ROLE} does not take part" in last
    assert "✓ What was loaded is what was extracted: every record counted, every cent there" in printed


@pytest.mark.long
async def test_demo_interrupted_during_an_outage_ends_its_instances(directory: Path) -> None:
    demo = await start(directory, nowhere())
    assert demo.stdout is not None
    async with asyncio.timeout(SECONDS):
        while KILLED[0] not in (line := (await demo.stdout.readline()).decode()):
            assert line, "it ended before it began"
    demo.send_signal(signal.SIGINT)
    printed = await output(demo)
    assert demo.returncode == 128 + signal.SIGINT, printed
    assert leftovers(directory) == []


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_demo_leaves_nothing_behind(directory: Path, number: signal.Signals) -> None:
    demo = await start(directory, nowhere())
    assert demo.stdout is not None
    async with asyncio.timeout(SECONDS):
        while "✓".encode() not in (line := await demo.stdout.readline()):
            assert line, "it ended before it began"
    demo.send_signal(number)
    printed = await output(demo)
    assert demo.returncode == 128 + number, printed
    assert "Traceback" not in printed
    assert leftovers(directory) == []


async def test_unreachable_configured_server_is_an_error(directory: Path) -> None:
    url = nowhere()
    demo = await start(directory, nowhere(), "--url", url)
    printed = await output(demo)
    assert demo.returncode == 2
    assert f"No Agora server is ready at {url}." in printed


async def test_demo_requires_an_operator(server: Running, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_TOKEN", "adm_wrong")
    demo = await start(directory, server.url)
    printed = await output(demo)
    assert demo.returncode == 2
    assert "Set AGORA_TOKEN to the admin token" in printed
