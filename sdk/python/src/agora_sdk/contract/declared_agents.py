"""Declared agents: LLM agents that are defined by a document instead of a program."""

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
        description="PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings.",
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
        "tools of an MCP upstream or NAME.TOOL for one, agent:NAME to ask an agent, agent:* to ask any agent, "
        "handoff:NAME to hand the task over to an agent, capability:NAME to ask any agent with the capability.",
        examples=["messaging", "upstream:github", "agent:Writer"],
    ),
]


class AgentLimits(BaseModel):
    """Limits of one task. When one is reached, the agent reports which."""

    model_config = ConfigDict(extra="forbid")

    steps: int = Field(default=20, ge=1, le=500, description="Number of model calls.")
    tokens: int = Field(default=200_000, ge=1, le=100_000_000, description="Total of input and output tokens.")
    seconds: float = Field(default=600.0, ge=1, le=86_400, description="Working time of all attempts, in seconds.")
    output_tokens: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="Maximum tokens of one response; determines the amount reserved for a call.",
    )
    cost: Positive | None = Field(
        default=None, description="Maximum cost of model calls, in the currency of their prices."
    )
    depth: int = Field(default=3, ge=0, le=10, description="Maximum depth of declared agents asking each other.")


class AgentPrice(BaseModel):
    """Price of each completed task, paid by the requester in addition to model calls."""

    model_config = ConfigDict(extra="forbid")

    task: Positive
    currency: Currency | None = None


class AgentBudget(BaseModel):
    """Monthly budget of all use of an agent, as in agora.billing.budget."""

    model_config = ConfigDict(extra="forbid")

    hard_limit: Amount | None = Field(default=None, description="No work is started beyond it.")
    soft_limit: Amount | None = Field(
        default=None, description="Above it, the cheapest of its models is used; default: 80 % of the hard limit."
    )
    currency: Currency | None = None


