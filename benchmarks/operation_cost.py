"""The longest time for which one call of an ordinary agent blocks the event loop, by operation, with the largest
inputs.

Every operation of the contract that an agent may call is called with arguments generated from its schema, as large as
the schema and the body limits allow: once with long texts, once with as many values as possible. There are also
hand-written cases, with a marketplace of full inboxes, large tasks and workflows of 500 steps. For each case it prints
the CPU milliseconds of the longest block (the minimum of the repetitions), those of the whole call, and the status of
the response.

    python -m benchmarks.operation_cost              all cases, on SQLite, the longest first
    python -m benchmarks.operation_cost workflow     cases whose name contains one of these words
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import process
from tests.blackbox.loop_probe import LoopProbe

CONTRACT = Path(__file__).parents[1] / "sdk" / "contract.json"
BODY = 1_000_000  # approximate limit of a body in bytes
VALUES = 50_000  # approximate limit of values in a body, including names
MAX_UNMARKED_SECONDS = 0.025  # limit beyond which times are marked in the table
REPETITIONS = 3
AGENTS, MESSAGES, TASKS, STEPS = 600, 700, 600, 500
DENSE = {"v": [[n] for n in range(14_000)]}  # nested values, as many as a body may contain
DENSE_MEMORY = {"v": [[n] for n in range(8_000)]}  # the same with a lower limit
WORDS = {"content": "x" * 1_500}

Json = Any


@dataclass(frozen=True)
class Case:
    """One call. prepare: called before each repetition; returns the arguments."""

    operation: str
    label: str
    prepare: Callable[[], Mapping[str, Json]]


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU time, the status, and bytes of the response."""

    case: Case
    piece: float
    total: float
    status: int
    size: int


class Caller:
    """An agent that calls operations by name."""

    def __init__(self, url: str, token: str | None, operations: Mapping[str, Json]) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=120)
        self._operations = operations

    def send(self, name: str, arguments: Mapping[str, Json]) -> httpx.Response:
        """Call an operation by its first route; path parameters are taken from the arguments."""
        route = self._operations[name]["routes"][0]
        values = dict(arguments)
        path = re.sub(r"\{(\w+)\}", lambda match: str(values.pop(match[1], "none")), route["path"])
        if route["method"] in ("GET", "DELETE"):
            return self._http.request(route["method"], path, params=_query(values))
        return self._http.request(route["method"], path, json=values)

    def call(self, name: str, **arguments: Json) -> Json:
        """Call an operation that must succeed. Returns its result."""
        answer = self.send(name, arguments)
        assert answer.is_success, f"{name}: {answer.status_code} {answer.text[:500]}"
        return answer.json()


