"""Errors of engines, as types that a reconciler can handle.

::

    EngineError
    ├── InvalidSpec          the specification is invalid for every engine; all errors are listed
    ├── Unsupported          this engine does not support it, another one may
    ├── SourceRefused        reading the source is not allowed
    ├── SourceUnavailable    the source could not be fetched                        (retry)
    ├── BuildFailed          the build command failed
    │   └── BuildTimeout     the build timed out
    ├── DiskFull             there is no space left                                 (retry)
    ├── BackupRefused        the state is over the limits of a backup
    ├── PortsExhausted       every port of the range is in use                      (retry)
    ├── BuildMissing         the build does not exist (any more): build again       (retry)
    ├── StartFailed          the program could not be started
    ├── Unknown              the engine has no such instance
    └── EngineUnavailable    the engine itself does not respond                     (retry)
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "BackupRefused",
    "BuildFailed",
    "BuildMissing",
    "BuildTimeout",
    "DiskFull",
    "EngineError",
    "EngineUnavailable",
    "InvalidSpec",
    "PortsExhausted",
    "SourceRefused",
    "SourceUnavailable",
    "StartFailed",
    "Unknown",
    "Unsupported",
]


class EngineError(Exception):
    """Root of engine errors. detail: description. fix: suggested fix. retry: whether a later attempt may succeed.

    code: stable name of the kind of error.
    """

    code = "engine_error"
    retry = False

    def __init__(self, detail: str, *, fix: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


class InvalidSpec(EngineError):
    """errors: all of them, each ``"field: message"``."""

    code = "invalid_spec"

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors), fix="Correct the named fields.")
        self.errors = list(errors)


class Unsupported(EngineError):
    code = "unsupported"


class SourceRefused(EngineError):
    code = "source_refused"


class SourceUnavailable(EngineError):
    code = "source_unavailable"
    retry = True


class BuildFailed(EngineError):
    """exit_code: of the build command; None if it was killed. output: the end of its output."""

    code = "build_failed"

    def __init__(self, detail: str, *, fix: str | None = None, exit_code: int | None = None, output: str = "") -> None:
        super().__init__(detail, fix=fix)
        self.exit_code = exit_code
        self.output = output


class BuildTimeout(BuildFailed):
    code = "build_timeout"


class DiskFull(EngineError):
    code = "disk_full"
    retry = True


class BackupRefused(EngineError):
    code = "backup_refused"


class PortsExhausted(EngineError):
    code = "ports_exhausted"
    retry = True


class BuildMissing(EngineError):
    code = "build_missing"
    retry = True


class StartFailed(EngineError):
    code = "start_failed"


class Unknown(EngineError):
    code = "unknown_instance"


class EngineUnavailable(EngineError):
    code = "engine_unavailable"
    retry = True
