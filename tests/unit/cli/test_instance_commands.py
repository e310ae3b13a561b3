"""Instance commands, and AgentHub's flat ones, against a real server that runs real programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from agora.cli.agenthub import build_application as agenthub_application
from agora.cli.app import build_application
from agora.cli.manifest_file import CONTAINER_TEMPLATE, PROGRAM_TEMPLATE
from agora.domains.instances.manifests import parse_manifest
from agora.runtimes.process import orphans
from tests.conformance.instances.instance_programs import AGENT
from tests.harness import free_port
from tests.processes import spawn_tethered

AGORA = (sys.executable, "-m", "agora.cli")


class Shell:
    """A separate server, and both command lines for it."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory, self.url = directory, url

    def run(self, app: Any, *words: str, exit_code: int = 0, given: str | None = None, columns: str = "200") -> Any:
        environment = {"AGORA_URL": self.url, "AGORA_DATA_DIR": str(self.directory / "data"), "COLUMNS": columns}
        result = CliRunner().invoke(app, list(words), env=environment, input=given)
        assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
        return result

    def agora(self, *words: str, **options: Any) -> Any:
        return self.run(build_application(), *words, **options)

    def agenthub(self, *words: str, **options: Any) -> Any:
        return self.run(agenthub_application(), *words, **options)

    def answer(self, *words: str) -> Any:
        return json.loads(self.agora(*words, "--json").stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    directory, port = tmp_path_factory.mktemp("instances"), free_port()
    programs = directory / "programs"
    programs.mkdir()
    (programs / "main.py").write_text(AGENT)
    manifest = {
        "name": "CliWorker",
        "category": "utility",
        "directory": ".",
        "build_config": {"type": "custom", "start_command": f"exec {sys.executable} -S main.py"},
        "health": "/health",
        "pricing": {"type": "per_request", "price": 0.01},
    }
    (programs / "agent.yaml").write_text(yaml.safe_dump(manifest))
    first = 20_000 + (os.getpid() * 37) % 9_900
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    clean |= {"AGORA_INSTANCE_SOURCES": str(programs), "AGORA_INSTANCE_PORTS": f"{first}-{first + 19}"}
    options = ("--port", str(port), "--events-port", "0", "--data-dir", str(directory / "data"), "--log-level", "error")
    process = spawn_tethered([*AGORA, "serve", *options], stdout=subprocess.PIPE, text=True, env=clean)
    assert process.stdout is not None
    assert "is ready" in process.stdout.readline()
    yield Shell(directory, f"http://127.0.0.1:{port}")
    process.terminate()
    process.communicate(timeout=60)
    orphans.kill_processes_with_variables(
        [f"AGORA_INSTALLATION={(directory / 'data' / 'host-id').read_text().strip()}".encode()]
    )
    assert process.returncode == 0


@pytest.fixture(scope="module")
def registered(shell: Shell) -> str:
    made = shell.agora("agent", "register", "--config", str(shell.directory / "programs" / "agent.yaml"))
    assert "CliWorker is registered; instances of it can be created." in made.stdout
    return "CliWorker"


def test_instance_lifecycle_on_the_command_line(shell: Shell, registered: str) -> None:
    made = shell.answer("instance", "create", registered, "--instance-config", "memory_limit=256M", "--wait", "60")
    instance = made["instance_id"]
    assert made["status"] == "running"
    assert instance in shell.agora("instance", "list").stdout
    done = shell.agora("instance", "exec", instance, "/process", "a=1", 'b={"c": 2}')
    assert json.loads(done.stdout)["given"] == {"a": 1, "b": {"c": 2}}
    assert "0.01 USD" in done.stderr
    assert json.loads(shell.agora("instance", "exec", registered, "/x", "[1, 2]").stdout)["given"] == [1, 2]
    shown = shell.agora("instance", "details", instance).stdout
    assert "0.02 USD" in shown
    assert "memory 256M" in shown
    assert shell.agora("instance", "logs", instance, "--tail", "0").stdout == "listening\n"
    assert shell.agora("instance", "logs", instance, "-n", "1").stdout == "listening\n"
    assert "completed" in shell.agora("instance", "executions", instance).stdout
    assert shell.answer("instance", "pause", instance)["status"] == "paused"
    assert shell.answer("instance", "resume", instance)["status"] == "running"
    shell.agora("instance", "terminate", instance, exit_code=2)
    assert instance in shell.agora("instance", "details", instance).stdout, "it was not meant"
    ended = shell.agora("instance", "terminate", instance, "--confirm").stdout
    assert "The instance has ended" in ended
    assert shell.agora("instance", "logs", instance).stdout == "listening\n", "its last output is kept"


def test_streamed_answer_is_printed_live(shell: Shell, registered: str) -> None:
    instance = shell.answer("instance", "create", registered, "--wait", "60")["instance_id"]
    go_on = shell.directory / "go on"
    environment = os.environ | {"AGORA_URL": shell.url, "AGORA_DATA_DIR": str(shell.directory / "data")}
    words = ("instance", "exec", instance, "/stream", f"until={go_on}", "--timeout", "60")
    with spawn_tethered(
        [*AGORA, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "data: 0\n"
        go_on.touch()  # the instance waits for it before it continues
        rest, told = process.stdout.read(), process.stderr.read()
    assert (process.returncode, rest) == (0, "\ndata: 1\n\ndata: 2\n\n"), told
    assert instance in told
    assert "0.01 USD" in told
    whole = shell.answer("instance", "exec", instance, "/stream", f"until={go_on}")
    assert whole["result"] == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert shell.agora("instance", "exec", instance, "/text").stdout == "grün\n"
    assert '"x"' in shell.agora("instance", "exec", instance, "/echo", '"x"').stdout
    shell.agora("instance", "terminate", instance, "--confirm")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("greet", "a=1"), "it must begin with /"),
        (("/x", "[1"), "neither JSON nor KEY=VALUE"),
        (("/x", "a=1", "b"), "'b' is not KEY=VALUE"),
        (("/x", "a=1", "a=2"), "'a' is set twice"),
        (("/x", "@missing.json"), "cannot be read"),
        (("/x", "--timeout", "0"), "timeout"),
        (("/x", "--method", "HEAD"), "'HEAD' is not one of"),
    ],
)
def test_invalid_execution_arguments_are_refused(shell: Shell, words: tuple[str, ...], problem: str) -> None:
    told = shell.agora("instance", "exec", "inst_" + "0" * 32, *words, exit_code=2).stderr
    assert problem in " ".join(told.split())


