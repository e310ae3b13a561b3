"""Commands of the worker: when they end, and how much of their output is kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agora.worker.subprocesses import CommandError, run_and_split_fields, run_checked, run_command
from tests.polling import eventually


@pytest.mark.parametrize("start", ["sleep 600 &", "setsid sleep 10 &"])
async def test_a_command_ends_although_a_process_in_the_background_keeps_its_output_open(
    start: str, tmp_path: Path
) -> None:
    result = await run_command(f"{start} echo ready", tmp_path, timeout=30)
    assert (result.exit_code, result.output) == (0, "ready\n")


async def test_a_process_that_writes_for_ever_does_not_keep_its_command_from_ending(tmp_path: Path) -> None:
    result = await run_command(
        "setsid sh -c 'echo >begun; exec yes' & while [ ! -e begun ]; do :; done; exit 3", tmp_path, timeout=30
    )
    assert result.exit_code == 3


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    result = await run_command("echo begun; sleep 600", tmp_path, timeout=3)
    assert (result.exit_code, result.output) == (124, "begun\n\nended after 3 seconds\n")


async def test_a_command_cancelled_twice_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    def list_descriptors() -> set[str]:
        return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}

    await run_command("true", tmp_path)  # what the event loop opens on first use
    before = list_descriptors()
    running = asyncio.create_task(run_command("echo $$ >pid; exec sleep 600", tmp_path, separates_errors=True))
    pid = await eventually(lambda: _read_pid(tmp_path / "pid"), bool)
    running.cancel()
    await asyncio.sleep(0)  # the process is being ended
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not os.path.exists(f"/proc/{pid}"), "it is reaped"
    assert list_descriptors() <= before


async def _read_pid(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


async def test_the_start_or_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    command = "printf start; head -c 300000 /dev/zero | tr '\\0' x; printf end"
    for keeps_start, text in ((True, "start" + "x" * 95), (False, "x" * 97 + "end")):
        result = await run_command(command, tmp_path, limit=100, keeps_start=keeps_start)
        assert result.output == text


async def test_the_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    assert (await run_command("exit 7", tmp_path)).exit_code == 7


async def test_warnings_are_no_part_of_an_output_that_is_parsed(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo warning >&2; printf 'a\\0b'"]
    assert await run_and_split_fields(command, tmp_path) == ["a", "b"]
    assert await run_checked(["sh", "-c", "echo warning >&2; echo a"], tmp_path) == "a"
    with pytest.raises(CommandError, match="the reason"):
        await run_checked(["sh", "-c", "echo the reason >&2; exit 1"], tmp_path)
