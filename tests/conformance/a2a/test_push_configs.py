"""Push notification configurations: stored with the task by its requester, with sealed secrets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.ports import CREDENTIAL_SEALER
from agora.domains.a2a import push_configs
from agora_sdk.errors import Conflict, InvalidRequest, NotFound
from tests.conformance.a2a.a2a_calls import ask, say
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

URL = "https://hooks.example.com/a2a?x=1"


async def test_configurations_are_stored_shown_replaced_and_deleted(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task_id = (await say(market, ann, "x", "Bob"))["id"]
    made = await ask(market, ann, "create_push_config", task_id=task_id, url=URL, token="t1")
    assert made == {"id": made["id"], "taskId": task_id, "url": URL, "token": "t1"}
    assert await ask(market, ann, "get_push_config", task_id=task_id, config_id=made["id"]) == made
    given = {"config_id": "mine", "authentication": {"scheme": "Bearer", "credentials": "s3cret"}}
    second = await ask(market, ann, "create_push_config", task_id=task_id, url=URL, **given)
    assert second == {"id": "mine", "taskId": task_id, "url": URL, "authentication": {"scheme": "Bearer"}}
    other = "https://hooks.example.com/b"
    replaced = await ask(market, ann, "create_push_config", task_id=task_id, url=other, config_id="mine")
    assert replaced == {"id": "mine", "taskId": task_id, "url": other}
    listed = await ask(market, ann, "list_push_configs", task_id=task_id)
    assert listed == {"configs": sorted([made, replaced], key=lambda config: config["id"])}
    page = await ask(market, ann, "list_push_configs", task_id=task_id, page_size=1)
    rest = await ask(market, ann, "list_push_configs", task_id=task_id, page_token=page["nextPageToken"])
    assert page["configs"] + rest["configs"] == listed["configs"]
    for _ in range(2):
        await ask(market, ann, "delete_push_config", task_id=task_id, config_id="mine")
    with pytest.raises(NotFound) as unknown:
        await ask(market, ann, "get_push_config", task_id=task_id, config_id="mine")
    assert unknown.value.reason == "TASK_NOT_FOUND"


async def test_concurrent_configurations_keep_within_the_limit_of_a_task(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_configs, "MAX_CONFIGS", 2)
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task_id = (await say(market, ann, "x", "Bob"))["id"]
    calls = (ask(market, ann, "create_push_config", task_id=task_id, url=URL) for _ in range(6))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 4, outcomes


async def test_message_may_include_a_configuration(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    push = {"url": URL, "authentication": {"scheme": "Bearer", "credentials": "x"}}
    task_id = (await say(market, ann, "x", "Bob", push=push))["id"]
    (config,) = (await ask(market, ann, "list_push_configs", task_id=task_id))["configs"]
    assert config["url"] == URL
    more = {"parts": [{"text": "y"}], "taskId": task_id}
    await say(market, ann, more, push={"url": URL, "id": "two"})
    assert len((await ask(market, ann, "list_push_configs", task_id=task_id))["configs"]) == 2


async def test_credentials_are_encrypted_at_rest(market: Market, engine: Engine) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    push = {"url": URL, "authentication": {"scheme": "Bearer", "credentials": "very-s3cret"}}
    await say(market, ann, "x", "Bob", push=push)
    (row,) = await engine.run("select * from a2a_push_configs")
    assert "very-s3cret" not in repr(row)
    sealer = market.app.context.ports.get(CREDENTIAL_SEALER)
    assert sealer is not None
    assert sealer.open(bytes(row["credentials"]), row["config_id"]) == b'{"credentials":"very-s3cret"}'


async def test_only_the_requester_of_a_task_sets_configurations(market: Market) -> None:
    ann, bob, cora = [await market.agent(name) for name in ("Ann", "Bob", "Cora")]
    task_id = (await say(market, ann, "x", "Bob"))["id"]
    made = await ask(market, ann, "create_push_config", task_id=task_id, url=URL)
    where = {"task_id": task_id, "config_id": made["id"]}
    for caller in (bob, cora):
        for name, arguments in (
            ("create_push_config", {"task_id": task_id, "url": URL}),
            ("get_push_config", where),
            ("list_push_configs", {"task_id": task_id}),
            ("delete_push_config", where),
        ):
            with pytest.raises(NotFound) as unknown:
                await ask(market, caller, name, **arguments)
            assert unknown.value.reason == "TASK_NOT_FOUND"
    assert (await ask(market, ann, "list_push_configs", task_id=task_id))["configs"] == [made]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "http://127.0.0.1:9/x",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://intranet/",
        "http://db.internal/",
        "https://user:pw@example.com/",
        "http://[x/",
        "ftp://example.com/",
        "http://example.com/ x",
        "",
    ],
)
async def test_forbidden_urls_are_refused(market: Market, url: str) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task_id = (await say(market, ann, "x", "Bob"))["id"]
    with pytest.raises(InvalidRequest):
        await ask(market, ann, "create_push_config", task_id=task_id, url=url)
    with pytest.raises(InvalidRequest):
        await say(market, ann, "y", "Bob", push={"url": url})
    assert len(market.of_type("agora.task.assigned")) == 1


async def test_configurations_are_bounded_for_open_and_ended_tasks(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task_id = (await say(market, ann, "x", "Bob"))["id"]

    async def make(number: int) -> Any:
        return await ask(market, ann, "create_push_config", task_id=task_id, url=URL, config_id=f"c{number}")

    for number in range(20):
        await make(number)
    with pytest.raises(Conflict):
        await make(20)
    assert await make(3)
    await market.call(bob, "task.complete", task_id=task_id)
    assert await make(3)  # can still be listed, though nothing is posted there any more
