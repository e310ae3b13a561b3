"""The stdio transport: upstreams that are started as child processes.

As the SDK does it, but bounded: a line that does not end is not collected for ever, and what a program writes to its
standard error goes into the log, where it can steer no terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter
from pydantic import ValidationError

from .bounds import MAX_MESSAGE_BYTES, check_size
from .channel import Channel
from .throttle import Throttle

__all__ = ["open_stdio_channel"]

log = logging.getLogger(__name__)
MAX_LOG_LINE_CHARACTERS: Final = 1000  # characters of a line of its log
CHUNK: Final = 65_536
GRACE: Final = 0.5  # seconds to end by itself, and again after a signal
REAP_TIMEOUT: Final = 10.0  # seconds until the system says that what was killed has ended
POLL: Final = 0.01

Sending = anyio.abc.ObjectSendStream[SessionMessage | Exception]
Receiving = anyio.abc.ObjectReceiveStream[SessionMessage]


@contextlib.asynccontextmanager
async def open_stdio_channel(
    name: str, command: Sequence[str], directory: str | None, environment: Mapping[str, str], ended: asyncio.Event
) -> AsyncIterator[Channel]:
    """A line to a program that is started here; ``ended`` is set when it says nothing any more."""
    process_environment = get_default_environment() | dict(environment)
    executable = os.path.join(directory or "", command[0]) if os.sep in command[0] else command[0]
    if shutil.which(executable, path=process_environment.get("PATH")) is None:
        raise ConnectionError(f"there is no program {command[0]}")
    async with _run_process(command, process_environment, directory) as process:
        incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        async with incoming, read, write, outgoing, anyio.create_task_group() as group:
            group.start_soon(_read_messages, process, incoming, ended)
            group.start_soon(_write_messages, process, outgoing)
            group.start_soon(_log_stderr, process, name)
            yield Channel(read, write)
            group.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def _run_process(
    command: Sequence[str], environment: Mapping[str, str], directory: str | None
) -> AsyncIterator[Process]:
    """Run a program inside a block; it is ended with the block, also after repeated cancellation."""
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        asyncio.create_subprocess_exec(
            *command, env=environment, cwd=directory, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
    )
    try:
        yield await asyncio.shield(starting)
    finally:
        ending = loop.create_task(_terminate_process(starting))
        cancelled = False
        while not ending.done():
            try:
                await asyncio.wait((ending,))
            except asyncio.CancelledError:
                cancelled = True
        ending.result()
        if cancelled:
            raise asyncio.CancelledError


async def _read_messages(process: Process, incoming: Sending, ended: asyncio.Event) -> None:
    """Its messages, line by line; what is no message is passed over, as many programs print a greeting."""
    assert process.stdout is not None
    pace = Throttle()
    try:
        async for line in _read_lines(process.stdout):
            await pace.throttle_messages()
            try:
                message = jsonrpc_message_adapter.validate_json(check_size(line), by_name=False)
            except ValidationError:
                log.debug("a line of a program is no message")
                continue
            await incoming.send(SessionMessage(message))
    except (ValueError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
        log.info("a program is heard no more: %s", error)
    finally:
        ended.set()
        await incoming.aclose()


async def _read_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Lines with something in them; ValueError for one that is too long."""
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(CHUNK):
        first, *rest = chunk.split(b"\n")
        parts.append(first)
        size += len(first)
        for following in rest:
            if line := b"".join(parts).strip():
                yield line
            parts, size = [following], len(following)
        if size > MAX_MESSAGE_BYTES:
            raise ValueError(f"it wrote a line of more than {MAX_MESSAGE_BYTES} bytes")


async def _write_messages(process: Process, outgoing: Receiving) -> None:
    assert process.stdin is not None
    async for message in outgoing:
        text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            process.stdin.write(text.encode() + b"\n")
            await process.stdin.drain()
        except OSError:  # it is gone, or going: its silence tells the rest
            return


async def _log_stderr(process: Process, name: str) -> None:
    """Log the standard error of the process."""
    assert process.stderr is not None
    pace = Throttle(rate=10, burst=100)
    while chunk := await process.stderr.read(CHUNK):
        for line in chunk.decode("utf-8", "replace").splitlines():
            await pace.throttle_messages()
            words = "".join(
                c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line[:MAX_LOG_LINE_CHARACTERS]
            )
            log.info("upstream %s says: %s", name, words)


async def _terminate_process(starting: asyncio.Task[Process]) -> None:
    """Let it end, then make it end, with all that it has started; one that could not be started has."""
    try:
        process = await starting
    except OSError:
        return
    try:
        if process.stdin is not None:
            process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if await _wait_for_exit(process, GRACE):
                break
            _signal_group(process, number)
        else:
            await _wait_for_exit(process, REAP_TIMEOUT)
    finally:
        _signal_group(process, signal.SIGKILL)
        transport: Any = process._transport  # type: ignore[attr-defined]
        with contextlib.suppress(PermissionError):
            transport.close()  # who survives may hold its pipes open


async def _wait_for_exit(process: Process, seconds: float) -> bool:
    """Whether it has ended in time. Polled, because waiting would also wait for processes that inherited its pipes."""
    until = asyncio.get_running_loop().time() + seconds
    while process.returncode is None:
        if asyncio.get_running_loop().time() > until:
            return False
        await asyncio.sleep(POLL)
    return True


def _signal_group(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
