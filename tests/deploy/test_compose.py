"""deploy/compose.yaml on a real Docker Engine: containers are killed under load, and one server becomes three.

Requires Docker with its compose plugin (or ``docker-compose``), and the images of PostgreSQL, Valkey and HAProxy, local
or from a registry. The image of Agora is built, unless AGORA_TEST_IMAGE names one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.polling import wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
PROJECT = f"agora-test-{os.getpid()}"
FILES = (DEPLOY / "compose.yaml", DEPLOY / "compose.replicas.yaml")
PASSWORDS = {"POSTGRES_PASSWORD": "forgettable1", "VALKEY_PASSWORD": "forgettable2"}
SENDERS, TASKS = 3, 30

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@dataclass
class Compose:
    """The installation: one server, or several behind the balancer."""

    command: list[str]
    overrides: dict[bool, Path]
    many: bool = False

    def __call__(self, *words: str, check: bool = True) -> str:
        files = (*FILES[: 1 + self.many], self.overrides[self.many])
        options = [option for file in files for option in ("--file", str(file))]
        command = [*self.command, "--project-name", PROJECT, *options, *words]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **PASSWORDS})
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def up(self) -> str:
        """Start what is not running, and wait until it is healthy. Returns the address for clients."""
        self("up", "--detach", "--wait", "--wait-timeout", "180", "--no-build")
        return "http://" + self("port", "balancer" if self.many else "agora", "8080").strip()

    def containers(self, service: str) -> list[str]:
        return self("ps", "--quiet", "--all", service).split()

    def kill(self, container: str) -> None:
        """Send SIGKILL: nothing is flushed."""
        done = subprocess.run(["docker", "kill", "--signal", "KILL", container], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _command() -> list[str]:
    """Run Docker's compose, as a plugin or standalone; skips the test if something is missing."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode:
            break
    else:
        pytest.skip("no 'docker compose' and no 'docker-compose': apt-get install docker-compose")
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode:
        pytest.skip("no Docker Engine answers: start one, DOCKER_HOST may name it")
    for image in sorted(_images()):
        if not _there(image) and subprocess.run(["docker", "pull", "--quiet", image], capture_output=True).returncode:
            pytest.skip(f"the image {image} is not here, and no registry gives it: docker load brings it from a file")
    return command


def _images() -> set[str]:
    """Return the images that this project does not build."""
    texts = [re.sub(r"!(reset|override) ", "", file.read_text("utf-8")) for file in FILES]
    services = [service for text in texts for service in yaml.safe_load(text)["services"].values()]
    return {service["image"] for service in services if "build" not in service and "image" in service}


def _there(image: str) -> bool:
    return not subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    place, command = tmp_path_factory.mktemp("compose"), _command()
    image = os.environ.get("AGORA_TEST_IMAGE", "")
    named = f"\n    image: {image}" if image else ""
    overrides = {many: place / f"{many}.yaml" for many in (False, True)}
    free = '    ports: !override ["127.0.0.1::8080"]\n'  # any free port
    overrides[False].write_text(f"services:\n  agora:{named}\n{free}")
    overrides[True].write_text((f"services:\n  agora:{named}\n" if image else "services:\n") + f"  balancer:\n{free}")
    found = Compose(command, overrides)
    try:
        if not image:
            found("build", "agora")
        yield found
    finally:
        found.many = True
        found("down", "--volumes", "--remove-orphans", check=False)


