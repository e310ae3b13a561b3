"""The contract's index: equal to the declarations, used only with them, and it avoids imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import agora_sdk
from agora.server.services import IMPLEMENTATIONS
from agora_sdk.contract import Operation, Route, Service, declared, index, operations
from agora_sdk.contract.operation import Declared, Listed

current = pytest.mark.skipif(
    index.read_index(index.FILE) is None, reason="the index is of other sources: `make reference`"
)


def _loaded(code: str, path: Path | None = None) -> set[str]:
    """Return the modules loaded at the end of a separate program."""
    tell = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, "-c", code + tell], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_index_equals_the_declarations() -> None:
    assert index.FILE.read_text("utf-8") == index.index_text(), "run `make reference`"


def test_every_operation_is_indexed_once() -> None:
    known = {found.name: found for found in operations()}
    for category in Service.declared:
        service = Service.declared[category]
        assert [known[found.name] for found in service.operations.values() if found.version == "1.0.0"]
        for attribute, operation in service.operations.items():
            assert declared(category, attribute) is operation
            assert getattr(service, attribute).__operation__ is operation
            assert operation.function is vars(service)[attribute]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sources": 1, "services": {}}', '{"sources": "x"}', "\x00"])
def test_index_of_other_sources_is_not_used(text: str, tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    assert index.read_index(file) is None
    file.write_text(text, "utf-8")
    assert index.read_index(file) is None


def test_wrong_index_is_detected_when_the_service_is_loaded() -> None:
    operation = declared("messaging", "send")
    other = Operation(None, operation.declared_routes, scope="admin", kind=operation.kind)
    other.bind("messaging", "send")
    services = Declared()
    services.add_listed({"messaging": Listed(".messaging", "", {"send": other})})
    with pytest.raises(RuntimeError, match=r"wrong about agora\.messaging\.send: scope"):
        services.merge_declaration(operation)


def test_index_with_an_undeclared_operation_is_detected() -> None:
    services = Declared()
    services.add_listed({"nothing": Listed(".results", "Nothing.", {})})
    assert (services.about("nothing"), list(services)) == ("Nothing.", ["nothing"])
    with pytest.raises(RuntimeError, match="does not declare 'nothing'"):
        services["nothing"]
    with pytest.raises(KeyError):
        services["something"]


def test_changed_sources_are_imported_for_their_operations(tmp_path: Path) -> None:
    shutil.copytree(Path(agora_sdk.__file__).parent, tmp_path / "agora_sdk", ignore=shutil.ignore_patterns("*.pyc"))
    changed = tmp_path / "agora_sdk/contract/memory.py"
    changed.write_text(changed.read_text("utf-8") + "\n", "utf-8")
    names = [found.name for found in operations()]
    code = f"from agora_sdk.contract import operations\nassert [each.name for each in operations()] == {names}"
    assert "agora_sdk.contract.memory" in _loaded(code, tmp_path)


@current
def test_listing_operations_imports_no_service() -> None:
    found = _loaded("from agora_sdk.contract import operations\nassert operations()[0].routes")
    assert {name for name in found if name.startswith("agora_sdk.contract.")} == {
        "agora_sdk.contract.index",
        "agora_sdk.contract.operation",
        "agora_sdk.contract.operation_properties",
    }
    assert "pydantic" not in found


@current
def test_server_start_does_not_import_call_dependencies() -> None:
    found = _loaded("import agora.server.process")
    assert "agora.server.app" in found
    assert not found & {
        "agora.runtimes.docker",
        "agora.domains.agents.service",
        "agora.domains.billing.service",
        "agora.domains.coding.registration",
        "agora.domains.instances.service",
        "agora.domains.monitoring.health",
        "agora.domains.workflows.service",
        "agora.protocols.a2a.endpoint",
        "agora.protocols.ag_ui.endpoint",
        "agora.protocols.mcp.endpoint",
        "agora.protocols.openai.endpoint",
        "agora.protocols.web.app",
        "agora_sdk.contract.admin",
        "agora_sdk.contract.agents",
        "agora_sdk.contract.billing",
        "agora_sdk.contract.instances",
        "agora_sdk.contract.workflows",
        "cel",
        "httpx",
        "jinja2",
        "mcp",
        "rich",
        "yaml",
    }


@current
def test_help_loads_no_service_and_no_client() -> None:
    run = "import sys; sys.argv = ['agora', '--help']\nfrom agora.cli import main\n"
    found = _loaded(f"{run}try:\n    main()\nexcept SystemExit:\n    pass")
    assert "agora.cli.app" in found
    assert not found & {"agora.server.app", "agora_sdk.contract.agents", "agora_sdk.transport", "cel", "httpx"}


@current
def test_command_imports_only_its_own_service() -> None:
    run = "import sys; sys.argv = ['agora', 'agent', 'list', '--help']\nfrom agora.cli import main\n"
    found = _loaded(f"{run}try:\n    main()\nexcept SystemExit:\n    pass")
    assert "agora_sdk.contract.agents" in found
    assert not found & {
        "agora_sdk.contract.billing",
        "agora_sdk.contract.workflows",
        "agora.cli.agent_commands",
        "asyncio",
    }


def test_every_service_has_its_implementation() -> None:
    assert set(IMPLEMENTATIONS) == set(Service.declared)
    for category, service in IMPLEMENTATIONS.items():
        assert service.category == category
        assert issubclass(service, Service.declared[category])


@pytest.mark.parametrize("text", ["GET /agents", "POST /agents/{agent_id}/status", "PUT /a/{+name}/{b}/{+c}"])
def test_route_round_trips(text: str) -> None:
    assert str(Route.parse(text)) == text


def test_changed_parameter_is_refused_at_class_creation() -> None:
    messaging = Service.declared["messaging"]

    async def other(self: object, to: str) -> None: ...

    with pytest.raises(TypeError, match=r"differs from the contract of agora\.messaging\.send"):
        type("Changed", (messaging,), {"send": other})
