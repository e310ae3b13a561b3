"""Import of a v4 export by the command line: all rows are imported once, invalid ones refused, interruptions resumed,
and the import can be undone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agora_sdk import AgoraClient
from agora_sdk.errors import InvalidRequest
from agora_sdk.migration.export_file import ExportFile
from agora_sdk.migration.importer import Importer, ImportSummary
from tests.blackbox.server import ServerProcess

HOUR = 3600 * 1_000_000
SENT = 1_780_000_000_000_000  # microseconds since 1970


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"log_level": "info"}
    with ExitStack() as stack:
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = ServerProcess(tmp_path_factory.mktemp("v4") / "data", **settings).start()
        stack.callback(server.close)
        yield server


def message(number: int, sender: str, recipient: str, content: str, **more: Any) -> dict[str, Any]:
    row = {"message_id": f"id_{number}", "from_agent": sender, "to_agent": recipient, "message_type": "note"}
    return row | {"content": content, "priority": 2, "timestamp": SENT + number, "delivered": False} | more


def write_export(path: Path, prefix: str) -> dict[str, list[Any]]:
    """Write an export with every kind of row, including some that are refused."""
    one, two = f"{prefix}One", f"{prefix}Two"
    tables: dict[str, list[Any]] = {
        "agent_message": [
            message(1, one, two, "urgent", priority=4, timestamp={"__timestamp_micros_since_unix_epoch__": SENT}),
            message(2, f"{prefix}Unregistered", two, "seen", delivered=True, timestamp="2026-05-01T10:00:00Z"),
            message(1, one, two, "the id was given again"),
            message(3, one, f"{prefix}Later", "held"),
            message(4, one, "broadcast", "to all"),
            message(5, one, "", "to nobody"),
            message(6, one, two, "when?", timestamp="yesterday"),
            "no row",
        ],
        "agent_capability": [
            {"capability_id": "id_1", "agent_id": one, "capability_type": "docs", "proficiency": "90", "max_tasks": 5},
            {"capability_id": "id_2", "agent_id": one, "capability_type": "review", "proficiency": 95, "max_tasks": 2},
            {"capability_id": "id_3", "agent_id": two, "capability_type": "testing", "proficiency": 9, "max_tasks": 1},
            {"capability_id": "id_4", "capability_type": "of nobody"},
        ],
        "task_assignment": [
            {
                "assignment_id": "t1",
                "task_type": "build",
                "assigned_agent": two,
                "status": "in_progress",
                "progress": 0.5,
            }
            | {"input_data": '{"file": "a"}', "priority": 3, "requesting_agent": one, "workflow_id": "w1"},
            {"assignment_id": "t2", "task_type": "build", "assigned_agent": two, "status": "completed"},
        ],
        "workflow_coordination": [
            {"workflow_id": "w1", "coordinator_agent": one, "participating_agents": json.dumps([one, two])}
            | {"coordination_strategy": "sequential", "status": "active"},
            {"workflow_id": "w2", "coordinator_agent": one, "participating_agents": "[]", "status": "completed"},
        ],
        "workflow_step": [
            {"step_id": "s1", "workflow_id": "w1", "step_name": "plan", "assigned_agent": one, "status": "completed"},
            {"step_id": "s2", "workflow_id": "w1", "step_name": "do it", "assigned_agent": two, "status": "pending"},
            {
                "step_id": "s3",
                "workflow_id": "w1",
                "step_name": "check",
                "assigned_agent": one,
                "dependencies": '["s2"]',
            },
        ],
        "coordination_metrics": [{"metric": 1}],
        "coordination_error": [],
    }
    path.write_text(json.dumps(tables, indent=1))
    return tables


def run_import(server: ServerProcess, file: Path, *, dry_run: bool = False) -> ImportSummary:
    with AgoraClient(server.url, mode="sync") as client:
        refused = file.with_name(f"{file.name}.refused.jsonl")
        return Importer(client, ExportFile(file), "agora-marketplace", refused, dry_run=dry_run).run()


def read_inbox(server: ServerProcess, agent: str) -> list[dict[str, Any]]:
    page = server.operator.get("/agora/messaging/receive", params={"agent_id": agent, "limit": 500})
    return [each for each in page["messages"] if each["message_type"] == "note"]


def test_all_rows_are_imported_once_and_can_be_undone(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "v4_export.json"
    write_export(file, "All")
    trial = run_import(server, file, dry_run=True)
    assert (trial.run, trial.refused) == (None, 4)
    server.operator.get("/agents/AllOne", expect=404)
    result = server.run_cli("migrate", "import", str(file), "--json")
    assert result.returncode == 1, "rows were refused"
    first = json.loads(result.stdout)
    assert first["counts"] == {
        "agent_capability": {"created": 3, "known": 0, "skipped": 0, "refused": 1},
        "workflow_coordination": {"created": 1, "known": 0, "skipped": 1},
        "task_assignment": {"created": 1, "known": 0, "skipped": 1},
        "agent_message": {"created": 5, "known": 0, "skipped": 0, "refused": 3},
        "workflow_step": {"skipped": 3},
        "coordination_metrics": {"skipped": 1},
        "coordination_error": {"skipped": 0},
    }
    refused = [json.loads(line) for line in Path(first["refused_file"]).read_text().splitlines()]
    assert [(entry["table"], entry["row"]) for entry in refused] == [
        ("agent_capability", 3),
        ("agent_message", 5),
        ("agent_message", 6),
        ("agent_message", 7),
    ]
    assert all(entry["reason"] for entry in refused)
    one = server.operator.get("/agents/AllOne")
    assert (one["capabilities"], one["proficiency_level"], one["max_concurrent_tasks"]) == (["docs", "review"], 95, 5)
    assert one["metadata"]["compatibility_mode"] == "true"
    inbox = read_inbox(server, "AllTwo")
    assert [(each["content"], each["priority"], each["status"]) for each in inbox] == [
        ("seen", "normal", "read"),
        ("urgent", "urgent", "queued"),
        ("the id was given again", "normal", "queued"),
        ("to all", "normal", "queued"),
    ]
    assert inbox[0]["timestamp"].startswith("2026-05-01T10:00:00")
    assert {each["from_agent"] for each in inbox[1:]} == {one["agent_id"]}
    assert server.operator.get("/agents/AllUnregistered")["agent_id"] == inbox[0]["from_agent"]
    assert [each["content"] for each in read_inbox(server, "AllOne")] == [], "a broadcast is not for its sender"
    server.register("AllLater")
    assert [each["content"] for each in read_inbox(server, "AllLater")] == ["held"]
    tasks = server.operator.get("/agora/task/list", params={"agent_id": "AllTwo", "task_type": "build"})["tasks"]
    assert [(task["payload"], task["priority"], task["progress"]) for task in tasks] == [({"file": "a"}, "high", 50)]
    workflows = server.operator.get("/agora/workflow/list", params={"agent_id": one["agent_id"]})["workflows"]
    workflow = server.operator.get("/agora/workflow/status", params={"workflow_id": workflows[0]["workflow_id"]})
    assert [(step["name"], step["depends_on"]) for step in workflow["steps"]] == [
        ("do-it-1", []),
        ("check-2", ["do-it-1"]),
    ]
    again = run_import(server, file)
    assert {table: counts["known"] for table, counts in again.counts.items() if "known" in counts} == {
        "agent_capability": 3,
        "workflow_coordination": 1,
        "task_assignment": 1,
        "agent_message": 5,
    }
    assert len(read_inbox(server, "AllTwo")) == 4
    server.operator.post("/agora/migration/switch", {"agent_name": "AllTwo"})
    undone = server.run_cli("migrate", "rollback", first["run_id"], "--json")
    assert json.loads(undone.stdout)["kept"] == 1, undone.stderr
    assert read_inbox(server, "AllTwo") == []
    server.operator.get("/agents/AllOne", expect=404)
    task = server.operator.get("/agora/task/get", params={"task_id": tasks[0]["task_id"]})
    assert task["status"] == "cancelled"
    status = server.operator.get("/agora/workflow/status", params={"workflow_id": workflow["workflow_id"]})["status"]
    assert status == "cancelled"
    assert server.operator.get("/agents/AllTwo")["metadata"]["migration_source"] == "v4"
    repeated = server.operator.post("/agora/migration/rollback_import", {"run_id": first["run_id"]})
    assert (repeated["removed"], repeated["remaining"]) == (0, 0)


def test_killed_import_resumes(server: ServerProcess, tmp_path: Path) -> None:
    server.register("HalfTwo")
    file = tmp_path / "half.json"
    rows = [message(number, "HalfOne", "HalfTwo", f"m{number}") for number in range(1200)]
    file.write_text(json.dumps({"agent_message": rows}))

    run = server.operator.post(
        "/agora/migration/begin_import",
        {"database": "agora-marketplace", "digest": hashlib.sha256(file.read_bytes()).hexdigest()},
    )
    body = {"run_id": run["run_id"], "table": "agent_message", "position": 0, "rows": rows[:500]}
    server.operator.post("/agora/migration/import_rows", body)
    server.kill()
    server.start()
    resumed = run_import(server, file)
    assert resumed.run is not None
    assert resumed.run.run_id == run["run_id"]
    assert resumed.counts["agent_message"] == {"created": 700, "known": 0, "skipped": 0}
    contents: list[str] = []
    cursor = None
    while True:
        params = {"agent_id": "HalfTwo", "limit": 500} | ({"cursor": cursor} if cursor else {})
        page = server.operator.get("/agora/messaging/receive", params=params)
        contents += [each["content"] for each in page["messages"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert contents == [f"m{number}" for number in range(1200)]


@pytest.mark.parametrize("text", ["[]", '{"agent_message": [{', '{"agent_message": {}}', ""])
def test_file_that_is_not_an_export_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(InvalidRequest, match="is not a v4 export"):
        ExportFile(file).count_rows()


def test_rows_are_read_across_chunks(tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    rows = [{"text": "}]\u00e9" * number, "number": number, "rest": [1, 22, {"deep": None}]} for number in range(50)]
    file.write_text(json.dumps({"one": rows, "two": [], "three": [1234567890, "x"]}, ensure_ascii=False))
    for chunk in (1, 7, 64):
        export = ExportFile(file, chunk)
        assert export.count_rows() == {"one": 50, "two": 0, "three": 2}
        assert list(export.read_rows("one")) == rows
        assert list(export.read_rows("three")) == [1234567890, "x"]


def test_only_one_chunk_of_a_file_is_read_ahead(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    # Decoding the whole file would fail before its first row.
    file.write_bytes(b'{"one": [1, "' + b"x" * 100_000 + b'\xff"]}')
    assert next(ExportFile(file, 64).read_rows("one")) == 1


MILLION = 1_000_000
MEBIBYTE = 1 << 20


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_million_messages_are_imported_in_bounded_memory(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "million.json"
    with file.open("w") as out:
        out.write('{"agent_message": [')
        for number in range(MILLION):
            row = message(
                number, f"Sender{number % 50}", f"Sender{(number + 1) % 50}", f"message {number} " + "x" * 100
            )
            out.write(("," if number else "") + json.dumps(row))
        out.write("]}")
    before = _peak_memory(server.pid)
    began = time.monotonic()
    command = [sys.executable, "-m", "agora.cli", "migrate", "import", str(file), "--json"]
    environment = server.environment | {"AGORA_URL": server.url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak_memory(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        assert process.stdout is not None
        answer = json.loads(process.stdout.read())
    assert answer["counts"]["agent_message"]["created"] == MILLION
    assert answer["stored"]["agent_message"] >= MILLION
    seconds, server_growth = time.monotonic() - began, _peak_memory(server.pid) - before
    print(
        f"\n{file.stat().st_size / MEBIBYTE:.0f} MiB, {seconds:.0f} s, client at most {peak / MEBIBYTE:.0f} MiB,",
        end=" ",
    )
    print(f"server grew by {server_growth / MEBIBYTE:.0f} MiB")
    assert peak < 96 * MEBIBYTE
    assert server_growth < 96 * MEBIBYTE


def _peak_memory(pid: int) -> int:
    """Return the peak resident memory of a process in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
