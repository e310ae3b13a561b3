"""The stdio transport: upstreams started as child processes.

Like the SDK's transport, but bounded: the length of a line is limited, and the standard error of the program is logged
without control characters, so that it cannot manipulate terminals.
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

from .channel import Channel
from .message_size import MAX_MESSAGE_BYTES, require_parseable_size
from .throttle import Throttle

__all__ = ["open_stdio_channel"]

log = logging.getLogger(__name__)
MAX_LOG_LINE_CHARACTERS: Final = 1000  # characters per line of its log
READ_BYTES: Final = 65_536
GRACE_SECONDS: Final = 0.5  # seconds to end by itself, and again after a signal
REAP_TIMEOUT: Final = 10.0  # seconds for the system to report the end of a killed process
POLL_SECONDS: Final = 0.01

Sending = anyio.abc.ObjectSendStream[SessionMessage | Exception]
Receiving = anyio.abc.ObjectReceiveStream[SessionMessage]


@contextlib.asynccontextmanager
async def open_stdio_channel(
    name: str, command: Sequence[str], directory: str | None, environment: Mapping[str, str], ended: asyncio.Event
) -> AsyncIterator[Channel]:
    """Start a program and open a channel to it. ``ended`` is set at the end of its output."""
    # The SDK's short list of variables: the server's own environment holds its secrets.
    process_environment = get_default_environment() | dict(environment)
    executable = os.path.join(directory or "", command[0]) if os.sep in command[0] else command[0]
    if shutil.which(executable, path=process_environment.get("PATH")) is None:
        raise ConnectionError(f"there is no program {command[0]}")
    async with _run_process(command, process_environment, directory) as process:
        # Unbuffered: a program that writes faster than its messages are handled waits, instead of filling the memory.
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
    """Run a program inside a context; it is ended on exit, also after repeated cancellation."""
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        asyncio.create_subprocess_exec(
            # A session of its own: its child processes are signalled with it.
            *command,
            env=environment,
            cwd=directory,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
    )
    try:
        yield await asyncio.shield(starting)
    finally:
        ending = loop.create_task(_terminate_process(starting))
        # The SDK may cancel again while the program ends; it must be ended all the same, or it would outlive the server.
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
    """Read messages line by line, skipping other output, because many programs print a greeting."""
    assert process.stdout is not None
    pace = Throttle()
    try:
        async for line in _read_lines(process.stdout):
            await pace.throttle_messages()
            try:
                message = jsonrpc_message_adapter.validate_json(require_parseable_size(line), by_name=False)
            except ValidationError:
                log.debug("a line of a program is no message")
                continue
            await incoming.send(SessionMessage(message))
    except (ValueError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
        log.info("the output of a program has ended: %s", error)
    finally:
        ended.set()
        await incoming.aclose()


async def _read_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Read non-empty lines. Raises ValueError for one that is too long."""
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(READ_BYTES):
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
        except OSError:  # the process has ended or is ending; the reader handles the end of its output
            return


async def _log_stderr(process: Process, name: str) -> None:
    """Log the standard error of the process."""
    assert process.stderr is not None
    # Logging is slow; while it is throttled, the pipe fills and the program waits.
    pace = Throttle(rate=10, burst=100)
    while chunk := await process.stderr.read(READ_BYTES):
        for line in chunk.decode("utf-8", "replace").splitlines():
            await pace.throttle_messages()
            words = "".join(
                c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line[:MAX_LOG_LINE_CHARACTERS]
            )
            log.info("upstream %s says: %s", name, words)


async def _terminate_process(starting: asyncio.Task[Process]) -> None:
    """End the process gracefully, then forcibly, with all its child processes; no-op if it could not be started."""
    try:
        process = await starting
    except OSError:
        return
    try:
        if process.stdin is not None:
            # The end of its input asks the program to end (MCP 2025-11-25, lifecycle, shutdown).
            process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if await _wait_for_exit(process, GRACE_SECONDS):
                break
            _signal_group(process, number)
        else:
            await _wait_for_exit(process, REAP_TIMEOUT)
    finally:
        # Also if the program ended by itself: its child processes may still run.
        _signal_group(process, signal.SIGKILL)
        transport: Any = process._transport  # type: ignore[attr-defined]
        with contextlib.suppress(PermissionError):
            transport.close()  # surviving child processes may hold its pipes open


async def _wait_for_exit(process: Process, seconds: float) -> bool:
    """Wait for the exit of a process. Polled, because wait() also waits for processes that inherited its pipes."""
    until = asyncio.get_running_loop().time() + seconds
    while process.returncode is None:
        if asyncio.get_running_loop().time() > until:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _signal_group(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
