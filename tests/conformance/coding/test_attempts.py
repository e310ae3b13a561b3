"""Attempts at one prompt: parallel jobs, compared, one chosen, and no work of the others lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.coding.test_follow_ups import Job
from tests.conformance.coding.test_reviews import HEADS, submit
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
PROMPT = "Mend the failing test\n\nIt is in tests/."


@pytest.fixture
async def job(market: Market) -> Job:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    offers = {"capabilities": ["coding", "coding:claude", "coding:opencode"], "models": ["opus", "small"]}
    worker = await market.call(coder, "worker.register", worker_name="laptop", **offers)
    place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
    codebase = await market.call(coder, "codebase.register", **place)
    return Job(market, coder, person, worker.worker_id, codebase.codebase_id)


async def start(job: Job, *variants: str, **arguments: Any) -> Any:
    values = {"prompt": PROMPT, "codebase_id": job.codebase, "variants": list(variants), **arguments}
    return await job.market.call(job.person, "attempt.start", **values)


async def choose(job: Job, group_id: str, task_id: str) -> Any:
    return await job.market.call(job.person, "attempt.choose", group_id=group_id, task_id=task_id)


async def compare(job: Job, group_id: str) -> Any:
    return await job.market.call(job.person, "attempt.get", group_id=group_id)


async def claim(job: Job) -> Any:
    claim = await job.market.call(job.coder, "task.claim", worker=job.worker, models=["opus", "small"])
    job.task_id, job.fence = claim.tasks[0].task_id, claim.tasks[0].fencing_token
    return claim.tasks[0]


async def test_each_variant_becomes_a_job_with_its_requirements(job: Job) -> None:
    group = await start(job, "coding:claude model:opus", "coding:opencode", f"worker:{job.worker}", agent_type="plan")
    assert (group.title, group.chosen, group.requester) == ("Mend the failing test", None, job.person.subject)
    assert [(each.number, each.status) for each in group.attempts] == [(1, "pending"), (2, "pending"), (3, "pending")]
    tasks = [await job.market.call(job.person, "task.get", task_id=each.task_id) for each in group.attempts]
    codebase = f"codebase:{job.codebase}"
    assert [(task.required_capabilities, task.required_model, task.assignee) for task in tasks] == [
        (["coding:claude", codebase], "opus", None),
        (["coding:opencode", codebase], None, None),
        ([], None, f"worker:{job.worker}"),
    ]
    for number, task in enumerate(tasks, 1):
        assert task.payload == {
            "title": group.title,
            "prompt": PROMPT,
            "codebase_id": job.codebase,
            "agent_type": "plan",
        }
        assert task.metadata["attempt"] == {"group_id": group.group_id, "number": number, "of": 3}
    assert len({task.context_id for task in tasks}) == 3, "each has a session of its own"
    assert await compare(job, group.group_id) == group
    assert [event.subject for event in job.market.of_type("agora.attempt.started")] == [group.group_id]


async def test_attempts_are_compared_and_choosing_one_ends_the_others(job: Job) -> None:
    group = await start(job, "model:opus", "model:small", "coding:claude")
    ids = [each.task_id for each in group.attempts]
    for head in HEADS:
        task = await claim(job)
        usage = {"input_tokens": 100, "output_tokens": 20, "provider_cost": 0.5, "currency": "USD", "model": "opus"}
        fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
        await job.market.call(job.coder, "task.report_usage", **fence, **usage)
        await submit(job, task.task_id, head, result={"text": "Mended.", "check": 0})
    third = await claim(job)
    with pytest.raises(Conflict, match="only an attempt that has completed"):
        await choose(job, group.group_id, third.task_id)
    with pytest.raises(InvalidRequest, match="not an attempt of"):
        await choose(job, group.group_id, "task_" + "0" * 32)
    compared = await compare(job, group.group_id)
    assert [
        (each.status, each.review, each.files, each.additions, each.text, each.check, each.input_tokens, each.cost)
        for each in compared.attempts
    ] == [
        ("completed", "open", 2, 1, "Mended.", 0, 100, 0.5),
        ("completed", "open", 2, 1, "Mended.", 0, 100, 0.5),
        ("in_progress", None, 0, 0, "", None, 0, None),
    ]
    chosen = await choose(job, group.group_id, ids[1])
    assert (chosen.chosen, chosen.chosen_by) == (ids[1], job.person.subject)
    assert [(each.status, each.review) for each in chosen.attempts] == [
        ("completed", "dismissed"),
        ("completed", "open"),
        ("cancelled", None),
    ]
    assert await choose(job, group.group_id, ids[1]) == chosen, "a repeated choice changes nothing"
    with pytest.raises(Conflict, match="was chosen by"):
        await choose(job, group.group_id, ids[0])
    approved = await job.market.call(job.person, "review.approve", job_id=ids[1])
    assert approved.state == "delivering", "what was chosen is delivered like any other job"
    assert len(job.market.of_type("agora.attempt.chosen")) == 1


async def test_attempt_can_be_continued_in_its_session_before_it_is_chosen(job: Job) -> None:
    group = await start(job, "model:opus", "model:small")
    first = await claim(job)
    await submit(job, first.task_id)
    said = await job.market.call(job.person, "follow_up.add", task_id=first.task_id, text="And a test.")
    compared = await compare(job, group.group_id)
    attempt = next(each for each in compared.attempts if each.task_id == first.task_id)
    assert (attempt.latest_task_id, attempt.status) == (said.task_id, "pending")
    with pytest.raises(Conflict, match="only an attempt that has completed"):
        await choose(job, group.group_id, first.task_id)


async def test_delivered_attempt_cannot_be_discarded(job: Job) -> None:
    group = await start(job, "model:opus", "model:small")
    for _ in group.attempts:
        task = await claim(job)
        await submit(job, task.task_id)
    one, other = (each.task_id for each in group.attempts)
    await job.market.call(job.person, "review.approve", job_id=one)
    with pytest.raises(Conflict, match="is delivering its changes"):
        await choose(job, group.group_id, other)
    assert (await compare(job, group.group_id)).chosen is None, "a refused choice changes nothing"
    assert (await job.market.call(job.person, "review.get", job_id=other)).state == "open"


async def test_concurrent_choices_have_one_winner(job: Job) -> None:
    group = await start(job, "model:opus", "model:small")
    for _ in group.attempts:
        task = await claim(job)
        await submit(job, task.task_id)
    choices = (choose(job, group.group_id, each.task_id) for each in group.attempts)
    outcomes = await asyncio.gather(*choices, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    reviews = [each.review for each in (await compare(job, group.group_id)).attempts]
    assert sorted(str(review) for review in reviews) == ["dismissed", "open"]


async def test_groups_are_visible_and_decidable_only_for_participants(job: Job) -> None:
    stranger = await job.market.agent("Stranger")
    groups = [await start(job, "model:opus", "model:small") for _ in range(3)]
    for operation, arguments in (("get", {}), ("choose", {"task_id": groups[0].attempts[0].task_id})):
        with pytest.raises((NotFound, PermissionDenied)):
            await job.market.call(stranger, f"attempt.{operation}", group_id=groups[0].group_id, **arguments)
    assert not (await job.market.call(stranger, "attempt.list")).groups
    page = await job.market.call(job.person, "attempt.list", limit=2)
    rest = await job.market.call(job.person, "attempt.list", limit=2, cursor=page.next_cursor)
    assert [each.group_id for each in (*page.groups, *rest.groups)] == [each.group_id for each in reversed(groups)]
    assert not (await job.market.call(job.person, "attempt.list", codebase_id="cb_other")).groups


async def test_invalid_attempts_are_refused(job: Job) -> None:
    for variants, problem in (
        (["model:opus"], "variants"),
        (["model:opus"] * 9, "variants"),
        (["opus", "small"], "variants"),
        (["model:opus model:small", "model:opus"], "twice"),
        (["worker:nobody", "model:opus"], "nobody"),
    ):
        with pytest.raises((InvalidRequest, NotFound), match=problem):
            await start(job, *variants)
    with pytest.raises(NotFound, match="There is no codebase"):
        await start(job, "model:opus", "model:small", codebase_id="cb_" + "0" * 32)
    assert not (await job.market.call(job.person, "task.list")).tasks, "no job of a refused group is queued"


async def test_attempt_without_a_suitable_worker_is_refused(job: Job) -> None:
    for variant in ("coding:gemini", "model:none", "profile:careful", "coding:claude model:none", "worker:other"):
        with pytest.raises(InvalidRequest, match="No worker that has the codebase") as refusal:
            await start(job, "model:opus", variant)
        assert refusal.value.errors[0]["field"] == "variants[1]"
        assert "coding:claude, coding:opencode, model:opus" in str(refusal.value.fix)
    await job.market.call(job.coder, "worker.drain", worker_id=job.worker)
    with pytest.raises(InvalidRequest, match="No worker") as refusal:
        await start(job, "model:opus", "model:small")
    assert "none of them is online" in str(refusal.value.fix)
    assert not (await job.market.call(job.person, "task.list")).tasks


async def test_attempt_of_another_agent_runs_on_another_worker_with_the_repository(job: Job) -> None:
    market = job.market
    rival = await market.agent("Rival")
    for coder, name, repository in (
        (job.coder, "api", "forge.example/api"),
        (rival, "api of the rival", "forge.example/api"),
        (rival, "web", "forge.example/web"),
    ):
        offers = {"capabilities": ["coding", f"coding:{'gemini' if coder is rival else 'claude'}"]}
        worker = await market.call(coder, "worker.register", worker_name=name, **offers)
        place = {"name": name, "path": f"/src/{name}", "worker_id": worker.worker_id, "repository": repository}
        await market.call(coder, "codebase.register", **place)
    page = await market.call(job.person, "codebase.list", search="forge.example/api")
    mine, theirs = sorted(page.codebases, key=lambda each: each.owner != job.coder.subject)
    group = await start(job, "coding:claude", "coding:gemini", codebase_id=mine.codebase_id)
    tasks = [await market.call(job.person, "task.get", task_id=each.task_id) for each in group.attempts]
    assert [task.payload["codebase_id"] for task in tasks] == [mine.codebase_id, theirs.codebase_id]
    assert [task.required_capabilities for task in tasks] == [
        ["coding:claude", f"codebase:{mine.codebase_id}"],
        ["coding:gemini", f"codebase:{theirs.codebase_id}"],
    ]


async def test_workers_of_another_account_get_no_attempts_by_claiming_the_repository(job: Job) -> None:
    market = job.market
    registrar = replace(market.operator, account="another")
    registration = await market.call(registrar, "agent.register", agent_name="Stranger")
    stranger = await market.app.authenticator.authenticate(registration.token)
    offers = {"capabilities": ["coding", "coding:gemini"]}
    worker = await market.call(stranger, "worker.register", worker_name="theirs", **offers)
    place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
    await market.call(stranger, "codebase.register", **place)
    with pytest.raises(InvalidRequest, match="No worker that has the codebase"):
        await start(job, "coding:claude", "coding:gemini")


async def test_repeated_request_starts_one_group(job: Job) -> None:
    values = {"prompt": PROMPT, "codebase_id": job.codebase, "variants": ["model:opus", "model:small"]}
    first, second = [await job.market.call(job.person, "attempt.start", key="once", **values) for _ in range(2)]
    assert first == second
    assert len((await job.market.call(job.person, "attempt.list")).groups) == 1
    assert len((await job.market.call(job.person, "task.list")).tasks) == 2


async def test_review_submitted_during_another_choice_is_dismissed_or_refused(job: Job) -> None:
    group = await start(job, "model:opus", "model:small")
    await submit(job, (await claim(job)).task_id)
    second = await claim(job)
    outcomes = await asyncio.gather(
        choose(job, group.group_id, group.attempts[0].task_id),
        submit(job, second.task_id, HEADS[1]),
        return_exceptions=True,
    )
    assert not isinstance(outcomes[0], Exception)
    (first, other) = (await compare(job, group.group_id)).attempts
    assert first.review == "open"
    assert other.review in (None, "dismissed"), "a review of a discarded attempt is closed"


async def test_page_of_groups_is_bounded_in_bytes(job: Job) -> None:
    for number in range(3):
        await start(job, "coding:claude", "coding:opencode", title=f"{number} " + "x" * 150)
    job.market.app.configuration.current = job.market.app.settings.model_copy(update={"page_bytes": 800})
    titles: list[str] = []
    cursor = None
    for _ in range(3):
        page = await job.market.call(job.person, "attempt.list", cursor=cursor)
        assert len(page.groups) == 1
        titles += [group.title[0] for group in page.groups]
        cursor = page.next_cursor
    assert (titles, cursor) == (["2", "1", "0"], None)