def _query(values: Mapping[str, Json]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


# -- the largest arguments of a schema -----------------------------------------------------------------


class LargestArguments:
    """Arguments as large as a schema allows. dense: many values instead of long texts."""

    def __init__(self, definitions: Mapping[str, Json], dense: bool) -> None:
        self._definitions, self._dense = definitions, dense

    def of(self, operation: Mapping[str, Json]) -> dict[str, Json]:
        """Build arguments by parameter; waits are 0, and paging starts at the beginning."""
        in_query = operation["routes"][0]["method"] in ("GET", "DELETE")
        self._bytes, self._values = (4_000, 500) if in_query else (BODY, VALUES)
        skipped = {
            "cursor",
            "page_token",
            "since",
            "until",
            "last_event_id",
            "from_agent",
            "agent_id",
            "sender",
            "account",
        }
        arguments = {}
        for parameter in operation["parameters"]:
            if parameter["name"] in ("wait", "offset"):
                arguments[parameter["name"]] = 0
            elif parameter["required"] or parameter["name"] not in skipped:
                arguments[parameter["name"]] = self._value(parameter["schema"])
        return arguments

    def _value(self, schema: Mapping[str, Json], depth: int = 0) -> Json:
        if "$ref" in schema:
            return self._value(self._definitions[schema["$ref"].rsplit("/", 1)[1]], depth)
        if "anyOf" in schema:
            options = [option for option in schema["anyOf"] if option.get("type") != "null"]
            return self._value(max(options, key=lambda option: len(json.dumps(option))), depth)
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type")
        if kind == "string":
            return self._text(schema)
        if kind in ("integer", "number"):
            return schema.get("maximum", 1_000_000)
        if kind == "boolean":
            return True
        if kind == "array":
            return self._list(schema, depth)
        if kind == "object" and schema.get("properties"):
            if depth > 4:
                return {}
            return {name: self._value(part, depth + 1) for name, part in schema["properties"].items()}
        return self._object()

    def _text(self, schema: Mapping[str, Json]) -> str:
        if schema.get("format") == "date-time":
            return "2030-01-01T00:00:00Z"
        length = min(schema.get("maxLength", 1_000), 100 if self._dense else max(self._bytes, 20))
        self._bytes -= length
        for text in ("x" * length, "a1", "USD", "https://example.org/", "1Gi", "k_1"):
            if re.search(schema.get("pattern", ""), text):
                return text
        return "x"

    def _list(self, schema: Mapping[str, Json], depth: int) -> list[Json]:
        items = []
        while len(items) < schema.get("maxItems", 1_000) and self._bytes > 0 and self._values > 0:
            self._values -= 2
            items.append(self._value(schema.get("items", {}), depth + 1))
            if isinstance(items[-1], str) and len(items) > 1:
                items[-1] = f"{len(items)}{items[-1]}"[: max(len(items[-1]), 4)]
        return items

    def _object(self) -> Json:
        if not self._dense:
            self._bytes, length = 0, max(self._bytes, 20)
            return {"text": "x" * length}
        count, self._values = max(self._values // 3, 1), 0
        return {"v": [[n] for n in range(count)]}


# -- a full marketplace ------------------------------------------------------------------------------------


class Marketplace:
    """Objects for the cases, by id."""

    def __init__(self, operator: Caller, agent: Caller, agent_id: str) -> None:
        self.operator, self.agent, self.agent_id = operator, agent, agent_id
        self._numbers = iter(range(10**9))

    def name(self) -> str:
        return f"n{next(self._numbers)}"

    def fill(self) -> None:
        """Create agents with long profiles, messages, tasks, memories and events."""
        profile = {
            "description": "d" * 1_500,
            "capabilities": [f"c{n}" for n in range(100)],
            "metadata": {"v": ["x"] * 50},
        }
        for number in range(AGENTS):
            self.operator.call("agora.agent.register", agent_name=f"Agent{number}", **profile)
        for number in range(MESSAGES):
            large = {"metadata": DENSE} if number < 20 else {}
            self.agent.call("agora.messaging.send", to_agent=self.agent_id, content="x" * 1_400, **large)
        for number in range(TASKS):
            payload = DENSE if number < 20 else WORDS
            self.agent.call("agora.task.assign", task_type="t", assignee=self.agent_id, payload=payload)
        for number in range(500):
            value = DENSE_MEMORY if number < 20 else WORDS
            self.agent.call("agora.memory.store", key=f"k{number}", value=value, namespace="full")
            self.agent.call("agora.event.publish", event_type="x.y", data=DENSE_MEMORY if number < 20 else WORDS)

    def message_ids(self, count: int) -> list[str]:
        page = self.agent.call("agora.messaging.receive", limit=count)
        return [message["message_id"] for message in page["messages"]]

    def task(self, **arguments: Json) -> str:
        return str(self.agent.call("agora.task.assign", task_type="one", **arguments)["task_id"])

    def claimed(self) -> dict[str, Json]:
        """Claim a task. Returns its id and fencing token."""
        kind = self.name()
        self.agent.call("agora.task.assign", task_type=kind, assignee=self.agent_id)
        task = self.agent.call("agora.task.claim", task_types=[kind])["tasks"][0]
        return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}

    def gate(self, dependants: int) -> dict[str, Json]:
        """Claim a task that others depend on."""
        held = self.claimed()
        for _ in range(dependants):
            self.task(assignee=self.agent_id, depends_on=[held["task_id"]])
        return held

    def workflow(self, steps: list[Json], **arguments: Json) -> str:
        created = self.agent.call("agora.workflow.create", workflow_name="w", steps=steps, **arguments)
        return str(created["workflow_id"])

    def workflow_of_one_gate(self, steps: list[Json], **arguments: Json) -> dict[str, Json]:
        """Create a workflow whose first step is claimed, and whose other steps start when it ends."""
        first = {"name": "first", "agent": self.agent_id, "task_type": self.name()}
        self.workflow([first, *steps], **arguments)
        task = self.agent.call("agora.task.claim", task_types=[first["task_type"]])["tasks"][0]
        return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}

    def newcomer(self) -> str:
        return str(self.agent.call("agora.agent.register", agent_name=self.name())["agent_id"])

    def busy_agent(self, tasks: int) -> str:
        """Create an agent of the caller with that many waiting tasks and messages."""
        agent_id = self.newcomer()
        for _ in range(tasks):
            self.task(assignee=agent_id)
            self.agent.call("agora.messaging.send", to_agent=agent_id, content="x")
        return agent_id


