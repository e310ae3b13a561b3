"""Detection of agents on the worker's machine: available models, and local sessions."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agora.worker.agents import AGENTS
from agora.worker.models import filter_models_by_provider, list_providers
from agora.worker.opencode_sessions import find_opencode_database, read_changed_sessions, read_latest_messages
from agora.worker.options import choose_agent
from agora.worker.registry import CodebaseRegistry
from agora.worker.session_sync import SessionSync
from agora_sdk.client import AgoraClient
from agora_sdk.errors import InvalidRequest, ServerUnreachable

LISTING = "opencode/free-model\nanthropic/claude-opus-5\nanthropic/claude-opus-5\nopenai/gpt\nstub/stub\nnoise\n"


def test_logged_in_agent_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opencode", "claude-agent-acp"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for agent in AGENTS.values():
        for variable in agent.credential_variables:
            monkeypatch.delenv(variable, raising=False)
    assert choose_agent(None).name == "opencode", "the first, if none is"
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "x")
    assert choose_agent(None).name == "claude"


def test_models_of_the_agents_logins_are_listed(tmp_path: Path) -> None:
    assert list_providers({}, tmp_path) == set()
    auth = tmp_path / ".local/share/opencode/auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"anthropic": {"type": "oauth"}}))
    providers = list_providers({}, tmp_path)
    assert filter_models_by_provider(LISTING, providers) == ["anthropic/claude-opus-5"], (
        "not the free models without a login"
    )
    configuration = json.dumps({"provider": {"stub": {}}})
    providers = list_providers({"OPENAI_API_KEY": "x", "OPENCODE_CONFIG_CONTENT": configuration}, tmp_path)
    assert filter_models_by_provider(LISTING, providers) == ["anthropic/claude-opus-5", "openai/gpt", "stub/stub"]
    auth.write_text("no JSON")
    assert list_providers({}, tmp_path) == set()
    assert list_providers({"XDG_DATA_HOME": str(tmp_path / "elsewhere")}, tmp_path) == set()


def test_sessions_are_read_from_the_agents_database_file(tmp_path: Path) -> None:
    """The tables of OpenCode 1.18, with the columns that are read."""
    assert find_opencode_database({}, tmp_path) is None
    database = tmp_path / ".local/share/opencode/opencode.db"
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(
            """
            create table session (id text, parent_id text, directory text, title text, time_updated integer);
            create table message (id text, session_id text, time_created integer, data text);
            create table part (id text, message_id text, time_created integer, data text);
            insert into session values ('ses_1', null, '/src/api', 'One', 1000), ('ses_2', null, '/home/me', 'Two', 2000),
                ('ses_3', 'ses_2', '/home/me', 'of a subagent', 3000);
            insert into message values ('m1', 'ses_2', 1, '{"role": "user"}'), ('m2', 'ses_2', 2, '{"role": "assistant"}'),
                ('m3', 'ses_2', 3, 'no JSON');
            insert into part values ('p1', 'm1', 1, '{"type": "text", "text": "Hello"}'),
                ('p2', 'm2', 1, '{"type": "step-start"}'), ('p3', 'm2', 2, '{"type": "reasoning", "text": "Hm"}'),
                ('p4', 'm2', 3, '{"type": "tool", "callID": "c", "tool": "bash", "state": {"title": "ls", "status": "completed", "output": "a"}}');
            """
        )
    assert find_opencode_database({}, tmp_path) == database
    sessions = read_changed_sessions(database, 0)
    assert [session.session_id for session in sessions] == ["ses_1", "ses_2"]
    assert sessions[1].to_document()["updated_at"] == "1970-01-01T00:00:02+00:00"
    assert [session.session_id for session in read_changed_sessions(database, 2000)] == ["ses_2"], (
        "equal times, for any id"
    )
    assert read_changed_sessions(database, 2000, "ses_2") == []
    tool = {"type": "tool", "id": "c", "kind": "bash", "title": "ls", "status": "completed", "result": "a"}
    assert read_latest_messages(database, "ses_2") == [
        {"message_id": "m1", "role": "user", "parts": [{"type": "text", "text": "Hello"}]},
        {"message_id": "m2", "role": "assistant", "parts": [{"type": "thought", "text": "Hm"}, tool]},
    ]
    database.write_bytes(b"another program's file, of no use to us")
    assert read_changed_sessions(database, 0) == []


class SessionServer:
    """Records reported sessions. It refuses the messages of one, and is unreachable for another once."""

    def __init__(self) -> None:
        self.client = SimpleNamespace(session=self)
        self.synced: list[tuple[str, list[str]]] = []
        self.said: dict[str, int] = {}
        self.is_away = True

    async def sync(self, codebase_id: str, documents: list[dict[str, str]]) -> None:
        self.synced.append((codebase_id, [document["session_id"] for document in documents]))

    async def get(self, codebase_id: str, session_id: str) -> SimpleNamespace:
        if session_id == "ses_5" and self.is_away:
            self.is_away = False
            raise ServerUnreachable("away")
        return SimpleNamespace(task_id="task_1" if session_id == "ses_3" else None)

    async def ingest(self, codebase_id: str, session_id: str, messages: list[object], agent: str) -> None:
        if session_id == "ses_2":
            raise InvalidRequest("a part that no session takes")
        self.said[session_id] = len(messages)


async def test_every_local_session_is_reported(tmp_path: Path) -> None:
    database = tmp_path / "opencode.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(
            """
            create table session (id text, parent_id text, directory text, title text, time_updated integer);
            create table message (id text, session_id text, time_created integer, data text);
            create table part (id text, message_id text, time_created integer, data text);
            """
        )
        for number in range(1, 8):  # all with one time: pages end between them
            session = f"ses_{number}"
            connection.execute("insert into session values (?, null, '/src/api', 'x', 1000)", (session,))
            connection.execute('insert into message values (?, ?, 1, \'{"role": "user"}\')', (f"m{number}", session))
            text = '{"type": "text", "text": "Hello"}'
            connection.execute("insert into part values (?, ?, 1, ?)", (f"p{number}", f"m{number}", text))
    server, registry = SessionServer(), SimpleNamespace(find_codebase_id_of_directory=lambda directory: "cb_1")
    sync = SessionSync(database, cast("AgoraClient", server.client), cast("CodebaseRegistry", registry), page=2)
    with pytest.raises(ServerUnreachable):
        await sync.report_changes()
    await sync.report_changes()
    assert set(server.said) == {"ses_1", "ses_4", "ses_5", "ses_6", "ses_7"}, "not a job's own, nor what is refused"
    assert {session for _, sessions in server.synced for session in sessions} == {f"ses_{n}" for n in range(1, 8)}
    assert await sync.report_changes() == 0
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("update session set time_updated = 2000 where id = 'ses_1'")
    assert await sync.report_changes() == 1
