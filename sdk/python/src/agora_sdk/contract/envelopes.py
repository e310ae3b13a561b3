"""Envelopes: the messages of the Agent Communication Protocol.

:class:`AgentMessage` is the common shape of all sixteen types and is used to parse incoming messages. Outgoing messages
must also satisfy the rules of their type, which :mod:`.outgoing_messages` checks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from .fields import AgentRef, JsonData, JsonObject, Text, Timestamp
from .results import Result

__all__ = [
    "HOSTING",
    "ORCHESTRATOR",
    "AgentMessage",
    "Alias",
    "Correlation",
    "Encryption",
    "Expected",
    "Id",
    "Intent",
    "Open",
    "Performative",
    "Permission",
    "Progress",
    "PublicKey",
    "Security",
    "Url",
    "Word",
    "is_encrypted",
]

ORCHESTRATOR = "agent.marketplace.orchestrator"  #: the marketplace's own agent
HOSTING = "agent.agentify.hosting-orchestrator"  #: the hosting agent

MAX_WAIT_MILLISECONDS = 86_400_000  #: limit of the expected time for an answer


class Performative(StrEnum):
    """Type of a message (speech act)."""

    REQUEST = "request"
    INFORM = "inform"
    PROPOSE = "propose"
    AGREE = "agree"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    FAILURE = "failure"
    DONE = "done"
    DISCOVER = "discover"
    OFFER = "offer"
    ASSIGN = "assign"
    DEPLOY = "deploy"
    DEPLOY_CONFIRM = "deploy_confirm"
    DEPLOY_FAILURE = "deploy_failure"
    CO_LOCATE = "co_locate"
    SCALE = "scale"


def _wrap_name(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Intent = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$", description="Subject.")]
Targets = Annotated[list[AgentRef], Field(max_length=100), BeforeValidator(_wrap_name)]
Permission = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Alias = Annotated[
    str,
    Field(
        min_length=9,
        max_length=128,
        pattern=r"^agent\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$",
        description="Address in the agent protocol, agent.COMPANY.NAME, unique in the marketplace.",
        examples=["agent.calculator.calculation"],
    ),
]
Url = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x20\x7f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _omit_unset(self: BaseModel, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
    """Serialize set fields and the type only. (Without a return annotation, pydantic keeps the model's schema.)"""
    return {name: value for name, value in handler(self).items() if name in self.model_fields_set or name == "type"}


class Open(BaseModel):
    """Base of message parts; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    __pydantic_extra__: dict[str, JsonData] = Field(init=False)

    _serialized = model_serializer(mode="wrap")(_omit_unset)


class Correlation(Open):
    """The conversation of a message, and the message that it answers."""

    conversation_id: Id | None = None
    reply_to: Id | None = Field(default=None, description="Id of the message being answered.")


class Expected(Open):
    """The expected reply."""

    type: Performative | None = None
    timeout: (
        Annotated[int, Field(ge=1, le=MAX_WAIT_MILLISECONDS, description="Milliseconds to wait for the reply.")] | None
    ) = None


class Progress(Open):
    """Progress of the sender."""

    state: Word | None = Field(default=None, examples=["pending", "in_progress"])
    progress: Annotated[float, Field(ge=0, le=1, description="0 to 1.")] | None = None
    message: Annotated[Text, Field(max_length=4000)] | None = None


class Encryption(Open):
    """How a payload is encrypted end to end."""

    alg: Word
    enc: Word
    kids: Annotated[list[Word], Field(max_length=100, description="Ids of the keys that can decrypt it.")] = []


class Security(Open):
    """Credentials and claims of the sender. Token and key are used to authenticate, never stored or forwarded."""

    token: Annotated[str, Field(max_length=16_384)] | None = Field(default=None, repr=False)
    api_key: Annotated[str, Field(max_length=16_384)] | None = Field(default=None, repr=False)
    provider: Word | None = None
    permissions: Annotated[list[Permission], Field(max_length=100)] | None = None
    encryption: Encryption | None = None


class AgentMessage(Result):
    """A message of the agent protocol. Unknown fields are kept."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, ser_json_inf_nan="null", defer_build=True)
    __pydantic_extra__: dict[str, JsonData] = Field(init=False)

    id: Id | None = Field(default=None, description="Unique per sender. A message with the same id is sent once.")
    ts: Timestamp | None = None
    type: Performative
    sender: AgentRef | None = Field(default=None, description="Sender; default: the caller.")
    to: Targets = []
    intent: Intent | None = None
    task: Annotated[Text, Field(max_length=16_384, description="Request, in words.")] | None = None
    payload: JsonObject = {}
    context: JsonObject | None = None
    correlation: Correlation | None = None
    expected: Expected | None = None
    status: Progress | None = None
    security: Security | None = None

    _serialized = model_serializer(mode="wrap")(_omit_unset)

    @property
    def conversation_id(self) -> str | None:
        """Id of the conversation."""
        return self.correlation.conversation_id if self.correlation else None

    @property
    def reply_to(self) -> str | None:
        """Id of the message being answered."""
        return self.correlation.reply_to if self.correlation else None

    def document(self) -> dict[str, Any]:
        """The message as JSON; unset fields are omitted."""
        return self.model_dump(mode="json")


class PublicKey(Open):
    """A public key (JWK, RFC 7517) with which messages to the agent can be encrypted."""

    kty: Literal["EC", "OKP"]
    crv: Literal["P-256", "P-384", "P-521", "X25519", "X448"]
    kid: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
    x: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
    y: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    use: Literal["enc"] | None = None
    alg: Literal["ECDH-ES", "ECDH-ES+A256KW"] | None = None

    model_config = ConfigDict(extra="forbid")


def is_encrypted(message: AgentMessage) -> bool:
    """Whether the payload is end-to-end encrypted."""
    return message.security is not None and message.security.encryption is not None
