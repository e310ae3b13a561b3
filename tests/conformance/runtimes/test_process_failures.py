"""Failures of the process engine: killed servers and guards, reused pids, meddling programs, full disks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.errors import BuildFailed, BuildMissing, DiskFull, EngineUnavailable, StartFailed, Unknown
from agora.runtimes.port import Handle
from agora.runtimes.process import ProcessRuntime, orphans
from agora.runtimes.process.guard import procfs, segments
from agora.runtimes.spec import Spec
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_kit import HTTP, ProcessKit, ours, text, until
from tests.conformance.runtimes.killed_host import die
from tests.polling import eventually
from tests.processes import spawn_tethered

RUNS_ON = RunsOn.NO_STORE

FOREVER = "echo begun; exec sleep 1000"
FAMILY = "echo begun; (while :; do sleep 0.01; done) & (setsid sleep 1000) & exec sleep 1000"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not belong to the engine."""
    process = spawn_tethered(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


async def on_dead_server(kit: ProcessKit, spec: Spec, action: str, instant: str, handle: Handle | None = None) -> None:
    """Let a server die during an action, and start another one."""
    await kit.engine.close()
    await asyncio.to_thread(die, kit.options, spec, action, instant, handle)
    kit.engine = ProcessRuntime(kit.options)


async def _guards(kit: ProcessKit) -> list[int]:
    found = []
    for pid in ours(kit):
        with contextlib.suppress(OSError):  # it has ended in the meantime
            if b"guard.main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


class TestAServerThatIsKilled:
    @pytest.mark.parametrize("instant", ["create_instance_directories", "write_json", "spawned", "launch_guard"])
    async def test_while_starting(self, kit: ProcessKit, instant: str) -> None:
        spec = kit.spec(FAMILY)
        await on_dead_server(kit, spec, "start", instant)
        build = await kit.engine.build(spec)
        assert build.cached
        handle = await kit.engine.start(spec, build)
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        assert (await kit.engine.inspect(handle)).state == "running"
        assert (await kit.engine.sweep()).processes == 0
        assert (await text(kit.engine, handle)).count("begun") == 1
        # A guard of the dead server may still be ending: the new one finds the place occupied.
        assert await eventually(lambda: _guards(kit), lambda found: len(found) == 1) == [handle.data["pid"]]

    async def test_while_starting_and_the_next_is_a_later_generation(self, kit: ProcessKit) -> None:
        spec = kit.spec(FAMILY)
        await on_dead_server(kit, spec, "start", "spawned")
        later = replace(spec, generation=2)
        handle = await kit.engine.start(later, await kit.engine.build(later))
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        assert (await kit.engine.inspect(handle)).state == "running"
        assert ours(kit, "AGORA_GENERATION=1") == []

    @pytest.mark.parametrize("instant", ["create_instance_directories", "write_json", "spawned", "launch_guard"])
    async def test_while_starting_an_unwanted_instance(self, kit: ProcessKit, instant: str) -> None:
        """The next server has no handle of it, only the instance's id."""
        spec = kit.spec(FAMILY)
        await on_dead_server(kit, spec, "start", instant)
        known = Handle("process", spec.instance_id, 1)
        await kit.engine.stop(known, 0)
        if instant != "create_instance_directories" and (await kit.engine.inspect(known)).started_at is None:
            with pytest.raises(StartFailed):  # even by a guard that starts late
                await kit.engine.start(spec, await kit.engine.build(spec))
        assert ours(kit) == []
        await kit.engine.remove(known)
        assert await kit.engine.list_instances() == []
        assert not (kit.options.root / "instances" / spec.instance_id).exists()

    async def test_while_pausing(self, kit: ProcessKit) -> None:
        spec = kit.spec(FAMILY)
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        await eventually(lambda: kit.engine.inspect(handle), lambda seen: seen.usage.processes >= 3)
        await on_dead_server(kit, spec, "pause", "first signal", handle)
        assert (await kit.engine.inspect(handle)).state == "running"
        assert (await kit.engine.pause(handle)).state == "paused"
        await on_dead_server(kit, spec, "resume", "first signal", handle)
        assert (await kit.engine.resume(handle)).state == "running"
        assert all(not process.is_stopped for process in procfs.list_process_tree(handle.data["pid"]))

    @pytest.mark.parametrize("instant", ["replace_file", "_terminate_process"])
    async def test_while_stopping(self, kit: ProcessKit, instant: str) -> None:
        spec = kit.spec("trap '' TERM; " + FAMILY)
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        await on_dead_server(kit, spec, "stop", instant, handle)
        if instant == "_terminate_process":  # it was asked to stop, and stops without a server
            ended = await until(kit.engine, handle, "exited")
        else:
            ended = await kit.engine.stop(handle, 0.2)
        assert ended.exit is not None
        assert ended.exit.reason == "stopped"
        assert ours(kit) == []

    async def test_while_building(self, kit: ProcessKit) -> None:
        spec = kit.spec(
            "cat made", files={"a": "1"}, build="(setsid sleep 1000 &); echo half >made; echo now; sleep 1000"
        )
        await on_dead_server(kit, spec, "build", "now")
        assert ours(kit, "AGORA_INSTALLATION=" + kit.options.installation) != []
        swept = await kit.engine.sweep()
        assert swept.builds == 1
        assert swept.processes >= 1
        await eventually(lambda: asyncio.to_thread(ours, kit), lambda found: found == [])
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    async def test_directory_belongs_to_one_server(self, kit: ProcessKit) -> None:
        assert (await kit.engine.check()).available
        other = ProcessRuntime(kit.options)
        condition = await other.check()
        assert not condition.available
        with pytest.raises(EngineUnavailable):
            await other.list_instances()
        await kit.engine.close()
        assert (await other.check()).available
        kit.engine = other


class TestOthersAreNotTouched:
    async def test_reused_pid_is_not_killed(self, kit: ProcessKit, bystander: subprocess.Popen[bytes]) -> None:
        handle = await kit.run(FOREVER)
        await kit.engine.stop(handle, 0)
        process = procfs.read_process(bystander.pid)
        assert process is not None
        for data in (
            dict(handle.data) | {"pid": bystander.pid},
            dict(handle.data) | {"pid": bystander.pid, "started": process.started},
        ):
            forged = replace(handle, data=data)
            for call in (kit.engine.pause, kit.engine.resume):
                with pytest.raises(Unknown):
                    await call(forged)
            assert (await kit.engine.stop(forged, 0)).state == "exited"
        await kit.engine.remove(forged)
        state = procfs.read_process(bystander.pid)
        assert state is not None
        assert not state.is_stopped
        assert bystander.poll() is None

    async def test_process_with_the_pid_of_an_observed_one_is_not_touched(
        self, bystander: subprocess.Popen[bytes]
    ) -> None:
        process = procfs.read_process(bystander.pid)
        assert process is not None
        process.started -= 1
        assert not procfs.send_signal(process, signal.SIGKILL)
        assert bystander.poll() is None

    async def test_instances_of_another_installation_are_not_touched(
        self, kit: ProcessKit, new_kit: Callable[..., ProcessKit]
    ) -> None:
        other = new_kit()
        handle = await other.run(FOREVER, instance_id="same")
        mine = await kit.run(FOREVER, instance_id="same")
        await kit.engine.remove(mine)
        assert (await kit.engine.sweep()).processes == 0
        assert (await other.engine.inspect(handle)).state == "running"


class TestGuards:
    async def test_killed_guard_is_detected_and_its_program_ended(self, kit: ProcessKit) -> None:
        spec = kit.spec(FAMILY)
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        os.kill(handle.data["pid"], signal.SIGKILL)
        lost = await until(kit.engine, handle, "exited")
        assert lost.exit is not None
        assert (lost.exit.reason, lost.exit.at, lost.exit.has_failed) == ("lost", None, True)
        again = await kit.engine.start(replace(spec, generation=2), await kit.engine.build(spec))
        assert (await kit.engine.inspect(again)).state == "running"
        assert ours(kit, "AGORA_GENERATION=1") == []

    async def test_remains_of_a_killed_guard_are_swept(self, kit: ProcessKit) -> None:
        handle = await kit.run(FAMILY)
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        os.kill(handle.data["pid"], signal.SIGKILL)
        await until(kit.engine, handle, "exited")
        assert (await kit.engine.sweep()).processes >= 2
        assert ours(kit) == []

    async def test_unresponsive_guard_is_killed(self, new_kit: Callable[..., ProcessKit]) -> None:
        kit = new_kit(stop_timeout=0.1)
        handle = await kit.run(FAMILY)
        os.kill(handle.data["pid"], signal.SIGSTOP)
        stopped = await kit.engine.stop(handle, 0)
        assert stopped.state == "exited"
        assert ours(kit) == []

    async def test_processes_after_a_reboot_are_not_adopted(self, kit: ProcessKit) -> None:
        handle = await kit.run(FOREVER)
        other = replace(handle, data=dict(handle.data) | {"boot": "another"})
        seen = await kit.engine.inspect(other)
        assert seen.exit is not None
        assert seen.exit.reason == "lost"
        with pytest.raises(Unknown):
            await kit.engine.pause(other)

    async def test_instance_with_missing_files_is_ended(self, kit: ProcessKit) -> None:
        handle = await kit.run(FAMILY)
        await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
        await asyncio.to_thread(shutil.rmtree, kit.options.root / "instances" / handle.instance_id)
        assert (await kit.engine.sweep()).processes >= 3
        assert ours(kit) == []
        assert (await kit.engine.inspect(handle)).state == "absent"

    async def test_program_that_cannot_be_executed_exits_with_a_message(self, kit: ProcessKit) -> None:
        handle = await kit.run("/no/such/program")
        ended = await until(kit.engine, handle, "exited")
        assert ended.exit is not None
        assert ended.exit.code == 127
        assert "not found" in await text(kit.engine, handle)

    async def test_oversized_environment_is_an_error(self, kit: ProcessKit) -> None:
        spec = kit.spec(FOREVER, env={f"V{number}": "x" * 32_000 for number in range(200)})
        with pytest.raises(StartFailed):
            await kit.engine.start(spec, await kit.engine.build(spec))


class TestProgramsThatMeddle:
    """A program runs as the same user as its guard, and can write where its guard does."""

    async def test_forged_exit_report_is_ignored(self, kit: ProcessKit) -> None:
        claim = '{"code": 0, "signal": null, "reason": "stopped", "at": 1, "cpu_seconds": 0}'
        handle = await kit.run(f"echo '{claim}' >../generations/1/exit.json; echo claimed; exec sleep 1000")
        await eventually(lambda: text(kit.engine, handle), lambda output: "claimed" in output)
        assert (await kit.engine.inspect(handle)).state == "running"
        ended = (await kit.engine.stop(handle, 0)).exit
        assert ended is not None
        assert ended.at != 1

    @pytest.mark.parametrize("content", ["", "nonsense", "[]", "{}", '{"code": {}}', "9" * 5000, "[" * 100_000])
    async def test_corrupt_files_affect_no_other_instance(self, kit: ProcessKit, content: str) -> None:
        handle, other = await kit.run(FOREVER), await kit.run(FOREVER)
        os.kill(handle.data["pid"], signal.SIGKILL)
        await until(kit.engine, handle, "exited")
        directory = kit.options.root / "instances" / handle.instance_id
        for name in ("instance.json", "generations/1/state.json", "generations/1/exit.json"):
            (directory / name).write_text(content)
        async with kit.another() as engine:
            assert {found.handle.instance_id for found in await engine.list_instances()} == {other.instance_id}
            assert [one.state for one in await engine.inspect_all([handle, other])] == ["exited", "running"]
            await engine.sweep()
            await engine.remove(handle)
        assert not directory.exists()

    async def test_pipes_in_place_of_files_block_nothing(self, kit: ProcessKit) -> None:
        handle = await kit.run("exit 0")
        await until(kit.engine, handle, "exited")
        directory = kit.options.root / "instances" / handle.instance_id
        for name in (
            "instance.json",
            "generations/1/state.json",
            "generations/1/exit.json",
            f"logs/{0:020d}.log",
            "lock",
        ):
            (directory / name).unlink(missing_ok=True)
            os.mkfifo(directory / name)
        async with asyncio.timeout(60), kit.another() as engine:
            assert (await engine.inspect(handle)).exit is not None
            assert (await engine.logs(handle)).data == b""
            await engine.stop(handle, 0)
            await engine.remove(handle)
        assert not directory.exists()

    async def test_program_may_remove_permissions_of_its_files(self, kit: ProcessKit) -> None:
        handle = await kit.run("mkdir -p a/b; touch a/b/c; chmod 0 a/b a; exit 0")
        await until(kit.engine, handle, "exited")
        await kit.engine.remove(handle)
        assert os.listdir(kit.options.root / "instances") == []

    async def test_targets_of_links_are_not_deleted(self, kit: ProcessKit, tmp_path: Path) -> None:
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "file").write_text("x")
        spec = kit.spec(
            f"cd ..; rm -rf tmp work; ln -s {tmp_path}/precious tmp; ln -s {tmp_path}/precious work; rm build; exit 0"
        )
        build = await kit.engine.build(spec)
        handle = await kit.engine.start(spec, build)
        await until(kit.engine, handle, "exited")
        again = await kit.engine.start(replace(spec, generation=2), build)
        await until(kit.engine, again, "exited")
        await kit.engine.remove(again)
        assert (tmp_path / "precious" / "file").read_text() == "x"


