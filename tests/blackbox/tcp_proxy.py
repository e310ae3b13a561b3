"""A TCP proxy, in a separate thread, that a test can interrupt and restore."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["TcpProxy", "running_proxy"]

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class TcpProxy:
    """Forwards bytes to one target. While it is cut, open connections are reset and new ones are closed immediately.

    target: a port of the loopback, or the path of a Unix socket. ``connections`` counts accepted ones, ``answered`` the
    bytes received from the target. ``stall_at``: a connection that sends these bytes stalls, before they are forwarded,
    or afterwards with ``loses_answer``, until :meth:`release`; ``stalled`` is set when one does.
    """

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_cut = False
        self.port = 0
        self.connections = self.answered = 0
        self.stall_at: bytes | None = None
        self.loses_answer = False
        self.stalled = threading.Event()

    def start(self) -> TcpProxy:
        self._thread.start()
        self._run(self._listen())
        return self

    def cut(self) -> None:
        """Reset all connections, and refuse new ones until :meth:`restore`."""
        self._run(self._cut(refuse=True))

    def reset(self) -> None:
        """Reset all connections; new ones are forwarded."""
        self._run(self._cut(refuse=False))

    def release(self) -> None:
        """Stop stalling; stalled connections are reset."""
        self.stall_at = None
        self.reset()

    def restore(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- in the thread ---------------------------------------------------------------------------

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._is_cut:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        target: asyncio.StreamWriter | None = None
        try:
            back, target = await self._connect()
            self._writers.add(target)
            flows = asyncio.Event()  # whether answers flow
            flows.set()
            await asyncio.gather(self._forward(reader, target, flows), self._forward(back, writer, flows, count=True))
        except (OSError, asyncio.CancelledError):
            pass  # cut or closed: the connection ends, and no other task waits for this one
        finally:
            for each in (writer, target):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()
            self._tasks.discard(task)

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flows: asyncio.Event,
        *,
        count: bool = False,
    ) -> None:
        """Forward one direction; its end, or an error, ends the connection."""
        while data := await reader.read(65536):
            self.answered += len(data) if count else 0
            if not count and self.stall_at is not None and self.stall_at in data:
                flows.clear()
                self.stalled.set()
                if not self.loses_answer:
                    await flows.wait()
            if count:
                await flows.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _cut(self, *, refuse: bool) -> None:
        self._is_cut = refuse
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        await self._cut(refuse=True)
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.contextmanager
def running_proxy(target: int | Path) -> Iterator[TcpProxy]:
    """Run a proxy until the block ends."""
    proxy = TcpProxy(target).start()
    try:
        yield proxy
    finally:
        proxy.close()
