"""The sixteen message types of the agent protocol, each a model with validation rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field, TypeAdapter, ValidationError

from .envelopes import AgentMessage, Intent, Open, Performative, Permission, Url, Word, is_encrypted
from .fields import AgentRef, JsonData, Text
from .validation_errors import describe_error

__all__ = [
    "MODELS",
    "Agree",
    "Assign",
    "BuildConfig",
    "CoLocate",
    "CoLocatePayload",
    "CoLocation",
    "Confirm",
    "Deploy",
    "DeployConfirm",
    "DeployConfirmPayload",
    "DeployFailure",
    "DeployFailurePayload",
    "DeployPayload",
    "Discover",
    "DiscoverPayload",
    "Done",
    "Failure",
    "FailurePayload",
    "HostRequirements",
    "Inform",
    "Offer",
    "OfferPayload",
    "Propose",
    "Refuse",
    "RefusePayload",
    "Repository",
    "Request",
    "Scale",
    "ScalePayload",
    "check_payload",
]

# -- parts of payloads ---------------------------------------------------------------------------


class Repository(Open):
    """Source repository of an agent."""

    url: Url
    branch: Word | None = None


class BuildConfig(Open):
    """How an agent is built and started."""

    type: Literal["docker", "npm", "yarn", "pnpm", "python", "custom"]
    build_command: Annotated[Text, Field(min_length=1, max_length=4000)] | None = None
    start_command: Annotated[Text, Field(min_length=1, max_length=4000)] | None = None
    env_vars: Annotated[dict[Word, Annotated[Text, Field(max_length=16_384)]], Field(max_length=200)] = {}


class HostRequirements(Open):
    """Host requirements of an agent."""

    min_memory_mb: Annotated[int, Field(ge=1, le=16_777_216)] | None = None
    min_cpu_cores: Annotated[float, Field(gt=0, le=4096)] | None = None
    gpu_required: bool = False
    preferred_region: Word | None = None
    co_location_required: bool = False
    co_location_with: Annotated[list[AgentRef], Field(max_length=100)] = []


class CoLocation(Open):
    """Agents to co-locate with."""

    required: bool = False
    with_agent: AgentRef | None = None
    with_container_id: Word | None = None
    reason: Annotated[Text, Field(max_length=1000)] | None = None


class FailurePayload(Open):
    error: Annotated[Text, Field(min_length=1, max_length=16_384)]
    code: Word | None = None
    details: JsonData = None


class RefusePayload(Open):
    error: Annotated[Text, Field(max_length=16_384)] | None = None
    required: Annotated[list[Permission], Field(max_length=100)] | None = None


class DiscoverPayload(Open):
    capability: Word | None = None
    capabilities: Annotated[list[Word], Field(max_length=20)] = []
    min_rating: Annotated[float, Field(ge=0, le=10)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class OfferPayload(Open):
    agent_id: AgentRef | None = None
    address: Url | None = None
    capabilities: Annotated[list[Word], Field(max_length=100)] = []


class DeployPayload(Open):
    agent_id: AgentRef
    customer_id: Word | None = None
    repository: Repository | None = None
    build_config: BuildConfig | None = None
    host_requirements: HostRequirements | None = None
    co_location: CoLocation | None = None
    preferred_host: AgentRef | None = None


class DeployConfirmPayload(Open):
    agent_id: AgentRef
    address: Url | None = None
    health_url: Url | None = None
    co_located: bool | None = None


class DeployFailurePayload(FailurePayload):
    agent_id: AgentRef | None = None


class CoLocatePayload(Open):
    agent_id: AgentRef | None = None
    with_agent: AgentRef


class ScalePayload(Open):
    agent_id: AgentRef
    replicas: Annotated[int, Field(ge=0, le=10_000)] | None = None


# -- the sixteen types ---------------------------------------------------------------------------


class Request(AgentMessage):
    """Ask another agent to do something. Requires an intent."""

    type: Literal[Performative.REQUEST] = Performative.REQUEST
    intent: Intent


class Inform(AgentMessage):
    """Give information or a result. Requires an intent."""

    type: Literal[Performative.INFORM] = Performative.INFORM
    intent: Intent


class Propose(AgentMessage):
    """Propose a solution or an action. Requires an intent."""

    type: Literal[Performative.PROPOSE] = Performative.PROPOSE
    intent: Intent


class Agree(AgentMessage):
    """Agree to the answered message."""

    type: Literal[Performative.AGREE] = Performative.AGREE


class Refuse(AgentMessage):
    """Refuse the answered message; the payload may hold the reason (error) and missing fields (required)."""

    type: Literal[Performative.REFUSE] = Performative.REFUSE
    payload: RefusePayload = RefusePayload()  # type: ignore[assignment]


class Confirm(AgentMessage):
    """Confirm an action."""

    type: Literal[Performative.CONFIRM] = Performative.CONFIRM


class Failure(AgentMessage):
    """Report an error: an intent, and a payload with error, code and details."""

    type: Literal[Performative.FAILURE] = Performative.FAILURE
    intent: Intent
    payload: FailurePayload  # type: ignore[assignment]


class Done(AgentMessage):
    """Report that a task is done."""

    type: Literal[Performative.DONE] = Performative.DONE


class Discover(AgentMessage):
    """Look for agents: by capability, and by rating from 0 to 10."""

    type: Literal[Performative.DISCOVER] = Performative.DISCOVER
    intent: Intent
    payload: DiscoverPayload  # type: ignore[assignment]


class Offer(AgentMessage):
    """Offer capabilities."""

    type: Literal[Performative.OFFER] = Performative.OFFER
    intent: Intent
    payload: OfferPayload  # type: ignore[assignment]


class Assign(AgentMessage):
    """Assign a task. intent: its type; payload: its data."""

    type: Literal[Performative.ASSIGN] = Performative.ASSIGN
    intent: Intent


class Deploy(AgentMessage):
    """Request the deployment of an agent, named by agent_id."""

    type: Literal[Performative.DEPLOY] = Performative.DEPLOY
    intent: Intent
    payload: DeployPayload  # type: ignore[assignment]


class DeployConfirm(AgentMessage):
    """Confirm a deployment: agent_id, address, health_url."""

    type: Literal[Performative.DEPLOY_CONFIRM] = Performative.DEPLOY_CONFIRM
    intent: Intent
    payload: DeployConfirmPayload  # type: ignore[assignment]


class DeployFailure(AgentMessage):
    """Report that a deployment failed: an error."""

    type: Literal[Performative.DEPLOY_FAILURE] = Performative.DEPLOY_FAILURE
    intent: Intent
    payload: DeployFailurePayload  # type: ignore[assignment]


class CoLocate(AgentMessage):
    """Request that an agent runs on the same host as with_agent."""

    type: Literal[Performative.CO_LOCATE] = Performative.CO_LOCATE
    intent: Intent
    payload: CoLocatePayload  # type: ignore[assignment]


class Scale(AgentMessage):
    """Request more or fewer instances of an agent (agent_id)."""

    type: Literal[Performative.SCALE] = Performative.SCALE
    intent: Intent
    payload: ScalePayload  # type: ignore[assignment]


#: the model of each type
MODELS: Mapping[Performative, type[AgentMessage]] = {
    kind.model_fields["type"].default: kind for kind in AgentMessage.__subclasses__()
}
_PAYLOADS: dict[Performative, TypeAdapter[Any]] = {
    name: TypeAdapter(cast("Any", kind.model_fields["payload"].annotation))
    for name, kind in MODELS.items()
    if kind.model_fields["payload"].annotation is not AgentMessage.model_fields["payload"].annotation
}


def check_payload(message: AgentMessage) -> None:
    """Validate a message against the rules of its type. Raises ValueError naming the field."""
    if message.intent is None and MODELS[message.type].model_fields["intent"].is_required():
        raise ValueError(f"a message of type {message.type.value} has an intent")
    if (rules := _PAYLOADS.get(message.type)) is not None and not is_encrypted(message):
        try:
            rules.validate_python(message.payload)
        except ValidationError as error:
            raise ValueError(_error_summary(error)) from None


def _error_summary(error: ValidationError) -> str:
    """Describe a payload's validation errors without quoting its content."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(f"{'.'.join(map(str, ('payload', *fault['loc'])))}: {describe_error(fault)}" for fault in errors)
