"""The ledger: collects the agents' reports and waits for expected ones."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ExpectationFailed", "ExpectationSkipped", "Ledger", "Report"]

REPORT_SECONDS = 6.0


class ExpectationFailed(Exception):
    """An expectation was not observed; the message describes what was."""


class ExpectationSkipped(Exception):
    """An expectation cannot be checked in this environment; the message gives the reason. Not a failure."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of one agent: its role, the kind of observation, and its fields."""

    role: str
    kind: str
    observed: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.observed[name]

    def has_fields(self, fields: dict[str, Any]) -> bool:
        return all(self.observed.get(name) == value for name, value in fields.items())


@dataclass
class Ledger:
    """Reports in order of arrival. absent: reasons why an agent cannot report, by role."""

    reports: list[Report] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _timed_out: set[str] = field(default_factory=set)

    def add_report(self, report: Report) -> None:
        self.reports.append(report)
        self.notify_waiters()

    def notify_waiters(self) -> None:
        """Wake all waiters."""
        self._changed.set()
        # A new event instead of clear(): each waiter wakes once, whoever runs first.
        self._changed = asyncio.Event()

    def select_reports(self, role: str, kind: str, **fields: Any) -> list[Report]:
        """Select the reports of a role and kind with these fields."""
        return [r for r in self.reports if (r.role, r.kind) == (role, kind) and r.has_fields(fields)]

    async def wait_for_reports(
        self, role: str, kind: str, *, count: int = 1, seconds: float = REPORT_SECONDS, **fields: Any
    ) -> list[Report]:
        """Wait for a number of such reports. Raises ExpectationFailed after a number of seconds, or when the agent has
        ended.

        A wait that failed is not repeated.
        """
        description = " ".join([kind, *map(str, fields.values())])
        try:
            # Several scenarios may expect the same report; the demo would last as many times as long without it.
            async with asyncio.timeout(0 if f"{role} {description}" in self._timed_out else seconds):
                while len(matches := self.select_reports(role, kind, **fields)) < count:
                    if role in self.absent:
                        raise ExpectationFailed(f"{role} {self.absent[role]}")
                    await self._changed.wait()
                return matches
        except TimeoutError:
            self._timed_out.add(f"{role} {description}")
            raise ExpectationFailed(f"{role} did not report: {description}") from None

    async def wait_for_first(self, role: str, kind: str, **fields: Any) -> Report:
        """Wait for the first such report."""
        return (await self.wait_for_reports(role, kind, **fields))[0]

    async def wait_for_any_role(self, roles: Collection[str], kind: str, **fields: Any) -> Report:
        """Wait for the first such report of any of these roles. Raises ExpectationFailed, naming all roles, if none has
        one."""
        futures = [asyncio.ensure_future(self.wait_for_first(role, kind, **fields)) for role in roles]
        errors = []
        try:
            for answer in asyncio.as_completed(futures):
                try:
                    return await answer
                except ExpectationFailed as error:
                    errors.append(str(error))
        finally:
            # Whoever is first decides, and the other waits would outlive the scenario.
            for wait in futures:
                wait.cancel()
            await asyncio.gather(*futures, return_exceptions=True)
        raise ExpectationFailed("; ".join(errors))

    async def wait_for_each_role(self, roles: Collection[str], kind: str, **fields: Any) -> list[Report]:
        """Wait for the first such report of every role. Raises ExpectationFailed, naming all roles without one."""
        futures = [self.wait_for_first(role, kind, **fields) for role in roles]
        answers = await asyncio.gather(*futures, return_exceptions=True)
        if errors := [answer for answer in answers if isinstance(answer, BaseException)]:
            if unexpected_errors := [error for error in errors if not isinstance(error, ExpectationFailed)]:
                raise unexpected_errors[0]
            raise ExpectationFailed("; ".join(map(str, errors)))
        return [answer for answer in answers if isinstance(answer, Report)]
