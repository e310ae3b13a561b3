"""deploy/migration: valid Kubernetes manifests with the source's names, and a script that checks each step before the
next."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agora.settings import Settings

DIRECTORY = Path(__file__).parents[2] / "deploy" / "migration"
SAMPLES = Path(__file__).parents[1] / "blackbox" / "v4_samples"
MANIFESTS = ("k8s-deployment.yml", "compatibility-layer-deployment.yml", "autoscaling.yml")
KUBERNETES = "1.31"


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_are_valid_kubernetes_resources(name: str) -> None:
    for document in documents(DIRECTORY / name):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", ["k8s-deployment.yml", "autoscaling.yml"])
def test_manifests_contain_every_resource_of_the_source(name: str) -> None:
    ours = {(each["kind"], each["metadata"]["name"]): each for each in documents(DIRECTORY / name)}
    for theirs in documents(SAMPLES / f"{name}.txt"):
        mine = ours[theirs["kind"], theirs["metadata"]["name"]]
        if theirs["kind"] != "Deployment":
            assert _contains(mine, theirs)
            continue
        assert mine["spec"]["replicas"] == theirs["spec"]["replicas"]
        (container,), (sample,) = (each["spec"]["template"]["spec"]["containers"] for each in (mine, theirs))
        for field in ("name", "image", "resources", "livenessProbe", "readinessProbe"):
            assert container[field] == sample[field]


def test_compose_has_the_service_of_the_source() -> None:
    (ours,) = documents(DIRECTORY / "docker-compose.yml")
    (theirs,) = documents(SAMPLES / "docker-compose.yml.txt")
    mine, sample = ours["services"]["agora-mcp-server"], theirs["services"]["agora-mcp-server"]
    assert (mine["image"], mine["ports"]) == (sample["image"], sample["ports"])
    assert {volume.split(":")[0] for volume in mine["volumes"]} >= {"./config", "./logs"}
    named = {entry.partition("=")[0] for entry in sample["environment"]} - {"SPACETIME_URI"}
    assert named <= mine["environment"].keys()
    settings = Settings.load_settings(DIRECTORY / "config" / "agora.toml", environ={})
    assert settings.v4_databases == ("agora-marketplace", "agent-coordination-v2")


def run_script(directory: Path, *options: str, ready: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the script with stubs of the called programs, which record their arguments."""
    programs = directory / "bin"
    programs.mkdir(exist_ok=True)
    record = f'echo "$(basename "$0") $*" >> {directory}/calls\n'
    answers = {
        "kubectl": "",
        "spacetime": "",
        "curl": 'case "$*" in *http_code*) printf 410 ;; esac\n',
        "agora": f'case "$*" in *--require-ready*) exit {int(not ready)} ;; esac\n',
    }
    for name, answer in answers.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{record}{answer}")
        program.chmod(0o755)
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "AGORA_TOKEN": "t"}
    script = str(DIRECTORY / "gradual_sunset.sh")
    return subprocess.run(["sh", script, *options], cwd=directory, env=environment, capture_output=True, text=True)


def test_dry_run_prints_every_step_and_runs_none(tmp_path: Path) -> None:
    result = run_script(tmp_path, "--dry-run", "all")
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "calls").exists()
    in_order = [
        "compatibility-layer-deployment.yml",
        "agora migrate export agora-marketplace",
        "agora migrate import v4_export.json --database agora-marketplace --dry-run",
        "set env deployment/agora-mcp-server COMPATIBILITY_MODE=enabled",
        "grep v4_api_call > v4_usage.log",
        "set env deployment/agora-mcp-server DEPRECATION_WARNINGS=enabled",
        "agora migrate report --require-ready",
        "set env deployment/agora-mcp-server COMPATIBILITY_MODE=disabled",
        "delete deployment agora-marketplace-proxy",
    ]
    places = [result.stdout.find(text) for text in in_order]
    assert -1 not in places, in_order[places.index(-1)]
    assert places == sorted(places)


def test_each_step_is_checked_before_the_next(tmp_path: Path) -> None:
    refused = run_script(tmp_path, "8", ready=False)
    assert (refused.returncode, "still call v4" in refused.stderr) == (1, True)
    assert (tmp_path / "calls").read_text() == "agora migrate report --require-ready\n"
    done = run_script(tmp_path, "8")
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text()
    assert "kubectl --namespace default set env deployment/compatibility-layer COMPATIBILITY_MODE=disabled" in calls
    assert "spacetime stop agora-marketplace" in calls
    assert run_script(tmp_path, "undo-8").returncode == 0
    assert "COMPATIBILITY_MODE=enabled" in (tmp_path / "calls").read_text()
    assert run_script(tmp_path).returncode == 2


def _contains(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return all(name in ours and _contains(ours[name], value) for name, value in theirs.items())
    if isinstance(theirs, list):
        return all(any(_contains(mine, value) for mine in ours) for value in theirs)
    return bool(ours == theirs)