def _steps(agent: str, count: int = STEPS, dependencies: int | None = None, **fields: Json) -> list[Json]:
    """Build sequential steps, or steps that each depend on that many earlier ones."""
    names = [f"s{n}" for n in range(count)]
    steps = [{"name": name, "agent": agent, **fields} for name in names]
    if dependencies is not None:
        for n, step in enumerate(steps):
            step["depends_on"] = names[max(0, n - dependencies) : n]
    return steps


NUMBERS = {"items": list(range(400))}
NESTED_CONDITION = "input.items.all(a, input.items.all(b, a + b >= 0))"


def _build_case(operation: str, label: str, **arguments: Json) -> Case:
    return Case(f"agora.{operation}", label, lambda: arguments)


def _prepare_case(operation: str, label: str, prepare: Callable[[], Mapping[str, Json]]) -> Case:
    """Build a case whose arguments name objects created for each call, because a task can be completed only once."""
    return Case(f"agora.{operation}", label, prepare)


def _handwritten_cases(market: Marketplace) -> Iterator[Case]:
    """Yield cases that schemas do not cover: many rows behind a call, and interdependent values."""
    yield from _message_cases(market)
    yield from _task_cases(market)
    yield from _memory_and_event_cases(market)
    yield from _monitor_cases(market)
    yield from _envelope_cases(market)
    yield from _workflow_creation_cases(market)
    yield from _workflow_progress_cases(market)
    yield from _workflow_change_cases(market)


def _message_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    yield _build_case("messaging.receive", "500 messages", limit=500)
    yield _build_case("messaging.receive", "500 behind 2,000", limit=500, offset=2_000)
    yield _build_case("messaging.receive", "values", limit=500, offset=MESSAGES - 20)
    yield _build_case("messaging.send", "to 100", to_agent=[f"Agent{n}" for n in range(100)], content="x" * 9_000)
    yield _build_case(
        "messaging.send", "to 100, values", to_agent=[f"Agent{n}" for n in range(100)], content="x", metadata=DENSE
    )
    yield _build_case("messaging.send", "a text of 900,000", to_agent=me, content="x" * 900_000)
    yield _prepare_case("messaging.mark", "500", lambda: {"message_ids": market.message_ids(500), "status": "read"})
    for name, field in (("agent.list", 0), ("query.agents", 0), ("monitor.agents", None)):
        yield _build_case(name, "500 agents", limit=500, **({} if field is None else {"offset": field}))
    yield _build_case(
        "query.agents", "20 capabilities", limit=500, capabilities=[f"c{n}" for n in range(20)], match="any"
    )
    yield _build_case("query.agents", "a search", limit=500, search="d" * 100)


def _task_cases(market: Marketplace) -> Iterator[Case]:
    yield _build_case("task.list", "500 tasks", limit=500)
    yield _build_case("task.list", "sorted", limit=500, sort="priority")
    yield _build_case("task.statistics", "all")
    yield _prepare_case("task.complete", "values", lambda: {**market.claimed(), "result": DENSE})
    yield _prepare_case("task.complete", "500 wait for it", lambda: market.gate(500))
    yield _prepare_case("task.fail", "500 wait for it", lambda: {**market.gate(500), "error": "x", "retry": False})
    yield _prepare_case("task.append", "262,144 characters", lambda: {**market.claimed(), "content": "x" * 262_144})
    yield _build_case("task.claim", "100 tasks", limit=100)
    yield _prepare_case(
        "task.assign", "depends on 100", lambda: {"task_type": "d", "depends_on": [market.task() for _ in range(100)]}
    )


