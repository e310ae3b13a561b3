"""Container configurations and Docker commands of manifests, without an engine."""

from __future__ import annotations

import json
import os
import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.container_urls import rewrite_loopback_url
from agora.runtimes.docker import Options, build_context
from agora.runtimes.docker.commands import (
    BuildCommand,
    list_command_errors,
    parse_build_command,
    parse_run_command_or_none,
)
from agora.runtimes.docker.containers import (
    STATE_PATH,
    build_container_config,
    build_container_environment,
    choose_container_program,
)
from agora.runtimes.docker.image_references import (
    get_image_registry,
    is_image_id,
    split_reference,
    strip_default_registry,
)
from agora.runtimes.docker.labels import ResourceLabels, read_container_handle
from agora.runtimes.docker.observation import parse_time_or_none, to_exit, to_usage
from agora.runtimes.docker.output import FRAME_HEADER, FrameReader, to_seconds
from agora.runtimes.docker.records import Cursor
from agora.runtimes.errors import InvalidSpec
from agora.runtimes.spec import BuildConfig, Directory, Image, Limits, Port, Spec
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.NO_STORE

SPEC = Spec("inst_1", 3, "acme", BuildConfig("docker"), Image("company/agent:1"), labels={"agent": "a"})


def made(spec: Spec = SPEC, **options: Any) -> dict[str, Any]:
    ports = {port.name: 20_000 + index for index, port in enumerate(spec.ports)}
    chosen = Options(Path("/nowhere"), "server", **options)
    return build_container_config(chosen, ResourceLabels("server"), spec, ("sha256:1", "key"), ports, "10.0.0.1")


def docker(start: str | None = None, build: str | None = None) -> BuildConfig:
    return BuildConfig("docker", start, build)


def test_container_has_no_access_to_the_host() -> None:
    host = made()["HostConfig"]
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
    assert (host["Privileged"], host["ReadonlyRootfs"], host["Init"]) == (False, True, True)
    assert host["PidsLimit"] == 512
    assert host["RestartPolicy"] == {"Name": "no"}, "when it is started again is for the reconciler to say"
    assert host["NetworkMode"].startswith("agora-")
    assert {"Binds", "Devices", "PidMode", "UTSMode", "CapAdd", "DeviceRequests"}.isdisjoint(host)
    assert [(each["Type"], each["Target"]) for each in host["Mounts"]] == [("volume", "/var/lib/agora")]
    assert set(host["Tmpfs"]) == {"/tmp", "/run"}
    assert host["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20000"}]}


def test_limits_are_enforced_by_the_kernel() -> None:
    host = made(replace(SPEC, limits=Limits.from_texts("512M", "0.5", 20, "1G")))["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (512 << 20, 512 << 20), "no swap beyond it"
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 20)
    assert {"Name": "fsize", "Soft": 1 << 30, "Hard": 1 << 30} in host["Ulimits"]


def test_labels_contain_everything_needed_for_adoption() -> None:
    config = made()
    found = read_container_handle({"Id": "c1", "Labels": config["Labels"]})
    assert (found.instance_id, found.generation, dict(found.ports)) == ("inst_1", 3, {"http": 20_000})
    assert (found.address, dict(found.data)) == ("http://127.0.0.1:20000", {"container": "c1"})
    assert found == read_container_handle({"Id": "c1", "Config": {"Labels": config["Labels"]}}), (
        "lists and inspections agree"
    )
    assert config["Labels"]["io.agora.tenant"] == "acme"
    assert json.loads(config["Labels"]["io.agora.labels"]) == {"agent": "a"}
    assert "secret" not in json.dumps(made(replace(SPEC, env={"TOKEN": "secret"}))["Labels"])


def test_environment_is_sorted() -> None:
    config = replace(SPEC.build_config, env_vars={"PORT": "8000", "BOTH": "manifest", "AGORA_STATE_DIR": "/mine"})
    spec = replace(SPEC, build_config=config, env={"BOTH": "server"}, ports=(Port(number=8000),))
    found = build_container_environment(spec, choose_container_program(spec), "server")
    assert (found["PORT"], found["BOTH"], found["AGORA_INSTANCE"]) == ("8000", "server", "inst_1")
    assert "HOME" not in found, "an image has its own"
    program = replace(spec, build_config=BuildConfig("python", "python3 main.py"), source=Directory("/x"))
    assert build_container_environment(program, choose_container_program(program), "server")["HOME"] == STATE_PATH