@dataclass
class Ledger:
    """Acknowledged and observed data."""

    url: str
    client: httpx.AsyncClient
    acknowledged: set[str] = field(default_factory=set)
    completed: Counter[str] = field(default_factory=Counter)
    events: list[int] = field(default_factory=list)
    stop: bool = False

    async def insist(self, token: str, path: str, body: object, key: str, but: tuple[str, ...] = ()) -> Any:
        """Repeat a request to any running server until it is answered. but: acceptable errors."""
        while True:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"of-the-test-{key:0>8}"}
            try:
                answer = await self.client.post(self.url + path, json=body, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in (429, 500, 502, 503, 504):
                found = answer.json()
                assert answer.is_success or found["code"] in but, answer.text
                return found
            await asyncio.sleep(0.2)

    async def send(self, token: str, number: int) -> None:
        for turn in itertools.count():
            content = f"{number}:{turn}"
            body = {"to_agent": "Receiver", "content": content}
            await self.insist(token, "/agora/messaging/send", body, content)
            self.acknowledged.add(content)
            if self.stop:
                return
            await asyncio.sleep(0.02)

    async def work(self, token: str) -> None:
        for turn in itertools.count():
            claimed = await self.insist(token, "/agora/task/claim", {"lease_seconds": 10}, f"claim{turn}")
            for task in claimed["tasks"]:
                body = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": "done"}
                key = f"{task['task_id']}-{task['fencing_token']}"
                ended = await self.insist(token, "/agora/task/complete", body, key, but=("stale_lease",))
                self.completed[task["task_id"]] += ended.get("code") != "stale_lease"
            if self.stop and self.completed.total() >= TASKS:
                return
            await asyncio.sleep(0.5)

    async def follow(self, token: str) -> None:
        """Follow every event, resuming at any server of the balancer."""
        while True:
            last = str(self.events[-1]) if self.events else "0"
            headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last}
            try:
                async with self.client.stream("GET", f"{self.url}/events", headers=headers) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data: {"):
                            found = json.loads(line[6:])
                            self.events += (
                                [found["sequence"]] if "specversion" in found else []
                            )  # else a closing message
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


async def _kill_in_turn(compose: Compose, ledger: Ledger, work: list[asyncio.Task[None]], *services: str) -> None:
    """Kill one container after the other during the work; the next when all are running again."""
    for container in [container for service in services for container in compose.containers(service)]:
        await _go_on(ledger, work)
        await asyncio.to_thread(compose.kill, container)
        ledger.url = await asyncio.to_thread(compose.up)
    await _go_on(ledger, work)


async def _go_on(ledger: Ledger, work: list[asyncio.Task[None]]) -> None:
    wanted = len(ledger.acknowledged) + 50
    async with asyncio.timeout(120):
        while len(ledger.acknowledged) < wanted:
            done, _ = await asyncio.wait(work, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()  # callers continue until told to stop


async def test_nothing_is_lost_when_containers_are_killed(compose: Compose) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        ledger = Ledger(compose.up(), client)
        admin = compose("exec", "--no-TTY", "agora", "cat", "/data/admin-token").strip()
        tokens = await _enrolled(
            ledger, admin, "Receiver", "Worker", *(f"Sender-{number}" for number in range(SENDERS))
        )
        for number in range(TASKS):
            body = {"task_type": "work", "payload": {"n": number}}
            await ledger.insist(admin, "/agora/task/assign", body, f"task{number}")
        following = asyncio.create_task(ledger.follow(admin))
        work = [asyncio.create_task(ledger.send(tokens[f"Sender-{number}"], number)) for number in range(SENDERS)]
        work += [asyncio.create_task(ledger.work(tokens["Worker"])), following]
        await _kill_in_turn(compose, ledger, work, "agora", "postgres", "valkey")
        compose.many = True
        ledger.url = await asyncio.to_thread(compose.up)
        assert len(compose.containers("agora")) == 3
        await _kill_in_turn(compose, ledger, work, "agora", "postgres", "valkey", "balancer")
        ledger.stop = True
        await asyncio.gather(*(each for each in work if each is not following))
        found = await _received(ledger, tokens["Receiver"])
        assert Counter(found) == Counter(list(ledger.acknowledged)), "acknowledged messages are stored once"
        assert set(ledger.completed.values()) == {1}
        await _all_seen(ledger, admin)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert ledger.events == list(range(1, len(ledger.events) + 1)), "every event once, in order"


async def _enrolled(ledger: Ledger, admin: str, *names: str) -> dict[str, str]:
    """Register agents. Returns their tokens."""
    body = {"label": "agents", "kind": "enrolment"}
    enrolment = (await ledger.insist(admin, "/tokens", body, "enrolment"))["token"]
    made = [await ledger.insist(enrolment, "/agora/agent/register", {"agent_name": name}, name) for name in names]
    return {name: found["token"] for name, found in zip(names, made, strict=True)}


async def _received(ledger: Ledger, token: str) -> list[str]:
    """Return the contents of every message in the inbox."""
    found: list[str] = []
    headers, cursor = {"Authorization": f"Bearer {token}"}, None
    while True:
        params: dict[str, str | int] = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        answer = await ledger.client.get(f"{ledger.url}/agora/messaging/receive", params=params, headers=headers)
        page = answer.raise_for_status().json()
        found += [message["content"] for message in page["messages"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def _all_seen(ledger: Ledger, admin: str) -> None:
    headers = {"Authorization": f"Bearer {admin}"}
    head = (await ledger.client.get(f"{ledger.url}/agora/query/marketplace", headers=headers)).json()["events_total"]
    await wait_until(lambda: ledger.events and ledger.events[-1] >= head, "every event has come")
