"""Apps that people install and use: an orchestrator agent, the capabilities it relies on, and optionally a workflow."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .billing import Amount, Currency, PricingInfo, PricingType
from .declared_agents import AgentSpecification
from .fields import (
    NAME,
    PRINTABLE,
    AgentName,
    AgentRef,
    Capability,
    Cursor,
    JsonObject,
    Limit,
    Priority,
    Text,
    Timestamp,
    Visibility,
    VisibilityLike,
)
from .operation import Service, operation
from .results import Page, Result
from .workflows import Step, WorkflowReceipt

__all__ = [
    "App",
    "AppAgent",
    "AppChange",
    "AppDetails",
    "AppPage",
    "AppPrice",
    "AppRemoval",
    "AppWorkflow",
    "Apps",
]

AppRef = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME, description="Id, alias or name of the app.")]
AppName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=NAME,
        description="Name of the app, unique in the marketplace; no slash, no control character.",
        examples=["Invoice desk"],
    ),
]
AppAlias = Annotated[
    str,
    Field(
        min_length=7,
        max_length=128,
        pattern=r"^app\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$",
        description="Dotted name of the app, app.COMPANY.NAME.",
        examples=["app.acme.invoices"],
    ),
]
AppDescription = Annotated[Text, Field(max_length=4000, description="Description of the app.")]
Industry = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$", description="Industry of the app.")]
Version = Annotated[
    str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$", description="Version set by the publisher.")
]
Uses = Annotated[
    list[Capability], Field(max_length=50, description="Capabilities that it uses, provided by any agent.")
]


class AppPrice(BaseModel):
    """The price of the app's orchestrator agent, as agora.billing.set_price takes it."""

    model_config = ConfigDict(extra="forbid")

    type: PricingType
    price: Amount = 0.0
    currency: Currency | None = None
    base_price: Amount = 0.0
    task_price: Amount = 0.0
    usage_unit: Literal["minute", "hour"] | None = None
    input_price: Amount = 0.0
    output_price: Amount = 0.0


class AppWorkflow(BaseModel):
    """The workflow that agora.app.run starts."""

    model_config = ConfigDict(extra="forbid")

    steps: list[Step] = Field(min_length=1, max_length=500, description="Steps, as agora.workflow.create takes them.")
    assigned_agents: list[AgentRef] = Field(
        default=[], max_length=500, description="Agents for steps that name no agent."
    )
    input: JsonObject = Field(default={}, description="Default input of each run; the caller's input overrides it.")
    priority: Priority = Field(default=Priority.NORMAL, description="Priority of the step tasks.")


class AppAgent(AgentSpecification):
    """A declared agent bundled with the app, in the form of agora.declared_agent.apply."""

    name: AgentName


AppAgents = Annotated[list[AppAgent], Field(max_length=50, description="Declared agents bundled with the app.")]


class App(Result):
    """An app of the marketplace."""

    app_id: str
    name: str
    alias: str | None = None
    description: str = ""
    industry: str = ""
    version: str = ""
    revision: int = Field(default=1, description="Revision number, from 1.")
    orchestrator_agent: str | None = Field(default=None, description="Name of the agent that users talk to.")
    orchestrator_agent_id: str | None = None
    uses: list[str] = Field(default=[], description="Capabilities of the agents that it uses.")
    pricing: PricingInfo | None = Field(
        default=None,
        description="Price of the orchestrator agent. Other agents that the app uses have their own prices.",
    )
    visibility: Visibility = Visibility.PUBLIC
    account: str | None = Field(default=None, description="Owner account; visible to the owner and operators.")
    agents: list[str] = Field(default=[], description="Bundled agents, which are removed with the app.")
    runnable: bool = Field(default=False, description="Whether it has a workflow that agora.app.run can start.")
    problem: str | None = Field(default=None, description="Why it cannot be used now.")
    created_at: Timestamp
    updated_at: Timestamp


class AppDetails(App):
    """An app with its workflow."""

    workflow: JsonObject | None = Field(
        default=None, description="The workflow that agora.app.run starts, as submitted."
    )


