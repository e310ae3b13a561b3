"""Selection of a server's engines by its settings."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.local_host import LocalHost, read_boot_id
from agora.server.local_host import create_local_host
from agora.settings import ConfigurationError, Settings


@pytest.fixture
def without_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide every Docker Engine except one named by the test."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return tmp_path


def opened(directory: Path, **more: Any) -> LocalHost:
    return create_local_host(Settings(data_dir=directory / "data", **more), [directory / "docker.sock"])


def test_docker_socket_is_found(without_docker: Path) -> None:
    assert list(opened(without_docker).engines) == ["process"]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(without_docker / "docker.sock"))
        assert list(opened(without_docker).engines) == ["process", "docker"]
        assert list(opened(without_docker, docker_host="none").engines) == ["process"]


def test_unreadable_location_has_no_engine(without_docker: Path) -> None:
    settings = Settings(data_dir=without_docker / "data")
    assert list(create_local_host(settings, [without_docker / ("x" * 300)]).engines) == ["process"]


def test_docker_is_found_by_environment_variable(without_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    assert "docker" in opened(without_docker).engines
    assert "docker" not in opened(without_docker, docker_host="none").engines


def test_named_engines_are_created(without_docker: Path) -> None:
    found = opened(without_docker, process_engine=False, docker_host="unix:///x.sock", kubernetes="/etc/kube.yaml")
    assert list(found.engines) == ["docker", "kubernetes"]
    assert {engine.name for engine in found.engines.values()} == {"docker", "kubernetes"}


async def test_missing_engine_is_reported(without_docker: Path) -> None:
    found = opened(
        without_docker, docker_host=f"unix://{without_docker}/none.sock", kubernetes=str(without_docker / "none")
    )
    for name, word in (("docker", "does not answer"), ("kubernetes", "cannot be used")):
        condition = await found.engines[name].check()
        assert not condition.available
        assert word in condition.detail
    await found.close()


def test_each_engine_has_its_url_of_the_server(without_docker: Path) -> None:
    near = opened(without_docker, port=8123)
    assert near.server_url_for("process") == "http://127.0.0.1:8123"
    assert near.server_url_for("docker") == "http://host.docker.internal:8123"
    public = opened(without_docker, public_url="https://agora.example")
    assert {public.server_url_for(name) for name in ("process", "docker", "kubernetes")} == {"https://agora.example"}
    told = opened(
        without_docker, docker_server_url="http://agora:8080", kubernetes_server_url="http://agora.ns.svc:8080"
    )
    assert told.server_url_for("docker") == "http://agora:8080"
    assert told.server_url_for("kubernetes") == "http://agora.ns.svc:8080"


@pytest.mark.parametrize(
    "wrong",
    [
        {"docker_host": "/var/run/docker.sock"},
        {"docker_host": "unix:///a b"},
        {"docker_python_image": "python:3.12\nRUN evil"},
        {"docker_publish": "host.example"},
        {"docker_pull": "never"},
        {"kubernetes_namespace": "Default"},
        {"kubernetes_storage": "1"},
    ],
)
def test_unknown_engine_settings_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(data_dir=tmp_path, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"docker_host": "unix:///x", "docker_publish": "1::1::1"}, {"instance_ports": "99999-1024"}]
)
def test_conflicting_settings_are_named(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=list(wrong)[-1]):
        opened(tmp_path, **wrong)


def test_boot_id_is_read() -> None:
    assert read_boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