class TestFullDisks:
    async def test_while_copying_the_source(self, kit: ProcessKit, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        spec = kit.spec(FOREVER, files={"a": "1"})
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "copyfile", full)
            with pytest.raises(DiskFull) as caught:
                await kit.engine.build(spec)
        assert caught.value.retry
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]
        assert not (await kit.engine.build(spec)).cached

    async def test_while_the_build_command_runs(self, kit: ProcessKit) -> None:
        spec = kit.spec(FOREVER, files={"a": "1"}, build="cp a /dev/full")
        with pytest.raises(DiskFull):
            await kit.engine.build(spec)
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    async def test_while_the_instance_directory_is_created(
        self, kit: ProcessKit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

        spec = kit.spec(FOREVER, files={"a": "1"}, ports=HTTP)
        build = await kit.engine.build(spec)
        before = (await kit.engine.capacity()).ports
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "copytree", full)
            with pytest.raises(DiskFull):
                await kit.engine.start(spec, build)
        assert (await kit.engine.capacity()).ports == before
        assert await kit.engine.list_instances() == []
        assert (await kit.engine.inspect(await kit.engine.start(spec, build))).state == "running"

    async def test_build_is_refused_on_a_nearly_full_disk(self, kit: ProcessKit) -> None:
        await kit.engine.close()
        kit.options = replace(kit.options, space=2**60)
        kit.engine = ProcessRuntime(kit.options)
        with pytest.raises(DiskFull):
            await kit.engine.build(kit.spec(FOREVER))

    def test_lost_output_is_counted(self, tmp_path: Path) -> None:
        writer = segments.SegmentWriter(str(tmp_path), 1000, 3)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # as if there were no space
        try:
            writer.write(b"lost")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.write(b"kept")
        assert segments.read_segments(str(tmp_path), -4, 100)[2] == b"kept"
        assert b"4 bytes of output are lost" in segments.read_segments(str(tmp_path), 0, 100)[2]


