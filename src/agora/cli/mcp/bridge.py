"""The bridge: an MCP client on standard input and output, Agora's ``/mcp`` over HTTP, and nothing lost between them.

Messages pass unchanged. What the bridge adds is what the two transports do differently (headers, the standing
stream of a session, cancellation), and patience while the server is away or begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from agora_sdk import mcp_wire
from agora_sdk.errors import AgoraError, InternalError, MalformedRequest

from .link import Link
from .pipe import Pipe
from .request import Inquiry, Message, is_message, params_of
from .session import Session, news_of
from .upstream import Answer, Away, Broken, SessionLost, Upstream

__all__ = ["Bridge"]

logger = logging.getLogger("agora.mcp")

GRACE_SECONDS = 1.0  #: for requests under way when the client closes its side
AT_ONCE = 500
LISTEN = "subscriptions/listen"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


class Bridge:
    """Relays between a client's pipe and the server. patience: seconds that a request waits for a server."""

    def __init__(self, pipe: Pipe, upstream: Upstream, *, patience: float) -> None:
        self._pipe, self._link = pipe, Link(upstream, pipe.send, patience)
        self._asked: dict[Any, tuple[Inquiry, asyncio.Task[None]]] = {}
        self._handshake: asyncio.Task[None] | None = None
        self._standing: asyncio.Task[None] | None = None
        self._mirrored: dict[str, dict[tuple[str, ...], str]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Relay until the client closes its side, or a signal asks to stop."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        reading = asyncio.create_task(self._read())
        ends = [asyncio.create_task(event.wait()) for event in (stop, self._pipe.broken)]
        try:
            await asyncio.wait([reading, *ends], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
                await self._finish()
        finally:
            tasks = [reading, *ends, *(task for _, task in self._asked.values())]
            await _cancelled(tasks + ([self._standing] if self._standing else []))
            await self._link.close()

    async def _read(self) -> None:
        async for line in self._pipe:
            await self.receive(line)

    async def _finish(self) -> None:
        """Let requests under way end, but for those that stay open until they are cancelled."""
        if ordinary := [task for inquiry, task in self._asked.values() if inquiry.method != LISTEN]:
            await asyncio.wait(ordinary, timeout=GRACE_SECONDS)

    async def receive(self, line: bytes) -> None:
        """Take one message of the client, or a batch."""
        try:
            message = json.loads(line)
        except ValueError as error:
            await self._refuse(MalformedRequest(f"This is not JSON: {error}."), None)
            return
        if self._handshake is not None:  # until it is answered, there is no session to be in
            await asyncio.wait([self._handshake])
            self._handshake = None
        parts = message if isinstance(message, list) else [message]
        if not parts or not all(map(is_message, parts)):
            await self._refuse(MalformedRequest("This is not a JSON-RPC message."), None)
        elif any("method" in part and "id" in part for part in parts):
            await self._room.acquire()
            self._ask(Inquiry(message, line))
        elif parts[0].get("method") == "notifications/cancelled":
            await self._cancel(parts[0], line)
        elif self._link.session.begun:
            await self._link.tell(line)
            if parts[0].get("method") == "notifications/initialized" and self._link.session.has_stream:
                self._standing = self._standing or asyncio.create_task(self._stand())

    # Requests

    def _ask(self, inquiry: Inquiry) -> None:
        """Send a request on its way."""
        if inquiry.method == "initialize":
            self._link.session = Session(inquiry.first)
            if self._standing is not None:
                self._standing.cancel()
                self._standing = None
        identity = inquiry.first.get("id")
        if identity in self._asked:
            self._asked[identity][1].cancel()
        task = asyncio.create_task(self._answer(inquiry))
        if inquiry.method == "initialize":
            self._handshake = task
        self._asked[identity] = (inquiry, task)
        task.add_done_callback(lambda task: self._ended(identity, task))

    def _ended(self, identity: Any, task: asyncio.Task[None]) -> None:
        self._room.release()
        if identity in self._asked and self._asked[identity][1] is task:
            del self._asked[identity]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A request failed: %s: %s", type(error).__name__, error)

    async def _answer(self, inquiry: Inquiry) -> None:
        """See to it that the client gets an answer to each part, whatever happens."""
        try:
            if inquiry.method == LISTEN:
                await self._listen(inquiry)
            else:
                await self._link.persist(lambda: self._request(inquiry))
        except AgoraError as error:
            await self._refuse(error, *inquiry.waiting)
        except Exception as error:
            logger.exception("%s could not be relayed", inquiry.method)
            await self._refuse(InternalError(f"It could not be relayed: {error!r}."), *inquiry.waiting)

    async def _request(self, inquiry: Inquiry) -> None:
        try:
            await self._exchange(inquiry, self._deliver_to(inquiry))
        except (Away, Broken, SessionLost):
            if not inquiry.cancelled:
                raise

    async def _exchange(self, inquiry: Inquiry, deliver: Callable[[Answer], Awaitable[None]]) -> None:
        wanted = self._mirrored.get(str(params_of(inquiry.first).get("name")), {})
        await self._link.exchange(inquiry, inquiry.headers(self._link.session.headers, wanted), deliver)

    def _deliver_to(self, inquiry: Inquiry) -> Callable[[Answer], Awaitable[None]]:
        async def deliver(answer: Answer) -> None:
            text, answered = inquiry.take(answer)
            for request, part in answered:
                self._learn(request, part, answer)
            await self._pipe.send(text)

        return deliver

    def _learn(self, request: Message, part: Message, answer: Answer) -> None:
        """Keep what an answer says that the bridge has to know."""
        if "result" not in part:
            return
        match request.get("method"):
            case "initialize":
                self._link.session.opened(part, answer.headers)
            case "tools/list":
                for tool in part["result"].get("tools", ()):
                    self._mirrored[tool["name"]] = dict(mcp_wire.mirrored(tool.get("inputSchema")))
            case _:
                self._link.session.note(request)

    async def _refuse(self, error: AgoraError, *identities: Any) -> None:
        document = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        for identity in identities:
            answer = {"jsonrpc": "2.0", "id": identity, "error": document}
            await self._pipe.send(json.dumps(answer, default=str).encode())

    # What else a client says

    async def _cancel(self, notification: Message, line: bytes) -> None:
        """Cancel a request: by closing its stream where that is the sign, else by saying so."""
        identity = params_of(notification).get("requestId")
        found = self._asked.get(identity) if isinstance(identity, (str, int, float)) else None
        if found is None:
            return
        inquiry, task = found
        inquiry.cancelled = True
        if inquiry.modern or not await self._link.tell(line):
            task.cancel()

    # What a server says of its own accord

    async def _stand(self) -> None:
        """Read the standing stream of a session, for as long as there is a session."""
        last: str | None = None

        async def deliver(answer: Answer) -> None:
            nonlocal last
            last = answer.event_id or last
            await self._pipe.send(answer.text)

        async def read() -> None:
            nonlocal last
            try:
                await self._link.listen(last, deliver)
            except SessionLost:
                last = None
                raise

        with contextlib.suppress(AgoraError):  # a server may have no such stream
            await self._link.persist(read, forever=lambda: True)

    async def _listen(self, inquiry: Inquiry) -> None:
        """Keep a subscription alive: where the server ends it or goes away, ask for it again."""
        acknowledged = over = False

        async def deliver(answer: Answer) -> None:
            nonlocal acknowledged, over
            message = answer.message
            if mcp_wire.is_response(message):
                over = "error" in message or not acknowledged
                if not over:  # the server stops; the client's subscription does not
                    return
                inquiry.take(answer)
            elif message.get("method") == ACKNOWLEDGED and acknowledged:
                for line in news_of(message):
                    await self._pipe.send(line)
                return
            acknowledged = acknowledged or message.get("method") == ACKNOWLEDGED
            await self._pipe.send(answer.text)

        async def read() -> None:
            try:
                await self._exchange(inquiry, deliver)
            except Broken:
                if not over:
                    raise

        await self._link.persist(read, forever=lambda: acknowledged)


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
