"""Manifests: every dialect is accepted, and all errors are reported at once."""

from __future__ import annotations

from typing import Any

import pytest

from agora.domains.instances.manifests import (
    AgentManifest,
    list_suitable_engines,
    parse_manifest,
    to_build_config,
    to_program_source,
)
from agora.runtimes.spec import Directory, Git, Image

STANDARD: dict[str, Any] = {
    "agent_id": "agent.calculator.calculation",
    "name": "Calculation Agent",
    "version": "1.0.0",
    "status": "active",
    "capabilities": [{"name": "calculation", "level": "expert"}, "sums"],
    "ethics": {"framework": "harm-minimization"},
    "pricing": {"type": "per_request", "price": 0.01, "currency": "USD"},
    "repository": {"url": "https://github.com/company/calculation-agent", "branch": "main"},
    "build_config": {
        "type": "docker",
        "build_command": "docker build -t calc-agent .",
        "start_command": "docker run -p 8000:8000 calc-agent",
        "env_vars": {"PORT": "8000"},
    },
    "host_requirements": {
        "min_memory_mb": 512,
        "min_cpu_cores": 0.5,
        "gpu_required": False,
        "preferred_region": "eu-central-1",
        "co_location_required": False,
        "co_location_with": ["agent.app.orchestrator"],
    },
}
CONTAINER: dict[str, Any] = {
    "name": "My Docker Agent",
    "description": "AI agent running in Docker",
    "category": "utility",
    "version": "1.0.0",
    "author": "somebody",
    "license": "MIT",
    "runtime": "managed",
    "protocol": "ACP",
    "tags": ["example"],
    "requirements": ["fastapi"],
    "documentation_url": "https://example.com/docs",
    "repository_url": "https://github.com/example/agent",
    "capabilities": [{"name": "greeting", "parameters": {"name": {"type": "string"}}}],
    "endpoints": [
        {"path": "/process", "method": "POST", "description": "Process data"},
        {"path": "/health", "method": "GET"},
    ],
    "pricing": {"type": "per_request", "price": 0.01, "currency": "USD"},
    "docker_image": "myrepo/my-agent:v1.0",
}


def understood(document: dict[str, Any]) -> AgentManifest:
    manifest, faults = parse_manifest(document)
    assert manifest is not None, faults
    return manifest


def told(document: dict[str, Any]) -> dict[str, str]:
    manifest, faults = parse_manifest(document)
    assert manifest is None
    return {fault.field: fault.message for fault in faults}


def test_agent_standard_manifest() -> None:
    found = understood(STANDARD)
    assert (found.alias, found.capabilities) == ("agent.calculator.calculation", ["calculation", "sums"])
    assert list_suitable_engines(found) == ("docker",), "only docker builds images"
    assert isinstance(to_program_source(found, {}), Git)
    assert found.to_stored_document()["ethics"] == STANDARD["ethics"], "what is not known is kept"


def test_container_manifest() -> None:
    found = understood(CONTAINER)
    source = to_program_source(found, {"registry_user": "me", "registry_password": "secret"})
    assert source == Image("myrepo/my-agent:v1.0", "me", "secret")
    assert list_suitable_engines(found) == ("docker", "kubernetes")
    assert found.health_check.path == "/health"
    assert found.build is not None
    assert found.build.type == "docker"


@pytest.mark.parametrize(
    ("kind", "engine", "same"),
    [
        ("python", "process", "python"),
        ("npm", "process", "npm"),
        ("yarn", "process", "npm"),
        ("custom", "process", "custom"),
    ],
)
def test_program_manifest(kind: str, engine: str, same: str) -> None:
    build = {"type": kind, "start_command": "./start.sh", "build_command": "./build.sh", "env_vars": {}}
    found = understood({"name": "Program", "directory": "/srv/program", "build_config": build})
    assert list_suitable_engines(found) == (engine, "docker")
    assert to_program_source(found, {}) == Directory("/srv/program")
    assert found.build is not None
    assert to_build_config(found.build).type == same


def test_secrets_are_not_stored_in_the_manifest() -> None:
    repository = {"url": "https://git.example/x", "token": "t0ps3cret"}
    found = understood({"name": "P", "repository": repository, "build_config": {"type": "npm", "start_command": "x"}})
    assert found.collect_secrets() == {"git_token": "t0ps3cret"}
    assert "t0ps3cret" not in str(found.to_stored_document())
    assert to_program_source(found, found.collect_secrets()).token == "t0ps3cret"  # type: ignore[union-attr]


def test_all_errors_are_reported_at_once() -> None:
    faults = told(
        {
            "name": "",
            "capabilites": ["x"],
            "build_config": {"type": "cobol", "start": "x", "env_vars": {"A B": "x"}},
            "host_requirements": {"min_memory_mb": -1, "engine": "vm"},
            "pricing": {"type": "per_request", "price": -1},
            "port": 99_999,
            "max_instances": "many",
        }
    )
    assert set(faults) >= {
        "name",
        "capabilites",
        "build_config.type",
        "build_config.start",
        "build_config.env_vars.A B.[key]",
        "host_requirements.min_memory_mb",
        "host_requirements.engine",
        "pricing.price",
        "port",
        "max_instances",
        "repository",
    }
    assert faults["capabilites"] == "is not known; capabilities is"


def test_errors_of_the_engine_are_reported() -> None:
    faults = told(
        {
            "name": "P",
            "directory": "/srv/p",
            "docker_image": "x/y:1",
            "build_config": {"type": "python"},
            "limits": {"memory": "1K"},
            "host_requirements": {"engine": "kubernetes", "co_location_required": True},
        }
    )
    assert set(faults) == {
        "directory",
        "build_config.start_command",
        "source",
        "limits.memory",
        "host_requirements.co_location_with",
        "host_requirements.engine",
    }


def test_ignored_fields_are_reported() -> None:
    faults = told(STANDARD | {"env_vars": {"A": "1"}, "start_command": "./start.sh"})
    assert faults == {
        "env_vars": "not allowed beside build_config: use build_config.env_vars",
        "start_command": "not allowed beside build_config: use build_config.start_command",
    }
    build = understood(CONTAINER | {"env_vars": {"A": "1"}, "start_command": "./start.sh"}).build
    assert build is not None
    assert (build.env_vars, build.start_command) == ({"A": "1"}, "./start.sh")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"name": "P", "build_config": []},
        {"name": None},
        {"name": "P", "endpoints": {"a2a": "http://x"}},
        {"name": "P", "directory": "relative", "build_config": {"type": "custom", "start_command": "x"}},
        {"name": "P", "directory": "/x\x00", "build_config": {"type": "custom", "start_command": "x"}},
        {
            "name": "P",
            "agent_id": "no alias",
            "directory": "/x",
            "build_config": {"type": "custom", "start_command": "x"},
        },
        {"name": "P", "directory": "/x", "build_config": {"type": "custom", "start_command": "x" * 9000}},
        {
            "name": "P",
            "directory": "/x",
            "build_config": {"type": "custom", "start_command": "x", "env_vars": {"LD_PRELOAD": "x"}},
        },
    ],
)
def test_malformed_manifest_is_refused(document: dict[str, Any]) -> None:
    assert told(document)
