"""Limits enforced by the process engine: ports, output, memory, processes, files, cores."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agora.runtimes.errors import PortsExhausted
from agora.runtimes.process import ProcessRuntime
from agora.runtimes.spec import Limits
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_kit import HTTP, ProcessKit, ours, text, until
from tests.polling import eventually, passing

RUNS_ON = RunsOn.NO_STORE

FOREVER = "echo begun; exec sleep 1000"


class TestPorts:
    async def test_exhausted_ports_are_reported(self, kit: ProcessKit) -> None:
        first = kit.options.ports[0]
        await kit.engine.close()
        kit.options = replace(kit.options, ports=(first, first))
        kit.engine = ProcessRuntime(kit.options)
        handle = await kit.run(FOREVER, ports=HTTP)
        spec = kit.spec(FOREVER, ports=HTTP)
        build = await kit.engine.build(spec)
        for _ in range(2):
            with pytest.raises(PortsExhausted) as caught:
                await kit.engine.start(spec, build)
        assert caught.value.retry
        assert not (kit.options.root / "instances" / spec.instance_id).exists()
        async with kit.another() as engine:
            with pytest.raises(PortsExhausted):  # a new server knows the used ports
                await engine.start(spec, build)
            await engine.remove(handle)
            assert (await engine.start(spec, build)).ports == {"http": first}

    async def test_occupied_port_is_skipped(self, kit: ProcessKit) -> None:
        first = kit.options.ports[0]
        with socket.create_server(("127.0.0.1", first)):
            handle = await kit.run(FOREVER, ports=HTTP)
        assert handle.ports["http"] != first

    async def test_restarted_instance_keeps_its_port(self, kit: ProcessKit) -> None:
        spec = kit.spec(FOREVER, ports=HTTP)
        build = await kit.engine.build(spec)
        first = await kit.engine.start(spec, build)
        await kit.run(FOREVER, ports=HTTP)
        assert (await kit.engine.start(replace(spec, generation=2), build)).address == first.address


class TestLogs:
    async def test_old_output_is_dropped_and_offsets_stay_valid(self, kit: ProcessKit) -> None:
        await kit.engine.close()
        kit.options = replace(kit.options, log_size=40_960)
        kit.engine = ProcessRuntime(kit.options)
        handle = await kit.run("i=0; while [ $i -lt 20000 ]; do echo $((1000000+i)); i=$((i+1)); done; exit 0")
        at = 0
        while True:
            page = await kit.engine.logs(handle, at, 5000)
            assert page.begin >= at
            assert page.end == page.begin + len(page.data)
            at = page.end
            if at == 160_000:
                break
            if not page.data:
                await passing(0.005)
        whole = await kit.engine.logs(handle, 0, 1_000_000)
        assert whole.begin > 0
        assert whole.size == 160_000
        assert len(whole.data) <= 40_960
        lines = whole.data[-(len(whole.data) // 8) * 8 :].split(b"\n")[:-1]
        first = 20_000 - len(lines)
        assert lines == [b"%d" % (1_000_000 + first + number) for number in range(len(lines))]
        kept = os.listdir(kit.options.root / "instances" / handle.instance_id / "logs")
        assert len(kept) <= 10

    async def test_unread_output_does_not_block_the_program(self, kit: ProcessKit) -> None:
        handle = await kit.run("head -c 30000000 /dev/zero; exit 0")
        await until(kit.engine, handle, "exited")
        page = await kit.engine.logs(handle, -1, 1)
        assert page.size == 30_000_000


class TestLimits:
    @pytest.fixture
    def kit(self, new_kit: Callable[..., ProcessKit], tmp_path: Path) -> ProcessKit:
        """Simulate a host without a delegated control group: the directory is not one."""
        return new_kit(cgroup=tmp_path / "no-group")

    async def test_instance_with_too_many_processes_is_ended(self, kit: ProcessKit) -> None:
        handle = await kit.run("for i in $(seq 40); do sleep 1000 & done; wait", limits=Limits(pids=24))
        ended = await until(kit.engine, handle, "exited")
        assert ended.exit is not None
        assert ended.exit.reason == "pids"
        assert ours(kit) == []

    async def test_file_size_is_limited(self, kit: ProcessKit) -> None:
        handle = await kit.run("head -c 3000000 /dev/zero >big; wc -c <big; exit 0", limits=Limits(disk=1 << 20))
        await until(kit.engine, handle, "exited")
        assert "1048576" in await text(kit.engine, handle)

    async def test_cores_are_assigned_to_instances(self, kit: ProcessKit) -> None:
        handle = await kit.run("grep Cpus_allowed_list /proc/self/status; exit 0", limits=Limits(cpu=0.5))
        await until(kit.engine, handle, "exited")
        assert (await text(kit.engine, handle)).split()[1].isdecimal()

    async def test_limits_are_written_to_control_groups(
        self, new_kit: Callable[..., ProcessKit], tmp_path: Path
    ) -> None:
        """A directory in place of the kernel's file system records the requested limits."""
        group = tmp_path / "delegated"
        group.mkdir()
        for name in ("cgroup.controllers", "cgroup.subtree_control"):
            (group / name).write_text("cpu memory pids\n")
        kit = new_kit(cgroup=group)
        (group / "cgroup.subtree_control").write_text("cpu memory pids\n")
        kit.engine._groups.controllers = frozenset(("cpu", "memory", "pids"))
        handle = await kit.run(FOREVER, limits=Limits(memory=64 << 20, cpu=0.5, pids=30))
        made = group / f"agora-{handle.instance_id}"

        async def joined() -> bool:
            return (made / "cgroup.procs").exists() and (made / "cgroup.procs").read_text() == "0"

        await eventually(joined, bool)
        assert {path.name: path.read_text() for path in made.iterdir()} == {
            "memory.max": str(64 << 20),
            "memory.oom.group": "1",
            "cpu.max": "50000 100000",
            "pids.max": "30",
            "cgroup.procs": "0",
        }
        guard = Path(f"/proc/{handle.data['pid']}/cmdline").read_bytes().split(b"\0")
        assert not any(word.startswith((b"memory=", b"pids=", b"data=", b"cpus=")) for word in guard)
