"""The director: starts the agents, lets things happen, and checks what they observed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import uuid
from pathlib import Path

from agora_sdk import AgoraClient
from agora_sdk.errors import AgoraError, Halted

from .cast import ROLES
from .report import Report
from .stage import Stage, answers, free_server

__all__ = ["run"]

DEFAULT_URL = "http://127.0.0.1:8080"
LEFT_OUT = "AGORA_DEMO_WITHOUT"  # a role not to start: the demo must then fail


def run(url: str | None = None) -> int:
    """Run on the server at ``url``, on the one AGORA_URL names, or on one of its own; answers the exit code."""
    url = (url or os.environ.get("AGORA_URL") or DEFAULT_URL).rstrip("/")
    with contextlib.ExitStack() as stack:
        if not answers(url):
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="agora-demo-"))
            url = stack.enter_context(free_server(Path(directory)))
            print(f"No server was running; the demo has its own at {url}")  # noqa: T201
        else:
            print(f"Using the server at {url}")  # noqa: T201
        return _perform(url)


def _perform(url: str) -> int:
    began = time.monotonic()
    report, name = Report(), uuid.uuid4().hex[:6]
    with AgoraClient(url, mode="sync") as client:
        stage = Stage(url, name, client.event.list(limit=1).last_sequence)
        try:
            _Director(client, stage, report).play()
        except AgoraError as error:
            report.expect("the story could be told", error, False)
        finally:
            stage.clear()
            _leave(client, name)
    report.show()
    print(f"{time.monotonic() - began:.1f} s")  # noqa: T201
    return 1 if report.missing else 0


def _leave(client: AgoraClient, name: str) -> None:
    """Take the run's agents off the marketplace."""
    for role in (*ROLES, "Observer"):
        with contextlib.suppress(AgoraError):
            client.agent.deregister(f"{role}-{name}")


class _Director:
    """One run of the story, act by act."""

    def __init__(self, client: AgoraClient, stage: Stage, report: Report) -> None:
        self.client, self.stage, self.report = client, stage, report
        self.expect = report.expect

    def name(self, role: str) -> str:
        return f"{role}-{self.stage.run}"

    def play(self) -> None:
        """Every act; each notes what it observed."""
        self.hold()
        self.gather()
        self.work()
        self.announce()
        self.recover()
        self.intervene()

    def hold(self) -> None:
        receipt = self.client.messaging.send(self.name("Observer"), "sent before you were there")
        self.expect("a message to an unregistered name is held", receipt.warning, bool(receipt.warning))

    def gather(self) -> None:
        left_out = os.environ.get(LEFT_OUT, "")
        for role in (*ROLES, "Observer"):
            if role != left_out:
                self.stage.enter(role)
        roles = len(ROLES) + 1
        started = self.stage.told(lambda fact: fact["what"] == "started", roles)
        self.expect(f"{roles} agents registered", f"{len(started)} started", len(started) == roles)
        inbox = self.stage.told(lambda fact: fact["what"] == "inbox")
        self.expect(
            "the held message is delivered",
            [fact["content"] for fact in inbox],
            [fact["content"] for fact in inbox] == ["sent before you were there"],
        )

    def work(self) -> None:
        answer = self.client.request(self.name("Writer"), "otters", "assignment", timeout=15)
        researchers = [self.name("ResearcherA"), self.name("ResearcherB")]
        (found,) = self.stage.told(lambda fact: fact["what"] == "discovered") or [{"names": []}]
        self.expect("the writer discovers researchers by capability", found["names"], found["names"] == researchers)
        self.expect(
            "direct requests are answered", answer.content, all(name in answer.content for name in researchers)
        )
        drafts = self.stage.told(lambda fact: fact["role"] == "Reviewer" and fact.get("content") == "a draft to review")
        self.expect("a message to a capability finds its agent", f"{len(drafts)} draft", len(drafts) == 1)
        published = self.stage.told(lambda fact: fact.get("type") == f"review.done.{self.stage.run}")
        self.expect("an agent's own event reaches the observer", f"{len(published)} event", len(published) == 1)

    def announce(self) -> None:
        self.client.messaging.send("broadcast", "all hands", "introduction")
        heard = self.stage.told(lambda fact: fact.get("content") == "all hands" and fact["broadcast"], len(ROLES))
        names = sorted({fact["role"] for fact in heard})
        self.expect("a broadcast reaches everyone", ", ".join(names), names == sorted(ROLES))

    def recover(self) -> None:
        self.stage.strike("Observer")
        missed = self.client.event.publish("demo.missed", {"run": self.stage.run})
        self.client.messaging.send(self.name("Observer"), "sent while you were dead")
        self.stage.enter("Observer")
        inbox = self.stage.told(lambda fact: fact.get("content") == "sent while you were dead")
        self.expect("a killed agent finds what came meanwhile", f"{len(inbox)} message", len(inbox) == 1)
        seen = self.stage.told(lambda fact: fact.get("type") == "demo.missed")
        self.expect("its event stream resumes", missed.event_id, len(seen) == 1)

    def intervene(self) -> None:
        target = self.name("ResearcherA")
        self.client.admin.override(target, "pause", "demo")  # type: ignore[arg-type]
        credentials = self.stage.environment["AGORA_CREDENTIALS"]
        refused = ""
        with AgoraClient(self.client.url, agent=target, mode="sync", credentials=credentials) as paused:
            try:
                paused.messaging.send("broadcast", "I am paused")
            except Halted as error:
                refused = error.detail
        self.client.admin.override(target, "resume")  # type: ignore[arg-type]
        self.expect("a paused agent is refused at once", refused, bool(refused))
        status = self.client.agent.get(target).status
        self.expect("and works again when resumed", status, status == "active")
        last = self.client.event.publish("demo.over", {"run": self.stage.run})
        self.stage.told(lambda fact: fact.get("type") == "demo.over")
        sequences = [fact["sequence"] for fact in self.stage.heard if fact["what"] == "event"]
        once = len(sequences) == len(set(sequences)) and sequences == sorted(sequences)
        self.expect("the observer saw every event once, in order", f"{len(sequences)} events", once and bool(last))
