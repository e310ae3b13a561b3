"""Deployments: an agent's source or image, from which instances are created."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .billing import PricingInfo
from .fields import PRINTABLE, AgentRef, Cursor, JsonObject, Limit, Timestamp
from .operation import Kind, Service, operation
from .results import Page, Result

__all__ = [
    "BuildConfig",
    "DeployableAgent",
    "DeployablePage",
    "Deployments",
    "Endpoint",
    "Fault",
    "HealthCheck",
    "ManifestReport",
    "RegisteredDeployable",
    "RegistryCredentials",
    "Repository",
    "Withdrawal",
]

Command = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00]*$")]
Variable = Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Value = Annotated[str, Field(max_length=32_768, pattern=r"^[^\x00]*$")]
Variables = Annotated[dict[Variable, Value], Field(max_length=256)]
Path = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^/[!-~]*$")]
ImageRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        pattern=r"^[a-zA-Z0-9][!-~]*$",
        description="Reference of a container image.",
        examples=["myrepo/my-agent:v1.0"],
    ),
]
Manifest = Annotated[
    JsonObject,
    Field(
        max_length=200,
        description="An agent's manifest: name, capabilities, build_config, repository or directory or docker_image, "
        "host_requirements, pricing, endpoints, health ...",
    ),
]
Seconds = Annotated[float, Field(gt=0, le=60)]


class BuildConfig(BaseModel):
    """How the source is built and how the program is started."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["python", "npm", "yarn", "pnpm", "docker", "custom"]
    build_command: Command | None = Field(default=None, description="Run once per source revision.")
    start_command: Command | None = Field(default=None, description="Run for each instance.")
    env_vars: Variables = {}


class Repository(BaseModel):
    """A git repository."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[!-~]+$")]
    branch: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")] | None = None
    directory: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)] | None = Field(
        default=None, description="Subdirectory to use."
    )
    token: Annotated[str, Field(max_length=1000, pattern=r"^[!-~]*$")] | None = Field(
        default=None, description="For private repositories; stored encrypted, never shown."
    )


class Endpoint(BaseModel):
    """A path of the agent's HTTP interface."""

    model_config = ConfigDict(extra="allow")

    path: Path
    method: Annotated[str, Field(pattern=r"^(?i:get|post|put|patch|delete)$")] = "POST"
    description: Annotated[str, Field(max_length=2000)] = ""


class HealthCheck(BaseModel):
    """Health check of an instance."""

    model_config = ConfigDict(extra="forbid")

    path: Path | None = Field(
        default=None,
        description="Path that answers GET with 2xx or 3xx; if omitted, a running process counts as healthy.",
    )
    timeout: Seconds = 5.0


class RegistryCredentials(BaseModel):
    """Credentials of an image registry; stored encrypted, never shown."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
    password: Annotated[str, Field(max_length=8000, pattern=r"^[^\x00]*$")]
    registry: Annotated[str, Field(max_length=500, pattern=r"^[!-~]*$")] | None = None


class Fault(Result):
    """A validation error of a manifest."""

    field: str
    message: str


class ManifestReport(Result):
    """All validation errors of a manifest."""

    valid: bool
    faults: list[Fault] = []
    agent_name: str | None = None
    engines: list[str] = Field(default=[], description="Engines that can run it.")


class DeployableAgent(Result):
    """An agent with a deployment, from which instances can be created."""

    agent_id: str
    agent_name: str
    version: str | None = None
    revision: int = Field(description="Revision of its manifest, from 1.")
    manifest: dict[str, Any] = Field(description="The manifest as registered, without secrets.")
    engines: list[str] = Field(default=[], description="Engines that can run it.")
    max_instances: int | None = None
    has_credentials: bool = False
    instances: int = Field(default=0, description="Number of instances of all accounts that have not ended.")
    withdrawn: bool = Field(default=False, description="Whether it was withdrawn: no new instances can be created.")
    registered_by: str
    registered_at: Timestamp


class DeployablePage(Page[DeployableAgent]):
    items_field: ClassVar[str] = "deployments"

    deployments: list[DeployableAgent]


class RegisteredDeployable(Result):
    """A registration of a deployment: the agent and its manifest."""

    agent_id: str
    name: str
    status: Literal["registered"] = "registered"
    message: str
    created: bool = True
    revision: int
    engines: list[str] = []
    pricing: PricingInfo | None = None
    token: str | None = Field(default=None, description="The new agent's own token. Shown once: keep it.")


class Withdrawal(Result):
    agent_id: str
    instances: int = Field(description="Running instances, which continue.")


class Deployments(Service, category="deployment"):
    """Deployment manifests of agents that run as instances. Registering one lets code run on the server, so it has its
    own scope."""

    @operation("POST /deployments", scope="deploy:agents", success_status=201, idempotent=True, secrets=("token",))
    async def register(self, manifest: Manifest) -> RegisteredDeployable:
        """Register an agent with its deployment manifest, or a new revision of it. Reports all errors at once.

        Allowed for operators and callers with the scope deploy:agents. Running instances keep their revision.
        """

    @operation(
        "POST /agents/register-docker",
        scope="deploy:agents",
        name="register_docker",
        idempotent=True,
        secrets=("token",),
    )
    async def register_docker(
        self,
        docker_image: ImageRef,
        metadata: Manifest,
        registry_credentials: RegistryCredentials | None = None,
    ) -> RegisteredDeployable:
        """Register an agent that runs from a container image; ``metadata`` is its manifest."""

    @operation("POST /deployments/validate", scope="read:agents", kind=Kind.COMMAND, idempotent=True, during_halt=True)
    async def validate(self, manifest: Manifest) -> ManifestReport:
        """Validate a manifest without registering it; reports all errors."""

    @operation("GET /deployments", scope="read:agents")
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> DeployablePage:
        """List the agents with a deployment."""

    @operation("GET /deployments/{agent_id}", scope="read:agents")
    async def get(self, agent_id: AgentRef) -> DeployableAgent:
        """Show an agent's deployment."""

    @operation("DELETE /deployments/{agent_id}", scope="deploy:agents", destructive=True, idempotent=True)
    async def withdraw(self, agent_id: AgentRef) -> Withdrawal:
        """Withdraw an agent's deployment: no new instances can be created; running ones continue."""
