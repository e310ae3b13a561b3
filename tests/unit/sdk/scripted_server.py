"""A scripted server: real sockets, scripted answers, a small event log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from agora_sdk.errors import AgoraError
from tests.harness import PromptServer
from tests.polling import wait_until

__all__ = ["Host", "Seen", "Wire", "agent_answer", "entry", "event", "free_port", "hosting", "page", "problem"]

NOW = "2026-01-02T03:04:05Z"
AGENT_ID = "agent_" + "a" * 32


@dataclass
class Seen:
    """A received request."""

    method: str
    path: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any

    @property
    def token(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def problem(error: AgoraError, **headers: str) -> Response:
    """Build the response of a refusal."""
    return JSONResponse(error.problem(), error.status, headers={**headers, "content-type": "application/problem+json"})


def agent_answer(**changes: Any) -> dict[str, Any]:
    """Build a registration."""
    return {
        "agent_id": AGENT_ID,
        "agent_name": "Ada",
        "registered_at": NOW,
        "last_activity": NOW,
        "available_services": ["agora.messaging.send", "agora.query.agents"],
        "token": "agt_secret",
        "metadata": {"team": "docs"},
        "from_a_newer_server": True,
    } | changes


def page(field: str, items: list[Any], **more: Any) -> dict[str, Any]:
    return {field: items, "count": len(items), **more}


def event(sequence: int, type: str = "work.done", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"evt_{sequence:032x}",
        "type": type,
        "source": f"/agora/agents/{AGENT_ID}",
        "subject": None,
        "time": NOW,
        "datacontenttype": "application/json",
        "sequence": sequence,
        "data": {"n": sequence},
    } | more


def entry(number: int, type: str = "output", **more: Any) -> dict[str, Any]:
    """Build an entry of a task's log."""
    task_id = "task_" + "0" * 32
    return {"type": type, "task_id": task_id, "number": number, "time": NOW, "actor": AGENT_ID} | more


def number_of(item: dict[str, Any]) -> int:
    return int(item["sequence"] if "sequence" in item else item["number"])


