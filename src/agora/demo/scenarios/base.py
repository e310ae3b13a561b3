"""Base of the scenarios: their shared state and the declaration of expectations."""

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

__all__ = ["ARRIVAL_SECONDS", "PRICE_PER_CALL", "SAMPLE_TEXT", "DemoRun", "Expectation", "HostedAgent", "Scenario"]

ARRIVAL_SECONDS = 12.0
PRICE_PER_CALL = 0.01  #: price of one call of the hosted agent
SAMPLE_TEXT = "the quick brown fox jumps over the lazy dog"  #: text whose words are counted


@dataclass
class HostedAgent:
    """The hosted agent, its customer's client and its instances.

    source: directory of the agent's program. last_answers: by instance. paused_cost: cost of the paused instance.
    """

    agent_id: str
    source: Path
    customer: AgoraClient
    token_id: str
    instances: list[str] = field(default_factory=list)
    last_answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    execution_count: int = 0
    paused_cost: BillingInfo | None = None

    @property
    def paused_instance(self) -> str:
        return self.instances[0]

    @property
    def working_instance(self) -> str:
        return self.instances[1]

    async def execute_count(self, instance_id: str) -> dict[str, Any]:
        """Have an instance count words; return its result. Raises ExpectationFailed if it is wrong."""
        execution = await self.customer.instance.execute(instance_id, "/count", {"text": SAMPLE_TEXT})
        self.execution_count += 1
        answer: Any = execution.result
        if answer["words"] != len(SAMPLE_TEXT.split()) or execution.cost != PRICE_PER_CALL:
            raise ExpectationFailed(f"it said {answer}, and cost {execution.cost:g}")
        self.last_answers[instance_id] = answer
        return self.last_answers[instance_id]


@dataclass
class DemoRun:
    """Shared state of the expectations.

    sequence_before: last sequence number before the demo. last_seen: last one seen by the observer before it
    was killed. workflow: id of the pipeline. record_count, expected_totals: number of source records, and the expected result.
    hosted: agent and instances of the third act.
    """

    client: AgoraClient
    agent_processes: AgentProcesses
    participants: Participants
    server: DemoServer
    sequence_before: int
    last_seen: int = 0
    workflow: str | None = None
    record_count: int = 0
    expected_totals: Totals = field(default_factory=dict)
    timeline: Timeline | None = None
    hosted: HostedAgent | None = None
    invoice: Invoice | None = None

    @property
    def ledger(self) -> Ledger:
        return self.agent_processes.ledger

    @property
    def sales_database_path(self) -> Path:
        """Path of the pipeline's output."""
        return self.agent_processes.directory / "sales.db"

    @property
    def workflow_id(self) -> str:
        """Id of the pipeline. Raises ExpectationFailed if there is none."""
        if self.workflow is None:
            raise ExpectationFailed("the workflow was not created")
        return self.workflow

    async def wait_for_half_way_report(self) -> Report:
        """Wait for the report of the killed agent about its work before it was killed."""
        reports = self.ledger.select_reports(KILLED_ROLE, "half-way")
        return reports[0] if reports else await self.ledger.wait_for_first(KILLED_ROLE, "half-way")

    def format_roles(self, names: list[str]) -> str:
        """Format roles for display."""
        return ", ".join(sorted(map(self.participants.role, names)))

    def find_role(self, agent_id: str | None) -> str:
        """Return the role of an agent's id; the id itself, or nobody, if no agent of the demo has it."""
        role_by_agent_id = {
            report["agent_id"]: report.role for report in self.ledger.reports if report.kind == "arrived"
        }
        return role_by_agent_id.get(agent_id or "", agent_id or "nobody")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A line of the report and the function that checks it."""

    title: str
    observe: Callable[[DemoRun], Awaitable[str]]


class Scenario(list[Expectation]):
    """Expectations in order."""

    def register_expectation(
        self, title: str
    ) -> Callable[[Callable[[DemoRun], Awaitable[str]]], Callable[[DemoRun], Awaitable[str]]]:
        """Register an expectation."""

        def add_expectation(observe: Callable[[DemoRun], Awaitable[str]]) -> Callable[[DemoRun], Awaitable[str]]:
            self.append(Expectation(title, observe))
            return observe

        return add_expectation
