"""Dead letters: failed deliveries of the bus, Redis and push notifications."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from .fields import PRINTABLE, AgentRef, Cursor, JsonObject, Label, Limit, Timestamp
from .operation import Service, operation
from .results import Page, Result

__all__ = ["DeadLetter", "DeadLetterDetail", "DeadLetterPage", "DeadLetterState", "DeadLetters"]


class DeadLetterState(StrEnum):
    """State of a dead letter."""

    DEAD = "dead"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    DeadLetterStateLike: TypeAlias = DeadLetterState | Literal["dead", "replayed", "discarded"]
else:
    DeadLetterStateLike = DeadLetterState


DeadLetterId = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$", description="Id of a dead letter.")
]


class DeadLetter(Result):
    """A delivery that failed permanently."""

    dead_letter_id: str
    source: str = Field(
        description="Source: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks)."
    )
    state: DeadLetterState
    agent_id: str | None = Field(description="The recipient; null if it concerns only operators.")
    ref: str | None = Field(description="Id of the message or task.")
    destination: str = Field(description="Destination: a stream, or a URL without its query.")
    reason: str
    attempts: int = Field(description="Number of delivery attempts.")
    died_at: Timestamp
    settled_at: Timestamp | None = Field(default=None, description="Time at which it was replayed or discarded.")
    settled_by: str | None = None


class DeadLetterDetail(DeadLetter):
    """A dead letter with its content."""

    content: JsonObject | None = Field(
        default=None, description="The undelivered content; null if it no longer exists."
    )
    obstacle: str | None = Field(default=None, description="Why it cannot be replayed; null if it can be.")


class DeadLetterPage(Page[DeadLetter]):
    items_field: ClassVar[str] = "dead_letters"

    dead_letters: list[DeadLetter]


class DeadLetters(Service, category="dead_letter"):
    """Failed deliveries: inspect, replay or discard them."""

    @operation("GET /agora/dead_letter/list", scope="read:messages")
    async def list(
        self,
        source: Annotated[Label | None, Field(description="Only this source, such as bus or push.")] = None,
        agent_id: AgentRef | None = None,
        *,
        state: DeadLetterStateLike = DeadLetterState.DEAD,
        ref: Annotated[
            str | None, Field(max_length=200, pattern=PRINTABLE, description="Only this message or task.")
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> DeadLetterPage:
        """List dead letters, newest first: your own; operators see all."""

    @operation("GET /agora/dead_letter/get", scope="read:messages")
    async def get(self, dead_letter_id: DeadLetterId) -> DeadLetterDetail:
        """Show a dead letter with its content, and whether it can be replayed. Raises NotFound."""

    @operation(scope="write:messages", idempotent=True)
    async def replay(self, dead_letter_id: DeadLetterId) -> DeadLetter:
        """Deliver a dead letter again. Idempotent: one that was already replayed is not delivered again.

        Raises Conflict if it was discarded, or if its message or task no longer exists.
        """

    @operation(scope="write:messages", idempotent=True, destructive=True)
    async def discard(self, dead_letter_id: DeadLetterId) -> DeadLetter:
        """Discard a dead letter permanently. Raises Conflict if it was replayed."""
