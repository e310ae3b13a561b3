"""Behaviour specific to the docker engine, on a real Docker Engine."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.docker import DockerRuntime, Options
from agora.runtimes.errors import (
    BuildFailed,
    BuildMissing,
    BuildTimeout,
    EngineUnavailable,
    InvalidSpec,
    PortsExhausted,
    SourceRefused,
    StartFailed,
)
from agora.runtimes.port import Handle
from agora.runtimes.process import archives
from agora.runtimes.spec import BuildConfig, Image, Limits, Port, Spec
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.docker_kit import DockerKit
from tests.conformance.runtimes.engine_kit import AGENT, HTTP, fetch, text, until
from tests.conformance.runtimes.image_registry import PASSWORD, USER, Registry
from tests.dockerd import BASE, docker_host
from tests.polling import eventually

RUNS_ON = RunsOn.NO_STORE

__all__ = ["docker_host"]

pytestmark = pytest.mark.xdist_group("docker")

#: what a program in a container can observe of its isolation
INQUIRY = """
import json, os, resource
def tries(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "uid": os.getuid(), "capabilities": int(status["CapBnd"], 16) | int(status["CapEff"], 16),
    "locked": status["NoNewPrivs"].strip(), "seccomp": status["Seccomp"].strip(),
    "root": tries("/x"), "app": tries("/app/x"), "tmp": tries("/tmp/x"), "state": tries(os.environ["AGORA_STATE_DIR"] + "/x"),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[1], "first": open("/proc/1/comm").read().strip(),
}))
"""


@pytest.fixture
async def kit(docker_host: str, tmp_path: Path) -> AsyncIterator[DockerKit]:
    kit = DockerKit(tmp_path, docker_host)
    yield kit
    await kit.close()


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    yield registry
    registry.close()


def dockerfile(kit: DockerKit, recipe: str, start: str | None = None, build: str | None = None, **files: str) -> Spec:
    spec = kit.spec(None, files={"Dockerfile": f"FROM {BASE}\n{recipe}", **files}, type="docker", build=build)
    return replace(spec, build_config=BuildConfig("docker", start, build))


async def printed(kit: DockerKit, spec: Spec) -> str:
    handle = await kit.engine.start(spec, await kit.engine.build(spec))
    await until(kit.engine, handle, "exited")
    return await text(kit.engine, handle)


async def test_program_in_a_container_is_isolated(kit: DockerKit) -> None:
    spec = kit.spec("python3 inquiry.py; exit 0", files={"inquiry.py": INQUIRY})
    found = json.loads(await printed(kit, spec))
    assert (found["uid"], found["capabilities"], found["locked"]) == (1000, 0, "1")
    assert found["seccomp"] == "2", "system calls are filtered"
    assert (found["root"], found["app"], found["tmp"], found["state"]) == (False, False, True, True)
    assert found["core"] == 0
    assert found["first"] not in ("python3", "sh"), "an init is the first process"


async def test_agent_of_the_standard_is_built_and_run_as_declared(kit: DockerKit) -> None:
    recipe = (
        'COPY main.py /srv/main.py\nENV COLOUR=blue\nUSER 4711\nCMD ["python3", "/srv/main.py", "--port", "8000"]\n'
    )
    program = AGENT.replace('int(os.environ["PORT"])', "int(__import__('sys').argv[2])")
    start, build = "docker run -p 8000:8000 calc-agent", "docker build -t calc-agent ."
    spec = replace(dockerfile(kit, recipe, start, build, **{"main.py": program}), ports=(Port(number=8000),))
    told: list[str] = []
    handle = await kit.engine.start(spec, await kit.engine.build(spec, told.append))
    status, body = await fetch(handle, "/env")
    assert (status, json.loads(body)["COLOUR"]) == (200, "blue")
    assert any(line.startswith("Step 1/") for line in told)
    assert handle.address is not None
    assert handle.address.startswith("http://127.0.0.1:")


@pytest.mark.long
async def test_state_is_kept_for_a_user_defined_only_in_the_image(kit: DockerKit, tmp_path: Path) -> None:
    recipe = 'RUN echo "mouse:x:77:77::/:/bin/sh" >>/etc/passwd\nUSER mouse\n'
    spec = dockerfile(kit, recipe, 'id -u; echo kept >"$AGORA_STATE_DIR"/note && cat "$AGORA_STATE_DIR"/note')
    assert await printed(kit, spec) == "77\nkept\n"


@pytest.mark.long
async def test_failing_or_invalid_dockerfiles_are_reported(kit: DockerKit) -> None:
    with pytest.raises(BuildFailed) as caught:
        await kit.engine.build(dockerfile(kit, "RUN echo about to fail; exit 9\n"))
    assert caught.value.exit_code == 9
    assert "about to fail" in caught.value.output
    with pytest.raises(BuildFailed, match="unknown instruction"):
        await kit.engine.build(dockerfile(kit, "NONSENSE\n"))
    with pytest.raises(InvalidSpec, match="no file 'Dockerfile'"):
        await kit.engine.build(replace(kit.spec(None, files={"a": "1"}), build_config=BuildConfig("docker")))
    with pytest.raises(InvalidSpec, match="--privileged"):
        await kit.engine.build(dockerfile(kit, "", "docker run --privileged x"))
    short = DockerKit(kit.sources.parent / "short", str(kit.options.host), build_timeout=0.5)
    with pytest.raises(BuildTimeout):
        await short.engine.build(dockerfile(short, "RUN sleep 1000\n"))
    await short.engine.close()


@pytest.mark.long
async def test_private_image_requires_its_registry_password(kit: DockerKit, registry: Registry) -> None:
    name = f"{registry.address}/private/image:1"
    spec = replace(kit.spec(None), build_config=BuildConfig("docker"), source=Image(name))
    with pytest.raises(SourceRefused):
        await kit.engine.build(spec)
    allowed = replace(spec, source=Image(name, USER, PASSWORD))
    first = await kit.engine.build(allowed)
    assert (first.cached, registry.pulls > 0) == (False, True)
    assert (await kit.engine.build(allowed)).cached
    with pytest.raises(SourceRefused):
        await kit.engine.build(spec)  # a pull by one agent does not make the image available to all
    for recipe in (f"FROM {name}\n", f"ARG N={name}\nFROM $N\n", f"FROM {BASE}\nCOPY --from={name} / /stolen\n"):
        with pytest.raises(BuildFailed):
            await kit.engine.build(kit.spec(None, files={"Dockerfile": recipe}, type="docker"))
    registry.change()
    second = await kit.engine.build(allowed)
    assert second.reference != first.reference
    with pytest.raises(SourceRefused, match="no image"):
        await kit.engine.build(replace(spec, source=Image(f"{registry.address}/private/image:2", USER, PASSWORD)))
    handle = await kit.engine.start(allowed, second)
    exit = (await until(kit.engine, handle, "exited")).exit
    assert exit is not None
    assert (exit.code, exit.has_failed) == (126, True), "what it is to run is no program"
    assert "/greeting" in await text(kit.engine, handle)
    for odd in ("a/../../containers/x", "x?y=1", "-x", "agora build", "x#y"):
        with pytest.raises(InvalidSpec, match="not an image reference"):
            await kit.engine.build(replace(spec, source=Image(odd)))
    local = await kit.engine.build(replace(spec, source=Image(BASE)))
    assert local.cached, "what never came from a registry is used as it is"


@pytest.mark.long
@pytest.mark.parametrize("prefix", ["", "library/", "docker.io/", "docker.io/library/", "index.docker.io/library/"])
async def test_image_built_for_another_agent_is_refused_under_every_name(kit: DockerKit, prefix: str) -> None:
    build = await kit.engine.build(kit.spec("exit 0", files={"secret": "x"}))
    image_id = str((await kit.client.request_json("GET", f"images/{build.reference}/json"))["Id"])
    digits = image_id.removeprefix("sha256:")
    spec = replace(kit.spec(None), build_config=BuildConfig("docker"))
    for reference in (f"{prefix}{build.reference}", image_id, digits, digits[:12], image_id[:19]):
        with pytest.raises(SourceRefused, match=r"another agent's source|is the id of an image"):
            await kit.engine.build(replace(spec, source=Image(reference)))
        for recipe in (f"FROM {reference}\n", f"FROM {BASE}\nCOPY --from={reference} / /stolen\n"):
            with pytest.raises(BuildFailed):
                await kit.engine.build(kit.spec(None, files={"Dockerfile": recipe}, type="docker"))
    for odd in ("library/./agora-build-0", "library//agora-build-0"):
        with pytest.raises(InvalidSpec, match="not an image reference"):
            await kit.engine.build(replace(spec, source=Image(odd)))


@pytest.mark.long
async def test_co_located_instances_reach_each_other_by_name(kit: DockerKit) -> None:
    first = await kit.run("python3 agent.py", files={"agent.py": AGENT}, ports=HTTP)
    await fetch(first, "/health")
    asking = "import sys, urllib.request as u\ntry: print(u.urlopen(sys.argv[1], timeout=5).status)\nexcept OSError: print('no')\n"
    start = f"python3 ask.py http://{first.instance_id}:8080/health; exec sleep 1000"
    friend = await kit.run(start, files={"ask.py": asking}, co_location=first.instance_id)
    assert await eventually(lambda: text(kit.engine, friend), lambda output: output != "") == "200\n"
    spec = kit.spec("exec sleep 1000", files={"agent.py": AGENT}, instance_id=first.instance_id, generation=2)
    await kit.engine.start(spec, await kit.engine.build(spec))
    networks = await kit.client.request_json("GET", "networks")
    names = {each["Name"] for each in networks}
    group = kit.labels.network_name(first.instance_id)
    alone = kit.labels.network_name(None)
    assert {group, alone} <= names
    icc = {each["Name"]: each["Options"].get("com.docker.network.bridge.enable_icc") for each in networks}
    assert (icc[alone], icc[group]) == ("false", "true"), "strangers do not (an engine with a firewall sees to it)"
    for handle in (friend, replace(first, generation=2)):
        await kit.engine.remove(handle)
    assert group not in {each["Name"] for each in await kit.client.request_json("GET", "networks")}


@pytest.mark.long
@pytest.mark.parametrize("grouped", [True, False])
async def test_network_is_kept_while_an_instance_starts_in_it(
    kit: DockerKit, monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    """The instance is a member of the group, or the one that the group is named after, when the others have ended."""
    spec = kit.spec("exec sleep 1000")
    group = spec.instance_id
    if grouped:
        spec = replace(spec, instance_id=f"{group}_other", co_location=group)
    build = await kit.engine.build(spec)
    await kit.engine._networks.ensure_network(group)
    request_json, sweeps = kit.engine._client.request_json, 0

    async def sweep_before_start(method: str, path: str, **more: Any) -> Any:
        nonlocal sweeps
        if path.endswith("/start"):
            sweeps += 1
            await kit.engine.sweep()
        return await request_json(method, path, **more)

    monkeypatch.setattr(kit.engine._client, "request_json", sweep_before_start)
    handle = await kit.engine.start(spec, build)
    assert (sweeps, (await kit.engine.inspect(handle)).state) == (1, "running")
    networks = await kit.client.request_json("GET", "networks")
    assert kit.labels.network_name(group) in {each["Name"] for each in networks}
    await kit.engine.remove(handle)
    networks = await kit.client.request_json("GET", "networks")
    assert kit.labels.network_name(group) not in {each["Name"] for each in networks}


@pytest.mark.long
async def test_instances_are_found_if_the_engines_files_are_lost(kit: DockerKit) -> None:
    handle = await kit.run("echo begun; exec sleep 1000", ports=HTTP)
    await eventually(lambda: text(kit.engine, handle), lambda output: "begun" in output)
    await kit.engine.close()
    shutil.rmtree(kit.options.root)
    kit.engine = DockerRuntime(kit.options)
    found = await kit.engine.list_instances()
    assert [each.handle for each in found] == [handle]
    assert await text(kit.engine, handle) == "begun\n"
    assert (await kit.engine.stop(Handle("docker", handle.instance_id, 1), 1)).state == "exited"


@pytest.mark.long
async def test_state_of_the_process_engine_is_imported(kit: DockerKit, tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "deep").mkdir(parents=True, mode=0o700)
    (state / "deep" / "note").write_text("from a process")
    (state / "link").symlink_to("deep/note")
    archives.pack_archive(state, tmp_path / "backup.tar")
    start = 'cat "$AGORA_STATE_DIR"/link; touch "$AGORA_STATE_DIR"/deep/new && echo "; writable"; exit 0'
    spec = kit.spec(start, restore=str(tmp_path / "backup.tar"))
    assert await printed(kit, spec) == "from a process; writable\n"
    (tmp_path / "bad.tar").write_bytes(b"no archive")
    with pytest.raises(StartFailed, match="cannot be read"):
        await printed(kit, kit.spec("exit 0", restore=str(tmp_path / "bad.tar")))
    again = replace(spec, instance_id="inst_again")
    handle = await kit.engine.start(again, await kit.engine.build(again))
    await until(kit.engine, handle, "exited")
    await kit.engine.backup(handle, tmp_path / "second.tar")
    (tmp_path / "out").mkdir()
    archives.unpack_archive(tmp_path / "second.tar", tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "note").read_text() == "from a process"


@pytest.mark.long
async def test_occupied_ports_are_skipped(kit: DockerKit) -> None:
    first = kit.options.ports[0]
    servers = [await asyncio.start_server(lambda *_: None, "127.0.0.1", first + each) for each in range(2)]
    handle = await kit.run("exec sleep 1000", ports=HTTP)
    assert handle.ports["http"] not in (first, first + 1)
    for server in servers:
        server.close()
        await server.wait_closed()
    few = DockerKit(kit.sources.parent / "few", str(kit.options.host), ports=(handle.ports["http"],) * 2)
    with pytest.raises(PortsExhausted):
        await few.run("exec sleep 1000", ports=HTTP)
    assert [each.handle for each in await few.engine.list_instances()] == [handle], "nothing half made is left"
    await few.engine.close()


@pytest.mark.long
async def test_interrupted_start_is_repeated(kit: DockerKit) -> None:
    spec = kit.spec("echo begun; exec sleep 1000", ports=HTTP, limits=Limits(memory=64 << 20))
    build = await kit.engine.build(spec)
    with pytest.raises(BuildMissing):
        await kit.engine.start(spec, replace(build, reference="agora-build-none:1"))
    name = kit.labels.container_name(spec.instance_id, 1)
    labels = kit.labels.container_labels(spec, {"http": 1}, "127.0.0.1", build.key)
    body = {"Image": build.reference, "Labels": labels, "Cmd": ["sleep", "1"]}
    await kit.client.request_json("POST", "containers/create", params={"name": name}, body=body)
    assert (await kit.engine.inspect(Handle("docker", spec.instance_id, 1))).state == "absent"
    handle = await kit.engine.start(spec, build)
    await eventually(lambda: text(kit.engine, handle), lambda output: output == "begun\n")
    other = replace(spec, instance_id="inst_stopped")
    labels = kit.labels.container_labels(other, {"http": 1}, "127.0.0.1", build.key)
    name = kit.labels.container_name(other.instance_id, 1)
    await kit.client.request_json("POST", "containers/create", params={"name": name}, body=body | {"Labels": labels})
    await kit.engine.stop(Handle("docker", other.instance_id, 1))
    with pytest.raises(StartFailed, match="stopped before"):
        await kit.engine.start(other, build)


@pytest.mark.long
async def test_output_continues_at_its_offset_for_any_lines(kit: DockerKit) -> None:
    big = "import sys\nfor n in range(40):\n    sys.stdout.write(f'{n:05d}' * 5000 + '\\n')\nsys.stdout.write('end')\n"
    handle = await kit.run("python3 big.py; exit 0", files={"big.py": big}, limits=Limits(cpu=1000.0))
    pieces, at = b"", 0
    while (await kit.engine.inspect(handle)).state == "running" or len(pieces) < 40 * 25_001 + 3:
        page = await kit.engine.logs(handle, at, 100_000)
        pieces, at = pieces + page.data, page.end
    assert pieces == b"".join(b"%05d" % n * 5000 + b"\n" for n in range(40)) + b"end"


async def test_unreachable_engine_is_reported(tmp_path: Path) -> None:
    engine = DockerRuntime(Options(tmp_path, "server", f"unix://{tmp_path}/none.sock"))
    condition = await engine.check()
    assert not condition.available
    assert "does not answer" in condition.detail
    for call in (
        engine.list_instances(),
        engine.inspect_all([]),
        engine.capacity(),
        engine.stop(Handle("docker", "i", 1)),
    ):
        with pytest.raises(EngineUnavailable):
            await call
    await engine.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        await engine.list_instances()
