"""Sample data of coding work for screenshots of the monitor: a worker, its codebases, a session in which an agent fixes
a test, and a permission request.

The calls of the worker and its agent are those of ``agora worker run`` for such a job.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["fill_coding"]

DIFF = """diff --git a/src/api/limits.py b/src/api/limits.py
index 3f1c2aa..9be0d14 100644
--- a/src/api/limits.py
+++ b/src/api/limits.py
@@ -14,7 +14,8 @@ class Window:
     def allow(self, now: float) -> bool:
         \"\"\"Whether one more call fits.\"\"\"
-        self.calls = [call for call in self.calls if call > now - self.seconds]
+        start = now - self.seconds
+        self.calls = [call for call in self.calls if call >= start]
         if len(self.calls) >= self.limit:
             return False
         self.calls.append(now)
         return True
diff --git a/tests/test_limits.py b/tests/test_limits.py
new file mode 100644
index 0000000..5c7e1f0
--- /dev/null
+++ b/tests/test_limits.py
@@ -0,0 +1,4 @@
+def test_a_call_at_the_edge_counts() -> None:
+    window = Window(seconds=60, limit=1)
+    assert window.allow(0.0)
+    assert not window.allow(60.0)
"""
ANSWER = """The window forgot calls that were **exactly** 60 seconds old. It keeps them now:

```python
start = now - self.seconds
self.calls = [call for call in self.calls if call >= start]
```

| Before | After |
| --- | --- |
| `call > start` | `call >= start` |