class TestBuildsThatAreGone:
    async def test_start_requires_a_build_on_this_host(self, kit: ProcessKit, tmp_path: Path) -> None:
        spec = kit.spec(FOREVER)
        build = await kit.engine.build(spec)
        for reference in (
            str(tmp_path),
            "/",
            "/etc",
            build.reference + "/tree",
            str(kit.options.root / "builds" / "no"),
        ):
            with pytest.raises(BuildMissing):
                await kit.engine.start(spec, replace(build, reference=reference))

    async def test_unused_builds_are_deleted_and_used_ones_kept(self, kit: ProcessKit) -> None:
        await kit.engine.close()
        kit.options = replace(kit.options, keep_builds=-1.0)
        kit.engine = ProcessRuntime(kit.options)
        used = await kit.run(FOREVER, files={"a": "used"})
        unused = kit.spec(FOREVER, files={"a": "unused"})
        build = await kit.engine.build(unused)
        assert (await kit.engine.sweep()).builds == 1
        with pytest.raises(BuildMissing):
            await kit.engine.start(unused, build)
        assert (await kit.engine.inspect(used)).state == "running"
        assert not (await kit.engine.build(unused)).cached

    async def test_processes_left_by_a_build_end_with_it(self, kit: ProcessKit) -> None:
        await kit.engine.build(kit.spec(FOREVER, build="(setsid sleep 1000 &) ; sleep 1000 & exit 0"))
        assert ours(kit) == []
        with pytest.raises(BuildFailed):
            await kit.engine.build(kit.spec(FOREVER, build="(setsid sleep 1000 &) ; exit 1"))
        assert ours(kit) == []


def test_process_without_the_markers_is_not_killed(bystander: subprocess.Popen[bytes]) -> None:
    assert orphans.kill_processes_with_variables([b"AGORA_INSTANCE=inst_none", b"AGORA_INSTALLATION=none"]) == 0
    assert bystander.poll() is None