def _memory_and_event_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    yield _build_case("memory.list", "500 memories", namespace="full", limit=500)
    yield _build_case("memory.list", "values", namespace="full", limit=500, prefix="k1")
    yield _build_case("memory.search", "100 found", namespace="full", query="x k0 k1", limit=100)
    yield _build_case("memory.recall", "values", namespace="full", key="k1")
    yield _build_case("event.list", "500 events", limit=500)
    yield _build_case(
        "event.publish", "to 100, values", event_type="x.y", data=DENSE, to=[f"Agent{n}" for n in range(100)]
    )
    yield _build_case("bus.read", "500 entries", count=500, consumer="c")
    yield _build_case("bus.pending", "500 entries", count=500)
    yield _prepare_case("bus.ack", "500 entries", lambda: {"message_ids": _entries(market)})
    yield _build_case("bus.publish", "to all", type="broadcast", content={"text": "x" * 9_000})
    yield _build_case("bus.publish", "values", type="command", target=me, content=DENSE)


def _monitor_cases(market: Marketplace) -> Iterator[Case]:
    yield _build_case("monitor.messages", "500", limit=500)
    yield _build_case("monitor.search", "500", limit=500, q="x")
    yield _build_case("monitor.count", "a search", q="x")
    yield _build_case("monitor.stats", "all")
    yield _build_case("query.marketplace", "all")
    yield _prepare_case("agent.deregister", "500 tasks", lambda: {"agent_id": market.busy_agent(500)})


def _envelope_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    yield _build_case("a2a.list", "100 with history", page_size=100, include_artifacts=True)
    parts = [{"text": "x" * 90}] * 100
    yield _build_case(
        "a2a.send", "100 parts", agent=me, message={"role": "ROLE_USER", "parts": parts}, return_immediately=True
    )
    yield _build_case(
        "a2a.send",
        "values",
        agent=me,
        message={"role": "ROLE_USER", "parts": [{"data": DENSE}]},
        return_immediately=True,
    )
    yield _build_case(
        "conversation.send", "values", message={"type": "REQUEST", "sender": me, "to": [me], "payload": DENSE}
    )
    to = [f"Agent{n}" for n in range(100)]
    yield _build_case(
        "conversation.send", "to 100", message={"type": "INFORM", "sender": me, "to": to, "payload": WORDS}
    )
    yield _build_case("conversation.pending", "500", limit=500)


def _workflow_creation_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    create = "workflow.create"
    yield _build_case(create, "500 in a row", workflow_name="w", steps=_steps(me))
    yield _build_case(create, "500 at once", workflow_name="w", steps=_steps(me, dependencies=0))
    yield _build_case(create, "500 x 20 dependencies", workflow_name="w", steps=_steps(me, dependencies=20))
    yield _build_case(create, "500 x 100 dependencies", workflow_name="w", steps=_steps(me, dependencies=100))
    yield _build_case(create, "500 texts", workflow_name="w", steps=_steps(me, payload={"text": "x" * 1_500}))
    yield _build_case(
        create, "500 conditions", workflow_name="w", steps=_steps(me, when="input.a != 1"), input={"a": 1}
    )
    wide = [{"name": "s", "agent": me, "for_each": list(range(1_000)), "max_parallel": 1_000}]
    yield _build_case(create, "1,000 parts", workflow_name="w", steps=wide)
    inner = [{"name": f"i{n}", "agent": me, "depends_on": []} for n in range(50)]
    parts = [{"name": "s", "for_each": list(range(100)), "max_parallel": 100, "workflow": inner}]
    yield _build_case(create, "100 workflows of 50", workflow_name="w", steps=parts)
    yield _build_case(
        create,
        "nested CEL",
        workflow_name="w",
        steps=[{"name": "s", "agent": me, "when": NESTED_CONDITION}],
        input=NUMBERS,
    )
    many = _steps(me, 20, dependencies=0, when=NESTED_CONDITION)
    yield _build_case(create, "nested CEL, 20 steps", workflow_name="w", steps=many, input=NUMBERS)


def _workflow_progress_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    after = [{**step, "depends_on": ["first"]} for step in _steps(me, STEPS - 1)]
    yield _prepare_case("task.complete", "499 steps begin", lambda: market.workflow_of_one_gate(after))
    nested_after = [{"name": "s", "agent": me, "when": NESTED_CONDITION}]
    yield _prepare_case("task.complete", "nested CEL", lambda: market.workflow_of_one_gate(nested_after, input=NUMBERS))
    yield _prepare_case(
        "task.fail", "499 steps end", lambda: {**market.workflow_of_one_gate(after), "error": "x", "retry": False}
    )


