"""Containers of jobs: refused settings, engine arguments, and disarmed repositories in a worktree."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agora.worker.container_engine import ContainerEngine, ContainerError, Mount, split_environment
from agora.worker.container_settings import ContainerSettings, validate_container_settings
from agora.worker.execution import ContainerExecution, disable_git_hooks, rename_nested_repositories
from agora.worker.options import Isolation, WorkerOptions, choose_agent
from agora.worker.profiles import apply_profile, load_profiles
from tests.blackbox.coding_worker import GIT, create_repository

SETTINGS = ContainerSettings(image="node:22", network="none")
DOCKER = f"""#!{sys.executable}
import json, os, sys
if sys.argv[1] == "info":
    print("[]")
else:
    files = [word for before, word in zip(sys.argv, sys.argv[1:]) if before == "--env-file"]
    record = {{"words": sys.argv[1:], "lines": [open(name).read() for name in files], "PEM": os.environ.get("PEM")}}
    record["modes"] = [os.stat(name).st_mode & 0o777 for name in files]
    open(os.environ["RECORD"], "w").write(json.dumps(record))
"""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"image": ""}, "image"),
        ({"image": "-v"}, "image"),
        ({"image": "a b"}, "image"),
        ({"network": "host"}, "network"),
        ({"network": "container:x"}, "network"),
        ({"network": ""}, "network"),
        ({"memory_megabytes": 1}, "at least 16 MB"),
        ({"cpus": 0}, "processor"),
        ({"pids": 1}, "2 processes"),
    ],
)
def test_settings_without_isolation_are_refused(change: dict[str, object], problem: str) -> None:
    assert validate_container_settings(SETTINGS) == SETTINGS
    with pytest.raises(ValueError, match=problem):
        validate_container_settings(replace(SETTINGS, **change))  # type: ignore[arg-type]


def test_profile_changes_its_containers(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text("profiles: {small: {agent: claude, docker: {network: none, memory_megabytes: 64, cpus: 0.5}}}")
    options = WorkerOptions(
        name="w", codebases=(), agent_name="own", agent_command=("own",), agent_environment={}, state=tmp_path,
        isolation=Isolation.DOCKER, container=ContainerSettings(image="node:22", pids=9),
    )  # fmt: skip
    profiles = load_profiles(file, Isolation.DOCKER)  # the agent is part of the image: this machine need not have it
    container = apply_profile(options, profiles["small"]).container
    assert container == ContainerSettings(image="node:22", network="none", memory_megabytes=64, cpus=0.5, pids=9)
    for text, problem in (
        ("{network: host}", "network"),
        ("{privileged: true}", "may have image"),
        ("{pids: many}", "pids is a number"),
        ("7", "may have image"),
    ):
        file.write_text(f"profiles: {{a: {{docker: {text}}}}}")
        with pytest.raises(ValueError, match=problem):
            load_profiles(file, Isolation.DOCKER)
    file.write_text("profiles: {a: {docker: {pids: 9}}}")
    with pytest.raises(ValueError, match="--isolation docker"):
        load_profiles(file)
    with pytest.raises(ValueError, match="--agent"):
        choose_agent(None, Isolation.DOCKER)


def test_variables_are_not_passed_as_arguments() -> None:
    lines, environment = split_environment({"A": " x=y ", "PEM": "one\ntwo", "LONG": "x" * 70_000})
    assert lines == ["A= x=y "]
    assert environment == {"PEM": "one\ntwo", "LONG": "x" * 70_000}
    with pytest.raises(ContainerError, match="DOCKER_HOST"):
        split_environment({"DOCKER_HOST": "tcp://evil\n"})


def test_path_is_one_field_of_a_mount() -> None:
    assert Mount(Path("/a,b"), is_readonly=True).to_option() == 'type=bind,"source=/a,b","target=/a,b",readonly'
    assert Mount(Path('/a"b')).to_option() == 'type=bind,"source=/a""b","target=/a""b"'


async def test_engine_arguments_isolate_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, record = tmp_path / "bin", tmp_path / "record"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("RECORD", str(record))
    engine = ContainerEngine(tmp_path / "state")
    try:
        secrets = {"KEY": "s3cret", "PEM": "begin\nend"}
        mounts = [Mount(tmp_path), Mount(tmp_path / ".git", is_readonly=True)]
        name = await engine.create_container(SETTINGS, ["agent", "--acp"], tmp_path, mounts, secrets, "tsk_1")
    finally:
        engine.close()
    told = json.loads(record.read_text())
    words = told["words"]
    options = dict(itertools.pairwise(words))
    assert words[0] == "create"
    assert words[-4:] == ["--entrypoint", "agent", "node:22", "--acp"]
    assert options["--name"] == name
    assert options["--network"] == "none"
    assert options["--cap-drop"] == "ALL"
    assert options["--security-opt"] == "no-new-privileges"
    assert options["--user"] == f"{os.getuid()}:{os.getgid()}"
    assert (options["--memory"], options["--memory-swap"]) == ("4096m", "4096m")
    assert (options["--cpus"], options["--pids-limit"]) == ("2.0", "512")
    assert "--privileged" not in words
    assert words.count("--mount") == 2
    assert told["lines"] == ["KEY=s3cret\n"]
    assert told["modes"] == [0o600]
    assert (options["--env"], told["PEM"]) == ("PEM", "begin\nend")
    assert "s3cret" not in " ".join(words)
    assert not list((tmp_path / "state/containers").glob("env-*")), "the file with secrets was deleted"


def test_repository_in_a_worktree_is_disarmed(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    for place in ("a/.git", "b/c/.git"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config").write_text("[core]\n\tfsmonitor = evil\n")
    (tmp_path / "a/.git-of-job").write_text("there before")
    (tmp_path / "file").mkdir()
    (tmp_path / "file/.git").write_text("gitdir: ../b/c/.git-of-job")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert sorted(rename_nested_repositories(tmp_path)) == ["a", "b/c", "file"]
    assert (tmp_path / ".git").exists(), "the worktree's own"
    assert [path for path in tmp_path.rglob(".git") if path.parent != tmp_path] == []
    assert (tmp_path / "a/.git-of-job-1/config").exists()
    assert rename_nested_repositories(tmp_path) == []


@pytest.mark.parametrize(
    ("network", "url", "is_reachable"),
    [
        ("bridge", "http://127.0.0.1:8400", False),
        ("bridge", "http://localhost:8400", False),
        ("bridge", "http://[::1]:8400", False),
        ("bridge", "https://agora.example.com", True),
        ("none", "https://agora.example.com", False),
    ],
)
def test_tools_have_a_url_reachable_from_a_container(
    tmp_path: Path, network: str, url: str, is_reachable: bool
) -> None:
    engine = ContainerEngine(tmp_path)
    try:
        execution = ContainerExecution(engine, replace(SETTINGS, network=network), tmp_path, "opencode", "tsk_1")
        assert (execution.explain_unreachable_url(url) is None) is is_reachable
    finally:
        engine.close()


def test_git_runs_no_hooks(tmp_path: Path) -> None:
    repository = create_repository(tmp_path / "api")
    subprocess.run(["git", "config", "core.hooksPath", "hooks"], cwd=repository, check=True)
    hook = repository / "hooks/post-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    environment = os.environ | {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Own"}
    command = [*GIT, "commit", "-q", "--allow-empty", "-m", "x"]
    disable_git_hooks(environment)
    subprocess.run(command, cwd=repository, env=environment, check=True)
    assert not (repository / "ran").exists()
    assert environment["GIT_CONFIG_VALUE_0"] == "Own"
    subprocess.run(command, cwd=repository, check=True)
    assert (repository / "ran").exists(), "it is the environment that makes the difference"
