"""Push notifications over the wire: configured in either version, and posted in the version of the configuration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agora.server.app import App
from tests.conformance.a2a.push_receiver import Receiver, receiver
from tests.harness import make_settings, running
from tests.unit.protocols.a2a.raw_requests import Wire, said


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    settings = make_settings(tmp_path / "data", builtin_agents=True, a2a_private_networks=True)
    async with running(App(settings)) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        yield Wire(http, "/a2a/Echo%20Agent")


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


async def test_notification_in_the_current_version(wire: Wire, there: Receiver) -> None:
    config = {"url": there.url, "token": "t"}
    params = {"message": said("hello"), "configuration": {"taskPushNotificationConfig": config}}
    task = (await wire.result("SendMessage", params))["task"]
    status = await there.until_told("TASK_STATE_COMPLETED")
    artifact = there.bodies[0]
    assert artifact["artifactUpdate"]["artifact"]["parts"] == [{"text": "hello"}]
    assert status["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert status["statusUpdate"]["taskId"] == task["id"]
    assert there.heard[0].headers["x-a2a-notification-token"] == "t"


async def test_notification_in_the_older_version(wire: Wire, there: Receiver) -> None:
    old = Wire(wire.http, wire.path, version=None)
    message = {"kind": "message", "messageId": "m1", "role": "user", "parts": [{"kind": "text", "text": "hello"}]}
    params = {"message": message, "configuration": {"pushNotificationConfig": {"url": there.url}}}
    task = await old.result("message/send", params)
    await there.until(1)
    (told,) = there.bodies
    assert (told["kind"], told["id"], told["status"]["state"]) == ("task", task["id"], "completed")
    shown = await old.result("tasks/pushNotificationConfig/list", {"id": task["id"]})
    assert "version" not in str(shown)


async def test_updates_of_a_remote_task_are_pushed(wire: Wire, there: Receiver) -> None:
    """The task is executed by another marketplace."""
    url = wire.http.base_url.join("/a2a/Calculator%20Agent")
    made = await wire.http.post("/agents/register", json={"agent_name": "Passer"})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    added = await wire.http.post("/agora/a2a/add_remote", json={"url": str(url), "name": "Far", "headers": headers})
    assert added.status_code == 200, added.text
    config = {"url": there.url}
    params = {"message": said("Calculate 2 + 3"), "configuration": {"taskPushNotificationConfig": config}}
    task = (await Wire(wire.http, "/a2a/Far").result("SendMessage", params))["task"]
    told = await there.until_told("TASK_STATE_COMPLETED")
    assert told["statusUpdate"]["taskId"] == task["id"]
