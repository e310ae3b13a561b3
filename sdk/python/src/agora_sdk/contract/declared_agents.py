"""Declared agents: agents that think with a language model, described by a document instead of a program."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .billing.models import ModelTokens
from .billing.prices import Amount, Currency, Positive
from .fields import (
    PRINTABLE,
    AgentName,
    AgentRef,
    BusyPolicy,
    Capability,
    Cursor,
    JsonData,
    JsonObject,
    Limit,
    Text,
    Timestamp,
)
from .operation import Exposure, Kind, Service, operation
from .results import Page, Result

__all__ = [
    "AgentBudget",
    "AgentLimits",
    "AgentMemory",
    "AgentPrice",
    "AgentSpecification",
    "AgentTool",
    "AgentTools",
    "AppliedAgent",
    "DeclaredAgent",
    "DeclaredAgentPage",
    "DeclaredAgentRemoval",
    "DeclaredAgentVersion",
    "DeclaredAgentVersionPage",
    "DeclaredAgents",
    "ModelReservation",
    "ModelReservationRelease",
    "RecordedModelCall",
    "ToolOutcome",
]

ModelName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="PROVIDER:MODEL, of a provider of agora.model_provider; 'default' for the one of the server's settings.",
        examples=["anthropic:claude-sonnet-4-5"],
    ),
]
ToolName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="A toolset (messaging, tasks, memory, agents, marketplace), an operation (agora.messaging.send), upstream:NAME for all "
        "tools of an MCP upstream or NAME.TOOL for one, agent:NAME to ask an agent, agent:* to ask any, handoff:NAME to hand the task over to "
        "it, capability:NAME to ask whoever has it.",
        examples=["messaging", "upstream:github", "agent:Writer"],
    ),
]


class AgentLimits(BaseModel):
    """Bounds of one task; the agent says which one it met."""

    model_config = ConfigDict(extra="forbid")

    steps: int = Field(default=20, ge=1, le=500, description="Calls of the model.")
    tokens: int = Field(default=200_000, ge=1, le=100_000_000, description="Tokens of input and output together.")
    seconds: float = Field(default=600.0, ge=1, le=86_400, description="Time at work, over all attempts.")
    output_tokens: int = Field(
        default=4096, ge=1, le=1_000_000, description="Tokens of one answer: what a call may cost at most is reserved."
    )
    cost: Positive | None = Field(
        default=None, description="What its calls of models may cost, in the currency of their prices."
    )
    depth: int = Field(default=3, ge=0, le=10, description="Declared agents that may ask each other in a row.")


class AgentPrice(BaseModel):
    """What whoever asks pays for each completed task, besides its calls of models."""

    model_config = ConfigDict(extra="forbid")

    task: Positive
    currency: Currency | None = None


class AgentBudget(BaseModel):
    """What everybody's use of an agent may cost in a month, as agora.billing.budget."""

    model_config = ConfigDict(extra="forbid")

    hard_limit: Amount | None = Field(default=None, description="Nothing beyond it is begun.")
    soft_limit: Amount | None = Field(
        default=None, description="From here on the cheapest of its models is used; 80 % of the hard limit if left out."
    )
    currency: Currency | None = None