class AppChange(AppDetails):
    """An app after it was installed."""

    change: Literal["created", "updated", "unchanged"]
    changed: list[str] = Field(default=[], description="Changed fields; agents as agents.NAME.")


class AppPage(Page[App]):
    """Apps, without their workflows."""

    items_field: ClassVar[str] = "apps"

    apps: list[App]


class AppRemoval(Result):
    app_id: str
    name: str
    agents: list[str] = Field(default=[], description="Declared agents that were removed with it.")


class Apps(Service, category="app"):
    """Apps of the marketplace: published, searched, installed from one file, run."""

    @operation("POST /apps", scope="write:agents", success_status=201)
    async def create(
        self,
        name: AppName,
        *,
        alias: AppAlias | None = None,
        description: AppDescription = "",
        industry: Industry = "",
        version: Version = "",
        orchestrator_agent: AgentRef | None = None,
        uses: Uses = [],
        pricing: AppPrice | None = None,
        visibility: VisibilityLike = Visibility.PUBLIC,
        workflow: AppWorkflow | None = None,
    ) -> AppDetails:
        """Publish an app. A name or alias of another app is a conflict.

        pricing sets the price of the orchestrator agent, which the caller must be allowed to set. The workflow is
        checked as agora.workflow.create checks it.
        """

    @operation("GET /apps", scope="read:agents")
    async def list(
        self,
        query: Annotated[
            str | None,
            Field(
                min_length=1,
                max_length=200,
                description="Words in the name, alias, description, industry or capabilities; an app must contain all of them.",
            ),
        ] = None,
        industry: Annotated[
            str | None, Field(max_length=64, pattern=r"^[^\x00]*$", description="Only apps of this industry.")
        ] = None,
        capability: Annotated[
            str | None, Field(max_length=100, pattern=PRINTABLE, description="Only apps that use this capability.")
        ] = None,
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> AppPage:
        """List the apps visible to you, oldest first."""

    @operation("GET /apps/{ref}", scope="read:agents")
    async def get(self, ref: AppRef) -> AppDetails:
        """Show an app with its workflow. Raises NotFound."""

    @operation("PATCH /apps/{ref}", scope="write:agents", idempotent=True)
    async def update(
        self,
        ref: AppRef,
        *,
        alias: AppAlias | None = None,
        description: AppDescription | None = None,
        industry: Industry | None = None,
        version: Version | None = None,
        orchestrator_agent: AgentRef | None = None,
        uses: Uses | None = None,
        pricing: AppPrice | None = None,
        visibility: VisibilityLike | None = None,
        workflow: AppWorkflow | None = None,
    ) -> AppDetails:
        """Change an app; omitted fields are unchanged. Allowed for its owner, keys of its account and operators."""

    @operation("DELETE /apps/{ref}", scope="write:agents", idempotent=True, destructive=True)
    async def delete(self, ref: AppRef) -> AppRemoval:
        """Delete an app and its bundled agents. Running workflows continue."""

    @operation("POST /apps/install", scope="write:agents", idempotent=True)
    async def install(
        self,
        name: AppName,
        *,
        alias: AppAlias | None = None,
        description: AppDescription = "",
        industry: Industry = "",
        version: Version = "",
        orchestrator_agent: AgentRef | None = None,
        uses: Uses = [],
        pricing: AppPrice | None = None,
        visibility: VisibilityLike = Visibility.PUBLIC,
        workflow: AppWorkflow | None = None,
        agents: AppAgents = [],
        dry_run: Annotated[bool, Field(description="Report the changes without applying them.")] = False,
    ) -> AppChange:
        """Install an app with its agents and its workflow, or update an installed one. Atomic.

        Idempotent. Agents that the app no longer bundles are removed. Bundled agents need the permission to declare
        agents (agora.declared_agent.apply). An agent of the same name that is not bundled with the app is a conflict.
        """

    @operation("POST /apps/{ref}/run", scope="write:workflows")
    async def run(
        self,
        ref: AppRef,
        input: Annotated[
            JsonObject, Field(description="Input of the workflow; overrides the app's default input.")
        ] = {},
    ) -> WorkflowReceipt:
        """Start the workflow of an app on your account. Its tasks cost what their agents charge."""
