"""What the expectations have in common: what they work with, and how they are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agora_sdk import AgoraClient

from ..ledger import ExpectationFailed, Ledger, Report
from ..participants import KILLED_ROLE, Participants
from ..processes import AgentProcesses
from ..records import Totals

if TYPE_CHECKING:
    from agora_sdk.contract.billing import BillingInfo, Invoice
    from agora_sdk.contract.workflows import Timeline

    from ..server import DemoServer

__all__ = ["ARRIVAL_SECONDS", "EACH", "TEXT", "DemoRun", "Expectation", "HostedAgent", "Scenario"]

ARRIVAL_SECONDS = 12.0
EACH = 0.01  #: the price of what the hosted agent does
TEXT = "the quick brown fox jumps over the lazy dog"  #: that it counts the words of


@dataclass
class HostedAgent:
    """What runs here: the agent, the client of the customer, the instances.

    source: where the agent's program is. said: the last answer of each instance. rest: what the paused one had cost.
    """

    agent_id: str
    source: Path
    customer: AgoraClient
    token_id: str
    instances: list[str] = field(default_factory=list)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: int = 0
    rest: BillingInfo | None = None

    @property
    def paused(self) -> str:
        return self.instances[0]

    @property
    def working(self) -> str:
        return self.instances[1]

    async def execute_count(self, instance_id: str) -> dict[str, Any]:
        """Let an instance count words; answers its result. Raises Missing if it is wrong."""
        execution = await self.customer.instance.execute(instance_id, "/count", {"text": TEXT})
        self.done += 1
        answer: Any = execution.result
        if answer["words"] != len(TEXT.split()) or execution.cost != EACH:
            raise ExpectationFailed(f"it said {answer}, and cost {execution.cost:g}")
        self.said[instance_id] = answer
        return self.said[instance_id]


@dataclass
class DemoRun:
    """What the expectations work with.

    beginning: the last sequence number before the demo. last_seen: the last one that the observer saw before it
    was killed. workflow: id of the pipeline. records, truth: what its source has, and what is to come of it.
    lodging: what the third act has registered and started.
    """

    client: AgoraClient
    stage: AgentProcesses
    participants: Participants
    venue: DemoServer
    beginning: int
    last_seen: int = 0
    workflow: str | None = None
    records: int = 0
    truth: Totals = field(default_factory=dict)
    timeline: Timeline | None = None
    hosted: HostedAgent | None = None
    invoice: Invoice | None = None

    @property
    def ledger(self) -> Ledger:
        return self.stage.ledger

    @property
    def sales_database_path(self) -> Path:
        """Path of the pipeline's output."""
        return self.stage.directory / "sales.db"

    @property
    def workflow_id(self) -> str:
        """The pipeline; raises Missing if there is none."""
        if self.workflow is None:
            raise ExpectationFailed("the workflow was not created")
        return self.workflow

    async def half_way(self) -> Report:
        """What the victim reported of its work before it died."""
        reports = self.ledger.select_reports(KILLED_ROLE, "half-way")
        return reports[0] if reports else await self.ledger.wait_for_first(KILLED_ROLE, "half-way")

    def format_roles(self, names: list[str]) -> str:
        """Names as a person reads them."""
        return ", ".join(sorted(map(self.participants.role, names)))

    def played_by(self, agent_id: str | None) -> str:
        """The role of an agent's id."""
        came = {report["agent_id"]: report.role for report in self.ledger.reports if report.kind == "arrived"}
        return came.get(agent_id or "", agent_id or "nobody")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A line of the report and what decides it."""

    title: str
    observe: Callable[[DemoRun], Awaitable[str]]


class Scenario(list[Expectation]):
    """Expectations in their order."""

    def register_expectation(
        self, title: str
    ) -> Callable[[Callable[[DemoRun], Awaitable[str]]], Callable[[DemoRun], Awaitable[str]]]:
        """Add one."""

        def add_expectation(observe: Callable[[DemoRun], Awaitable[str]]) -> Callable[[DemoRun], Awaitable[str]]:
            self.append(Expectation(title, observe))
            return observe

        return add_expectation
