"""Inspection of containers: list calls for all, and detail calls for one only when needed, since each costs a round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from agora.runtimes.errors import Unknown
from agora.runtimes.port import Handle, Observation, ProcessExit, State, Usage

from . import observation
from .client import Client, Refused
from .labels import read_container_handle
from .records import InstanceNotes

__all__ = ["ContainerInspector"]

MAX_GENERATIONS = 20  #: number of generations whose exit is stored
MAX_CONCURRENT_REQUESTS = 16  #: concurrent requests
#: maximum age in seconds of usage figures when many instances are observed
MAX_USAGE_AGE = 20.0


class ContainerInspector:
    """Inspects containers by id: start, usage and exit."""

    def __init__(self, client: Client, notes: InstanceNotes) -> None:
        self._client = client
        self._notes = notes
        self._limiter = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)
        self._start_cache: dict[str, int | None] = {}
        self._usage_cache: dict[str, tuple[float, Usage]] = {}
        self._exit_cache: dict[str, Observation] = {}

    def clear_cache(self, name: str) -> None:
        """Drop the cached values of a removed container."""
        for cache in (self._exit_cache, self._usage_cache, self._start_cache):
            cache.pop(name, None)

    def observe_removed(self, handle: Handle) -> Observation:
        """Observe a generation whose container was removed."""
        try:
            note = self._notes.read_note(handle.instance_id)
        except Unknown:
            return Observation("absent")
        ending = note.find_exit(handle.generation)
        if ending is not None:
            return Observation("exited", ending[1], ending[0], Usage(cpu_seconds=ending[2]))
        if note.begun >= handle.generation:
            return Observation("exited", None, ProcessExit(reason="lost"))
        return Observation("absent")

    async def observe_container(self, container: Mapping[str, Any], *, fresh: bool = False) -> Observation:
        name = str(container["Id"])
        if name in self._exit_cache:
            return self._exit_cache[name]
        state = observation.STATE_BY_STATUS.get(container["State"])
        if state is None:
            return Observation("absent")
        async with self._limiter:
            try:
                if state == "exited":
                    return await self.observe_and_store_exit(container)
                if name not in self._start_cache:
                    details = await self._client.request_json("GET", f"containers/{name}/json")
                    self._start_cache[name] = observation.parse_time_or_none(details["State"]["StartedAt"])
                return Observation(
                    cast(State, state), self._start_cache[name], None, await self.measure_usage(name, fresh=fresh)
                )
            except Refused as error:
                if error.status != 404:
                    raise
                return self.observe_removed(read_container_handle(container))

    async def measure_usage(self, name: str, *, fresh: bool = False) -> Usage:
        now = asyncio.get_running_loop().time()
        at, cached = self._usage_cache.get(name, (0.0, Usage()))
        if at and not fresh and now - at < MAX_USAGE_AGE:
            return cached
        stats = await self._client.request_json(
            "GET", f"containers/{name}/stats", params={"stream": "0", "one-shot": "1"}
        )
        measured = observation.to_usage(stats)
        if measured.cpu_seconds < cached.cpu_seconds:  # it has just ended
            return cached
        self._usage_cache[name] = (now, measured)
        return measured

    async def observe_and_store_exit(self, container: Mapping[str, Any]) -> Observation:
        """Observe the exit of a container: read once and stored, since the engine drops its usage."""
        name, handle = str(container["Id"]), read_container_handle(container)
        details = await self._client.request_json("GET", f"containers/{name}/json")
        if details["State"]["Status"] not in ("exited", "dead"):
            return Observation(
                "running",
                observation.parse_time_or_none(details["State"]["StartedAt"]),
                None,
                await self.measure_usage(name, fresh=True),
            )
        note = self._notes.read_note(handle.instance_id)
        previous_exit = note.find_exit(handle.generation)
        # The engine reports no usage after the end: the last measurement before it counts.
        cpu = max(
            previous_exit[2] if previous_exit else 0.0, self._usage_cache.get(name, (0.0, Usage()))[1].cpu_seconds
        )
        exit = observation.to_exit(details["State"], stopped=note.stopped >= handle.generation)
        started_at = observation.parse_time_or_none(details["State"]["StartedAt"])
        note.ended[str(handle.generation)] = [exit.code, exit.signal, exit.reason, exit.at, started_at, cpu]
        # In order of insertion, so the oldest generations are dropped.
        note.ended = dict(list(note.ended.items())[-MAX_GENERATIONS:])
        self._notes.write_note(handle.instance_id, note)
        self._exit_cache[name] = Observation("exited", started_at, exit, Usage(cpu_seconds=cpu))
        self._usage_cache.pop(name, None)
        self._start_cache.pop(name, None)
        return self._exit_cache[name]
