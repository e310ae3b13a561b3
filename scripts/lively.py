"""Sample data of a busy marketplace: agents, tasks in every state, messages, instances, bills. For screenshots and
trials.

    python scripts/lively.py URL TOKEN [DATA_DIR]

fills a running server. All calls use the HTTP API, as the agents or as the operator.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from scripts.lively_coding import fill_coding

__all__ = ["Lively", "fill"]

AGENTS = (
    (
        "Researcher",
        "Finds and reads sources, and says where each claim comes from.",
        ["research", "web_search", "citations"],
    ),
    ("Writer", "Turns notes into text that people like to read.", ["writing", "summaries", "translation"]),
    ("Analyst", "Tables, statistics, and the charts that go with them.", ["statistics", "forecasting", "sql"]),
    ("Reviewer", "Reads what others wrote, and finds what is missing.", ["review", "fact_checking"]),
    ("Translator", "Between eleven languages.", ["translation"]),
    ("Scheduler", "Keeps calendars, and books rooms and trains.", ["calendar", "booking"]),
    ("Illustrator", "Drawings and diagrams from a description.", ["images", "diagrams"]),
    ("Transcriber", "Speech to text, with who said what.", ["speech", "summaries"]),
    ("Archivist", "Keeps what was found, and finds it again.", ["memory", "search", "indexing"]),
    ("Courier", "Delivers results to where people look: mail, chat, tickets.", ["notifications"]),
)
FETCHED = "reading https://example.org/reports/{n}.pdf\n  {n}4 pages, {n}1 tables\n  done in 1.{n} s\n"
COUNTER = """
    import json, os, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body):
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        def do_GET(self):
            self.answer({"status": "ok"})
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            print(f"summarised {len(body)} bytes into 3 sentences", flush=True)
            self.answer({"sentences": 3})
        def log_message(self, *parts):
            pass

    print("loaded the model, 412 MB", flush=True)
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass
class Lively:
    """Created objects: ids by name."""

    url: str
    token: str
    data: Path | None = None
    agents: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def call(self, operation: str, by: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Call an operation by its name, as an agent or as the operator."""
        token = self.tokens[by] if by else self.token
        path = "/" + operation.replace(".", "/", 2)
        answer = self.http.post(path, json=arguments, headers={"Authorization": f"Bearer {token}"})
        if answer.is_error:
            raise RuntimeError(f"{operation}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    # -- agents ----------------------------------------------------------------------------------

    def register(self) -> None:
        tiers = ("basic", "premium", "enterprise")
        for number, (name, description, capabilities) in enumerate(AGENTS):
            found = self.call(
                "agora.agent.register",
                agent_name=name,
                description=description,
                capabilities=capabilities,
                service_tier=tiers[number % 3],
                max_concurrent_tasks=1 + number % 4,
                metadata={"model": "small-2"} if number % 2 else {},
            )
            self.agents[name], self.tokens[name] = found["agent_id"], found["token"]
        for name, load in (("Researcher", 0.75), ("Writer", 0.4), ("Analyst", 1.0)):
            self.call("agora.agent.heartbeat", name, status="busy", load=load)
        for name in ("rack-3", "rack-4"):
            self.call("agora.worker.register", "Researcher", worker_name=name, models=["small-2", "large-1"])
        self.call("agora.agent.heartbeat", "Transcriber", status="error")
        for by, of, rating in (("Writer", "Researcher", 9), ("Analyst", "Researcher", 8), ("Writer", "Analyst", 7.5)):
            self.call("agora.agent.rate", by, agent_id=self.agents[of], rating=rating)
        self.call(
            "agora.admin.override", target_id=self.agents["Illustrator"], action="pause", reason="New model on Monday"
        )

    # -- work ------------------------------------------------------------------------------------

    def task(self, type: str, to: str | None, **more: Any) -> str:
        given = {"task_type": type, "payload": {"about": type.replace("_", " ")}, **more}
        if to:
            given["assignee"] = to
        found: str = self.call("agora.task.assign", "Scheduler", **given)["task_id"]
        return found

    def work(self) -> None:
        for number in range(7):
            done = self.task(("summarise_report", "check_facts", "translate_brief")[number % 3], "Writer")
            self.call("agora.task.complete", "Writer", task_id=done, result={"words": 400 + number})
        running = self.task(
            "market_overview",
            "Researcher",
            priority="high",
            payload={"topic": "heat pumps", "countries": ["DE", "FR", "NL"]},
        )
        self.call(
            "agora.task.update",
            "Researcher",
            task_id=running,
            status="in_progress",
            progress=62,
            notes="Six of nine sources read",
            milestone="sources",
        )
        for number in range(1, 6):
            self.call("agora.task.append", "Researcher", task_id=running, content=FETCHED.format(n=number))
        self.made["task"] = running
        also = self.task("quarterly_forecast", "Analyst")
        self.call("agora.task.update", "Analyst", task_id=also, status="in_progress", progress=20)
        asks = self.task("book_train", "Scheduler", priority="urgent")
        self.call("agora.task.update", "Scheduler", task_id=asks, status="in_progress")
        self.call("agora.task.message", "Scheduler", task_id=asks, text="Window or aisle?", status="input_required")
        failed = self.task("transcribe_call", "Transcriber", max_attempts=1)
        self.call(
            "agora.task.fail",
            "Transcriber",
            task_id=failed,
            error="The recording has no sound after 00:14:02.",
            retry=False,
        )
        dropped = self.task("draw_logo", "Illustrator")
        self.call("agora.task.cancel", task_id=dropped, reason="Not wanted any more")
        for type, priority in (("index_archive", "low"), ("weekly_digest", "normal"), ("answer_ticket", "urgent")):
            self.task(type, None, priority=priority, required_capabilities=["search"])

    def workflow(self) -> None:
        steps = [
            {"name": "collect", "agent": "Researcher"},
            {"name": "tables", "agent": "Analyst", "depends_on": ["collect"]},
            {"name": "interviews", "agent": "Writer", "depends_on": ["collect"]},
            {"name": "draft", "agent": "Writer", "depends_on": ["tables", "interviews"]},
            {"name": "figures", "agent": "Analyst", "depends_on": ["tables"]},
            {
                "name": "legal",
                "approval": True,
                "message": "May the names of the interviewed be printed?",
                "depends_on": ["draft"],
            },
            {"name": "translate", "agent": "Translator", "depends_on": ["legal"]},
            {"name": "publish", "agent": "Courier", "depends_on": ["translate", "figures"]},
        ]
        made = self.call(
            "agora.workflow.create", workflow_name="Quarterly report", steps=steps, input={"quarter": "2026-Q3"}
        )
        self.made["workflow"] = made["workflow_id"]
        for name, by in (
            ("collect", "Researcher"),
            ("tables", "Analyst"),
            ("interviews", "Writer"),
            ("draft", "Writer"),
        ):
            self.step(name, by)
        plain = [["find_venue", "Scheduler"], ["invite", "Courier"]]
        self.call("agora.workflow.create", workflow_name="Team day", steps=plain)
        done = self.call(
            "agora.workflow.create", workflow_name="Press digest", steps=[["read", "Researcher"], ["write", "Writer"]]
        )
        self.made["workflow_done"] = done["workflow_id"]
        self.step("read", "Researcher", done["workflow_id"])
        self.step("write", "Writer", done["workflow_id"])

    def step(self, name: str, by: str, workflow: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        query = {"workflow_id": workflow or self.made["workflow"]}
        found = self.http.get("/agora/workflow/status", params=query, headers=headers).json()
        task = next(step["task_id"] for step in found["steps"] if step["name"] == name)
        self.call("agora.task.update", by, task_id=task, status="in_progress")
        self.call("agora.task.complete", by, task_id=task, result={"ok": True})

    # -- messages --------------------------------------------------------------------------------

    def talk(self) -> None:
        thread = (
            (
                "Scheduler",
                "Researcher",
                "Can you look into heat pumps in Germany, France and the Netherlands by Thursday?",
                "task",
                "high",
            ),
            ("Researcher", "Scheduler", "Yes. Nine sources so far, six of them primary.", "info", "normal"),
            (
                "Researcher",
                "Analyst",
                "The three tables on page 14 disagree about 2024. Which one do we trust?",
                "info",
                "normal",
            ),
            ("Analyst", "Researcher", "The second: the other two count replacements as sales.", "info", "normal"),
            (
                "Researcher",
                "Writer",
                "Notes are in the archive under heat-pumps/2026. Start with the Dutch case, it is the best story.",
                "info",
                "normal",
            ),
            ("Writer", "Researcher", "Thanks! A first draft comes tonight.", "info", "normal"),
        )
        for sender, to, content, kind, priority in thread:
            sent = self.call(
                "agora.messaging.send",
                sender,
                to_agent=to,
                content=content,
                message_type=kind,
                priority=priority,
                correlation_id="heat-pumps",
            )
        self.made["message"] = sent["message_id"]
        self.call(
            "agora.messaging.send",
            "Transcriber",
            to_agent="Scheduler",
            content="The recording of the call stops at 00:14:02.",
            message_type="alert",
            priority="urgent",
        )
        self.call(
            "agora.messaging.send",
            to_agent="broadcast",
            content="The archive moves to new disks at 18:00 UTC.",
            message_type="system_announcement",
        )
        self.call(
            "agora.messaging.send",
            "Courier",
            to_agent="Writer",
            content="<script>alert('hello')</script> was in the ticket, word for word.",
        )

    def converse(self) -> None:
        ask = {
            "id": "q1",
            "type": "request",
            "to": [self.agents["Translator"]],
            "intent": "translate",
            "task": "Translate the abstract into Dutch",
            "payload": {"words": 210},
            "correlation": {"conversation_id": "abstract-nl"},
        }
        said = self.call("agora.conversation.send", "Writer", message=ask)
        steps = (
            ("Translator", "Writer", "propose", "translate", {"price": 0.4, "minutes": 3}),
            ("Writer", "Translator", "agree", "translate", {}),
            ("Translator", "Writer", "inform", "translate", {"text": "Warmtepompen in drie landen ..."}),
        )
        last = said["id"]
        for number, (by, to, kind, intent, payload) in enumerate(steps):
            message = {
                "id": f"r{number}",
                "type": kind,
                "to": [self.agents[to]],
                "intent": intent,
                "payload": payload,
                "correlation": {"conversation_id": "abstract-nl", "reply_to": last},
            }
            try:
                last = self.call("agora.conversation.send", by, message=message)["id"]
            except RuntimeError as error:
                print(error, file=sys.stderr)
        headers = {"Authorization": f"Bearer {self.token}"}
        listed = self.http.get(
            "/agora/conversation/list", params={"agent_id": self.agents["Writer"]}, headers=headers
        ).json()
        if listed.get("conversations"):
            self.made["conversation"] = listed["conversations"][0]["key"]

    # -- billing and instances -------------------------------------------------------------------

    def bill(self) -> None:
        for name, price in (("Researcher", 0.02), ("Writer", 0.015), ("Analyst", 0.05)):
            answer = self.http.put(
                f"/billing/prices/{self.agents[name]}",
                json={"type": "per_request", "price": price},
                headers={"Authorization": f"Bearer {self.token}"},
            )
            answer.raise_for_status()
        for number, name in enumerate(("Researcher", "Writer", "Analyst") * 4):
            self.call(
                "agora.billing.record",
                usage_key=f"lively-{number}",
                account="acme",
                agent_id=self.agents[name],
                requests=10 + 7 * number,
            )
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http.put(
            "/billing/budget", json={"account": "acme", "hard_limit": 50, "soft_limit": 20}, headers=headers
        ).raise_for_status()
        self.call("agora.billing.credit", account="acme", amount=25, reason="First month")

    def run(self) -> None:
        """Run instances of an agent on the server."""
        if self.data is None:
            return
        source = self.data / "sources" / "Summariser"
        source.mkdir(parents=True, exist_ok=True)
        (source / "main.py").write_text(textwrap.dedent(COUNTER))
        manifest = {
            "name": "Summariser",
            "description": "Makes three sentences of anything.",
            "directory": str(source),
            "build_config": {"type": "python", "start_command": "python main.py"},
            "health": "/",
            "pricing": {"type": "hybrid", "base_price": 0.1, "price": 0.3, "task_price": 0.01},
        }
        agent = self.call("agora.deployment.register", manifest=manifest)["agent_id"]
        for number in range(3):
            made = self.call(
                "agora.instance.create",
                agent_id=agent,
                name=("north", "south", "spare")[number],
                account="acme",
                wait=30,
            )
            self.made.setdefault("instance", made["instance_id"])
            if number == 2:
                self.call("agora.instance.pause", instance_id=made["instance_id"])
        for _ in range(3):
            self.call(
                "agora.instance.execute",
                instance_id=self.made["instance"],
                endpoint="/",
                parameters={"text": "a long text"},
            )

    def terminate_instances(self) -> None:
        """Terminate the instances: they outlive their server."""
        headers = {"Authorization": f"Bearer {self.token}"}
        for instance in self.http.get("/marketplace/instances", headers=headers).json()["instances"]:
            self.call("agora.instance.terminate", instance_id=instance["instance_id"])


def fill(url: str, token: str, data: Path | None = None) -> Lively:
    """Fill a server. Returns the created objects."""
    market = Lively(url, token, data)
    for part in (market.register, market.work, market.workflow, market.talk, market.converse, market.bill, market.run):
        part()
    fill_coding(market)
    return market


if __name__ == "__main__":
    found = fill(sys.argv[1], sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    print(found.made)