class AgentMemory(BaseModel):
    """What an agent remembers."""

    model_config = ConfigDict(extra="forbid")

    conversation: bool = Field(default=True, description="Whether it remembers the earlier tasks of a context.")
    namespace: Annotated[str, Field(min_length=1, max_length=24, pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        default=None,
        description="Name of its values of agora.memory, apart for each that asks; its own name if left out.",
    )


class AgentSpecification(BaseModel):
    """What an agent is, which model it thinks with, what it may use, and within which bounds."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    instructions: Text = Field(
        default="", max_length=50_000, description="Text for the model: who it is, what it does."
    )
    description: Text = Field(default="", max_length=2000, description="Text for people and other agents.")
    capabilities: list[Capability] = Field(default=[], max_length=50, description="What it can do, as it is found by.")
    fallbacks: list[ModelName] = Field(
        default=[],
        max_length=5,
        description="Models that are tried, in order, when the model before fails; near the limit of a budget, the cheapest "
        "of all comes first.",
    )
    tools: list[ToolName] = Field(default=[], max_length=100, description="What it may use; nothing else.")
    approval: list[ToolName] = Field(
        default=[],
        max_length=100,
        description="Tools, by the names of the field tools, whose calls wait for a person; '*' for all.",
    )
    askers: list[AgentRef] = Field(
        default=["*"], min_length=1, max_length=100, description="Who may ask it: names or ids; '*' for everybody."
    )
    output_schema: JsonObject | None = Field(
        default=None, description="JSON schema of an object; the result of each task is one. A text if left out."
    )
    limits: AgentLimits = Field(default=AgentLimits(), description="Bounds of one task.")
    memory: AgentMemory = Field(default=AgentMemory(), description="What it remembers.")
    price: AgentPrice | None = Field(default=None, description="What a task costs; nothing if left out.")
    budget: AgentBudget | None = Field(default=None, description="What its work may cost in a month.")
    busy: BusyPolicy = "enqueue"
    max_concurrent_tasks: int = Field(default=4, ge=1, le=100, description="Tasks at once.")


class DeclaredAgent(Result):
    """A declared agent. specification: of its current version."""

    name: str
    agent_id: str
    version: int
    specification: AgentSpecification
    declared_by: str
    created_at: Timestamp
    updated_at: Timestamp
    problem: str | None = Field(default=None, description="Why it does not work, such as a model without a provider.")


class AppliedAgent(DeclaredAgent):
    """A declared agent after it was applied."""

    change: Literal["created", "updated", "unchanged"]
    changed: list[str] = Field(
        default=[], description="Fields of the specification that differ from the version before."
    )


class DeclaredAgentPage(Page[DeclaredAgent]):
    items_field: ClassVar[str] = "agents"

    agents: list[DeclaredAgent]


class DeclaredAgentVersion(Result):
    """One version of a specification."""

    version: int
    specification: AgentSpecification
    declared_by: str
    created_at: Timestamp


class DeclaredAgentVersionPage(Page[DeclaredAgentVersion]):
    items_field: ClassVar[str] = "versions"

    versions: list[DeclaredAgentVersion]


class DeclaredAgentRemoval(Result):
    name: str
    agent_id: str


class AgentTool(Result):
    """A tool as its model sees it."""

    name: str = Field(description="Letters, digits, underscores and hyphens; at most 64.")
    operation: str = Field(description="The operation that it calls.")
    description: str
    input_schema: JsonObject
    needs_approval: bool = False
    asks_agent: bool = Field(default=False, description="Whether its result is what another agent answers.")
    hands_over: bool = Field(default=False, description="Whether its result is the result of the task.")


class AgentTools(Result):
    """The tools of one declared agent."""

    tools: list[AgentTool]


class ToolOutcome(Result):
    """What came of a call of a tool.

    ``refused`` and ``failed`` had no effect. ``unknown`` may have had one. ``pending`` is still under way: repeat the call.
    ``approval_required`` waits for the answer of a person.
    """

    status: Literal["done", "refused", "failed", "unknown", "pending", "approval_required"]
    content: JsonData = None
    error: str | None = None
    task_id: str | None = Field(
        default=None, description="The task that was made for another agent; its result follows."
    )


CallId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Names the call in its task, such as STEP.CALL: the same id is carried out once.",
    ),
]


class ModelReservation(Result):
    """The model to call next, and what is reserved for the call."""

    model: str = Field(description="PROVIDER:MODEL, one of those that were offered.")
    reserved: float = Field(description="What it may cost at most.")
    currency: str
    is_cheaper: bool = Field(default=False, description="Whether a limit made it another than the first.")


class ModelReservationRelease(Result):
    """What was reserved for a call that failed."""

    is_released: bool = Field(description="False where nothing was reserved for it any more.")


class RecordedModelCall(Result):
    """A call of a model that was charged."""

    entry_id: str
    cost: float
    currency: str
    checkpoint_number: int | None = Field(default=None, description="Of the checkpoint that was stored with it.")
    output_size: int | None = Field(
        default=None, description="Where the appended text ends in the task's output; absent if it was not appended."
    )


Fence = Annotated[int, Field(ge=1, lt=2**53)]
HeldTask = Annotated[str, Field(max_length=64, description="The task at which the agent works.")]
OfferedModels = Annotated[
    list[ModelName], Field(min_length=1, max_length=6, description="Models that may be called, in order.")
]
Step = Annotated[int, Field(ge=0, le=100_000, description="Number of the call in its task.")]


class DeclaredAgents(Service, category="declared_agent"):
    """Agents that think with a language model: declared in a file, versioned, run by the server."""

    @operation("POST /declared-agents", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def apply(
        self,
        name: AgentName,
        specification: AgentSpecification,
        *,
        dry_run: Annotated[bool, Field(description="Only say what would change.")] = False,
    ) -> AppliedAgent:
        """Declare an agent, or change its declaration: each change is a new version. The same again changes nothing.

        The agent is registered under its name, and is asked, found and paid like any other.
        """

    @operation("GET /declared-agents", scope="admin", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> DeclaredAgentPage:
        """List the declared agents by name."""

    @operation("GET /declared-agents/{name}", scope="admin", exposure=Exposure.OPERATOR)
    async def get(self, name: AgentName) -> DeclaredAgent:
        """Show a declared agent. Raises NotFound."""

    @operation("GET /declared-agents/{name}/versions", scope="admin", exposure=Exposure.OPERATOR)
    async def versions(self, name: AgentName, *, limit: Limit = 20, cursor: Cursor = None) -> DeclaredAgentVersionPage:
        """List the versions of a declaration, newest first."""

    @operation("POST /declared-agents/{name}/rollback", scope="admin", exposure=Exposure.OPERATOR)
    async def rollback(
        self,
        name: AgentName,
        version: Annotated[int, Field(ge=1, lt=2**31, description="Version whose specification holds again.")],
    ) -> AppliedAgent:
        """Make the specification of an earlier version the newest one."""

    @operation("DELETE /declared-agents/{name}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete(self, name: AgentName) -> DeclaredAgentRemoval:
        """Delete a declaration with its versions, and deregister its agent."""

    @operation("GET /declared-agents/{name}/tools", scope="read:catalogue")
    async def tools(self, name: AgentName) -> AgentTools:
        """List the tools of a declared agent: for itself and for operators."""

    @operation("POST /declared-agents/tool-calls", scope="write:tasks", kind=Kind.RELAY)
    async def call_tool(
        self,
        task_id: Annotated[str, Field(max_length=64, description="The task at which the agent works.")],
        fencing_token: Annotated[int, Field(ge=1, lt=2**53)],
        call_id: CallId,
        tool: Annotated[
            str,
            Field(min_length=1, max_length=64, description="Name of the tool, as agora.declared_agent.tools gives it."),
        ],
        arguments: Annotated[JsonObject, Field(description="Arguments of the tool.")] = {},
    ) -> ToolOutcome:
        """Call a tool for a task, as its agent, with the rights that both the agent and whoever asked have.

        Carried out once for each call_id. An outside tool whose outcome was lost is ``unknown``, and is not repeated.
        """

    @operation("POST /declared-agents/model-calls/reserve", scope="write:tasks", idempotent=True)
    async def reserve_model_call(
        self,
        task_id: HeldTask,
        fencing_token: Fence,
        step: Step,
        models: OfferedModels,
        input_tokens: Annotated[int, Field(ge=0, le=1_000_000_000, description="Most tokens that the request has.")],
        *,
        checkpoint: Annotated[
            JsonObject | None, Field(description="Where the work is now: stored if and only if the call is reserved.")
        ] = None,
        checkpoint_number: Annotated[
            int | None, Field(ge=0, lt=2**63, description="Grows with each checkpoint of the task.")
        ] = None,
    ) -> ModelReservation:
        """Reserve what the next call of a model may cost at most, against every limit over it: by its agent alone.

        Whoever asked first pays. A new reservation takes the place of the task's earlier one. Raises BudgetExceeded.
        """

    @operation("POST /declared-agents/model-calls", scope="write:tasks", idempotent=True)
    async def record_model_call(
        self,
        task_id: HeldTask,
        fencing_token: Fence,
        step: Step,
        model: ModelName,
        tokens: ModelTokens,
        *,
        is_estimate: Annotated[bool, Field(description="Whether the tokens were estimated, not counted.")] = False,
        is_cut: Annotated[
            bool, Field(description="Whether the answer was cut off before its end: the step is made again.")
        ] = False,
        time_to_first_token: Annotated[
            float | None, Field(ge=0, le=86_400, description="Seconds until the answer began.")
        ] = None,
        seconds: Annotated[float | None, Field(ge=0, le=86_400, description="Seconds that it took.")] = None,
        checkpoint: Annotated[
            JsonObject | None, Field(description="Where the work is now: stored if and only if the call is charged.")
        ] = None,
        checkpoint_number: Annotated[
            int | None, Field(ge=0, lt=2**63, description="Grows with each checkpoint of the task.")
        ] = None,
        output: Annotated[
            Text | None, Field(min_length=1, max_length=262_144, description="Text to append to the task's output.")
        ] = None,
        output_offset: Annotated[
            int | None, Field(ge=0, lt=2**53, description="Where it begins: one that is repeated is appended once.")
        ] = None,
    ) -> RecordedModelCall:
        """Charge for a call of a model that was made, once for each step of an attempt, and store where the work is.

        A call that was cut off is charged beside the one that is made in its place. Text that the output does not take,
        such as over its limit, is left out: the call is charged nevertheless.
        """

    @operation("POST /declared-agents/model-calls/release", scope="write:tasks", idempotent=True)
    async def release_model_call(self, task_id: HeldTask, fencing_token: Fence, step: Step) -> ModelReservationRelease:
        """Give back what is reserved for a call of a model that failed before its first token.

        A reservation that is neither charged nor given back was of a call whose process died: the next call of the task
        charges its input, as an estimate.
        """
