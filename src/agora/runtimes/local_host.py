"""This server as a host of instances: its engines, its identity and its clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from agora.runtimes.builds.tree import resolve_directory_in_roots
from agora.runtimes.errors import SourceRefused
from agora.runtimes.http_execution import InstanceClient
from agora.runtimes.port import Runtime

__all__ = ["LocalHost", "read_boot_id", "read_monotonic_microseconds"]

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


def read_boot_id() -> str:
    """Read the id of this machine's current boot: monotonic clocks are comparable within one boot."""
    try:
        return BOOT_ID_FILE.read_text("ascii").strip()
    except OSError:
        return "unknown"


def read_monotonic_microseconds() -> int:
    """Read the microseconds of the monotonic clock, which all processes of the machine share and which starts at
    boot."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


@dataclass(slots=True)
class LocalHost:
    """This server as a host: only it manages the instances with its host_id.

    engines: by name. url: the server's URL for instances; url_by_engine: exceptions by engine. backups: directory of backups.
    ticks, boot_id: see above. sources: directories from whose content programs may be built. end_times: by instance, the
    clock time at which its time ends, until it is stored. backup_locks: by account, held while a backup is written. started_at: the wall clock at tick 0.
    """

    host_id: str
    name: str
    engines: Mapping[str, Runtime]
    backups: Path
    url: str = ""
    url_by_engine: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    http_client: InstanceClient = field(default_factory=InstanceClient)
    ticks: Callable[[], int] = read_monotonic_microseconds
    boot_id: str = field(default_factory=read_boot_id)
    sources: tuple[Path, ...] = ()
    end_times: dict[str, int] = field(default_factory=dict)
    #: weak: a lock disappears with its last holder
    backup_locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    started_at: int = field(default_factory=lambda: time.time_ns() // 1000 - read_monotonic_microseconds())

    def read_steady_time(self) -> int:
        """Microseconds since 1970 by the wall clock at the server's start; setting the clock does not change it.

        For instances that do not share a monotonic clock with this server: several servers agree on it as far as their
        clocks agreed when they started.
        """
        return self.started_at + self.ticks()

    def server_url_for(self, engine: str) -> str:
        """Return the server's URL for instances of an engine."""
        return self.url_by_engine.get(engine, self.url)

    def find_source_error(self, directory: str) -> str | None:
        """Find why no program can be built from a directory; None if it can."""
        path = Path(directory)
        try:
            resolve_directory_in_roots(directory, self.sources)
        except SourceRefused:
            roots = [root.resolve() for root in self.sources]
            if any(path.is_relative_to(root) for root in (*roots, *self.sources)) and not path.exists():
                return "does not exist on this server: put the program there"
            return (
                "may not be run by this server: put it into 'sources' of the server's data directory, or name a "
                "directory that it is in with the setting instance_sources"
            )
        return None

    async def close(self) -> None:
        """Close the engines; instances keep running."""
        await self.http_client.close()
        for engine in self.engines.values():
            await engine.close()