1. The comparison in [limits.py](src/api/limits.py) includes the edge.
2. A test holds it: `test_a_call_at_the_edge_counts`.
"""
PLAN = [
    {"text": "Run the tests to see which one fails", "status": "completed"},
    {"text": "Find the comparison that leaves out the edge", "status": "completed"},
    {"text": "Mend it, and add a test for the edge", "status": "in_progress"},
    {"text": "Run all tests again", "status": "pending"},
]
QUESTION = {
    "title": "pip install --upgrade hypothesis",
    "kind": "execute",
    "paths": [],
    "options": [
        {"option_id": "once", "name": "Allow once", "kind": "allow_once"},
        {"option_id": "always", "name": "Always allow", "kind": "allow_always"},
        {"option_id": "reject", "name": "Reject", "kind": "reject_once"},
    ],
    "input": {"command": "pip install --upgrade hypothesis", "timeout": 120},
}


class Marketplace(Protocol):
    """A client that fills a server: calls operations, as an agent or as the operator."""

    made: dict[str, str]
    tokens: dict[str, str]
    agents: dict[str, str]

    def call(self, operation: str, by: str | None = None, **arguments: Any) -> dict[str, Any]: ...


def fill_coding(market: Marketplace) -> None:
    """Register a worker with two codebases; it completes a job in one and asks for a permission in the other."""
    agent = market.call("agora.agent.register", agent_name="laptop", capabilities=["coding", "coding:opencode"])
    market.agents["laptop"], market.tokens["laptop"] = agent["agent_id"], agent["token"]
    reported = {"hostname": "laptop.example", "version": "5.0.0"}
    worker = market.call(
        "agora.worker.register",
        "laptop",
        worker_name="laptop",
        models=["small-2", "large-1"],
        metadata={**reported, "agents": [{"name": "opencode", "version": "1.18.4"}, {"name": "claude"}]},
    )
    market.made["worker"] = worker["worker_id"]
    for name in ("api", "website"):
        codebase = market.call(
            "agora.codebase.register",
            "laptop",
            name=name,
            path=f"/home/dev/{name}",
            worker_id="laptop",
            repository=f"github.com/example/{name}",
        )
        market.made.setdefault("codebase", codebase["codebase_id"])
    _finish_job(market)
    _ask_permission(market)
    _attempt_prompt(market)
    _fill_board(market)


def _claim_job(market: Marketplace, **job: Any) -> dict[str, Any]:
    """Queue a job for the codebase, and claim it as its worker. Returns the fence of the claim."""
    market.call("agora.task.assign", codebase_id=market.made["codebase"], **job)
    (task,) = market.call("agora.task.claim", "laptop", worker="laptop")["tasks"]
    return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}


def _ingest(market: Marketplace, task_id: str, title: str, session: str, *messages: tuple[str, Any]) -> None:
    documents = [
        {"message_id": f"{task_id}:{number}", "role": role, "parts": parts}
        for number, (role, parts) in enumerate(messages)
    ]
    place = {"codebase_id": market.made["codebase"], "session_id": session}
    options = {"title": title, "agent": "opencode", "task_id": task_id}
    market.call("agora.session.ingest", "laptop", **place, messages=documents, **options)


def _finish_job(market: Marketplace) -> None:
    prompt = "The test of the rate limit fails at the edge of its window. Find out why, and mend it."
    fence = _claim_job(market, prompt=prompt, title="Mend the rate limit", priority="high", context_id="limits")
    task_id = fence["task_id"]
    parts = [
        {"type": "note", "text": "OpenCode 1.18.4 works in /home/dev/.local/state/agora-worker/worktrees/api"},
        {
            "type": "thought",
            "text": "The failing test is at the edge, so a comparison is off by one. I look for it first.",
        },
        {"type": "plan", "entries": PLAN},
        {
            "type": "tool",
            "id": "1",
            "title": "pytest -q tests/test_limits.py",
            "kind": "execute",
            "status": "completed",
            "input": {"command": "pytest -q tests/test_limits.py"},
            "result": "F\n1 failed in 0.12s",
        },
        {
            "type": "tool",
            "id": "2",
            "title": "src/api/limits.py",
            "kind": "edit",
            "status": "completed",
            "locations": ["src/api/limits.py"],
            "result": DIFF[DIFF.index("--- a/") : DIFF.index("diff --git a/tests")],
        },
        {"type": "tool", "id": "3", "title": "https://example.org/rfc", "kind": "fetch", "status": "failed"},
        {"type": "text", "text": ANSWER},
    ]
    _ingest(
        market,
        task_id,
        "Mend the rate limit",
        "ses_limits",
        ("user", [{"type": "text", "text": prompt}]),
        ("assistant", parts),
    )
    market.made["session"] = "ses_limits"
    market.call("agora.task.append", "laptop", **fence, content="[execute] pytest -q\n  1 failed\nIt is mended.\n")
    market.call(
        "agora.task.artifact",
        "laptop",
        **fence,
        artifact_id="diff",
        name="diff",
        parts=[{"text": DIFF, "mediaType": "text/x-diff"}],
    )
    changes = {
        "files": [{"status": "M", "path": "src/api/limits.py"}, {"status": "A", "path": "tests/test_limits.py"}],
        "commits": [{"id": "9be0d14c", "author": "Agora worker", "subject": "Mend the rate limit"}],
    }
    check = {"command": "make test", "exit_code": 0, "output": "214 passed in 8.1s\n"}
    for name, data in (("changes", changes), ("check", check)):
        market.call("agora.task.artifact", "laptop", **fence, artifact_id=name, name=name, parts=[{"data": data}])
    usage = {"input_tokens": 18_204, "output_tokens": 1_377, "cost": 0.0412, "currency": "USD", "is_estimate": True}
    result = {"text": ANSWER, "session_id": "ses_limits", "agent": "opencode", "branch": f"agora/{task_id}"}
    files = ["src/api/limits.py", "tests/test_limits.py"]
    _submit_review(market, fence)
    market.call("agora.task.complete", "laptop", **fence, result={**result, "files": files, "usage": usage})
    market.made["job"] = task_id
    for path, line, text in (
        ("src/api/limits.py", 17, "Why does the window include its edge? Please say so in the docstring."),
        ("tests/test_limits.py", 4, "And a call just after the edge?"),
    ):
        market.call("agora.review.comment", job_id=task_id, path=path, line=line, text=text)


def _submit_review(market: Marketplace, fence: dict[str, Any], title: str = "Mend the rate limit") -> None:
    """Submit the changes of a job for review, as its worker."""
    patches = ["diff --git" + patch for patch in DIFF.split("diff --git")[1:]]
    files = [
        {"path": "src/api/limits.py", "status": "M", "additions": 2, "deletions": 1, "patch": patches[0]},
        {"path": "tests/test_limits.py", "status": "A", "additions": 4, "deletions": 0, "patch": patches[1]},
    ]
    commits = {"base": "3f1c2aa0" * 5, "head": "9be0d14c" * 5, "branch": f"agora/{fence['task_id']}", "target": "main"}
    place = {"codebase_id": market.made["codebase"], "title": title}
    market.call("agora.review.submit", "laptop", job_id=fence["task_id"], **fence, **commits, **place, files=files)


def _attempt_prompt(market: Marketplace) -> None:
    """Create two completed attempts at one prompt."""
    variants = ["coding:opencode", f"worker:{market.made['worker']}"]
    prompt = "Make the search of the documentation twice as fast."
    place = {"codebase_id": market.made["codebase"], "title": "Speed up the search"}
    group = market.call("agora.attempt.start", prompt=prompt, variants=variants, **place)
    market.made["attempts"] = group["group_id"]
    texts = ("The index is kept in memory between two searches.", "Words are looked up in a sorted list now.")
    for text, number in zip(texts, (1, 2), strict=True):
        (task,) = market.call("agora.task.claim", "laptop", worker="laptop")["tasks"]
        fence = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
        _submit_review(market, fence, title="Speed up the search")
        usage = {
            "input_tokens": 9_000 * number,
            "output_tokens": 700 * number,
            "cost": 0.02 * number,
            "currency": "USD",
        }
        market.call(
            "agora.task.complete", "laptop", **fence, result={"text": text, "usage": usage, "check": number - 1}
        )


def _fill_board(market: Marketplace) -> None:
    """Create one job in progress and three in the queue."""
    fence = _claim_job(market, prompt="Document the settings of the cache.", title="Document the cache")
    progress = {"progress": 40, "notes": "Reads the settings"}
    market.call("agora.task.update", "laptop", task_id=fence["task_id"], status="in_progress", **progress)
    for title, priority in (("Mend the flaky login test", "urgent"), ("Remove the old client", "normal")):
        place = {"codebase_id": market.made["codebase"], "priority": priority}
        market.call("agora.task.assign", prompt=f"{title}.", title=title, **place)


def _ask_permission(market: Marketplace) -> None:
    prompt = "Upgrade Hypothesis, and use its new strategies in the property tests."
    fence = _claim_job(market, prompt=prompt, title="Upgrade Hypothesis", context_id="upgrade")
    title = QUESTION["title"]
    _ingest(market, fence["task_id"], "Upgrade Hypothesis", "ses_upgrade", ("user", [{"type": "text", "text": prompt}]))
    market.made["asking_session"] = "ses_upgrade"
    market.call("agora.task.append", "laptop", **fence, content=f"[agora] waits for permission: execute: {title}\n")
    options = [{"const": option["option_id"], "title": option["name"]} for option in QUESTION["options"]]  # type: ignore[index,union-attr]
    properties = {"option_id": {"type": "string", "title": title, "oneOf": options}}
    market.call(
        "agora.task.message",
        "laptop",
        **fence,
        parts=[{"text": f"The agent asks for permission: execute: {title}"}, {"data": {"permission": QUESTION}}],
        metadata={"requestedSchema": {"type": "object", "properties": properties, "required": ["option_id"]}},
        status="input_required",
    )
    market.made["asking_job"] = fence["task_id"]
