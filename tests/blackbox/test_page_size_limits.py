"""Page sizes in bytes: no list operation of the contract exceeds the limit, and cursors lead to every item.

Tests run on SQLite, and on PostgreSQL with two servers on one database that take turns. The data is as large as the
contract allows, the pages as small as the settings allow.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.blackbox.mcp_upstream import McpUpstream
from tests.blackbox.server import Account, ServerProcess
from tests.harness import free_port

PAGE: Final = 65_536  # minimum of the setting page_bytes
LARGE: Final = "x" * 30_000
COUNT: Final = 5  #: large items of each kind, of which two fit into a page
MODERN: Final = "2026-07-28"
SPARE: Final = 16_384  # bytes of a page besides its items: ids, times, cursors
CONTRACT: Final = json.loads((Path(__file__).parents[2] / "sdk/contract.json").read_text())
SIZES: Final = frozenset({"limit", "page_size", "count"})

#: list operations whose items are always small, with the reason
SMALL: Final[Mapping[str, str]] = {
    "agora.a2a.list_push_configs": "a URL of 2,000 characters and a token of 4,000, 100 at once",
    "agora.a2a.list_remotes": "an operator adds them; their cards are not in the list",
    "agora.a2a.push_dead_letters": "a URL and an error of bounded length",
    "agora.attempt.list": "a title of 200 characters, and for at most eight attempts names and an error; the page is cut by its bytes all the same",
    "agora.billing.balance": "numbers",
    "agora.billing.budgets": "numbers",
    "agora.billing.coupons": "numbers and a code",
    "agora.billing.invoices": "numbers",
    "agora.billing.prices": "numbers",
    "agora.billing.revenue": "numbers",
    "agora.billing.tokens": "numbers and names",
    "agora.billing.usage": "numbers, and a description of 200 characters",
    "agora.token_billing.pricing": "numbers and names",
    "agora.token_billing.recent": "numbers and names",
    "agora.bus.pending": "ids and numbers",
    "agora.dead_letter.list": "a destination of 2,000 characters and a reason of 1,000; contents are not in the list",
    "agora.conversation.list": "ids, and what the first message is about in a few words",
    "agora.conversation.usage": "written by the agents' own protocol",
    "agora.host.list": "numbers and names",
    "agora.instance.backups": "numbers and names",
    "agora.instance.discover": "the same reader as agora.query.agents",
    "agora.instance.executions": "needs a running instance; answers are not in the list",
    "agora.instance.list": "needs a running instance; configurations are not in the list",
    "agora.instance.logs": "its limit is in bytes",
    "agora.media.list_rooms": "rooms of another server, whose page is cut by its bytes: tests/conformance/media",
    "agora.migration.list_imports": "numbers and a name",
    "agora.migration.rollback_import": "its limit is of what one call takes back; the answer is numbers",
    "agora.registry.list": "a description of 100 characters",
    "agora.review.comments": "the same reader as agora.review.files",
    "agora.review.list": "a title and branches of 250 characters; conflicts and errors are not in the list",
    "agora.turn.list": "ids, and a prompt of 1,000 characters",
    "agora.runtime.messages": "the pages of agora.session.messages, which is looked at",
    "agora.runtime.models": "a name of 200 characters, and ids",
    "agora.runtime.parts": "the parts of a page of agora.session.messages",
    "agora.runtime.projects": "the same reader as agora.codebase.list",
    "agora.runtime.sessions": "a title of 200 characters and a directory",
    "agora.session.list": "a title of 200 characters",
    "agora.transcript.export": "the pages of agora.session.messages, which is looked at",
    "agora.transcript.search": "excerpts of 320 characters",
    "agora.task.output": "its limit is in characters",
    "agora.token.list": "a label of 128 characters",
    "agora.orchestrator.search_apps": "the same reader as agora.orchestrator.search_agents",
    "agora.upstream.list": "a description of 1,000 characters",
    "agora.user.list": "names",
    "agora.model_provider.list": "a name and a URL of 500 characters; keys are not shown",
    "agora.task.stuck": "the pages of agora.task.list, which is looked at",
}


@dataclass
class Place:
    """Servers on one database, with large items of each kind. turn: index of the next server to use."""

    servers: list[ServerProcess]
    operator: Account
    giver: Account
    worker: Account
    conversation: str = ""
    task: str = ""
    codebase: str = ""
    job: str = ""
    review: str = ""
    turn: Iterator[int] = field(default_factory=itertools.count)

    def call(self, caller: Account, operation: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """Call an operation on the servers in turn. Returns the answer and its size in bytes."""
        server = self.servers[next(self.turn) % len(self.servers)]
        route = ROUTES[operation]
        path = route["path"]
        rest = dict(arguments)
        for name in route["path_parameters"]:
            path = path.replace(f"{{{name}}}", str(rest.pop(name)))
        way: dict[str, Any] = {"params": rest} if route["method"] == "GET" else {"json": rest}
        answer = caller.http.request(route["method"], f"{server.url}{path}", **way)
        assert answer.is_success, f"{operation}: {answer.status_code} {answer.text[:1000]}"
        return answer.json(), len(answer.content)


OPERATIONS: Final = {operation["name"]: operation for operation in CONTRACT["operations"]}
ROUTES: Final = {name: operation["routes"][0] for name, operation in OPERATIONS.items() if operation["routes"]}
LISTS: Final = sorted(
    name
    for name, operation in OPERATIONS.items()
    if not operation["result"]["stream"] and SIZES & {each["name"] for each in operation["parameters"]}
)


@dataclass(frozen=True)
class Listing:
    """A list operation. items: field with the items. caller: owner of the list. most: bytes of its largest item."""

    items: str
    least: int = COUNT
    caller: str = "worker"
    arguments: Callable[[Place], Mapping[str, Any]] = lambda place: {}
    whole: bool = True  # whether subsequent pages lead to every item


LARGE_LISTS: Final[Mapping[str, Listing]] = {
    "agora.a2a.catalogue": Listing("agents", least=18),
    "agora.a2a.list": Listing("tasks", caller="giver"),
    "agora.admin.audit": Listing("entries", least=34, caller="operator"),
    "agora.agent.list": Listing("agents"),
    "agora.app.list": Listing("apps", least=18),
    "agora.bus.read": Listing("entries"),
    "agora.bus.recover": Listing("entries", arguments=lambda place: {"idle": 0}, least=1, whole=False),
    "agora.codebase.list": Listing("codebases", least=18),
    "agora.conversation.get": Listing("messages", arguments=lambda place: {"conversation_id": place.conversation}),
    "agora.conversation.pending": Listing("messages", arguments=lambda place: {"agent_id": place.worker.agent_id}),
    "agora.deployment.list": Listing("deployments", caller="operator", least=5),
    "agora.discovery.list": Listing("services", least=100),
    "agora.event.list": Listing("events", least=20, caller="operator"),
    "agora.follow_up.list": Listing("follow_ups", caller="giver", arguments=lambda place: {"task_id": place.job}),
    "agora.memory.list": Listing("memories"),
    "agora.memory.search": Listing("memories", arguments=lambda place: {"query": "large"}, least=1, whole=False),
    "agora.messaging.receive": Listing("messages"),
    "agora.monitor.agents": Listing("agents", caller="operator"),
    "agora.monitor.messages": Listing("messages", caller="operator"),
    "agora.monitor.search": Listing("results", caller="operator", arguments=lambda place: {"q": "x"}, least=1),
    "agora.monitor.workers": Listing("workers", caller="operator", least=1, whole=False),
    "agora.orchestrator.search_agents": Listing("agents", whole=False, least=2),
    "agora.query.agents": Listing("agents"),
    "agora.query.services": Listing("services", least=100),
    "agora.review.files": Listing("files", arguments=lambda place: {"job_id": place.review}),
    "agora.session.messages": Listing(
        "messages", arguments=lambda place: {"codebase_id": place.codebase, "session_id": "large"}
    ),
    "agora.task.claim": Listing("tasks"),
    "agora.task.history": Listing("entries", caller="giver", least=18, arguments=lambda place: {"task_id": place.task}),
    "agora.task.list": Listing("tasks", caller="giver"),
    "agora.tenant.list": Listing("tenants", caller="operator"),
    "agora.declared_agent.list": Listing("agents", caller="operator", least=18),
    "agora.declared_agent.versions": Listing(
        "versions", caller="operator", least=18, arguments=lambda place: {"name": "thinker-0"}
    ),
    "agora.virtual_server.list": Listing("servers", caller="operator", least=18),
    "agora.worker.list": Listing("workers"),
    "agora.workflow.list": Listing("workflows", caller="giver"),
}


def _fill(server: ServerProcess) -> tuple[Account, Account, str, str, str, str, str]:
    """Create large items of each kind: for sender and recipient, a conversation, a task, a codebase, a job and a
    review."""
    operator = server.operator
    giver = server.register("Giver")
    worker = server.register("Worker", capabilities=["large"])
    metadata = {"note": LARGE}
    for number in range(18):
        operator.post("/apps", {"name": f"App {number}", "description": LARGE[:4000]})
    for number in range(COUNT):
        server.register(f"Profile {number}", metadata=metadata)
        giver.post("/agora/messaging/send", {"to_agent": "Worker", "content": LARGE})
        message = {
            "message_id": f"q-{number}",
            "type": "request",
            "intent": "reading",
            "to": "Worker",
            "correlation": {"conversation_id": "large"},
            "content": {"text": LARGE},
        }
        giver.post("/agora/conversation/send", {"message": message})
        worker.post("/agora/memory/store", {"key": f"large {number}", "value": {"text": LARGE}})
        worker.post("/v1/agent/workers/register", {"worker_name": f"W{number}", "metadata": metadata})
        giver.post("/agora/workflow/create", _workflow(number))
        operator.post("/tenants", {"tenant_id": f"large-{number}", "metadata": metadata})
        giver.post("/agora/task/assign", {"task_type": "t", "payload": {"text": LARGE}, "assignee": "Worker"})
        operator.post("/deployments", {"manifest": _manifest(number)})
    for number in range(18):
        server.register(f"Entry {number}", description="d" * 4000)
        place = {"name": f"c{number}", "path": f"/{number}/{'p' * 4000}", "worker_id": "W0"}
        codebase = worker.post("/v1/agent/codebases", place)["codebase_id"]
        tools = {"name": f"set-{number}", "tools": ["agora.task.list"], "instructions": "i" * 4000}
        operator.post("/virtual-servers", tools)
        declared = {"model": "none:none", "instructions": f"{number}" + "i" * 4000}
        operator.post("/declared-agents", {"name": f"thinker-{number}", "specification": declared})
        operator.post("/declared-agents", {"name": "thinker-0", "specification": declared})
    for number in range(COUNT):
        message = {"message_id": f"m{number}", "role": "user", "parts": [{"type": "text", "text": LARGE}]}
        path = f"/v1/agent/codebases/{codebase}/sessions/large/ingest"
        worker.post(path, {"messages": [message]})
    for _ in range(34):
        reason = {"resource": "agent", "target": giver.agent_id, "action": "activate", "reason": "r" * 2000}
        operator.http.post("/agora/admin/manage", json=reason)
    task = giver.post("/agora/task/assign", {"task_type": "t", "payload": {}, "assignee": "Giver"})["task_id"]
    for _ in range(18):
        giver.post("/agora/task/comment", {"task_id": task, "text": "c" * 4000})
    job = giver.post("/v1/agent/tasks", {"prompt": "Mend it", "codebase_id": codebase})["task_id"]
    for _ in range(COUNT):
        giver.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": LARGE})
    review = _submit_review(giver, worker, codebase)
    conversation = giver.get("/agora/conversation/list")["conversations"][0]["conversation_id"]
    return giver, worker, conversation, task, codebase, job, review


def _submit_review(giver: Account, worker: Account, codebase: str) -> str:
    """Create a review with large files, of a completed job."""
    job = giver.post("/v1/agent/tasks", {"prompt": "Change it", "codebase_id": codebase})["task_id"]
    claim = worker.post("/v1/worker/tasks/claim", {"task_id": job, "worker_id": "W0"})["tasks"][0]
    files = [{"path": f"f{number}", "patch": LARGE} for number in range(COUNT)]
    place = {"job_id": job, "codebase_id": codebase, "branch": f"agora/{job}", "base": "0" * 40, "head": "1" * 40}
    fence = {"task_id": job, "fencing_token": claim["fencing_token"]}
    worker.post("/v1/worker/reviews", {**place, **fence, "files": files})
    worker.post("/agora/task/complete", {**fence, "result": {}})
    return str(job)


def _workflow(number: int) -> dict[str, Any]:
    step = {"name": "approve", "approval": True}
    return {"workflow_name": f"large {number}", "steps": [step], "metadata": {"note": LARGE}}


def _manifest(number: int) -> dict[str, Any]:
    return {
        "name": f"Deployable {number}",
        "docker_image": "example.org/agent:1",
        "build_config": {"type": "docker", "env_vars": {f"V{each}": "v" * 3000 for each in range(10)}},
    }


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("pages")
    settings = {"page_bytes": str(PAGE), "mcp_private_networks": "true"}
    with ExitStack() as stack:
        count = 1
        if request.param == "postgres":
            count = 2
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        servers = [ServerProcess(directory / f"data{number}", **settings) for number in range(count)]
        for server in servers:
            stack.callback(server.close)
            if server is not servers[0]:
                shutil.copytree(servers[0].directory, server.directory)  # its keys
            server.start()
        giver, worker, *ids = _fill(servers[0])
        yield Place(servers, servers[0].operator, giver, worker, *ids)


def test_every_list_operation_is_covered() -> None:
    assert sorted([*LARGE_LISTS, *SMALL]) == LISTS


# in this order: claiming a message removes it from the bus
ORDER: Final = sorted(LARGE_LISTS, key=lambda name: (name.startswith("agora.bus"), name.startswith("agora.task"), name))


@pytest.mark.parametrize("operation", ORDER)
def test_page_is_bounded_in_bytes_and_has_a_cursor(place: Place, operation: str) -> None:
    listing = LARGE_LISTS[operation]
    caller: Account = getattr(place, listing.caller)
    parameters = {each["name"]: each["schema"] for each in OPERATIONS[operation]["parameters"]}
    (size,) = SIZES & parameters.keys()
    arguments = {**listing.arguments(place), size: parameters[size]["maximum"]}
    seen, total, pages = [], 0, 0
    while True:
        answer, length = place.call(caller, operation, arguments)
        items = answer[listing.items]
        assert length <= PAGE + SPARE or len(items) == 1
        assert items or pages
        seen += [json.dumps(item, sort_keys=True) for item in items]
        total, pages = total + length, pages + 1
        cursor = answer.get("next_cursor") or answer.get("nextPageToken")
        if cursor and listing.whole:
            arguments["page_token" if "page_token" in parameters else "cursor"] = cursor
        elif "offset" in parameters and answer.get("has_more"):
            arguments["offset"] = len(seen)
        elif not (items and listing.whole and operation in ("agora.bus.read", "agora.task.claim")):
            break
    assert len(set(seen)) == len(seen) >= listing.least
    if listing.whole:
        assert total > PAGE  # so the page was truncated


def test_batch_is_bounded_in_bytes(place: Place) -> None:
    tasks, _ = place.call(place.giver, "agora.a2a.list", {"page_size": 2})
    batch = [
        {"jsonrpc": "2.0", "id": number, "method": "GetTask", "params": {"id": tasks["tasks"][0]["id"]}}
        for number in range(50)
    ]
    answer = place.giver.http.post("/", json=batch, headers={"a2a-version": "1.0"})
    answers = answer.json()
    assert len(answers) == 50
    assert len(answer.content) <= PAGE + 50 * 1_000
    assert sum("result" in each for each in answers) >= 2
    refused = next(each["error"] for each in answers if "error" in each)
    assert "alone" in refused["message"]


def test_view_of_a_long_task_is_bounded_in_bytes(place: Place) -> None:
    giver, text = place.giver, "h" * 200_000
    task = giver.post("/agora/task/assign", {"task_type": "long", "payload": {}, "assignee": "Giver"})["task_id"]
    token = giver.post("/agora/task/claim", {"task_types": ["long"]})["tasks"][0]["fencing_token"]
    for number in range(8):
        giver.post("/agora/task/message", {"task_id": task, "text": text, "fencing_token": token})
        piece = {"task_id": task, "text": text, "artifact_id": f"a{number}", "fencing_token": token}
        giver.post("/agora/task/artifact", piece)
    view, length = place.call(giver, "agora.a2a.get", {"task_id": task})
    assert length < 2 * 1_048_576 + 400_000
    assert len(view["history"]) == 4  # and the newest is the message of the status
    assert len(view["artifacts"]) == 5
    assert all(artifact["metadata"]["agora"]["truncated"] for artifact in view["artifacts"])


def test_listings_and_results_of_an_upstream_are_bounded_in_bytes(place: Place) -> None:
    with McpUpstream(free_port(), tools=12, description="d" * 20_000) as upstream:
        added = place.operator.post("/upstreams", {"name": "far", "url": upstream.url})
        names, cursor = [], None
        while True:
            arguments = {"upstream": added["upstream_id"]} | ({"cursor": cursor} if cursor else {})
            answer, length = place.call(place.operator, "agora.upstream.get", arguments)
            assert length <= PAGE + SPARE
            names += [item["name"] for item in answer["items"]]
            if (cursor := answer["next_cursor"]) is None:
                break
        assert sorted(names) == sorted(upstream.tools)
        listed: list[str] = []
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "reader", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
        headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": MODERN}
        headers |= {"mcp-method": "tools/list"}
        while True:
            answer = place.operator.http.post("/mcp?toolsets=far", json=body, headers=headers)
            assert len(answer.content) <= PAGE + SPARE
            assert "result" in answer.json(), answer.text
            result = answer.json()["result"]
            listed += [tool["name"] for tool in result["tools"]]
            if "nextCursor" not in result:
                break
            body["params"]["cursor"] = result["nextCursor"]
        assert sum(name.startswith("far.") for name in listed) == len(upstream.tools)


def _file_bytes_read(server: ServerProcess) -> int:
    """Return the bytes that a server has read from files, excluding sockets."""
    counters = Path(f"/proc/{server.pid}/io").read_text()
    return int(counters.split("rchar:", 1)[1].split()[0])


LONG_TEXT: Final = "x" * 800_000


@pytest.mark.parametrize("path", ["/agora/messaging/receive?limit=500", "/agora/task/list?limit=500"])
def test_page_reads_little_more_than_it_returns(start_server: Callable[..., ServerProcess], path: str) -> None:
    server = start_server()
    agent = server.register("Reader")
    for _ in range(10):
        agent.post("/agora/messaging/send", {"to_agent": "Reader", "content": LONG_TEXT})
        agent.post("/agora/task/assign", {"task_type": "t", "payload": {"text": LONG_TEXT}, "assignee": "Reader"})
    before = _file_bytes_read(server)
    assert LONG_TEXT in json.dumps(agent.get(path))
    assert _file_bytes_read(server) - before < 10 * len(LONG_TEXT)


def test_replay_reads_little_more_than_it_sends(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    agent = server.register("Reader")
    for _ in range(10):
        agent.post("/agora/messaging/send", {"to_agent": "Reader", "content": LONG_TEXT})
    before = _file_bytes_read(server)
    with agent.http.stream("GET", "/events?last_event_id=0") as answer:
        large = (line for line in answer.iter_lines() if LONG_TEXT in line)
        assert len(list(itertools.islice(large, 10))) == 10
    assert _file_bytes_read(server) - before < 10 * 10 * len(LONG_TEXT)
