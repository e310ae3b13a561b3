"""Transcripts of sessions: searched, exported, deleted by request and by retention; and the participants of a job."""

from __future__ import annotations

import asyncio

import pytest

from agora.domains.coding.jobs import TranscriptRetention
from agora.domains.coding.transcript_service import LOG_PAGE_SIZE
from agora_sdk.errors import InvalidRequest, NotFound, PermissionDenied
from tests.conformance.coding.test_codebase_sessions import call, make_codebase
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_transcript_is_searched_exported_and_deleted(market: Market) -> None:
    coder, person, stranger = [await market.agent(name) for name in ("Coder", "Person", "Stranger")]
    worker, codebase = await make_codebase(market, coder)
    place = {"codebase_id": codebase, "session_id": "ses_1"}
    await call(market, person, "task.assign", prompt="Mend it", codebase_id=codebase)
    (job,) = (await call(market, coder, "task.claim", worker=worker)).tasks
    tool = {"type": "tool", "kind": "execute", "title": "ls", "status": "completed", "result": "a ``` b"}
    plan = {"type": "plan", "entries": [{"text": "look", "status": "completed"}, {"text": "mend", "status": "pending"}]}
    said = [
        {"message_id": "m1", "role": "user", "content": "Mend the 100% flaky_test of the parser"},
        {"message_id": "m2", "role": "assistant", "parts": [{"type": "thought", "text": "Hm\nso"}, tool, plan]},
    ]
    await call(market, coder, "session.ingest", **place, messages=said, title="A title", task_id=job.task_id)
    for reader in (coder, person, market.operator):
        (match,) = (await call(market, reader, "transcript.search", q="PARSER 100% flaky_test")).matches
        assert (match.session_id, match.message_id, match.title) == ("ses_1", "m1", "A title")
        assert "flaky_test" in match.excerpt
    for words in ("parser missing", "10_%"):
        assert not (await call(market, coder, "transcript.search", q=words)).matches
    assert not (await call(market, stranger, "transcript.search", q="parser")).matches
    with pytest.raises(InvalidRequest):
        await call(market, coder, "transcript.search", q="   ")
    document = await call(market, person, "transcript.export", **place)
    assert document.filename == "ses_1.md"
    assert document.content.startswith("# A title\n\n## User (")
    for piece in ("> Hm\n> so", "**execute** ls\n\n````\na ``` b\n````", "- [x] look\n- [ ] mend"):
        assert piece in document.content
    first = await call(market, person, "transcript.export", **place, format="json", limit=1)
    rest = await call(market, person, "transcript.export", **place, format="json", cursor=first.next_cursor)
    assert [message["message_id"] for message in (*first.messages, *rest.messages)] == ["m1", "m2"]
    with pytest.raises(NotFound):
        await call(market, stranger, "transcript.export", **place)
    with pytest.raises(NotFound):
        await call(market, stranger, "transcript.forget", **place)
    assert (await call(market, person, "transcript.forget", **place)).messages == 2
    with pytest.raises(NotFound):
        await call(market, person, "session.get", **place)
    assert not (await call(market, market.operator, "transcript.search", q="parser")).matches


@pytest.mark.parametrize("entries", [["look"], 5, [None, {"text": "look"}], {"text": "look"}])
async def test_malformed_plan_does_not_break_the_search_of_others(market: Market, entries: object) -> None:
    """Parts are whatever a worker sends: one message must not end every search and export that includes it."""
    coder = await market.agent("Coder")
    _, codebase = await make_codebase(market, coder)
    place = {"codebase_id": codebase, "session_id": "ses_1"}
    parts = [{"type": "plan", "entries": entries}, {"type": "text", "text": "Mend the parser"}]
    await call(market, coder, "session.ingest", **place, messages=[{"message_id": "m1", "parts": parts}])
    (match,) = (await call(market, market.operator, "transcript.search", q="parser")).matches
    assert "Mend the parser" in match.excerpt
    assert "Mend the parser" in (await call(market, coder, "transcript.export", **place)).content


async def test_old_sessions_are_deleted_if_configured(market: Market) -> None:
    coder = await market.agent("Coder")
    _, codebase = await make_codebase(market, coder)
    said = [{"message_id": "m1", "content": "hello"}]
    (retention,) = [each for each in market.app.controllers if isinstance(each, TranscriptRetention)]

    async def count_sessions() -> int:
        return int((await call(market, coder, "session.list", codebase_id=codebase)).count)

    await call(market, coder, "session.ingest", codebase_id=codebase, session_id="old", messages=said)
    market.clock.advance(100)
    await call(market, coder, "session.ingest", codebase_id=codebase, session_id="new", messages=said)
    await retention.step()
    assert await count_sessions() == 2, "kept, unless a policy says otherwise"
    policy = {"resource": "configuration", "target": "session_retention", "action": "set", "value": 60}
    await call(market, market.operator, "admin.manage", **policy)
    await retention.step()
    (session,) = (await call(market, coder, "session.list", codebase_id=codebase)).sessions
    assert session.session_id == "new"


async def test_job_lists_requester_approvers_and_commenters(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker, codebase = await make_codebase(market, coder)
    receipt = await call(market, person, "codebase.trigger", codebase_id=codebase, prompt="Mend it")
    (job,) = (await call(market, coder, "task.claim", worker=worker)).tasks
    place = {"task_id": receipt.task_id}
    token = {"fencing_token": job.fencing_token}
    await call(market, coder, "task.message", **place, **token, text="May I run ls?", status="input_required")
    await call(market, market.operator, "task.message", **place, text="once")
    for caller in (person, coder, person):
        await call(market, caller, "task.comment", **place, text="well done")
    comments = (call(market, person, "task.comment", **place, text="again") for _ in range(LOG_PAGE_SIZE))
    await asyncio.gather(*comments)  # more than one read returns
    await call(market, market.operator, "task.comment", **place, text="enough")
    people = await call(market, person, "transcript.participants", **place)
    assert (people.asked_by, people.commented_by) == (
        person.subject,
        [person.subject, coder.subject, market.operator.subject],
    )
    (answer,) = people.allowed
    assert (answer.by, answer.question, answer.answer) == (market.operator.subject, "May I run ls?", "once")
    stranger = await market.agent("Stranger")
    with pytest.raises(NotFound):
        await call(market, stranger, "transcript.participants", **place)


async def test_only_participants_delete_a_session(market: Market) -> None:
    coder = await market.agent("Coder")
    _, codebase = await make_codebase(market, coder)
    await call(market, coder, "session.sync", codebase_id=codebase, sessions=[{"session_id": "ses_1"}])
    reader = await market.agent("Reader")
    with pytest.raises((NotFound, PermissionDenied)):
        await call(market, reader, "transcript.forget", codebase_id=codebase, session_id="ses_1")
    assert (await call(market, coder, "transcript.forget", codebase_id=codebase, session_id="ses_1")).messages == 0
