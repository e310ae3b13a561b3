"""The generated reference is current and complete."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import reference

from agora.core.events import frames
from agora.domains.tasks import states
from agora.domains.workflows.run import TERMINAL_STATUSES
from agora.settings import Settings
from agora_sdk.contract import Exposure, operations
from agora_sdk.errors import BY_CODE

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
EMITTERS = {
    "emit",
    "_emit",
    "_emit_budget_event",
    "_emit_and_renew_connections",
    "_emit_override_event",
    "_emit_tenant_event",
    "tell",
    "emit_and_queue_offer",
    "emit_remote_event",
    "emit_push_event",
    "emit_session_event",
    "_emit_agent_event",
    "_emit_worker_event",
    "emit_instance_event",
    "emit_letter_event",
}
#: Modules that abbreviate event names: file, called function, argument with the name, and prefix.
SHORT = (
    ("domains/tasks/", "draft.emit", 0, "agora.task."),
    ("domains/tasks/", "tell", 2, "agora.task."),
    ("domains/workflows/", "run.emit", 0, "agora.workflow."),
    ("domains/workflows/run.py", "self.emit", 0, "agora.workflow."),
    ("domains/workers/service.py", "self._emit_worker_event", 0, "agora.worker."),
    ("domains/mcp_upstreams/", "emit_and_queue_offer", 1, "agora.upstream."),
    ("domains/a2a/remote_agents.py", "emit_remote_event", 1, "agora.remote."),
    ("domains/a2a/push_configs.py", "emit_push_event", 1, "agora.push."),
    ("domains/tenants/service.py", "self._emit_tenant_event", 0, "agora.tenant."),
    ("domains/dead_letters/", "emit_letter_event", 1, "agora.dead_letter."),
    ("domains/client_sessions/sessions.py", "emit_session_event", 2, "agora.mcp."),
)
#: Values of ``status.value`` where it is part of an event's name.
STATES = {
    "agora.task.": {*states.TERMINAL_STATUSES, *states.INTERRUPTED_STATUSES},
    "agora.workflow.": TERMINAL_STATUSES,
}


def _page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return reference.pages()


def test_committed_pages_equal_the_generated_ones(written: dict[str, str]) -> None:
    stale = [name for name, text in written.items() if _page(name) != text]
    assert not stale, f"{stale} are stale: run 'make reference'"


def test_stale_page_is_detected(written: dict[str, str], tmp_path: Path) -> None:
    assert reference.main(["--check"], tmp_path, written) == 1
    assert reference.main([], tmp_path, written) == 0
    assert reference.main(["--check"], tmp_path, written) == 0
    page = tmp_path / "errors.md"
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")
    assert reference.main(["--check"], tmp_path, written) == 1


def test_every_operation_is_documented() -> None:
    page = _page("operations.md")
    for operation in operations():
        shown = f"### {operation.name}" in page.replace(f" {operation.version}\n", "\n")
        assert shown is (operation.exposure is not Exposure.TEST), operation.name
        for route in operation.routes:
            assert not shown or f"`{route.method} {route.path}`" in page


def test_every_setting_and_error_is_documented() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` | `AGORA_{name.upper()}`" in _page("settings.md")
        assert field.description, f"{name} has no description"
    for code, kind in BY_CODE.items():
        assert f"| `{code}` | `{kind.__name__}` | {kind.status} | {kind.jsonrpc} |" in _page("errors.md")


def test_every_command_is_documented(written: dict[str, str]) -> None:
    for name in ("serve", "demo", "doctor", "register", "agents", "send", "inbox", "watch", "services", "call", "run"):
        assert f"# agora {name}\n" in written["cli.md"]
    for operation in operations():
        if operation.exposure is not Exposure.TEST:
            words = f"{operation.category} {operation.action}".replace("_", "-")
            assert f"# agora {words}\n" in written["cli.md"]


def _emitted() -> Iterator[str]:
    """Return the types of the server's events, wherever the code creates one."""
    source = ROOT / "src" / "agora"
    for file in source.rglob("*.py"):
        if file.is_relative_to(source / "runtimes"):  # engines emit no events
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in EMITTERS:
                yield from _types_of(node, file.relative_to(source).as_posix())


def _types_of(node: ast.Call, file: str) -> Iterator[str]:
    """Return the event types of a call; none if it only passes a type on. Raises AssertionError if they cannot be
    determined."""
    called = ast.unparse(node.func)
    rooms = [(place, prefix) for room, name, place, prefix in SHORT if file.startswith(room) and called == name]
    place, prefix = rooms[0] if rooms else (0, "")
    argument = node.args[place]
    match argument:
        case ast.Constant(value=str(text)):
            assert text.startswith("agora.") != bool(rooms), f"{file}:{node.lineno}: {text} is of no known room"
            yield prefix + text
        case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), ast.FormattedValue()]):
            assert beginning in {prefix for *_, prefix in SHORT}, (
                f"{file}:{node.lineno}: {beginning} is of no known room"
            )
        case ast.Attribute(attr="value", value=ast.Name(id="status")):
            yield from (prefix + state.value for state in STATES[prefix])
        case _:
            assert isinstance(argument, ast.Name), f"{file}:{node.lineno}: which event is {ast.unparse(argument)}?"


@pytest.mark.parametrize(
    "call", ["draft.emit('agora.x')", "call.emit('started')", "call.emit(f'agora.x.{y}')", "emit(x())"]
)
def test_event_of_unknown_type_is_detected(call: str) -> None:
    statement = ast.parse(call).body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    with pytest.raises(AssertionError):
        list(_types_of(statement.value, "domains/tasks/new.py"))


def test_documented_event_types_equal_the_emitted_ones() -> None:
    emitted = set(_emitted())
    documented = {
        line.split("`")[1] for line in _page("events.md").splitlines() if line.startswith("| `agora.") and "|" in line
    }
    assert documented == emitted
    assert len(emitted) > 40
    assert {"agora.task.started", "agora.task.dead_lettered", "agora.workflow.failed"} <= emitted


def test_close_codes_of_streams_are_documented() -> None:
    for code in (frames.CLOSE_NORMAL, frames.CLOSE_RESTARTING, frames.CLOSE_TOO_SLOW):
        assert f"| {code} |" in _page("streaming.md")
