"""Push notifications: posted in order, at least once, signed, and dead-lettered if undeliverable."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.a2a.push_outbox import LEASE_SECONDS, SWEEP_SECONDS, PushController
from agora.server.app import App
from agora.store.port import StoreUnavailable
from agora_sdk.errors import NotFound
from tests.conformance.a2a.a2a_calls import ask, say
from tests.conformance.a2a.push_receiver import Receiver, receiver
from tests.conformance.engines import Engine, RunsOn
from tests.dict_rows import DictQuery
from tests.harness import ManualClock, local_client, make_settings
from tests.hostile_upstream import whole
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

BUSY = whole(b"busy", "503 Service Unavailable")


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    """A marketplace that may post to the loopback."""
    settings = make_settings(
        tmp_path / "data", a2a_private_networks=True, push_attempts=3, public_url="https://agora.example.com"
    )
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


@pytest.fixture
async def ann(market: Market) -> Caller:
    return await market.agent("Ann")


@pytest.fixture
async def bob(market: Market) -> Caller:
    return await market.agent("Bob")


def pushing(market: Market) -> PushController:
    return next(found for found in market.app.controllers if isinstance(found, PushController))


async def given(market: Market, ann: Caller, url: str, **config: Any) -> str:
    """Create a task for Bob whose updates are posted."""
    return str((await say(market, ann, "do it", "Bob", push={"url": url, **config}))["id"])


async def work(market: Market, bob: Caller, task_id: str) -> None:
    """Let Bob execute it, in four reported steps."""
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await market.call(bob, "task.artifact", task_id=task_id, text="one ", artifact_id="a", last=False)
    await market.call(bob, "task.artifact", task_id=task_id, text="two", artifact_id="a", append=True)
    await market.call(bob, "task.complete", task_id=task_id, result="done")


def kinds(there: Receiver) -> list[str]:
    return [next(iter(body)) for body in there.bodies]


async def test_updates_are_posted_in_order(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    task_id = await given(market, ann, there.url)
    await work(market, bob, task_id)
    await there.until(4)
    await pushing(market).wait_until_idle()
    assert kinds(there) == ["statusUpdate", "artifactUpdate", "artifactUpdate", "statusUpdate"]
    states = [body["statusUpdate"]["status"]["state"] for body in there.bodies if "statusUpdate" in body]
    assert states == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]
    assert all(next(iter(body.values()))["taskId"] == task_id for body in there.bodies)
    assert {heard.head for heard in there.heard} == {"POST /hook HTTP/1.1"}
    assert {heard.headers["content-type"] for heard in there.heard} == {"application/a2a+json"}
    await market.call(ann, "task.comment", task_id=task_id, text="thanks")
    await pushing(market).wait_until_idle()
    assert len(there.heard) == 4


async def test_older_clients_get_the_whole_task(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    task_id = await given(market, ann, there.url, version="0.3")
    await work(market, bob, task_id)
    await pushing(market).wait_until_idle()
    last = there.bodies[-1]
    assert (last["kind"], last["id"], last["status"]["state"]) == ("task", task_id, "completed")
    assert "".join(part["text"] for part in last["artifacts"][0]["parts"]) == "one two"
    assert {heard.headers["content-type"] for heard in there.heard} == {"application/json"}


async def test_each_notification_is_authenticated(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    """Authentication: the token, the credentials, and the server's signature over the body."""
    told = {"scheme": "Basic", "credentials": "dXNlcjpwYXNz"}
    task_id = await given(market, ann, there.url, token="t0ken", authentication=told)
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await there.until(1)
    (heard,) = there.heard
    assert heard.headers["x-a2a-notification-token"] == "t0ken"
    assert heard.headers["authorization"] == "Basic dXNlcjpwYXNz"
    assert "x-a2a-notification-signature" in heard.headers


