"""The operation registry: every callable operation by all its names, with its lifecycle status.

An operation's status is the one that an operator set at run time, else the one given by its dates, else the declared
one. Several versions of an operation can coexist; without a version, the newest active one is called. A deprecated
operation works and announces its end in headers; a sunset one is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from datetime import time as day_time
from email.utils import format_datetime
from itertools import chain
from typing import Any

from pydantic_core import from_json

from agora.clock import SECOND, Clock, to_datetime, to_microseconds
from agora.store.port import StoredEvent
from agora_sdk.contract import Exposure, Lifecycle, Operation
from agora_sdk.errors import InvalidRequest, NotFound, OperationSunset, field_error

from .call import Caller
from .operation_lifecycle import LifecycleNotice, OperationLifecycle, StatusDecision, describe_lifecycle
from .records import OperationStatusRow
from .semver import InvalidVersion, Range, Version, parse_range, parse_version
from .usage import DEFAULT_TENANT, Meter

__all__ = ["OperationRegistry"]

DAY = 86_400_000_000
MAX_COMPARED_NAMES = 500  # maximum number of names compared with an unknown one, because comparing is slow
#: without a requested version, the newest one of the best status is used
LIFECYCLE_PREFERENCE = {Lifecycle.ACTIVE: 3, Lifecycle.DEPRECATED: 2, Lifecycle.BETA: 1, Lifecycle.SUNSET: 0}


class OperationRegistry:
    """One per server. Operations for tests are in it only if ``tests`` is true."""

    def __init__(
        self, operations: Iterable[Operation], clock: Clock, *, meter: Meter | None = None, tests: bool = False
    ) -> None:
        self._clock = clock
        self._meter = meter or Meter()
        self._started_at = clock.now()
        self._decisions: dict[tuple[str, str, str], StatusDecision] = {}
        self._names: dict[str, list[Operation]] = {}
        self.operations: tuple[Operation, ...] = tuple(
            candidate for candidate in operations if tests or candidate.exposure is not Exposure.TEST
        )
        for operation in self.operations:
            plain = operation.name.replace(".", "_")
            # Also without dots: several MCP clients accept only ``[a-zA-Z0-9_-]`` in tool names.
            for name in dict.fromkeys((operation.name, plain, *operation.aliases, *operation.tools)):
                self._names.setdefault(name, []).append(operation)
        self._versions_by_tenant: dict[str, dict[str, Sequence[Operation]]] = {}
        self._offered_names: dict[str, dict[str, Operation]] = {}
        self._today = -1
        self._notice_cache: dict[tuple[str, Operation], dict[str, str]] = {}

    # -- finding ---------------------------------------------------------------------------------

    def resolve(self, name: str, version: str | None = None, tenant: str = DEFAULT_TENANT) -> Operation:
        """Find an operation by name, alias, ``agora_messaging_send`` or ``name@version``.

        version: one, or a range; without, the newest active one. Raises NotFound, InvalidRequest.
        """
        requested = version
        if version is None and "@" in name:
            name, _, requested = name.partition("@")
        candidates = self._names.get(name) or self._list_offered_candidates(name, tenant)
        if candidates is None:
            raise self._build_unknown_operation_error(name, tenant)
        if len(candidates) == 1 and requested is None:
            return candidates[0]
        bounds = _parse_version_range(requested)
        matching = [
            operation for operation in candidates if bounds is None or _parse_operation_version(operation) in bounds
        ]
        if not matching:
            versions = ", ".join(sorted(operation.version for operation in candidates))
            raise NotFound(f"{name} has no version {requested}.", fix=f"It has {versions}.")
        return max(
            matching,
            key=lambda operation: (
                LIFECYCLE_PREFERENCE[self.status(operation, tenant)],
                _parse_operation_version(operation),
            ),
        )

    def has(self, name: str, tenant: str = DEFAULT_TENANT) -> bool:
        """Whether a name (with or without ``@version``) is known. Cheaper than :meth:`resolve`."""
        plain = name.partition("@")[0]
        return plain in self._names or plain in self._offered_names.get(tenant, {})

    def _list_offered_candidates(self, name: str, tenant: str) -> list[Operation] | None:
        operation = self._offered_names.get(tenant, {}).get(name)
        return None if operation is None else [operation]

    def _build_unknown_operation_error(self, name: str, tenant: str) -> NotFound:
        names = {
            _shorten_name_for_comparison(spelling): operation[0].name for spelling, operation in self._names.items()
        }
        offered = self._offered_names.get(tenant, {})
        names |= {_shorten_name_for_comparison(spelling): operation.name for spelling, operation in offered.items()}
        part = _shorten_name_for_comparison(name[:200])
        # Names of upstream tools are without bound: only those with the same beginning are compared.
        candidates = (
            names
            if len(names) <= MAX_COMPARED_NAMES
            else [other for other in names if other[:2] == part[:2]][:MAX_COMPARED_NAMES]
        )
        close = difflib.get_close_matches(part, candidates, n=3, cutoff=0.6)
        suggestions = list(dict.fromkeys(names[match] for match in close))
        fix = (
            f"Did you mean {' or '.join(suggestions)}?"
            if suggestions
            else "The operations are listed at GET /discovery/list."
        )
        return NotFound(f"There is no operation {name[:200]!r}.", fix=fix)

    def list_visible(self, caller: Caller, *, sunset: bool = False) -> Sequence[Operation]:
        """List the operations that a caller may call: public ones and those covered by its scopes. sunset: include
        sunset ones."""
        return [
            operation
            for operation in self._list_all_operations(caller.tenant)
            if (operation.exposure is Exposure.PUBLIC or (caller.scopes and caller.may(operation.scope)))
            and (sunset or self.status(operation, caller.tenant) is not Lifecycle.SUNSET)
        ]

    def select(
        self,
        caller: Caller,
        *,
        category: str | None = None,
        version: str | None = None,
        status: Lifecycle | None = None,
    ) -> Sequence[Operation]:
        """Select visible operations, including sunset ones, by category, version range and status.

        Raises InvalidRequest for an invalid version or range.
        """
        bounds = _parse_version_range(version)
        return [
            operation
            for operation in self.list_visible(caller, sunset=True)
            if (category is None or operation.category == category)
            and (bounds is None or _parse_operation_version(operation) in bounds)
            and (status is None or self.status(operation, caller.tenant) is status)
        ]

    def _list_all_operations(self, tenant: str) -> Iterable[Operation]:
        offered = self._versions_by_tenant.get(tenant)
        return chain(self.operations, *(offered[prefix] for prefix in sorted(offered))) if offered else self.operations

    def replace_runtime_operations(self, tenant: str, prefix: str, operations: Sequence[Operation]) -> None:
        """Replace all run-time operations with a name prefix.

        None of them can be called by a name of a declared operation, in any spelling.
        """
        # An upstream must not shadow an operation of the server, and receive its callers' arguments.
        accepted = [operation for operation in operations if not self._names.keys() & _list_name_spellings(operation)]
        offered_operations = self._versions_by_tenant.setdefault(tenant, {})
        offered_operations.pop(prefix, None)
        if accepted:
            offered_operations[prefix] = accepted
        names = self._offered_names[tenant] = {}
        for operation in chain.from_iterable(offered_operations[each] for each in sorted(offered_operations)):
            for name in _list_name_spellings(operation):
                # Prefixes in sorted order and the first one kept: every server resolves a clash of names alike.
                names.setdefault(name, operation)

    # -- life ------------------------------------------------------------------------------------

    def declared_status(self, operation: Operation) -> Lifecycle:
        """Return the status from the declaration and dates only."""
        return operation.lifecycle_on(self._compute_current_date())

    def describe_lifecycle(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> OperationLifecycle:
        """Status, dates, replacement and guide, as declared and as an operator decided."""
        decision = self._decisions.get((tenant, operation.name, operation.version))
        return describe_lifecycle(operation, decision, self._compute_current_date())

    def _compute_current_date(self) -> date:
        return to_datetime(self._clock.now()).date()

    def status(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> Lifecycle:
        """Return the current status."""
        # Most servers have no decision: this spares every call a look-up.
        if self._decisions:
            decision = self._decisions.get((tenant, operation.name, operation.version))
            if decision is not None:
                return decision.status_on(self._compute_current_date())
        return self.declared_status(operation)

    def updated_at(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> int:
        """Return the time of the last change: a status set, a date reached, else the start of the server."""
        decision = self._decisions.get((tenant, operation.name, operation.version))
        reached_dates = [
            at
            for at in map(_compute_day_start_microseconds, (operation.deprecation_date, operation.sunset_date))
            if at is not None and at <= self._clock.now()
        ]
        return decision.changed_at if decision else max(reached_dates, default=self._started_at)

    def require_available(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> None:
        """Check that an operation is available. Raises OperationSunset with the replacement."""
        if self._has_no_notices(operation) or self.status(operation, tenant) is not Lifecycle.SUNSET:
            return
        life = self.describe_lifecycle(operation, tenant)
        sunset_text = f" on {life.sunset_date.isoformat()}" if life.sunset_date else ""
        raise OperationSunset(
            f"{operation.name}@{operation.version} was sunset{sunset_text}.",
            fix=f"Call {life.replacement} instead." if life.replacement else None,
            replacement=life.replacement,
            migration_guide=life.migration_guide,
        )

    def get_lifecycle_headers(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> dict[str, str]:
        """List headers about the operation's lifecycle: ``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594), ``Link``."""
        if self._has_no_notices(operation):
            return {}
        # Headers change only with a decision or at midnight UTC, when a date is reached.
        today = self._clock.now() // DAY
        if today != self._today:
            self._today = today
            self._notice_cache.clear()
        cached = self._notice_cache.get((tenant, operation))
        if cached is None:
            cached = self._notice_cache[tenant, operation] = self._build_lifecycle_headers(operation, tenant)
        return dict(cached)

    def _has_no_notices(self, operation: Operation) -> bool:
        """Fast check that an operation has no lifecycle notices, the usual case."""
        return not self._decisions and operation.deprecation_date is None and operation.sunset_date is None

    def _build_lifecycle_headers(self, operation: Operation, tenant: str) -> dict[str, str]:
        headers, life = {}, self.describe_lifecycle(operation, tenant)
        if life.status in (Lifecycle.DEPRECATED, Lifecycle.SUNSET):
            headers["Deprecation"] = f"@{self._find_deprecation_time(operation, tenant) // SECOND}"
            links = [self._format_successor_link(life.replacement), _format_deprecation_link(life.migration_guide)]
            if any(links):
                headers["Link"] = ", ".join(filter(None, links))
        if life.sunset_date and life.status is not Lifecycle.ACTIVE:
            headers["Sunset"] = format_datetime(_compute_day_start(life.sunset_date), usegmt=True)
        return headers

    def _find_deprecation_time(self, operation: Operation, tenant: str) -> int:
        decision = self._decisions.get((tenant, operation.name, operation.version))
        dated = _compute_day_start_microseconds(operation.deprecation_date) or _compute_day_start_microseconds(
            operation.sunset_date
        )
        return decision.changed_at if decision else dated or self._started_at

    def _format_successor_link(self, replacement: str | None) -> str | None:
        if not replacement:
            return None
        try:
            route = self.resolve(replacement).routes[0]
        except NotFound:
            return None
        # A template is no valid URI reference of a Link header (RFC 8288 section 3.1).
        return f'<{route.path}>; rel="successor-version"' if "{" not in route.path else None

    # -- run time --------------------------------------------------------------------------------

    def load_statuses(self, tenant: str, rows: Iterable[OperationStatusRow]) -> None:
        """Take over a tenant's statuses set at run time: rows of ``operation_status``."""
        self._decisions = {key: change for key, change in self._decisions.items() if key[0] != tenant}
        self._notice_cache.clear()
        for row in rows:
            self._decisions[tenant, row.operation, row.version] = StatusDecision.from_row(
                row.status, row.changed_at, row.details
            )

    def apply_event(self, stored: StoredEvent) -> None:
        """Follow the event log: a status was set (``agora.service.status_changed``)."""
        if stored.event.type == "agora.service.status_changed":
            data = from_json(stored.event.data)
            key = stored.tenant_id, data["operation"], data["version"]
            if data["reset"]:
                self._decisions.pop(key, None)
            else:
                notice = LifecycleNotice.from_document(data.get("details"))  # earlier events had none
                self._decisions[key] = StatusDecision(Lifecycle(data["status"]), stored.event.time, notice)
            self._notice_cache.clear()

    # -- usage -----------------------------------------------------------------------------------

    def get_call_statistics(self, operation: Operation, tenant: str = DEFAULT_TENANT) -> dict[str, Any]:
        """Return calls, errors, and the median and 99th percentile of the duration in milliseconds."""
        usage = self._meter.usage(operation, tenant)
        return {
            "calls": usage.calls,
            "errors": usage.errors,
            "p50_ms": usage.duration_quantile(0.5),
            "p99_ms": usage.duration_quantile(0.99),
        }


def _list_name_spellings(operation: Operation) -> set[str]:
    """List a name and its spelling without dots."""
    return {operation.name, operation.name.replace(".", "_")}


def _shorten_name_for_comparison(name: str) -> str:
    """Return a short form of a name, equal for all its spellings, because comparisons of long names are slow."""
    return name.replace("_", ".").removeprefix("agora.")


def _parse_operation_version(operation: Operation) -> Version:
    return parse_version(operation.version)


def _parse_version_range(text: str | None) -> Range | None:
    if text is None:
        return None
    try:
        return parse_range(text)
    except InvalidVersion as error:
        raise InvalidRequest(
            f"version: {error}.",
            fix="Write 1.0.0, ^1.2, ~1.2.3, >=1,<2 or 1.x.",
            errors=[field_error("version", str(error))],
        ) from None


def _compute_day_start(day: date) -> datetime:
    return datetime.combine(day, day_time(), UTC)


def _compute_day_start_microseconds(day: date | None) -> int | None:
    return to_microseconds(_compute_day_start(day)) if day else None


def _format_deprecation_link(guide: str | None) -> str | None:
    return f'<{guide}>; rel="deprecation"; type="text/html"' if guide else None