def test_failed_execution_shows_its_reason_and_is_not_repeated(shell: Shell, registered: str) -> None:
    instance = shell.answer("instance", "create", registered, "--wait", "60")["instance_id"]
    told = shell.agora("instance", "exec", instance, "/status", "status=500", exit_code=7).stderr
    assert 'it says: {"error": "no"}' in told
    assert len(shell.answer("instance", "executions", instance)["executions"]) == 1
    assert shell.answer("instance", "terminate", instance, "--confirm")["status"] == "stopped"


def test_failed_start_sets_the_exit_code(shell: Shell) -> None:
    manifest = {
        "name": "Broken",
        "build_config": {"type": "custom", "start_command": "exit 3", "build_command": "false"},
    }
    path = shell.directory / "programs" / "broken.yaml"
    path.write_text(yaml.safe_dump(manifest | {"directory": "."}))
    shell.agora("agent", "register", "--config", str(path))
    told = shell.agora("instance", "create", "Broken", "--wait", "60", exit_code=1).stdout
    assert "could not be started" in told
    shell.agora("instance", "create", "Nobody", exit_code=4)
    wrong = shell.agora("instance", "create", "Broken", "--instance-config", "memory=1G", exit_code=2).stderr
    assert "instance_config: there is no 'memory' in it" in wrong


def test_marketplace_and_dashboard_commands(shell: Shell, registered: str) -> None:
    assert "0.01/request USD" in shell.agora("marketplace", "discover", "--category", "utility").stdout
    assert shell.answer("marketplace", "discover", "--name", "cliw")["agents"][0]["id"].startswith("agent_")
    shown = shell.agora("dashboard").stdout
    assert "running time" in shown
    assert "price" in shell.run(build_application(), "marketplace", "discover", columns="80").stdout
    assert "instances" in shown


def test_example_manifests_are_valid(shell: Shell, tmp_path: Path) -> None:
    for text, words in ((PROGRAM_TEMPLATE, ()), (CONTAINER_TEMPLATE, ("--docker",))):
        assert shell.agora("agent", "example", *words).stdout == text
        document = yaml.safe_load(text)
        if "directory" in document:
            document["directory"] = "/srv/agent"
        manifest, faults = parse_manifest(document)
        assert manifest is not None, faults
    path = tmp_path / "agent.yaml"
    shell.agora("agent", "example", "--docker", "--output", str(path))
    made = shell.agora(
        "agent",
        "register",
        "--config",
        str(path),
        "--docker-image",
        "other/agent:2",
        "--registry-user",
        "u",
        "--registry-pass",
        "p",
    )
    assert "docker, kubernetes" in made.stdout
    found = shell.answer("deployment", "get", "Example Docker Agent")
    assert (found["manifest"]["docker_image"], found["has_credentials"]) == ("other/agent:2", True)


