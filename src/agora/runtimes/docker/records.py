"""Stored data of an instance beside its containers: data that must outlive them, or is expensive to request again.

::

    instances/<id>/
        note.json     started, stopped and ended generations, and the position up to which output was copied
        logs/         segments of output, named by the offset of their first byte
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agora.net.atomic_files import write_json
from agora.runtimes.errors import Unknown
from agora.runtimes.port import ProcessExit
from agora.runtimes.spec import NAME

__all__ = ["Cursor", "InstanceNote", "InstanceNotes"]


@dataclass(slots=True)
class Cursor:
    """Position up to which a container's output was copied. at: timestamp of its last line, in the engine's format;
    same: number of copied lines with that timestamp. size: total output at that time. long: the last chunk was not the
    end of its line. owed: its newline is not copied yet. part: copied bytes of the last line, if its end was missing."""

    container: str = ""
    at: str = ""
    same: int = 0
    size: int = 0
    long: bool = False
    owed: bool = False
    part: int = 0


@dataclass(slots=True)
class InstanceNote:
    """begun: the latest started generation. stopped: the latest generation stopped on demand.

    ended: exits of generations (``[code, signal, reason, at, started_at, cpu seconds]``) that the engine no longer
    knows.
    """

    begun: int = 0
    stopped: int = 0
    ended: dict[str, list[Any]] = field(default_factory=dict)
    cursor: Cursor = field(default_factory=Cursor)

    def find_exit(self, generation: int) -> tuple[ProcessExit, int | None, float] | None:
        """Find how a generation ended, when it had started, and its CPU time."""
        ending = self.ended.get(str(generation))
        if ending is None:
            return None
        code, signal, reason, at, started, cpu = ending
        return ProcessExit(code, signal, reason, at), started, cpu


class InstanceNotes:
    """Notes by instance. All operations are fast: small local files."""

    def __init__(self, root: Path) -> None:
        self._instances = root / "instances"

    def create_directory(self) -> None:
        self._instances.mkdir(mode=0o700, parents=True, exist_ok=True)

    def log_directory(self, instance_id: str) -> Path:
        return self._instance_directory(instance_id) / "logs"

    def has_instance(self, instance_id: str) -> bool:
        return self._instance_directory(instance_id).is_dir()

    def read_note(self, instance_id: str) -> InstanceNote:
        """Read the note; an empty one if there is none, or it is unreadable."""
        try:
            document = json.loads((self._instance_directory(instance_id) / "note.json").read_bytes())
            return InstanceNote(document["begun"], document["stopped"], document["ended"], Cursor(**document["cursor"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return InstanceNote()

    def write_note(self, instance_id: str, note: InstanceNote) -> None:
        directory = self._instance_directory(instance_id)
        (directory / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(directory / "note.json", asdict(note), durable=False)

    def erase_instance(self, instance_id: str) -> None:
        """Erase the note and the output of an instance."""
        shutil.rmtree(self._instance_directory(instance_id), ignore_errors=True)

    def _instance_directory(self, instance_id: str) -> Path:
        if not NAME.fullmatch(instance_id):
            raise Unknown(f"{instance_id[:100]!r} is not an instance id.")
        return self._instances / instance_id