def test_commands_of_the_agent_standard_are_parsed() -> None:
    config = docker("docker run -p 8000:8000 calc-agent", "docker build -t calc-agent .")
    assert parse_build_command(config) == BuildCommand(tag="calc-agent")
    run = parse_run_command_or_none(config)
    assert run is not None
    assert (run.image, run.ports, run.arguments) == ("calc-agent", [8000], [])
    spec = replace(SPEC, build_config=config, source=Directory("/x"))
    assert made(spec)["HostConfig"]["PortBindings"] == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20000"}]}
    assert {"Cmd", "Entrypoint", "User"}.isdisjoint(made(spec)), "what the image says"


def test_supported_options_are_applied() -> None:
    config = docker(
        "docker run --rm -it -e A=1 --env=B='two words' -m 256m --cpus=0.5 --pids-limit 9 --entrypoint /bin/x "
        "-w /srv -u 1000 -p127.0.0.1:80:9000/tcp image:2 --flag value",
        "docker build --no-cache --build-arg V=3 --target=prod -f deploy/Dockerfile -t image:2 deploy",
    )
    order = parse_build_command(config)
    assert (order.context, order.file, order.target, order.arguments) == ("deploy", "Dockerfile", "prod", {"V": "3"})
    found = made(replace(SPEC, build_config=config, source=Directory("/x")))
    assert (found["Entrypoint"], found["Cmd"]) == (["/bin/x"], ["--flag", "value"])
    assert (found["WorkingDir"], found["User"]) == ("/srv", "1000")
    assert {"A=1", "B=two words", "PORT=9000"} <= set(found["Env"])
    host = found["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (256 << 20, 500_000_000, 9)
    limited = made(replace(SPEC, build_config=config, source=Directory("/x"), limits=Limits(memory=64 << 20)))
    assert limited["HostConfig"]["Memory"] == 64 << 20, "what the customer set comes first"


@pytest.mark.parametrize(
    "option",
    [
        *("--privileged", "-v /:/host", "--network host", "--net=host", "--pid=host", "--cap-add=ALL", "-P"),
        *("--device /dev/sda", "--security-opt seccomp=unconfined", "--mount type=bind,src=/,dst=/h", "--ipc host"),
        *("--volumes-from other", "--userns=host", "--env-file /etc/shadow", "-e HOME", "-p 8000-8010:8000-8010"),
        *("-vit /:/host", "-p 53:53/udp", "--pids-limit -1"),
    ],
)
def test_options_that_break_isolation_are_refused_by_name(option: str) -> None:
    found = list_command_errors(docker(f"docker run {option} image"))
    assert found
    assert option.split("=")[0].split()[0] in found[0]


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("make image", "docker build"),
        ("docker build . && curl evil", "not run by a shell"),
        ("docker build -t x /etc", "in the source"),
        ("docker build -f ../Dockerfile .", "in the source"),
        ("docker build a b", "one directory"),
        ("docker build", "one directory"),
        ("docker build --secret id=x .", "--secret"),
        ("docker build --network=host .", "--network"),
        ("docker build 'unclosed", "cannot be read"),
        ("docker build --build-arg NAME .", "needs a value"),
        ("docker push x", "docker build"),
        ("docker build -t", "needs a value"),
    ],
)
def test_invalid_build_commands_are_refused(command: str, word: str) -> None:
    assert any(word in each for each in list_command_errors(docker(build=command)))


@pytest.mark.parametrize("command", ["docker run", "docker run --rm", "docker exec x sh", "docker run a; rm -rf /"])
def test_invalid_run_commands_are_refused(command: str) -> None:
    assert list_command_errors(docker(command))


def test_unknown_image_name_is_refused() -> None:
    config = docker("docker run -p 80:80 other", "docker build -t mine .")
    with pytest.raises(InvalidSpec, match="other"):
        choose_container_program(replace(SPEC, build_config=config, source=Directory("/x")))
    with pytest.raises(InvalidSpec, match="company/agent"):
        choose_container_program(replace(SPEC, build_config=docker("docker run company/agent:2")))
    choose_container_program(replace(SPEC, build_config=docker("docker run company/agent:1 --serve")))


def test_two_container_ports_are_refused() -> None:
    with pytest.raises(InvalidSpec, match="another port"):
        choose_container_program(replace(SPEC, ports=(Port(number=80), Port("admin", 80, "ADMIN"))))


# -- build contexts ------------------------------------------------------------------------------------------------