class Wire:
    """The script of the server, and its received requests."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop | None) -> None:
        self.url, self.loop = url, loop
        self.requests: list[Seen] = []
        self.streams: list[Seen] = []
        self.acknowledged: list[int] = []
        self.answers: dict[str, deque[Any]] = defaultdict(deque)
        self.log: list[dict[str, Any]] = []
        self.oldest = 1
        self.repeats = 0  #: number of events before the position that a resumed stream repeats
        self.socket_refusal: Response | None = None
        self.stream_refusals: deque[AgoraError] = deque()
        self.finished = False
        self._open: set[asyncio.Queue[Any]] = set()
        self._changed = threading.Condition()

    # -- scripted by the test -------------------------------------------------------------------------

    def answer(self, path: str, *answers: Any) -> None:
        """Answer requests to a path in turn; the last answer is repeated. Exceptions are refusals."""
        self.answers[path].extend(answers)

    def publish(self, *events: dict[str, Any]) -> None:
        """Append to the log and push to the open streams."""
        self._within(lambda: self._push(events))

    def finish(self) -> None:
        """End every open stream as a log that has ended."""
        self.finished = True
        self._within(lambda: self._end("finished"))

    def cut(self, close_reason: AgoraError | None = None) -> None:
        """End every open stream, by a crash or (with an error) by the server."""
        self._within(lambda: self._end(close_reason or "cut"))

    def wait_for_streams(self, count: int) -> None:
        """Block until that many streams have been opened in total."""
        self.wait_for(lambda: len(self.streams) >= count)

    def wait_for_acknowledged(self, count: int) -> None:
        self.wait_for(lambda: len(self.acknowledged) >= count)

    def of(self, path: str) -> list[Seen]:
        return [seen for seen in self.requests if seen.path == path]

    def wait_for(self, what: Any) -> None:
        with self._changed:
            assert self._changed.wait_for(what, timeout=60), (
                f"{len(self.streams)} streams, {len(self.acknowledged)} acknowledged events,"
                f" requests: {[seen.path for seen in self.requests]}"
            )

    def _within(self, work: Any) -> None:
        assert self.loop is not None
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(60)

    def _push(self, events: tuple[dict[str, Any], ...]) -> None:
        self.log.extend(events)
        for queue in self._open:
            for each in events:
                queue.put_nowait(each)

    def _end(self, reason: object) -> None:
        for queue in self._open:
            queue.put_nowait(reason)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # -- the server -----------------------------------------------------------------------------------

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/ws", self._socket),
                Route("/events", self._lines, methods=["GET"]),
                Route("/agora/task/stream", self._lines, methods=["GET"]),
                Route("/{path:path}", self._answer, methods=["GET", "POST", "PATCH", "DELETE"]),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        raw = await request.body()
        self.requests.append(self._seen(request, request.method, json.loads(raw) if raw else None))
        self._tell()
        queue = self.answers[request.scope["path"]]
        if not queue:
            return Response("nothing here", 404)
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if isinstance(answer, AgoraError):
            return problem(answer)
        if callable(answer) and not isinstance(answer, Response):
            answer = answer(self.requests[-1])
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    def _seen(self, connection: Any, method: str, body: Any = None) -> Seen:
        return Seen(
            method,
            connection.scope["path"],
            connection.scope["raw_path"].decode(),
            list(connection.query_params.multi_items()),
            {key.lower(): value for key, value in connection.headers.items()},
            body,
        )

    def _start(self, connection: Any, kind: str) -> tuple[int, asyncio.Queue[Any]]:
        seen = self._seen(connection, kind)
        self.streams.append(seen)
        if self.stream_refusals:
            self._tell()
            raise self.stream_refusals.popleft()
        last = dict(seen.query).get("last_event_id")
        begin = 0 if seen.path == "/agora/task/stream" else max(map(number_of, self.log), default=0)
        position = int(last) if last is not None else begin
        queue: asyncio.Queue[Any] = asyncio.Queue()
        for each in self.log:
            if number_of(each) > position - (self.repeats if last is not None else 0):
                queue.put_nowait(each)
        if self.finished:
            queue.put_nowait("finished")
        self._open.add(queue)
        return position, queue

    async def _socket(self, socket: WebSocket) -> None:
        if self.socket_refusal is not None:
            await socket.send_denial_response(self.socket_refusal)
            return
        try:
            position, queue = self._start(socket, "WS")
        except AgoraError as error:
            await socket.send_denial_response(problem(error))
            return
        await socket.accept()
        await socket.send_json({"control": "connected", "sequence": position})
        self._tell()
        reading = asyncio.create_task(self._acknowledgements(socket, queue))
        try:
            while isinstance(item := await queue.get(), dict):
                await socket.send_json(item)
            if isinstance(item, AgoraError):
                await socket.close(item.close_code, str(item)[:100])
            elif item == "cut":
                await socket.close(1012)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._open.discard(queue)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _acknowledgements(self, socket: WebSocket, queue: asyncio.Queue[Any]) -> None:
        try:
            while True:
                self.acknowledged.append((await socket.receive_json())["ack"])
                self._tell()
        except WebSocketDisconnect:
            queue.put_nowait("left")

    async def _lines(self, request: Request) -> Response:
        try:
            position, queue = self._start(request, "SSE")
        except AgoraError as error:
            return problem(error)

        async def body() -> AsyncIterator[bytes]:
            try:
                yield b"retry: 2000\nid: %d\n: connected\n\n" % position
                self._tell()
                while isinstance(item := await queue.get(), dict):
                    data = json.dumps(item, ensure_ascii=False).encode()
                    yield b"id: %d\nevent: %b\ndata: %b\n\n" % (number_of(item), item["type"].encode(), data)
                if item == "finished":
                    yield b'event: closing\ndata: {"control": "closing", "type": "closing", "code": 1000}\n\n'
            finally:
                self._open.discard(queue)

        return StreamingResponse(body(), media_type="text/event-stream")


class Host:
    """One server for all tests, in a separate thread and loop; each test has its own script."""

    def __init__(self) -> None:
        self.url = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._app: ASGIApp | None = None

    @contextlib.contextmanager
    def playing(self) -> Iterator[Wire]:
        """Use a new script until the block ends."""
        wire = Wire(self.url, self.loop)
        self._app = wire.app
        try:
            yield wire
        finally:
            wire.cut()
            self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        await self._app(scope, receive, send)


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    """Run a host on a free loopback port."""
    host = Host()
    config = uvicorn.Config(
        host,
        host="127.0.0.1",
        port=0,
        log_config=None,
        lifespan="off",
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,
    )
    server = PromptServer(config)
    listener = config.bind_socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio sets it only on sockets that it creates
    host.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    started = threading.Event()

    async def serve() -> None:
        host.loop = asyncio.get_running_loop()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await wait_until(lambda: server.started or serving.done())
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(60)
    try:
        yield host
    finally:
        server.should_exit = True
        thread.join(10)
