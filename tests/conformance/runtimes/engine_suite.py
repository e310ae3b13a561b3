"""Conformance suite of engines, inherited by the tests of each.

A subclass defines a ``kit`` fixture. The programs are shell commands, or Python without libraries.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agora.runtimes.errors import BuildFailed, EngineError, InvalidSpec, StartFailed, Unknown
from agora.runtimes.port import Build, Handle, Observation
from agora.runtimes.spec import Health, Limits, Port
from tests.conformance.runtimes.engine_kit import AGENT, HTTP, Kit, fetch, settled, text, until
from tests.polling import eventually, passing

__all__ = ["RuntimeSuite"]

FOREVER = "exec sleep 1000"
#: ends only when killed, with a child in its own session
STUBBORN = "trap '' TERM; (trap '' TERM; setsid sleep 1000) & echo ready; while :; do sleep 0.05; done"
TICKING = "(while :; do echo tick; sleep 0.01; done) & while :; do echo tock; sleep 0.01; done"


class RuntimeSuite:
    """Behaviour of a Runtime."""

    # -- starting ------------------------------------------------------------------------------------------------

    async def test_program_is_built_started_and_answers(self, kit: Kit) -> None:
        handle = await kit.run("python3 agent.py", files={"agent.py": AGENT}, ports=HTTP)
        status, body = await fetch(handle, "/env")
        seen = await kit.engine.inspect(handle)
        assert status == 200
        assert json.loads(body)["AGORA_INSTANCE"] == handle.instance_id
        assert seen.state == "running"
        assert seen.exit is None
        assert seen.started_at is not None
        assert abs(seen.started_at - time.time_ns() // 1000) < 60_000_000
        assert seen.usage.processes >= 1
        assert seen.usage.rss > 0

    async def test_environment_contains_only_the_requested_variables(
        self, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AGORA_ADMIN_TOKEN", "secret")
        monkeypatch.setenv("DATABASE_URL", "postgres://user:secret@host/")
        handle = await kit.run(
            "env; exec sleep 1000",
            ports=HTTP,
            env_vars={"COLOUR": "blue", "PORT": "1", "BOTH": "manifest"},
            env={"AGORA_TOKEN": "its own", "BOTH": "server"},
        )
        output = await eventually(lambda: text(kit.engine, handle), lambda output: "AGORA_GENERATION" in output)
        variables = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        assert variables["COLOUR"] == "blue"
        assert variables["AGORA_TOKEN"] == "its own"
        assert variables["BOTH"] == "server"
        assert variables["PORT"].isdecimal()
        assert variables["PORT"] != "1"
        assert variables["AGORA_GENERATION"] == "1"
        assert "HOST" in variables
        assert "AGORA_STATE_DIR" in variables
        assert "secret" not in output

    async def test_starting_twice_starts_one(self, kit: Kit) -> None:
        spec = kit.spec("echo begun; exec sleep 1000")
        build = await kit.engine.build(spec)
        handles = await asyncio.gather(*(kit.engine.start(spec, build) for _ in range(4)))
        assert len({json.dumps(handle.to_json(), sort_keys=True) for handle in handles}) == 1
        await eventually(lambda: text(kit.engine, handles[0]), lambda output: "begun" in output)
        assert (await text(kit.engine, handles[0])).count("begun") == 1

    async def test_ended_generation_is_not_started_again(self, kit: Kit) -> None:
        spec = kit.spec("echo begun; exit 3")
        build = await kit.engine.build(spec)
        first = await kit.engine.start(spec, build)
        ended = await until(kit.engine, first, "exited")
        assert await kit.engine.start(spec, build) == first
        again = await kit.engine.inspect(first)
        assert again.exit == ended.exit
        assert (await text(kit.engine, first)).count("begun") == 1

    async def test_later_generation_ends_the_earlier_one_and_keeps_state_and_logs(self, kit: Kit) -> None:
        spec = kit.spec(
            'echo "run $AGORA_GENERATION"; cat "$AGORA_STATE_DIR"/note; echo kept >"$AGORA_STATE_DIR"/note; '
            "echo written; exec sleep 1000"
        )
        build = await kit.engine.build(spec)
        first = await kit.engine.start(spec, build)
        await eventually(lambda: text(kit.engine, first), lambda output: "written" in output)
        second = await kit.engine.start(replace(spec, generation=2), build)
        assert (await kit.engine.inspect(first)).state in ("exited", "absent")
        output = await eventually(lambda: text(kit.engine, second), lambda output: "kept" in output)
        assert output.index("run 1") < output.index("run 2")
        with pytest.raises(StartFailed):
            await kit.engine.start(replace(spec, generation=1), build)
        assert (await kit.engine.inspect(second)).state == "running"

    async def test_handle_and_build_round_trip_through_rows(self, kit: Kit) -> None:
        spec = kit.spec(FOREVER, ports=HTTP)
        build = Build.from_json(json.loads(json.dumps((await kit.engine.build(spec)).to_json())))
        handle = await kit.engine.start(spec, build)
        again = Handle.from_json(json.loads(json.dumps(handle.to_json())))
        assert again == handle
        assert (await kit.engine.inspect(again)).state == "running"

    async def test_declared_port_works_for_two_concurrent_instances(self, kit: Kit) -> None:
        program = AGENT.replace('int(os.environ["PORT"])', "int(__import__('sys').argv[2])")
        handles = [
            await kit.run("python3 agent.py --port 8000", files={"agent.py": program}, ports=(Port(number=8000),))
            for _ in range(2)
        ]
        answers = await asyncio.gather(*(fetch(handle, "/env") for handle in handles))
        assert [json.loads(body)["AGORA_INSTANCE"] for _, body in answers] == [h.instance_id for h in handles]

    @pytest.mark.parametrize("name", ["", "../outside", "a/b", ".", "-x", "a" * 81, "a\0b", "ä"])
    async def test_names_that_are_paths_are_refused(self, kit: Kit, name: str) -> None:
        spec = kit.spec(FOREVER)
        build = await kit.engine.build(spec)
        with pytest.raises(InvalidSpec):
            await kit.engine.start(replace(spec, instance_id=name), build)
        handle = Handle(kit.engine.name, name, 1)
        for call in (kit.engine.pause(handle), kit.engine.logs(handle)):
            with pytest.raises(Unknown):
                await call

    async def test_every_error_of_a_specification_is_named(self, kit: Kit) -> None:
        spec = replace(kit.spec(""), generation=0, env={"A=B": "x"}, limits=Limits(memory=1, cpu=0.0, pids=0))
        with pytest.raises(InvalidSpec) as caught:
            await kit.engine.build(spec)
        named = {fault.split(":")[0] for fault in caught.value.errors}
        assert {"generation", "env", "limits.memory", "limits.cpu", "limits.pids"} <= named

    # -- observation ---------------------------------------------------------------------------------------------

    async def test_observations_keep_the_order_of_the_request(self, kit: Kit) -> None:
        runs, ends = await kit.run(FOREVER), await kit.run("exit 0")
        await until(kit.engine, ends, "exited")
        nobody = Handle(kit.engine.name, "nobody", 1)
        seen = await kit.engine.inspect_all([ends, nobody, runs, ends])
        assert [one.state for one in seen] == ["exited", "absent", "running", "exited"]

    @pytest.mark.parametrize(("command", "code", "failed"), [("exit 0", 0, False), ("exit 3", 3, True)])
    async def test_exit_status_is_reported(self, kit: Kit, command: str, code: int, failed: bool) -> None:
        before = time.time_ns() // 1000
        handle = await kit.run(command)
        ended = (await until(kit.engine, handle, "exited")).exit
        assert ended is not None
        assert (ended.code, ended.reason, ended.has_failed) == (code, "exited", failed)
        assert ended.at is not None
        assert before <= ended.at <= time.time_ns() // 1000

    async def test_cpu_time_accumulates_and_outlives_the_program(self, kit: Kit) -> None:
        handle = await kit.run("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; sleep 0.05; exit 0")
        most = 0.0

        async def look() -> Observation:
            nonlocal most
            seen = await kit.engine.inspect(handle)
            assert seen.usage.cpu_seconds >= most
            most = seen.usage.cpu_seconds
            return seen

        ended = await eventually(look, lambda seen: seen.state == "exited")
        assert 0 < ended.usage.cpu_seconds < 10
        assert ended.usage.processes == 0

    async def test_health_is_checked_over_http(self, kit: Kit) -> None:
        handle = await kit.run("python3 agent.py", files={"agent.py": AGENT}, ports=HTTP)
        well = await eventually(lambda: kit.engine.probe(handle, Health("/health")), lambda verdict: verdict.healthy)
        assert well.detail == "HTTP 200"
        ill = await kit.engine.probe(handle, Health("/nowhere"))
        assert (ill.healthy, ill.detail) == (False, "HTTP 404")
        await kit.engine.pause(handle)
        assert not (await kit.engine.probe(handle, Health("/health"))).healthy

    async def test_program_that_does_not_speak_http_is_unhealthy(self, kit: Kit) -> None:
        silent = await kit.run(FOREVER, ports=HTTP)
        assert not (await kit.engine.probe(silent, Health("/", timeout=1))).healthy
        assert (await kit.engine.probe(silent, Health())).healthy
        program = AGENT.replace("HTTP/1.1", "SMTP/1.1")
        odd = await kit.run("python3 agent.py", files={"agent.py": program}, ports=HTTP)
        await fetch(odd, "/health")
        assert not (await kit.engine.probe(odd, Health("/health"))).healthy

    # -- pausing -------------------------------------------------------------------------------------------------

    async def test_pause_stops_all_processes_and_resume_continues_them(self, kit: Kit) -> None:
        handle = await kit.run(TICKING)
        await eventually(lambda: text(kit.engine, handle), lambda output: "tick" in output and "tock" in output)
        assert (await kit.engine.pause(handle)).state == "paused"
        before = await settled(kit.engine, handle)  # including earlier output
        await passing(0.1)
        seen = await kit.engine.inspect(handle)
        assert (seen.state, (await kit.engine.logs(handle)).size) == ("paused", before)
        assert (await kit.engine.pause(handle)).state == "paused"
        assert (await kit.engine.resume(handle)).state == "running"
        later = (await kit.engine.logs(handle, before)).end

        async def new() -> str:
            return (await kit.engine.logs(handle, later)).data.decode()

        await eventually(new, lambda output: "tick" in output and "tock" in output)
        assert (await kit.engine.resume(handle)).state == "running"

    async def test_paused_instance_can_be_stopped(self, kit: Kit) -> None:
        handle = await kit.run("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done")
        await eventually(lambda: text(kit.engine, handle), lambda output: "ready" in output)
        await kit.engine.pause(handle)
        ended = (await kit.engine.stop(handle, 5)).exit
        assert ended is not None
        assert (ended.code, ended.reason) == (0, "stopped")
        assert "bye" in await text(kit.engine, handle)

    async def test_stopped_instance_cannot_be_paused_or_resumed(self, kit: Kit) -> None:
        handle = await kit.run("exit 0")
        await until(kit.engine, handle, "exited")
        for call in (kit.engine.pause, kit.engine.resume):
            with pytest.raises(Unknown):
                await call(handle)
            with pytest.raises(Unknown):
                await call(Handle(kit.engine.name, "nobody", 1))

    # -- stopping ------------------------------------------------------------------------------------------------

    async def test_stop_sends_sigterm_first(self, kit: Kit) -> None:
        handle = await kit.run("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.02; done")
        await eventually(lambda: text(kit.engine, handle), lambda output: "ready" in output)
        ended = (await kit.engine.stop(handle, 5)).exit
        assert ended is not None
        assert (ended.code, ended.reason, ended.has_failed) == (7, "stopped", False)
        assert "bye" in await text(kit.engine, handle)
        assert (await kit.engine.stop(handle, 5)).exit == ended

    async def test_instance_that_ignores_sigterm_is_killed_with_all_its_processes(self, kit: Kit) -> None:
        handle = await kit.run(STUBBORN)
        await eventually(lambda: text(kit.engine, handle), lambda output: "ready" in output)
        began = time.monotonic()
        stopped = await kit.engine.stop(handle, 0.2)
        assert stopped.state == "exited"
        assert stopped.exit is not None
        assert stopped.exit.reason == "stopped"
        assert time.monotonic() - began >= 0.2
        assert stopped.usage.processes == 0

    async def test_orphaned_processes_of_a_program_end_with_it(self, kit: Kit) -> None:
        handle = await kit.run("(setsid sleep 1000 &) ; echo done; exit 0")
        ended = await until(kit.engine, handle, "exited")
        assert ended.exit is not None
        assert ended.exit.code == 0
        assert ended.usage.processes == 0

    async def test_remove_deletes_every_trace_of_an_instance(self, kit: Kit) -> None:
        before = (await kit.engine.capacity()).ports
        handle = await kit.run(FOREVER, ports=HTTP)
        assert (await kit.engine.capacity()).ports == before - 1
        await kit.engine.remove(handle)
        assert (await kit.engine.inspect(handle)).state == "absent"
        assert (await kit.engine.capacity()).ports == before
        assert [
            found for found in await kit.engine.list_instances() if found.handle.instance_id == handle.instance_id
        ] == []
        with pytest.raises(Unknown):
            await kit.engine.logs(handle)
        await kit.engine.remove(handle)
        assert (await kit.engine.stop(handle)).state == "absent"

    # -- logs ----------------------------------------------------------------------------------------------------

    async def test_logs_are_read_from_any_offset(self, kit: Kit) -> None:
        handle = await kit.run("printf 'abcdefghij'; printf 'KLMNO' >&2; exit 0")
        await until(kit.engine, handle, "exited")
        whole = await kit.engine.logs(handle)
        assert (whole.begin, whole.end, whole.size, whole.data) == (0, 15, 15, b"abcdefghijKLMNO")
        part = await kit.engine.logs(handle, 3, 4)
        assert (part.begin, part.end, part.data) == (3, 7, b"defg")
        last = await kit.engine.logs(handle, -5)
        assert (last.begin, last.data) == (10, b"KLMNO")
        beyond = await kit.engine.logs(handle, 1000)
        assert (beyond.begin, beyond.end, beyond.data) == (15, 15, b"")
        assert (await kit.engine.logs(handle, -1000)).data == whole.data

    async def test_logs_keep_arbitrary_bytes(self, kit: Kit) -> None:
        handle = await kit.run(r"printf '\000\377\033[31m\r\n'; exit 0")
        await until(kit.engine, handle, "exited")
        assert (await kit.engine.logs(handle)).data == b"\x00\xff\x1b[31m\r\n"

    # -- limits --------------------------------------------------------------------------------------------------

    async def test_memory_limit_ends_the_program(self, kit: Kit) -> None:
        greedy = "import time\nhoard = []\nwhile True:\n    hoard.append(bytearray(1 << 20))\n    time.sleep(0.001)\n"
        handle = await kit.run("exec python3 greedy.py", files={"greedy.py": greedy}, limits=Limits(memory=48 << 20))
        ended = (await until(kit.engine, handle, "exited")).exit
        assert ended is not None
        assert ended.has_failed
        assert ended.reason == "memory"

    async def test_process_limit_refuses_more_processes(self, kit: Kit) -> None:
        many = "i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i+1)); done; wait"
        handle = await kit.run(many, limits=Limits(pids=20))

        async def look() -> Observation:
            return await kit.engine.inspect(handle)

        seen = await eventually(look, lambda seen: seen.state == "exited" or 0 < seen.usage.processes <= 21)
        assert seen.state == "running" or (seen.exit is not None and seen.exit.has_failed)
        await kit.engine.stop(handle, 0)
        assert (await kit.engine.inspect(handle)).state == "exited"

    # -- adoption ------------------------------------------------------------------------------------------------

    async def test_instances_outlive_the_server_and_are_adopted(self, kit: Kit) -> None:
        spec = kit.spec(FOREVER, ports=HTTP, labels={"agent": "agent_1"}, generation=4)
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        before = await kit.engine.inspect(handle)
        short = await kit.run("sleep 0.05; exit 5")
        async with kit.another() as engine:
            found = {one.handle.instance_id: one for one in await engine.list_instances()}
            adopted = found[handle.instance_id]
            assert adopted.handle == handle
            assert (adopted.tenant, dict(adopted.labels)) == ("acme", {"agent": "agent_1"})
            assert adopted.observation.state == "running"
            assert adopted.observation.started_at == before.started_at
            ended = (await until(engine, short, "exited")).exit
            assert ended is not None
            assert ended.code == 5
            assert await engine.start(spec, await engine.build(spec)) == handle
            assert (await engine.pause(handle)).state == "paused"
            assert (await engine.stop(handle, 1)).state == "exited"

    # -- state ---------------------------------------------------------------------------------------------------

    async def test_state_is_backed_up_and_restored(self, kit: Kit, tmp_path: Path) -> None:
        handle = await kit.run(
            'mkdir "$AGORA_STATE_DIR"/d; echo memory >"$AGORA_STATE_DIR"/d/f; echo done; exec sleep 1000'
        )
        await eventually(lambda: text(kit.engine, handle), lambda output: "done" in output)
        size = await kit.engine.backup(handle, tmp_path / "backup.tar.gz")
        assert size == (tmp_path / "backup.tar.gz").stat().st_size > 0
        other = await kit.run('cat "$AGORA_STATE_DIR"/d/f; exit 0', restore=str(tmp_path / "backup.tar.gz"))
        await until(kit.engine, other, "exited")
        assert await text(kit.engine, other) == "memory\n"
        with pytest.raises(Unknown):
            await kit.engine.backup(Handle(kit.engine.name, "nobody", 1), tmp_path / "none")
        assert os.listdir(tmp_path).count("none") == 0

    # -- building ------------------------------------------------------------------------------------------------

    async def test_equal_content_is_built_once(self, kit: Kit) -> None:
        spec = kit.spec("cat made", files={"a": "1"}, build="echo building; cp a made")
        lines: list[list[str]] = [[], []]
        builds = await asyncio.gather(*(kit.engine.build(spec, told.append) for told in lines))
        assert builds[0].key == builds[1].key
        # The second may come when the first has ended: its build is then one of the cache, which has no output.
        assert not all(build.cached for build in builds)
        assert all(build.cached or "building" in told for build, told in zip(builds, lines, strict=True))
        again: list[str] = []
        cached = await kit.engine.build(spec, again.append)
        assert (cached.cached, cached.key, cached.reference, again) == (True, builds[0].key, builds[0].reference, [])
        handle = await kit.engine.start(spec, cached)
        await until(kit.engine, handle, "exited")
        assert await text(kit.engine, handle) == "1"
        other = await kit.engine.build(kit.spec("cat made", files={"a": "2"}, build="echo building; cp a made"))
        assert other.key != cached.key

    async def test_failed_build_reports_its_reason_and_leaves_nothing(self, kit: Kit) -> None:
        spec = kit.spec(FOREVER, files={"a": "1"}, build="echo about to fail; exit 9")
        for _ in range(2):
            told: list[str] = []
            with pytest.raises(BuildFailed) as caught:
                await kit.engine.build(spec, told.append)
            assert caught.value.exit_code == 9
            assert "about to fail" in caught.value.output
            assert "about to fail" in told
        assert (await kit.engine.sweep()).builds == 0

    async def test_released_build_is_deleted_when_no_instance_uses_it(self, kit: Kit) -> None:
        spec = kit.spec(FOREVER, files={"a": "of an agent that leaves"})
        build = await kit.engine.build(spec)
        handle = await kit.engine.start(spec, build)
        await kit.engine.discard_builds([build])
        assert (await kit.engine.sweep()).builds == 0
        await kit.engine.remove(handle)
        assert (await kit.engine.sweep()).builds == 1
        assert not (await kit.engine.build(spec)).cached

    async def test_engine_describes_itself(self, kit: Kit) -> None:
        condition = await kit.engine.check()
        assert condition.available
        assert {"memory", "cpu", "pids", "disk"} <= set(condition.limits)
        capacity = await kit.engine.capacity()
        assert 0 < capacity.memory_free <= capacity.memory
        assert 0 < capacity.disk_free <= capacity.disk
        assert capacity.cpus >= 1

    async def test_errors_have_distinct_codes(self) -> None:
        def below(kind: type[EngineError]) -> list[type[EngineError]]:
            return [kind, *(deep for sub in kind.__subclasses__() for deep in below(sub))]

        kinds = below(EngineError)
        assert len({kind.code for kind in kinds}) == len(kinds)