def test_all_errors_of_a_manifest_are_reported(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("name: X\nbuild_conifg: {}\nmax_instances: many\n")
    told = shell.agora("agent", "register", "--config", str(path), exit_code=2).stderr
    assert all(
        part in told
        for part in ("manifest.build_conifg", "build_config is", "manifest.max_instances", "manifest.repository")
    )
    for text, problem in (
        ("a: [", "is not YAML"),
        ("- a", "is not a manifest"),
        ("name: X\nsince: 2026-01-01", "put it into quotes"),
    ):
        path.write_text(text)
        assert problem in " ".join(shell.agora("agent", "register", "--config", str(path), exit_code=2).stderr.split())
    path.write_text("name: X\nbuild_conifg: {}\n")
    assert "build_conifg" in shell.agora("deployment", "validate", "--config", str(path), exit_code=2).stdout
    shell.agora("deployment", "validate", exit_code=2)
    shell.agora("agent", "register", "--config", str(tmp_path / "missing.yaml"), exit_code=2)
    for words in (
        ("--docker-image", "a/b"),
        ("Bob", "--config", str(path)),
        ("--config", str(path), "--docker-image", "a/b", "--registry-user", "u"),
    ):
        shell.agora("agent", "register", *words, exit_code=2)
    shell.agora("agent", "example", "--output", str(tmp_path / "nowhere" / "agent.yaml"), exit_code=2)
    shell.agora("agent", "register", exit_code=2)
    assert shell.answer("agent", "register", "Plain")["agent_name"] == "Plain"


def test_agenthub_commands_are_supported(shell: Shell, registered: str, tmp_path: Path) -> None:
    """The commands of AgentHub's own workflow, with its flags."""
    config = tmp_path / "my-agent.yaml"
    shell.agenthub("example-config", "--docker", "--output", str(config))
    docker = shell.agenthub(
        "register-docker-agent", "--config", str(config), "--docker-image", "myrepo/my-agent:v1.0",
        "--registry-user", "myuser", "--registry-pass", "mypass", "--database-url", "sqlite:///x.db",
    )  # fmt: skip
    assert "Agent ID: agent_" in docker.stdout
    plain = tmp_path / "plain.yaml"
    plain.write_text("name: HubPlain\ncapabilities: [{name: greeting}]\npricing: {type: per_request, price: 0.25}\n")
    assert (
        "Name: HubPlain"
        in shell.agenthub("register-agent", "--config", str(plain), "--endpoint-url", "http://127.0.0.1:9/").stdout
    )
    for text in ("name: P\npricing: free", "name: P\ncapabilities: 5", "name: 5", "[1]"):
        plain.write_text(text)
        shell.agenthub("register-agent", "--config", str(plain), exit_code=2)
    shell.agenthub("example-config", "--output", str(tmp_path / "nowhere" / "agent.yaml"), exit_code=2)

    key = shell.answer("token", "create", "customer", "--account", "hub")["token"]
    own = ("--api-key", key, "--server-url", shell.url)
    assert "CliWorker" in shell.agenthub("marketplace-discover", "--category", "utility", "--limit", "10", *own).stdout
    settings = tmp_path / "instance.json"
    settings.write_text('{"memory_limit": "512M", "cpu_limit": "0.5"}')
    made = shell.agenthub("instance-create", registered, *own, "--config", str(settings)).stdout
    instance = made.split("Instance ID: ")[1].split("\n")[0]
    assert "Status: running" in made
    assert instance in shell.agenthub("instance-list", *own).stdout
    done = shell.agenthub(
        "instance-execute", instance, "--endpoint", "/analyze", "--parameters", '{"data": "sample"}', *own
    )
    assert json.loads(done.stdout)["given"] == {"data": "sample"}
    assert "Status: paused" in shell.agenthub("instance-pause", instance, *own).stdout
    assert "Status: running" in shell.agenthub("instance-resume", instance, *own).stdout
    assert "0.01 USD" in shell.agenthub("instance-details", instance, *own).stdout
    assert "hub" in shell.agenthub("dashboard", *own).stdout
    assert "Status: stopped" in shell.agenthub("instance-terminate", instance, *own, "--confirm").stdout
    shell.agenthub("instance-details", "inst_" + "0" * 32, *own, exit_code=4)
    shell.agenthub("instance-list", "--api-key", "wrong", "--server-url", shell.url, exit_code=3)
    assert "0.25/request USD" in shell.agenthub("marketplace-discover", "--name", "HubPlain", *own).stdout
    assert "HubPlain" in shell.agenthub("list-agents", "--database-url", "sqlite:///x.db").stdout
    assert "greeting" in shell.agenthub("agent-info", "HubPlain").stdout
    assert "answers" in shell.agenthub("test-connection", "--url", shell.url).stdout
