"""What this server has to run instances with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .asking import Asker
from .port import Runtime

__all__ = ["Local", "boot_id", "monotonic"]

BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Names the present start of this machine: monotonic clocks are comparable within one."""
    try:
        return BOOT.read_text("ascii").strip()
    except OSError:
        return "unknown"


def monotonic() -> int:
    """Microseconds of a clock that nobody sets, the same for every process since the machine's start."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


@dataclass(slots=True)
class Local:
    """This server as a host: only it touches the instances whose host_id is its own.

    engines: by name. url: where instances reach the server; urls: for some engines another one. backups: directory of
    them. ticks, boot: see above.
    """

    host_id: str
    name: str
    engines: Mapping[str, Runtime]
    backups: Path
    url: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    asker: Asker = field(default_factory=Asker)
    ticks: Callable[[], int] = monotonic
    boot: str = field(default_factory=boot_id)

    def url_for(self, engine: str) -> str:
        """Where instances of an engine reach the server."""
        return self.urls.get(engine, self.url)

    async def close(self) -> None:
        """Let go of the engines; instances go on."""
        await self.asker.close()
        for engine in self.engines.values():
            await engine.close()