async def test_signature_is_verifiable(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    task_id = await given(market, ann, there.url)
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await there.until(1)
    (heard,) = there.heard
    token = heard.headers["x-a2a-notification-signature"]
    assert heard.headers["authorization"] == f"Bearer {token}"
    async with local_client(market.app) as client:
        (key,) = (await client.get("/.well-known/jwks.json")).json()["keys"]
    claims = _verified(token, key)
    assert claims["request_body_sha256"] == hashlib.sha256(heard.body).hexdigest()
    assert (claims["sub"], claims["iss"]) == (task_id, "https://agora.example.com")
    assert abs(claims["iat"] - market.clock.now() // 1_000_000) < 60


def _verified(token: str, jwk: dict[str, str]) -> dict[str, Any]:
    """Return the claims of a JWT, verified by a different library than the one that signed it."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    found: dict[str, Any] = jwt.decode(token, ECKey.import_key(jwk), algorithms=["ES256"]).claims
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header["kid"] == jwk["kid"]
    return found


async def test_failed_post_is_retried(market: Market, ann: Caller, bob: Caller) -> None:
    async with receiver(BUSY, BUSY) as there:
        task_id = await given(market, ann, there.url)
        await work(market, bob, task_id)
        await pushing(market).wait_until_idle()
        assert len(there.heard) == 1, "what comes after it waits"
        for seconds in (0.1, 1, 2):
            market.clock.advance(seconds)
            await pushing(market).step()
            await pushing(market).wait_until_idle()
        assert kinds(there) == ["statusUpdate"] * 3 + ["artifactUpdate", "artifactUpdate", "statusUpdate"]
        assert there.bodies[0] == there.bodies[1] == there.bodies[2]


async def test_retry_after_of_a_receiver_is_respected(market: Market, ann: Caller, bob: Caller) -> None:
    rest = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 100\r\ncontent-length: 0\r\n\r\n"
    async with receiver(rest) as there:
        task_id = await given(market, ann, there.url)
        await work(market, bob, task_id)
        await pushing(market).wait_until_idle()
        market.clock.advance(99)
        await pushing(market).step()
        await pushing(market).wait_until_idle()
        assert len(there.heard) == 1
        market.clock.advance(2)
        await pushing(market).step()
        await pushing(market).wait_until_idle()
        assert len(there.heard) == 5


async def test_undeliverable_notification_becomes_a_dead_letter(
    market: Market, ann: Caller, bob: Caller, engine: Engine
) -> None:
    async with receiver(*[BUSY] * 3) as there:
        task_id = await given(market, ann, there.url + "?key=s3cret", id="hook")
        await work(market, bob, task_id)
        for _ in range(4):
            await pushing(market).wait_until_idle()
            market.clock.advance(10)
            await pushing(market).step()
        assert len(there.heard) == 3
        (dead,) = (await market.call(ann, "a2a.push_dead_letters")).dead_letters
        assert (dead.task_id, dead.config_id, dead.attempts, dead.url) == (task_id, "hook", 3, there.url)
        assert dead.error == "It answers with the HTTP status 503: busy"
        (event,) = market.of_type("agora.push.dead_lettered")
        assert event.audience == (ann.subject,)
        assert b"s3cret" not in event.data
        assert (await market.call(bob, "a2a.push_dead_letters")).count == 0
        assert (await market.call(market.operator, "a2a.push_dead_letters")).count == 1
        health = await market.call(market.operator, "admin.health", component="push")
        assert (health.components["push"].status, health.components["push"].metrics["dead"]) == ("degraded", 1.0)
        for caller, config in ((bob, "hook"), (ann, "other")):
            with pytest.raises(NotFound):
                await market.call(caller, "a2a.retry_push", task_id=task_id, config_id=config)
        await market.call(ann, "a2a.retry_push", task_id=task_id, config_id="hook")
        await pushing(market).wait_until_idle()
        assert len(there.heard) == 7
        assert (await market.call(ann, "a2a.push_dead_letters")).count == 0


async def test_gone_receiver_gets_no_more_posts(market: Market, ann: Caller, bob: Caller) -> None:
    async with receiver(whole(b"", "410 Gone")) as there:
        task_id = await given(market, ann, there.url)
        await work(market, bob, task_id)
        await pushing(market).wait_until_idle()
        (dead,) = (await market.call(ann, "a2a.push_dead_letters")).dead_letters
        assert "410" in dead.error
        assert len(there.heard) == 1


async def test_redirects_are_not_followed(market: Market, ann: Caller, bob: Caller) -> None:
    async with receiver() as other, receiver() as there:
        there.answers = [
            f"HTTP/1.1 307 Temporary Redirect\r\nlocation: {other.url}\r\ncontent-length: 0\r\n\r\n".encode()
        ]
        task_id = await given(market, ann, there.url)
        await market.call(bob, "task.update", task_id=task_id, status="in_progress")
        await pushing(market).wait_until_idle()
        assert (len(there.heard), other.heard) == (1, [])
        market.clock.advance(10)  # a redirect is a failure: the post is repeated
        await pushing(market).step()
        await pushing(market).wait_until_idle()
        assert (len(there.heard), other.heard) == (2, [])
        assert there.heard[0].body == there.heard[1].body


async def test_addresses_are_checked_again_at_each_post(
    market: Market, ann: Caller, bob: Caller, there: Receiver, engine: Engine
) -> None:
    """A name may resolve to the operator's network later, and an allowed address may be forbidden later."""
    task_id = await given(market, ann, there.url)
    await engine.run("update a2a_push_configs set private = 0, url = replace(url, '127.0.0.1', 'localhost')")
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await pushing(market).wait_until_idle()
    (dead,) = (await market.call(ann, "a2a.push_dead_letters")).dead_letters
    assert "not a public address" in dead.error
    assert there.heard == []


async def test_slow_receiver_does_not_delay_others(market: Market, ann: Caller, bob: Caller) -> None:
    async with receiver() as slow, receiver() as quick:
        slow.hold = asyncio.Event()
        first = await given(market, ann, slow.url)
        second = await given(market, ann, quick.url)
        await market.call(bob, "task.update", task_id=first, status="in_progress")
        await slow.until(1)
        await work(market, bob, second)
        await quick.until(4)
        slow.hold.set()
        await pushing(market).wait_until_idle()


async def test_receiver_that_never_answers_times_out(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    pushing(market).sender.seconds = 0.05
    there.hold = asyncio.Event()
    task_id = await given(market, ann, there.url)
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await pushing(market).wait_until_idle()
    there.hold.set()
    row = await _row(market, ann, task_id)
    assert row["error"] == "The receiver did not respond within 0.05 s."


async def _row(market: Market, ann: Caller, task_id: str) -> Any:
    from agora.store.port import Reader

    query = DictQuery("select * from a2a_push_configs where tenant_id = :tenant and task_id = :task_id")

    async def read(reader: Reader) -> Any:
        return await reader.one(query, task_id=task_id)

    return await market.app.store.read("default", read)


async def test_deleted_configuration_gets_no_posts(market: Market, ann: Caller, bob: Caller, there: Receiver) -> None:
    task_id = await given(market, ann, there.url, id="hook")
    await ask(market, ann, "delete_push_config", task_id=task_id, config_id="hook")
    await work(market, bob, task_id)
    await pushing(market).wait_until_idle()
    assert there.heard == []
    assert pushing(market).watched == {}


async def test_configuration_added_later_gets_only_later_updates(
    market: Market, ann: Caller, bob: Caller, there: Receiver
) -> None:
    task_id = (await say(market, ann, "do it", "Bob"))["id"]
    await market.call(bob, "task.update", task_id=task_id, status="in_progress")
    await ask(market, ann, "create_push_config", task_id=task_id, url=there.url)
    await market.call(bob, "task.complete", task_id=task_id, result="done")
    await pushing(market).wait_until_idle()
    assert kinds(there) == ["artifactUpdate", "statusUpdate"]


class ControllerWithoutStore(PushController):
    """Reads rows, but cannot write, like a server whose disk is full."""

    writes = 0

    async def write_as_system(self, tenant: str, work: Any) -> Any:
        self.writes += 1
        raise StoreUnavailable("The disk is full.", cause="disk_full")


async def test_outage_of_the_store_is_not_logged_for_each_configuration(
    market: Market, ann: Caller, bob: Caller, there: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await pushing(market).shut_down()
    await work(market, bob, await given(market, ann, there.url))
    controller = ControllerWithoutStore(pushing(market).context)
    for _ in range(3):
        await controller.step()
        await controller.wait_until_idle()
    assert controller.writes == 1, "the next sweep tries again"
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG and record.exc_info]
    market.clock.advance(SWEEP_SECONDS + 1)
    await controller.step()
    await controller.wait_until_idle()
    assert controller.writes == 2
    controller.sender.close()


async def test_another_server_continues_interrupted_posts(
    engine: Engine, tmp_path: Path, clock: ManualClock, there: Receiver
) -> None:
    """The first server stops during a post: the next one repeats that post and sends those after it."""
    settings = make_settings(tmp_path / "data", a2a_private_networks=True)
    first = App(settings, clock=clock, store=engine.store(clock))
    await first.start()
    market = Market(first, clock)
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task_id = await given(market, ann, there.url)
    there.hold = asyncio.Event()
    await work(market, bob, task_id)
    await there.until(1)
    await first.stop()
    there.hold.set()
    clock.advance(LEASE_SECONDS + 1)
    second = App(settings, clock=clock, store=engine.store(clock))
    await second.start()
    other = pushing(Market(second, clock))
    await other.step()
    await there.until(5)
    await other.wait_until_idle()
    assert kinds(there) == ["statusUpdate", "statusUpdate", "artifactUpdate", "artifactUpdate", "statusUpdate"]
    await second.stop()
