"""A test coding agent: it implements the Agent Client Protocol as recorded from OpenCode 1.18 and Claude Code 2.1.

Its sessions are files below HOME, so that they outlive it. It is controlled by directives in the prompt, one per line:

* ``RUN: command`` - asks for permission, runs the command in its directory, and reports the result
* ``TOGETHER: command; command`` - as RUN, all at once, as an agent does that makes several tool calls in one step
* ``READ: path`` - a tool call of the kind read, which also needs permission
* ``EDIT: path=text`` - asks for permission, and writes the text to a file; it reports the change as a diff
* ``OBSTINATE: path`` - as READ, and again in every later turn
* ``HALF`` - says half of a surrogate pair
* ``THINK: text``; ``PLAN: step, step`` - a plan of which the first step is done
* ``SAY: text``; ``SLOWLY: n`` - n words, a twentieth of a second apart, until cancelled
* ``RECALL`` - says every prompt of its session, its model and its mode
* ``TOOL: name {arguments}`` - calls a tool of its MCP server and reports the answer; ``TOOL: list``
* ``LIMIT: seconds`` - answers with a usage limit until so many seconds after the first refusal
* ``DIE`` - ends by SIGKILL, once per directory

``--without resume,load,http,refusals`` disables ways to reopen a session, MCP servers over HTTP, and continuing after a
refused permission: the turn ends as cancelled, as in Codex.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

JsonMap = dict[str, Any]
DIRECTIVE = re.compile(
    r"^\s*(RUN|TOGETHER|READ|EDIT|THINK|PLAN|SAY|SLOWLY|RECALL|LIMIT|DIE|TOOL|OBSTINATE|HALF)\b:? ?(.*)$", re.MULTILINE
)
OPTIONS = [
    {"optionId": "once", "kind": "allow_once", "name": "Allow once"},
    {"optionId": "always", "kind": "allow_always", "name": "Always allow"},
    {"optionId": "reject", "kind": "reject_once", "name": "Reject"},
]
CHOICES = {
    "model": [{"value": "stub/small", "name": "Small"}, {"value": "stub/large", "name": "Large"}],
    "mode": [{"value": "build", "name": "Build"}, {"value": "plan", "name": "Plan"}],
}


GATE = "--gate"  #: with a path: the started agent creates PATH.waiting and waits until PATH exists


class Problem(Exception):
    """A response with an error."""


def call_tool(servers: list[JsonMap], name: str, arguments: str = "{}") -> str:
    """Call a tool of the session's MCP server. Returns the answer as text. ``list`` returns the tool names."""
    if not servers:
        return f"There are no tools to call {name} with."
    params = {"name": name, "arguments": json.loads(arguments)}
    method = "tools/list" if name == "list" else "tools/call"
    version = "2026-07-28"
    about = {"protocolVersion": version, "clientInfo": {"name": "recorded", "version": "1"}, "clientCapabilities": {}}
    meta = {f"io.modelcontextprotocol/{field}": value for field, value in about.items()}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": ({} if name == "list" else params) | {"_meta": meta}}
    headers = {header["name"]: header["value"] for header in servers[0]["headers"]}
    headers |= {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    headers |= {"mcp-protocol-version": version, "mcp-method": method}
    headers |= {} if name == "list" else {"mcp-name": name}
    request = urllib.request.Request(servers[0]["url"], json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return f"{refusal.code} {refusal.read().decode()}"


class Agent:
    def __init__(self, missing: set[str]) -> None:
        self.missing = missing
        self.directory = Path.home() / ".recorded-agent"
        self.directory.mkdir(exist_ok=True)
        self.cancelled = threading.Event()
        self.answers: dict[int, JsonMap] = {}
        self.answered = threading.Condition()
        self.number = 0
        self.writing = threading.Lock()

    # -- sessions -------------------------------------------------------------------------------------

    def load(self, session: str) -> JsonMap:
        try:
            content: JsonMap = json.loads((self.directory / f"{session}.json").read_text())
        except FileNotFoundError:
            raise Problem(f"Session not found: {session}") from None
        return content

    def store(self, session: str, content: JsonMap) -> None:
        (self.directory / f"{session}.json").write_text(json.dumps(content))

    # -- transport ------------------------------------------------------------------------------------

    def write(self, message: JsonMap) -> None:
        with self.writing:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            sys.stdout.flush()

    def update(self, session: str, update_kind: str, /, **content: Any) -> None:
        update = {"sessionUpdate": update_kind, **content}
        self.write({"method": "session/update", "params": {"sessionId": session, "update": update}})

    def say(self, session: str, text: str) -> None:
        self.update(session, "agent_message_chunk", messageId="m", content={"type": "text", "text": text})

    def request(self, method: str, params: JsonMap) -> JsonMap:
        with self.answered:
            self.number += 1
            number = self.number
            self.write({"id": number, "method": method, "params": params})
            self.answered.wait_for(lambda: number in self.answers)
            return self.answers.pop(number)

    def serve(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "method" not in message:
                with self.answered:
                    self.answers[message["id"]] = message.get("result") or {}
                    self.answered.notify_all()
            elif message["method"] == "session/cancel":
                self.cancelled.set()
            else:
                threading.Thread(target=self.answer, args=(message,), daemon=True).start()

    def answer(self, message: JsonMap) -> None:
        try:
            method = getattr(self, message["method"].replace("/", "_"))
            self.write({"id": message["id"], "result": method(**message["params"])})
        except Problem as problem:
            error = {"code": -32603, "message": "Internal error", "data": {"details": str(problem)}}
            self.write({"id": message["id"], "error": error})

    # -- the protocol ---------------------------------------------------------------------------------

    def initialize(self, **_: Any) -> JsonMap:
        print("level=INFO message=starting", file=sys.stderr)
        ways: JsonMap = {} if "resume" in self.missing else {"resume": {}}
        capabilities = {
            "loadSession": "load" not in self.missing,
            "mcpCapabilities": {"http": "http" not in self.missing},
        }
        info = {"name": "Recorded", "version": "1.0"}
        return {
            "protocolVersion": 1,
            "agentCapabilities": capabilities | {"sessionCapabilities": {"list": {}, **ways}},
            "agentInfo": info,
            "authMethods": [],
        }

    def session_new(self, cwd: str, **options: Any) -> JsonMap:
        session = f"ses_{uuid.uuid4().hex[:20]}"
        self.store(session, {"cwd": cwd, "prompts": [], "servers": options.get("mcpServers") or []})
        return {"sessionId": session, **self.options({})}

    def session_resume(self, sessionId: str, **options: Any) -> JsonMap:  # noqa: N803
        content = self.load(sessionId)
        self.store(sessionId, content | {"servers": options.get("mcpServers") or []})
        return self.options({})

    def session_load(self, sessionId: str, **_: Any) -> JsonMap:  # noqa: N803
        for prompt in self.load(sessionId)["prompts"]:
            self.say(sessionId, f"(replayed) {prompt}")
        return self.options({})

    def session_set_config_option(self, sessionId: str, configId: str, value: str, **_: Any) -> JsonMap:  # noqa: N803
        content = self.load(sessionId) | {configId: value}
        self.store(sessionId, content)
        return self.options(content)

    def options(self, content: JsonMap) -> JsonMap:
        options = []
        for name, choices in CHOICES.items():
            current = content.get(name, choices[0]["value"])
            option = {"id": name, "name": name.title(), "category": name, "type": "select"}
            options.append(option | {"currentValue": current, "options": choices})
        return {"configOptions": options}

    def session_prompt(self, sessionId: str, prompt: list[JsonMap], **_: Any) -> JsonMap:  # noqa: N803
        self.cancelled.clear()
        text = "\n".join(block["text"] for block in prompt)
        content = self.load(sessionId)
        content["prompts"].append(text)
        self.store(sessionId, content)
        self.update(sessionId, "available_commands_update", availableCommands=[])
        said = DIRECTIVE.findall("\n".join(content["prompts"]))
        for word, rest in DIRECTIVE.findall(text) + [each for each in said if each[0] == "OBSTINATE"]:
            if self.cancelled.is_set():
                break
            self.obey(sessionId, content, word, rest)
        reason = "cancelled" if self.cancelled.is_set() else "end_turn"
        return {"stopReason": reason, "usage": {"inputTokens": 100, "outputTokens": 20, "totalTokens": 120}}

    def obey(self, session: str, content: JsonMap, word: str, rest: str) -> None:
        match word:
            case "SAY":
                self.say(session, rest)
            case "HALF":
                self.say(session, "half \ud800")
            case "RECALL":
                self.say(
                    session,
                    "I remember: "
                    + " | ".join(content["prompts"])
                    + f" model={content.get('model')} mode={content.get('mode')}",
                )
            case "SLOWLY":
                for number in range(int(rest)):
                    self.say(session, f"word{number} ")
                    if self.cancelled.wait(0.05):
                        return
            case "RUN":
                self.run(session, content["cwd"], rest)
            case "TOGETHER":
                runs = [
                    threading.Thread(target=self.run, args=(session, content["cwd"], command), daemon=True)
                    for command in rest.split("; ")
                ]
                for run in runs:
                    run.start()
                for run in runs:
                    run.join()
            case "READ" | "OBSTINATE":
                self.read(session, rest)
            case "EDIT":
                self.edit(session, Path(content["cwd"]), *rest.split("=", 1))
            case "THINK":
                self.update(session, "agent_thought_chunk", content={"type": "text", "text": rest})
            case "PLAN":
                steps = [{"content": step, "priority": "medium", "status": "pending"} for step in rest.split(", ")]
                self.update(session, "plan", entries=[steps[0] | {"status": "completed"}, *steps[1:]])
            case "TOOL":
                self.say(session, call_tool(content["servers"], *rest.split(" ", 1)) + "\n")
            case "LIMIT":
                until = content.setdefault("limits", {}).setdefault(rest, time.time() + float(rest))
                self.store(session, content)
                if time.time() < until:
                    raise Problem(f"429 You have hit your usage limit; resets in {until - time.time():.1f} seconds")
            case "DIE":
                marker = self.directory / f"died-{Path(content['cwd']).name}"
                if not marker.exists():
                    marker.touch()
                    os.kill(os.getpid(), signal.SIGKILL)

    def ask(self, session: str, call: JsonMap) -> bool:
        params = {"sessionId": session, "toolCall": {**call, "status": "pending"}, "options": OPTIONS}
        outcome = self.request("session/request_permission", params)["outcome"]
        is_allowed = outcome.get("optionId") in ("once", "always")
        if outcome["outcome"] == "cancelled" or (not is_allowed and "refusals" in self.missing):
            self.cancelled.set()
        return is_allowed

    def run(self, session: str, cwd: str, command: str) -> None:
        call = {"toolCallId": f"call_{time.time_ns()}", "title": command, "kind": "execute", "locations": []}
        raw = {"command": command, "cwd": cwd}
        self.update(session, "tool_call", **{**call, "title": "bash"}, status="pending", rawInput={"cwd": cwd})
        self.update(session, "tool_call_update", **call, status="in_progress", rawInput=raw)
        if not self.ask(session, {**call, "rawInput": {"command": command}}):
            self.update(session, "tool_call_update", toolCallId=call["toolCallId"], status="failed")
            self.say(session, "The command was not allowed.")
            return
        done = subprocess.run(command, shell=True, cwd=cwd, capture_output=True, text=True)
        output = [{"type": "content", "content": {"type": "text", "text": done.stdout + done.stderr}}]
        self.update(session, "tool_call_update", toolCallId=call["toolCallId"], status="completed", content=output)
        self.say(session, f"The command answered: {done.stdout}")

    def read(self, session: str, path: str) -> None:
        call = {"toolCallId": f"call_{time.time_ns()}", "title": path, "kind": "read", "locations": [{"path": path}]}
        self.update(session, "tool_call", **call, status="pending")
        is_allowed = self.ask(session, call)
        status = "completed" if is_allowed else "failed"
        self.update(session, "tool_call_update", toolCallId=call["toolCallId"], status=status)
        self.say(session, f"Reading {path} was {'allowed' if is_allowed else 'refused'}.")

    def edit(self, session: str, cwd: Path, path: str, text: str) -> None:
        call = {"toolCallId": f"call_{time.time_ns()}", "title": path, "kind": "edit", "locations": [{"path": path}]}
        self.update(session, "tool_call", **call, status="pending")
        if not self.ask(session, call):
            self.update(session, "tool_call_update", toolCallId=call["toolCallId"], status="failed")
            return
        (cwd / path).write_text(text + "\n")
        diff = {"type": "diff", "path": path, "oldText": None, "newText": text + "\n"}
        self.update(session, "tool_call_update", toolCallId=call["toolCallId"], status="completed", content=[diff])
        self.say(session, f"It is in {path}.")


def wait_at_gate(path: Path) -> None:
    Path(f"{path}.waiting").touch()
    while not path.exists():
        time.sleep(0.02)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if GATE in arguments:
        place = arguments.index(GATE)
        wait_at_gate(Path(arguments[place + 1]))
        del arguments[place : place + 2]
    Agent(set(arguments[1].split(",")) if arguments[:1] == ["--without"] else set()).serve()
