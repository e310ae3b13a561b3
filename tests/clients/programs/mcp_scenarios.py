"""Shared scenarios of the MCP client programs: a program connects as described by :class:`Connection`, and the
scenarios are run.

A program is called with the URL of a server, a credential, and the URL of a server that requires one. Only the client
is installed in its environment: it imports no other module of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["Authorize", "Connection", "NotOffered", "Session", "run"]

SECONDS = 90  #: timeout of a scenario
MOST_TOOLS = 30  #: limit of the default listing
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")  #: names accepted by OpenAI
QUESTION, ANSWER = "Which one?", "the red one"
VIRTUAL_TOOLS = {"agora_agent_get", "far_echo", "far_count", "Scenario_Agent_scenarios"}


class NotOffered(Exception):
    """The client does not support it; the message is the reason."""


@dataclass
class Connection:
    """Parameters of a connection, and received notifications. asks: whether the client can ask a person."""

    url: str
    token: str
    asks: bool = False
    questions: list[str] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def answer(self, message: str) -> dict[str, str]:
        """Fill in the form, as a person would."""
        self.questions.append(message)
        return {"answer": ANSWER}

    async def report(self, progress: float, total: float | None = None, message: str | None = None, *_: object) -> None:
        self.progress.append(progress)


class Session(Protocol):
    """A connected client, with the calls that the scenarios need."""

    async def list_tools(self) -> list[str]:
        """Return the names of the tools that it passes to a model."""

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        """Call a tool. Returns the text of the result; raises an exception for an error."""

    async def read_resource(self, uri: str) -> str:
        """Return the text of a resource."""


Connect = Callable[[Connection], AbstractAsyncContextManager[Session]]
#: start to sign in at a server that requires a credential; returns the URL for a person
Authorize = Callable[[str], Awaitable[str]]


def _check(condition: object, what: object) -> None:
    if not condition:
        raise AssertionError(str(what)[:400])


@dataclass
class _Scenarios:
    url: str
    token: str
    protected: str
    connect: Connect
    authorize: Authorize | None

    @contextlib.asynccontextmanager
    async def _open(self, path: str = "/mcp", *, asks: bool = False) -> AsyncIterator[tuple[Connection, Session]]:
        connection = Connection(f"{self.url}{path}", self.token, asks)
        async with self.connect(connection) as session:
            yield connection, session

    async def list(self) -> None:
        async with self._open() as (_, session):
            names = await session.list_tools()
        _check(len(names) <= MOST_TOOLS and "agora_messaging_send" in names, names)
        _check(all(TOOL_NAME.fullmatch(name) for name in names), names)

    async def send(self) -> None:
        async with self._open() as (_, session):
            await session.list_tools()
            sent = await session.call_tool("agora_messaging_send", {"to_agent": "Echo Agent", "content": "hello"})
        _check("msg_" in sent, sent)

    async def search_and_call(self) -> None:
        async with self._open() as (_, session):
            await session.list_tools()
            matches = await session.call_tool("agora_tools_search", {"query": "say a text again"})
            _check("far_echo" in matches, matches)
            called = {"name": "far_echo", "arguments": {"text": "hello from far"}}
            echo = await session.call_tool("agora_tools_call", called)
        _check("hello from far" in echo, echo)

    async def virtual_server(self) -> None:
        async with self._open("/mcp/servers/clients") as (_, session):
            names = await session.list_tools()
            _check(set(names) == VIRTUAL_TOOLS, names)
            profile = await session.call_tool("agora_agent_get", {"agent_id": "Echo Agent"})
            echo = await session.call_tool("far_echo", {"text": "hello from far"})
            act = await session.call_tool("Scenario_Agent_scenarios", {"text": "echo hello agent"})
        _check("Echo Agent" in profile, profile)
        _check("hello from far" in echo, echo)
        _check("hello agent" in act, act)

    async def elicitation(self) -> None:
        async with self._open("/mcp/servers/clients", asks=True) as (connection, session):
            await session.list_tools()
            answer = await session.call_tool("Scenario_Agent_scenarios", {"text": "ask me"})
        _check(connection.questions == [QUESTION], connection.questions)
        _check(f"You chose {ANSWER}" in answer, answer)

    async def answer_by_call(self) -> None:
        async with self._open() as (_, session):
            listed = await session.list_tools()
            called = {"name": "Scenario_Agent_scenarios", "arguments": {"text": "ask me"}}
            asked = await session.call_tool("agora_tools_call", called)
            _check(QUESTION in asked, asked)
            call = json.JSONDecoder().raw_decode(asked[asked.index('{"name":') :])[0]
            _check(call["name"] in listed, call)
            call["arguments"]["message"] = ANSWER
            answer = await session.call_tool(call["name"], call["arguments"])
        _check(f"You chose {ANSWER}" in answer, answer)

    async def progress(self) -> None:
        async with self._open("/mcp/servers/clients") as (connection, session):
            await session.list_tools()
            done = await session.call_tool("Scenario_Agent_scenarios", {"text": "work 20"})
            _check("done" in done, done)
            _check(connection.progress, "no progress came")

    async def errors(self) -> None:
        async with self._open() as (_, session):
            await session.list_tools()
            try:
                said = await session.call_tool("agora_agent_get", {"agent_id": "Nobody"})
            except Exception as error:
                said = str(error)
        _check("not_found" in said and "fix" in said, said)

    async def resource(self) -> None:
        async with self._open() as (_, session):
            text = await session.read_resource("agora://agents/Echo%20Agent")
        _check("Echo Agent" in text, text)

    async def sign_in(self) -> None:
        if self.authorize is None:
            raise NotOffered("by this client itself")
        url = await self.authorize(f"{self.protected}/mcp")
        _check("response_type=code" in url and "code_challenge" in url and "%2Fmcp" in url, url)


def _scenarios(scenarios: _Scenarios) -> Mapping[str, Callable[[], Awaitable[None]]]:
    return {
        "list": scenarios.list,
        "send": scenarios.send,
        "search and call": scenarios.search_and_call,
        "virtual server": scenarios.virtual_server,
        "elicitation": scenarios.elicitation,
        "answer by a call": scenarios.answer_by_call,
        "progress": scenarios.progress,
        "errors": scenarios.errors,
        "resource": scenarios.resource,
        "sign in": scenarios.sign_in,
    }


async def _run_all(connect: Connect, authorize: Authorize | None, lacks: Mapping[str, str]) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    for name, scenario in _scenarios(_Scenarios(*sys.argv[1:4], connect, authorize)).items():
        if name in lacks:
            outcomes[name] = f"not offered: {lacks[name]}"
            continue
        try:
            async with asyncio.timeout(SECONDS):
                await scenario()
        except NotOffered as reason:
            outcomes[name] = f"not offered: {reason}"
        except Exception as error:
            traceback.print_exc()
            outcomes[name] = f"failed: {type(error).__name__}: {error}"[:300]
        else:
            outcomes[name] = "works"
    return outcomes


def run(connect: Connect, authorize: Authorize | None = None, lacks: Mapping[str, str] = {}) -> None:
    """Run all scenarios. lacks: unsupported ones, with the reason."""
    print(json.dumps(asyncio.run(_run_all(connect, authorize, lacks))))
