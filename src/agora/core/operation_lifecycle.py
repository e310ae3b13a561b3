"""The lifecycle of an operation: status, dates and replacement.

An operator's decision (``agora.admin.manage``, resource ``service``) takes precedence over the dates of the
declaration. It may set the replacement, the end and a link to a guide; what it leaves out remains as declared.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date
from typing import Any

from pydantic_core import from_json

from agora.clock import to_datetime
from agora.value_classes import value_class
from agora_sdk.contract import Lifecycle, Operation

__all__ = ["LifecycleNotice", "OperationLifecycle", "StatusDecision", "describe_lifecycle"]


@value_class
class LifecycleNotice:
    """An operator's notice with a status. replacement: NAME or NAME@VERSION. migration_guide: a path or URL."""

    replacement: str | None = None
    sunset_date: date | None = None
    migration_guide: str | None = None

    @classmethod
    def from_document(cls, data: dict[str, Any] | None) -> LifecycleNotice:
        """Parse the stored JSON document."""
        if not data:
            return cls()
        ends = data.get("sunset_date")
        return cls(data.get("replacement"), date.fromisoformat(ends) if ends else None, data.get("migration_guide"))

    def to_document(self) -> dict[str, str] | None:
        """Return the JSON document; None if empty."""
        ends = self.sunset_date.isoformat() if self.sunset_date else None
        data = {"replacement": self.replacement, "sunset_date": ends, "migration_guide": self.migration_guide}
        return {name: value for name, value in data.items() if value} or None


@value_class
class StatusDecision:
    """A status set at run time, with its time (microseconds since 1970) and notice."""

    status: Lifecycle
    changed_at: int
    notice: LifecycleNotice = field(default_factory=LifecycleNotice)

    @classmethod
    def from_row(cls, status: str, changed_at: int, details: str | None) -> StatusDecision:
        """From a row of ``operation_status``."""
        return cls(
            Lifecycle(status), changed_at, LifecycleNotice.from_document(from_json(details) if details else None)
        )

    def status_on(self, today: date) -> Lifecycle:
        """Status on a given day: a deprecated operation is sunset on its date."""
        ends = self.notice.sunset_date
        if self.status is Lifecycle.DEPRECATED and ends is not None and today >= ends:
            return Lifecycle.SUNSET
        return self.status


@value_class
class OperationLifecycle:
    """Lifecycle of an operation, with its current or announced dates."""

    status: Lifecycle
    deprecation_date: date | None
    sunset_date: date | None
    replacement: str | None
    migration_guide: str | None


def describe_lifecycle(operation: Operation, decision: StatusDecision | None, today: date) -> OperationLifecycle:
    """Combine the declaration with an operator's decision."""
    declared = operation.deprecation_date, operation.sunset_date
    if decision is None:
        return OperationLifecycle(
            operation.lifecycle_on(today), *declared, operation.replacement, operation.migration_guide
        )
    notice, (deprecated, ends) = decision.notice, declared
    decided_on = to_datetime(decision.changed_at).date()
    if decision.status is Lifecycle.DEPRECATED:
        deprecated, ends = decided_on, notice.sunset_date or ends
    elif decision.status is Lifecycle.SUNSET:
        deprecated, ends = deprecated or decided_on, decided_on
    return OperationLifecycle(
        decision.status_on(today),
        deprecated,
        ends,
        notice.replacement or operation.replacement,
        notice.migration_guide or operation.migration_guide,
    )
