"""Limits of backups: their size, the free space of the disk, and the time of the engine."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agora.net.atomic_files import write_then_replace
from agora.runtimes.backup_files import BackupFile, BackupLimits
from agora.runtimes.errors import BackupRefused, DiskFull
from agora.runtimes.port import Handle
from agora.runtimes.process import ProcessRuntime
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_kit import ProcessKit, until
from tests.polling import eventually
from tests.small_disk import SmallDisk, small_disk

RUNS_ON = RunsOn.NO_STORE

GIBIBYTE = 1 << 30


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 8) as disk:
        yield disk


async def run_once(kit: ProcessKit, script: str) -> Handle:
    """Run a program that writes its state and ends."""
    handle = await kit.run(f'cd "$AGORA_STATE_DIR"; {script}; exit 0')
    await until(kit.engine, handle, "exited")
    return handle


async def test_sparse_file_of_a_terabyte_is_refused(kit: ProcessKit, tmp_path: Path) -> None:
    handle = await run_once(kit, "echo small >file; truncate -s 1T hole")
    with pytest.raises(BackupRefused, match="more than 10737418240 bytes") as caught:
        await kit.engine.backup(handle, tmp_path / "backup.tar")
    assert "backup_size_limit" in str(caught.value.fix)
    assert not list(tmp_path.glob("*backup.tar*"))


async def test_state_up_to_the_limit_is_backed_up(kit: ProcessKit, tmp_path: Path) -> None:
    handle = await run_once(kit, "mkdir d; head -c 600 /dev/zero >a; head -c 400 /dev/zero >d/b")
    await kit.engine.close()
    kit.engine = ProcessRuntime(replace(kit.options, backup_size=999))
    with pytest.raises(BackupRefused, match="more than 999 bytes"):
        await kit.engine.backup(handle, tmp_path / "backup.tar")
    await kit.engine.close()
    kit.engine = ProcessRuntime(replace(kit.options, backup_size=1000))
    assert await kit.engine.backup(handle, tmp_path / "backup.tar") > 0
    with tarfile.open(tmp_path / "backup.tar") as archive:
        assert sorted(archive.getnames()) == ["a", "d", "d/b"]


async def test_backup_that_the_disk_cannot_hold_is_refused_before_it_is_written(
    kit: ProcessKit, disk: SmallDisk
) -> None:
    handle = await run_once(kit, "head -c 8100000 /dev/urandom >a; echo small >b")
    with pytest.raises(
        DiskFull, match=r"needs up to 8100006 bytes, and 7\d+ of the disk can be used: 1/20 of it"
    ) as caught:
        await kit.engine.backup(handle, disk.path / "backup.tar")
    assert caught.value.retry
    assert "Free space" in str(caught.value.fix)
    assert os.listdir(disk.path) == []
    usage = os.statvfs(disk.path)
    assert usage.f_bfree == usage.f_blocks


def write_noise(file: Path, mebibytes: int) -> None:
    noise = random.Random(1).randbytes(1 << 20)
    with write_then_replace(file) as partial, BackupFile(partial, BackupLimits(file.parent)) as output:
        for _ in range(mebibytes):
            output.write(noise)


async def test_disk_that_fills_during_a_backup_is_reported_and_nothing_is_left(disk: SmallDisk) -> None:
    with pytest.raises(DiskFull, match="disk is full"):
        write_noise(disk.path / "backup.tar", 10)
    assert os.listdir(disk.path) == []


async def test_large_backup_leaves_a_part_of_the_disk_free(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        write_noise(disk.path / "first.tar", 30)
        with pytest.raises(DiskFull, match="stays free"):
            write_noise(disk.path / "second.tar", 34)
        assert os.listdir(disk.path) == ["first.tar"]


async def test_backups_leave_the_engine_to_others_and_end_with_their_callers(kit: ProcessKit, tmp_path: Path) -> None:
    handle = await run_once(kit, f"truncate -s {9 * GIBIBYTE} hole")
    backups = [asyncio.create_task(kit.engine.backup(handle, tmp_path / f"{number}.tar")) for number in range(8)]

    async def list_files() -> list[str]:
        return [name for name in os.listdir(tmp_path) if ".tar" in name]

    assert len(await eventually(list_files, lambda names: len(names) == 2)) == 2
    assert (await kit.engine.inspect(handle)).state == "exited"
    for backup in backups:
        backup.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*backups, return_exceptions=True)
    )
    assert await eventually(list_files, lambda names: not names) == []


def nest_directories(directory: Path, levels: int) -> None:
    """Create directories in directories, also beyond the longest path."""
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.mkdir("locked", 0, dir_fd=descriptor)
    os.close(descriptor)


@pytest.mark.parametrize("levels", [1100, 3000])
async def test_deeply_nested_state_is_refused_and_can_be_deleted(kit: ProcessKit, tmp_path: Path, levels: int) -> None:
    handle = await run_once(kit, ":")
    nest_directories(kit.options.root / "instances" / handle.instance_id / "state", levels)
    try:
        with pytest.raises(BackupRefused, match="too many levels"):
            await kit.engine.backup(handle, tmp_path / "backup.tar")
        assert not list(tmp_path.glob("*backup.tar*"))
        await kit.engine.remove(handle)
        assert os.listdir(kit.options.root / "instances") == []
    finally:  # neither could pytest delete it
        subprocess.run(["rm", "-rf", *map(str, (kit.options.root / "instances").iterdir())], check=True)