def _workflow_change_cases(market: Marketplace) -> Iterator[Case]:
    me = market.agent_id
    for name in ("status", "timeline", "diagram", "cancel"):
        steps = _steps(me, dependencies=20) if name != "cancel" else _steps(me, dependencies=0)
        yield _prepare_case(
            f"workflow.{name}", "500 steps", lambda steps=steps: {"workflow_id": market.workflow(steps)}
        )
    yield _prepare_case(
        "workflow.modify",
        "reorder 500",
        lambda: {"workflow_id": market.workflow(_steps(me)), "action": "reorder", "order": _reordered()},
    )
    yield _prepare_case(
        "workflow.modify",
        "add to 499",
        lambda: {
            "workflow_id": market.workflow(_steps(me, STEPS - 1)),
            "action": "add",
            "definition": {"name": "new", "agent": me},
        },
    )
    for action in ("pause", "terminate"):
        yield _prepare_case(
            "workflow.modify",
            f"{action} 500",
            lambda action=action: {"workflow_id": market.workflow(_steps(me, dependencies=0)), "action": action},
        )


def _entries(market: Marketplace) -> list[str]:
    page = market.agent.call("agora.bus.read", count=500, consumer="c")
    return [entry["entry_id"] for entry in page.get("entries", [])] or ["0-0"]


def _reordered() -> list[str]:
    names = [f"s{n}" for n in range(STEPS)]
    return [names[0], *reversed(names[1:])]


def _generic_cases(contract: Mapping[str, Json]) -> Iterator[Case]:
    """Yield a case for every operation, with the maximum that its schema allows."""
    for operation in contract["operations"]:
        if operation["kind"] == "stream" or not operation["routes"]:
            continue
        for dense in (False, True):
            arguments = LargestArguments(contract["definitions"], dense).of(operation)
            yield Case(operation["name"], "schema: values" if dense else "schema: texts", lambda a=arguments: a)


# -- measuring ---------------------------------------------------------------------------------------------


def measure(server: process.Server, probe: LoopProbe, caller: Caller, case: Case) -> Cost:
    """Call a case several times. Returns the minimum of its cost."""
    costs = []
    for _ in range(REPETITIONS):
        arguments = case.prepare()
        probe.longest()
        probe.reset()
        used = server.cpu()
        answer = caller.send(case.operation, arguments)
        total = server.cpu() - used
        costs.append(Cost(case, probe.longest(), total, answer.status_code, len(answer.content)))
    return min(costs, key=lambda cost: cost.piece)


def main(words: list[str]) -> None:
    contract = json.loads(CONTRACT.read_text())
    operations = {operation["name"]: operation for operation in contract["operations"]}
    with tempfile.TemporaryDirectory() as directory:
        probe = LoopProbe(Path(directory) / "probe")
        options = {"rate_basic": "1000000", "rate_registrar": "1000000", "builtin_agents": "false"}
        with process.agora(Path(directory) / "data", probe.environment, **options) as server:
            operator = Caller(server.url, None, operations)
            registered = operator.call("agora.agent.register", agent_name="Stranger")
            agent = Caller(server.url, registered["token"], operations)
            market = Marketplace(operator, agent, registered["agent_id"])
            market.fill()
            probe.attach(server.process.pid)
            cases = [*_handwritten_cases(market), *_generic_cases(contract)]
            chosen = [case for case in cases if not words or any(word in case.operation for word in words)]
            costs = []
            for case in chosen:
                try:
                    costs.append(measure(server, probe, agent, case))
                except AssertionError as error:
                    print(f"{case.operation} ({case.label}) was not measured: {error}", file=sys.stderr)
    print(f"{'operation':32} {'case':28} {'piece ms':>9} {'CPU ms':>8} {'status':>6} {'bytes':>9}")
    for cost in sorted(costs, key=lambda cost: -cost.piece):
        mark = " *" if cost.piece > MAX_UNMARKED_SECONDS else ""
        print(
            f"{cost.case.operation:32} {cost.case.label:28} {cost.piece * 1000:9.1f} {cost.total * 1000:8.1f} "
            f"{cost.status:6} {cost.size:9}{mark}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
