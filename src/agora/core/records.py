"""Records of the core: counted calls, and what operators changed at run time."""

from __future__ import annotations

from agora.store.records import record

__all__ = ["CallMinuteRow", "OperationStatusRow", "OperationUsageRow", "RuntimeSettingRow"]


@record
class CallMinuteRow:
    """A row of ``call_minutes``: calls that one server answered in one minute. minute: since 1970."""

    tenant_id: str
    minute: int
    server: str
    calls: int
    reads: int
    errors: int
    histogram: str


@record
class OperationUsageRow:
    """A row of ``operation_usage``: all calls of one version of an operation."""

    tenant_id: str
    operation: str
    version: str
    calls: int
    errors: int
    histogram: str
    updated_at: int


@record
class OperationStatusRow:
    """The status that one version of an operation was given at run time."""

    operation: str
    version: str
    status: str
    changed_at: int


@record
class RuntimeSettingRow:
    """A setting that was changed at run time. value: JSON."""

    name: str
    value: str