def packed(content: build_context.BuildContext, file: Path) -> dict[str, tarfile.TarInfo]:
    build_context.write_context(content, file)
    with tarfile.open(file) as archive:
        return {member.name: member for member in archive}


def test_dockerignore_excludes_secrets(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in (
        "Dockerfile",
        ".env",
        "main.py",
        "logs/a.log",
        "logs/keep.txt",
        "deep/er/x.pyc",
        "notes.md",
        "README.md",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("x")
    (source / ".dockerignore").write_text(
        "# no secrets\n.env\nlogs\n!logs/keep.txt\n**/*.pyc\n*.md\n!README.md\nDockerfile\n"
    )
    found = packed(build_context.build_dockerfile_context(source, BuildCommand()), tmp_path / "c.tar")
    files = {name for name, member in found.items() if member.isreg()}
    assert files == {"Dockerfile", ".dockerignore", "main.py", "logs/keep.txt", "README.md"}
    assert {(member.uid, member.mode) for member in found.values() if member.isreg()} == {(0, 0o644)}


def test_dockerignore_must_be_a_small_regular_file(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    ignored = tmp_path / ".dockerignore"
    ignored.symlink_to("/dev/zero")
    with pytest.raises(InvalidSpec, match="cannot be read"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())
    ignored.unlink()
    os.mkfifo(ignored)
    with pytest.raises(InvalidSpec, match="is not a file"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())
    ignored.unlink()
    ignored.write_bytes(b"x" * (build_context.MAX_IGNORE_BYTES + 1))
    with pytest.raises(InvalidSpec, match="is larger than"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())


@pytest.mark.parametrize(
    ("recipe", "images"),
    [
        ("FROM python:3.12\nCOPY . /\n", ["python:3.12"]),
        (
            "from a as one\nFROM --platform=linux/arm64 b\nCOPY --from=ONE /x /\nCOPY --chown=1 --from=0 /x /\n",
            ["a", "b"],
        ),
        ("FROM scratch\ncopy --from=4ab4 / /\n", ["4ab4"]),
        ("FROM a\nCOPY --from=1 / /\n", ["a", "1"]),
        ("FROM a AS a\nFROM a\n", ["a"]),
        ("# FROM x \\\nFROM y\n", ["y"]),
        ("RUN a \\\n# a comment \\\n\n  b\nFROM \\\r\n c \\ \n AS d\n", ["c"]),
        ("\ufeffFROM a", ["a"]),
        ("ARG B=4ab4\nFROM $B\n", None),
        ("FROM a\nCOPY --from=${B} / /\n", None),
        ("# escape=`\nFROM a `\n", None),
        ("FROM a\nRUN <<END\nFROM b\nEND\n", None),
        ("FROM a\nRUN echo \\\x0b\nFROM 4ab4\n", None),
        ("FROM a\nRUN echo \\\n\x1c\nFROM 4ab4\n", None),
        ("FROM a\nNONSENSE b\n", None),
        ("RUN true\n", None),
    ],
)
def test_the_images_that_a_dockerfile_uses_are_listed(tmp_path: Path, recipe: str, images: list[str] | None) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(recipe, newline="")
    assert build_context.list_base_images(file) == images


def test_the_size_of_a_dockerfile_is_limited(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(b"FROM a\n" + b"#" * build_context.MAX_RECIPE_BYTES)
    with pytest.raises(InvalidSpec, match="is larger than"):
        build_context.list_base_images(file)


@pytest.mark.parametrize("pattern", ["*a" * 40 + "x", "**/*a*a*a*a*a*a*a*a*a*ax", "*a*a*a*a*a*a*a*a*a*a**/x"])
def test_patterns_with_many_stars_match_in_linear_time(tmp_path: Path, pattern: str) -> None:
    """With backtracking, each of these would take longer than the age of the universe."""
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / ("a" * 250)).write_text("")
    (tmp_path / ("a" * 100 + "x")).write_text("")
    (tmp_path / ".dockerignore").write_text(f"{pattern}\n")
    context = build_context.build_dockerfile_context(tmp_path, BuildCommand())
    found = packed(context, tmp_path.parent / f"{tmp_path.name}.tar")
    assert "a" * 250 in found
    assert "a" * 100 + "x" not in found


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("*a*b", ["ab", "xaab", "aabb"], ["ba", "a/b", "abx"]),
        ("a?*c", ["abc", "abxcc"], ["ac", "a/c"]),
        ("*a**/b", ["ab", "aab", "xaya/b"], ["b", "ya/x"]),
        ("**/*.py", ["a.py", "a/b/c.py"], ["a.pyc"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("**/**/x", ["x", "a/x"], ["ax"]),
        ("*.[oa]", ["x.o", "x.a"], ["x.c", "x.[oa]"]),
        ("id_[^b-z]?", ["id_a1"], ["id_b1", "id_/1", "id_a"]),
        (r"\*.[*\]]*", ["*.*", "*.]x"], ["a.*", "*.a"]),
        ("a[", ["a["], ["a", "ab"]),
        ("a[]", ["a[]"], ["a"]),
        ("a\\", ["a\\"], ["a"]),
    ],
)
def test_dockerignore_patterns_match_as_docker_does(pattern: str, fitting: list[str], others: list[str]) -> None:
    compiled = re.compile(build_context._compile_pattern(pattern))
    assert [name for name in [*fitting, *others] if compiled.fullmatch(name)] == fitting


def test_no_pattern_of_a_dockerignore_is_dropped(tmp_path: Path) -> None:
    """Its last pattern may exclude a secret."""
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / ".env").write_text("secret")
    ignored = tmp_path / ".dockerignore"
    ignored.write_text("\ufeff.env\n", encoding="utf-8")
    found = packed(build_context.build_dockerfile_context(tmp_path, BuildCommand()), tmp_path.parent / "c.tar")
    assert found.keys() == {"Dockerfile", ".dockerignore"}
    ignored.write_text("x\n" * build_context.MAX_PATTERNS + ".env\n")
    with pytest.raises(InvalidSpec, match="more than 1000 patterns"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())
    ignored.write_text("[z-a]\n")
    with pytest.raises(InvalidSpec, match="empty range"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())


def test_last_pattern_of_a_path_or_its_parents_decides(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("Dockerfile", "a/b/c", "a/b/d", "a/e", "f/b/c"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("x")
    (source / ".dockerignore").write_text("*\n!a/b\na/b/c\n!f\n**/c\n!f/b\n")
    found = packed(build_context.build_dockerfile_context(source, BuildCommand()), tmp_path / "c.tar")
    assert {name for name, member in found.items() if member.isreg()} == {
        "Dockerfile",
        ".dockerignore",
        "a/b/d",
        "f/b/c",
    }


def test_time_to_match_a_dockerignore_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / ".dockerignore").write_text("x\n")
    context = build_context.build_dockerfile_context(tmp_path, BuildCommand())
    monkeypatch.setattr(build_context, "MAX_MATCH_SECONDS", -1.0)
    with pytest.raises(InvalidSpec, match="use fewer patterns"):
        packed(context, tmp_path.parent / "c.tar")


def test_double_stars_are_limited(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / ".dockerignore").write_text("**/a/**/a/**/a/**/x\n")
    with pytest.raises(InvalidSpec, match=r"has over 2"):
        build_context.build_dockerfile_context(tmp_path, BuildCommand())


def test_dockerfile_must_exist_inside_the_context(tmp_path: Path) -> None:
    (tmp_path / "source" / "part").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "source" / "link").symlink_to("..")
    for order in (
        BuildCommand(),
        BuildCommand(context="none"),
        BuildCommand(context="link"),
        BuildCommand(file="part"),
    ):
        with pytest.raises(InvalidSpec):
            build_context.build_dockerfile_context(tmp_path / "source", order)


def test_program_without_a_dockerfile_gets_a_generated_one(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "main.py").write_text("x")
    config = BuildConfig("python", "python3 main.py", "pip install x && echo '$HOME'", {"A": 'it\'s "1"\n2'})
    content = build_context.build_command_context(tmp_path / "tree", "python:3.12-slim", config)
    assert {"tree/main.py", "Dockerfile", ".agora-build"} <= set(packed(content, tmp_path / "c.tar"))
    recipe, script = (text.decode() for _, text in content.extra_files)
    assert recipe.startswith("FROM python:3.12-slim\n")
    assert "pip install" not in recipe, "no text of a manifest is parsed as a Dockerfile"
    assert script.endswith("pip install x && echo '$HOME'\n")


# -- helpers -------------------------------------------------------------------------------------------------------


def test_image_references_are_parsed() -> None:
    assert split_reference("localhost:5000/a/b") == ("localhost:5000/a/b", "latest")
    assert split_reference("localhost:5000/a/b:2") == ("localhost:5000/a/b", "2")
    assert split_reference("a@sha256:12") == ("a", "sha256:12")
    assert get_image_registry("localhost:5000/a") == "localhost:5000"
    assert get_image_registry("company/agent") == "https://index.docker.io/v1/"
    for prefix in ("", "library/", "docker.io/", "docker.io/library/", "index.docker.io/", "index.docker.io/library/"):
        assert strip_default_registry(f"{prefix}agora-build-0:1") == "agora-build-0:1"
    assert strip_default_registry("docker.io/company/agent") == "company/agent"
    assert strip_default_registry("localhost:5000/library/agent") == "localhost:5000/library/agent"


def test_image_id_is_distinguished_from_image_name() -> None:
    image = {"Id": "sha256:cafe0123", "RepoTags": ["company/agent:1", "cafe:latest"]}
    for reference in ("c", "cafe0", "cafe0123", "sha256:cafe", "sha256:cafe0123"):
        assert is_image_id(reference, image), reference
    for reference in ("cafe", "company/agent:1", "company/agent@sha256:cafe0123"):
        assert not is_image_id(reference, image), reference
    assert is_image_id("cafe", image | {"RepoTags": None})


def test_engine_times_are_parsed() -> None:
    assert parse_time_or_none("0001-01-01T00:00:00Z") is None
    assert parse_time_or_none("1970-01-01T00:00:01.123456789Z") == 1_123_456
    assert parse_time_or_none("1970-01-01T00:00:01Z") == 1_000_000
    assert to_seconds("1970-01-01T00:00:01.000000009Z") == "1.000000009"


def test_exit_reasons_of_containers_are_derived() -> None:
    at = {"FinishedAt": "1970-01-01T00:00:01Z", "OOMKilled": False}
    assert to_exit({**at, "ExitCode": 0}, stopped=False).has_failed is False
    assert to_exit({**at, "ExitCode": 137}, stopped=False).signal == 9
    assert to_exit({**at, "ExitCode": 137, "OOMKilled": True}, stopped=False).reason == "memory"
    assert to_exit({**at, "ExitCode": 137}, stopped=True).reason == "stopped"
    lost = to_exit({**at, "ExitCode": 255}, stopped=False)
    assert (lost.reason, lost.at) == ("lost", None), "the engine found it dead, and says the time of that"


def test_usage_is_read_from_both_cgroup_versions() -> None:
    old = {"memory_stats": {"usage": 100, "stats": {"total_inactive_file": 30}}, "pids_stats": {"current": 2}}
    new = {
        "memory_stats": {"usage": 100, "stats": {"inactive_file": 40}},
        "cpu_stats": {"cpu_usage": {"total_usage": 5e8}},
    }
    assert (to_usage(old).rss, to_usage(old).processes, to_usage(old).received) == (70, 2, None)
    assert (to_usage(new).rss, to_usage(new).cpu_seconds) == (60, 0.5)
    assert to_usage({"networks": {"a": {"rx_bytes": 1, "tx_bytes": 2}, "b": {"rx_bytes": 1, "tx_bytes": 2}}}).sent == 4


def test_resumed_copy_duplicates_no_output() -> None:
    def frame(time: int, text: bytes) -> bytes:
        line = b"1970-01-01T00:00:0%d.000000000Z " % time + text
        return FRAME_HEADER.pack(1, len(line)) + line

    first = frame(1, b"a\n") + frame(2, b"b\n") + frame(2, b"c\n")
    cursor = Cursor("c")
    copying = FrameReader(cursor, 0)
    assert copying.feed_chunk(first[:20]) + copying.feed_chunk(first[20:]) == b"a\nb\nc\n"
    assert cursor.same == 2
    cursor.size = 6
    again = frame(2, b"b\n") + frame(2, b"c\n") + frame(2, b"d\n") + frame(3, b"e")
    assert FrameReader(Cursor("c", cursor.at, cursor.same, 6), 6).feed_chunk(again) == b"d\ne"
    assert FrameReader(Cursor("c", cursor.at, cursor.same, 6), 8).feed_chunk(again) == b"e", (
        "d was written, and not noted"
    )


def test_server_url_is_reachable_from_a_container() -> None:
    assert rewrite_loopback_url("http://127.0.0.1:8080") == "http://host.docker.internal:8080"
    assert rewrite_loopback_url("https://localhost:8080/x") == "https://host.docker.internal:8080/x"
    assert rewrite_loopback_url("https://agora.example") == "https://agora.example"
    assert rewrite_loopback_url("http://localhost.example:1") == "http://localhost.example:1"
