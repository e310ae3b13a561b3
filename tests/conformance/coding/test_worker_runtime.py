"""Runtime data of workers: sessions by id, including those without a job, and the available models."""

from __future__ import annotations

import asyncio

import pytest

from agora.domains.coding.runtime import WORKERS_PAGE_SIZE
from agora_sdk.errors import InvalidRequest, NotFound
from tests.conformance.coding.test_codebase_sessions import call, make_codebase
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_sessions_are_readable_without_their_codebase(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker, codebase = await make_codebase(market, coder)
    state = await call(market, coder, "runtime.status")
    assert (state.available, state.projects, state.sessions, state.workers) == (True, 1, 0, 1)
    listed = [
        {
            "session_id": f"ses_{day}",
            "title": f"Day {day}",
            "agent": "opencode",
            "updated_at": f"2020-01-0{day}T00:00:00Z",
        }
        for day in (3, 1, 2)
    ]
    listed[0]["directory"] = "/home/me/elsewhere"
    for _ in range(2):  # again: unchanged sessions keep their position
        await call(market, coder, "session.sync", codebase_id=codebase, sessions=listed)
    parts = [{"type": "text", "text": "Hello"}, {"type": "tool", "title": "ls"}]
    said = [{"message_id": "m1", "role": "assistant", "parts": parts}]
    await call(market, coder, "session.ingest", codebase_id=codebase, session_id="ses_1", messages=said)
    ids, cursor = [], None
    while True:
        page = await call(market, coder, "runtime.sessions", limit=2, cursor=cursor)
        ids += [session.session_id for session in page.sessions]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert ids == ["ses_1", "ses_3", "ses_2"], "the latest first: one was written to just now"
    (elsewhere,) = (await call(market, coder, "runtime.sessions", q="ELSEWHERE")).sessions
    assert (elsewhere.session_id, elsewhere.directory, elsewhere.worker_id) == ("ses_3", "/home/me/elsewhere", worker)
    assert (await call(market, coder, "runtime.session", session_id="ses_2")).directory == "/src/api"
    messages = await call(market, coder, "runtime.messages", session_id="ses_1", project_id=codebase)
    assert [message.parts for message in messages.messages] == [parts]
    page = await call(market, coder, "runtime.parts", session_id="ses_1")
    assert [(part.part_id, part.type) for part in page.parts] == [("m1:0", "text"), ("m1:1", "tool")]
    assert [
        part.content for part in (await call(market, coder, "runtime.parts", session_id="ses_1", type="tool")).parts
    ] == parts[1:]
    assert (await call(market, market.operator, "runtime.status")).sessions == 3
    assert (await call(market, person, "runtime.status")).sessions == 0
    assert not (await call(market, person, "runtime.sessions")).sessions
    for operation in ("session", "messages", "parts"):
        with pytest.raises(NotFound):
            await call(market, person, f"runtime.{operation}", session_id="ses_1")
    for moment in ("yesterday", "2020-01-01T00:00:00"):
        bad = [{"session_id": "x", "updated_at": moment}]
        with pytest.raises(InvalidRequest):
            await call(market, coder, "session.sync", codebase_id=codebase, sessions=bad)
    (project,) = (await call(market, person, "runtime.projects")).projects
    assert (project.project_id, project.path, project.online) == (codebase, "/src/api", True)


async def test_models_of_online_workers_are_listed(market: Market) -> None:
    coder, other = await market.agent("Coder"), await market.agent("Other")
    names = (f"worker-{number}" for number in range(WORKERS_PAGE_SIZE))  # more than one read returns
    await asyncio.gather(*(call(market, market.operator, "worker.register", worker_name=name) for name in names))
    one = {"worker_name": "one", "models": ["anthropic/claude", "openai/gpt"], "metadata": {"agent": "opencode"}}
    two = {"worker_name": "two", "models": ["anthropic/claude"], "metadata": {"agent": "claude"}}
    first = await call(market, coder, "worker.register", **one)
    market.clock.advance(60)
    second = await call(market, other, "worker.register", **two)
    models = (await call(market, other, "runtime.models")).models
    found = [(model.model, model.provider, set(model.agents), set(model.workers)) for model in models]
    assert found == [
        ("anthropic/claude", "anthropic", {"opencode", "claude"}, {first.worker_id, second.worker_id}),
        ("openai/gpt", "openai", {"opencode"}, {first.worker_id}),
    ]
    page = await call(market, other, "runtime.models", limit=1)
    rest = await call(market, other, "runtime.models", limit=1, cursor=page.next_cursor)
    assert [model.model for model in (*page.models, *rest.models)] == ["anthropic/claude", "openai/gpt"]
    assert not rest.has_more
    market.clock.advance(60)
    assert [model.workers for model in (await call(market, other, "runtime.models")).models] == [[second.worker_id]]
    assert not (await call(market, other, "runtime.models", provider="openai")).models