class AgentMemory(BaseModel):
    """Memory of an agent."""

    model_config = ConfigDict(extra="forbid")

    conversation: bool = Field(default=True, description="Whether it remembers earlier tasks of the same context.")
    namespace: Annotated[str, Field(min_length=1, max_length=24, pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        default=None,
        description="Namespace prefix of its values in agora.memory, separate for each requester; default: the agent's name.",
    )


class AgentSpecification(BaseModel):
    """Specification of a declared agent: instructions, model, tools and limits."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    instructions: Text = Field(default="", max_length=50_000, description="System prompt: the agent's role and task.")
    description: Text = Field(default="", max_length=2000, description="Description for people and other agents.")
    capabilities: list[Capability] = Field(default=[], max_length=50, description="Capabilities of the agent.")
    fallbacks: list[ModelName] = Field(
        default=[],
        max_length=5,
        description="Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest "
        "model is tried first.",
    )
    tools: list[ToolName] = Field(default=[], max_length=100, description="Allowed tools. Nothing else can be called.")
    approval: list[ToolName] = Field(
        default=[],
        max_length=100,
        description="Tools (entries of 'tools') whose calls need a person's approval; '*' for all.",
    )
    askers: list[AgentRef] = Field(
        default=["*"],
        min_length=1,
        max_length=100,
        description="Agents or users (names or ids) that may use it; '*' for everyone.",
    )
    output_schema: JsonObject | None = Field(
        default=None, description="JSON schema (an object) of the task result; default: plain text."
    )
    limits: AgentLimits = Field(default=AgentLimits(), description="Bounds of one task.")
    memory: AgentMemory = Field(default=AgentMemory(), description="What it remembers.")
    price: AgentPrice | None = Field(default=None, description="Price of a task; default: free.")
    budget: AgentBudget | None = Field(default=None, description="Monthly budget of the agent.")
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
    problem: str | None = Field(default=None, description="Why it cannot run, such as a model without a provider.")


class AppliedAgent(DeclaredAgent):
    """A declared agent after apply."""

    change: Literal["created", "updated", "unchanged"]
    changed: list[str] = Field(default=[], description="Fields that differ from the previous version.")


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
    """A tool as presented to the model."""

    name: str = Field(description="Letters, digits, underscores and hyphens; at most 64.")
    operation: str = Field(description="The operation that it calls.")
    description: str
    input_schema: JsonObject
    needs_approval: bool = False
    asks_agent: bool = Field(default=False, description="Whether its result is another agent's answer.")
    hands_over: bool = Field(default=False, description="Whether its result becomes the task's result.")


class AgentTools(Result):
    """The tools of one declared agent."""

    tools: list[AgentTool]


class ToolOutcome(Result):
    """Outcome of a tool call.

    ``refused`` and ``failed`` calls had no effect; an ``unknown`` one may have had an effect. ``pending``: still
    running, repeat the call. ``approval_required``: waits for a person's approval.
    """

    status: Literal["done", "refused", "failed", "unknown", "pending", "approval_required"]
    content: JsonData = None
    error: str | None = None
    task_id: str | None = Field(default=None, description="The task created for another agent; its result follows.")


CallId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Id of the call within its task, such as STEP.CALL. Each id is executed once.",
    ),
]


class ModelReservation(Result):
    """The model to call next, and the amount reserved for the call."""

    model: str = Field(description="PROVIDER:MODEL, one of the given candidates.")
    reserved: float = Field(description="Maximum cost of the call.")
    currency: str
    is_cheaper: bool = Field(
        default=False, description="Whether a limit caused a model other than the first to be chosen."
    )


class ModelReservationRelease(Result):
    """Released reservation of a failed call."""

    is_released: bool = Field(description="False if nothing was reserved.")


class RecordedModelCall(Result):
    """A charged model call."""

    entry_id: str
    cost: float
    currency: str
    checkpoint_number: int | None = Field(default=None, description="Number of the stored checkpoint.")
    output_size: int | None = Field(
        default=None,
        description="End offset of the appended text in the task's output; absent if nothing was appended.",
    )


Fence = Annotated[int, Field(ge=1, lt=2**53)]
HeldTask = Annotated[str, Field(max_length=64, description="The task that the agent is working on.")]
OfferedModels = Annotated[
    list[ModelName], Field(min_length=1, max_length=6, description="Candidate models, in order of preference.")
]
Step = Annotated[int, Field(ge=0, le=100_000, description="Number of the call in its task.")]


class DeclaredAgents(Service, category="declared_agent"):
    """LLM agents that are declared in a file, versioned, and run by the server."""

    @operation("POST /declared-agents", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def apply(
        self,
        name: AgentName,
        specification: AgentSpecification,
        *,
        dry_run: Annotated[bool, Field(description="Only say what would change.")] = False,
    ) -> AppliedAgent:
        """Declare an agent, or change its declaration. Each change creates a version. Idempotent.

        The agent is registered under its name and can be found, used and billed like any other agent.
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
        version: Annotated[int, Field(ge=1, lt=2**31, description="Version to restore.")],
    ) -> AppliedAgent:
        """Restore the specification of an earlier version as a new version."""

    @operation("DELETE /declared-agents/{name}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def delete(self, name: AgentName) -> DeclaredAgentRemoval:
        """Delete a declaration and its versions, and deregister the agent."""

    @operation("GET /declared-agents/{name}/tools", scope="read:catalogue")
    async def tools(self, name: AgentName) -> AgentTools:
        """List the tools of a declared agent. Allowed for the agent itself and operators."""

    @operation("POST /declared-agents/tool-calls", scope="write:tasks", kind=Kind.RELAY)
    async def call_tool(
        self,
        task_id: Annotated[str, Field(max_length=64, description="The task that the agent is working on.")],
        fencing_token: Annotated[int, Field(ge=1, lt=2**53)],
        call_id: CallId,
        tool: Annotated[
            str,
            Field(
                min_length=1, max_length=64, description="Name of the tool, as listed by agora.declared_agent.tools."
            ),
        ],
        arguments: Annotated[JsonObject, Field(description="Arguments of the tool.")] = {},
    ) -> ToolOutcome:
        """Call a tool for a task, as its agent, with the permissions that the agent and the requester have in common.

        Executed once per call_id. If the outcome of an external tool was lost, the state is ``unknown`` and the call is
        not repeated.
        """

    @operation("POST /declared-agents/model-calls/reserve", scope="write:tasks", idempotent=True)
    async def reserve_model_call(
        self,
        task_id: HeldTask,
        fencing_token: Fence,
        step: Step,
        models: OfferedModels,
        input_tokens: Annotated[
            int, Field(ge=0, le=1_000_000_000, description="Upper bound of the request's input tokens.")
        ],
        *,
        checkpoint: Annotated[
            JsonObject | None, Field(description="Checkpoint, stored if and only if the call is reserved.")
        ] = None,
        checkpoint_number: Annotated[
            int | None, Field(ge=0, lt=2**63, description="Grows with each checkpoint of the task.")
        ] = None,
    ) -> ModelReservation:
        """Reserve the maximum cost of the next model call against all applicable limits. Only for the agent itself.

        The original requester pays. A new reservation replaces the task's earlier one. Raises BudgetExceeded.
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
            bool, Field(description="Whether the response was cut off; the step is then repeated.")
        ] = False,
        time_to_first_token: Annotated[
            float | None, Field(ge=0, le=86_400, description="Seconds until the answer began.")
        ] = None,
        seconds: Annotated[float | None, Field(ge=0, le=86_400, description="Duration in seconds.")] = None,
        checkpoint: Annotated[
            JsonObject | None, Field(description="Checkpoint, stored if and only if the call is charged.")
        ] = None,
        checkpoint_number: Annotated[
            int | None, Field(ge=0, lt=2**63, description="Grows with each checkpoint of the task.")
        ] = None,
        output: Annotated[
            Text | None, Field(min_length=1, max_length=262_144, description="Text to append to the task's output.")
        ] = None,
        output_offset: Annotated[
            int | None, Field(ge=0, lt=2**53, description="Start offset of the text; a repeated text is appended once.")
        ] = None,
    ) -> RecordedModelCall:
        """Charge a model call, once per step of an attempt, and store the checkpoint.

        A call that was cut off is charged in addition to the call that replaces it. Text that exceeds the output limit
        is dropped; the call is charged nevertheless.
        """

    @operation("POST /declared-agents/model-calls/release", scope="write:tasks", idempotent=True)
    async def release_model_call(self, task_id: HeldTask, fencing_token: Fence, step: Step) -> ModelReservationRelease:
        """Release the reservation of a model call that failed before its first token.

        A reservation that is neither charged nor released belongs to a call whose process died. The next call of the
        task charges its input tokens as an estimate.
        """
