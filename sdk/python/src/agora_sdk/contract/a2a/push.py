"""Push notifications: where a task's updates are posted (section 4.3), and failed deliveries."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..fields import Timestamp
from ..parts import Id, ProtoModel
from ..results import Page, Result

__all__ = [
    "A2AAuthentication",
    "A2APushConfig",
    "A2APushConfigs",
    "A2APushDeletion",
    "HttpUrl",
    "PushDeadLetter",
    "PushDeadLetters",
    "PushRetry",
    "PushVersion",
]

HttpUrl = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
PushVersion = Annotated[
    Literal["1.0", "0.3"],
    Field(description="A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task."),
]


class A2AAuthentication(ProtoModel):
    """Authentication of push notifications (section 4.3.2). ``credentials`` are kept encrypted and never shown."""

    scheme: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
    credentials: Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] | None = None


class A2APushConfig(ProtoModel):
    """Where a task's updates are posted (section 4.3.1)."""

    id: Id | None = None
    task_id: Id | None = None
    url: HttpUrl
    token: Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")] | None = None
    authentication: A2AAuthentication | None = None
    version: PushVersion = "1.0"


class A2APushConfigs(ProtoModel):
    """Push configurations of a task, in the order they were made (section 3.1.9)."""

    configs: list[A2APushConfig] = []
    next_page_token: str | None = None


class A2APushDeletion(Result):
    """The configuration is deleted, whether or not it existed."""

    task_id: str
    config_id: str


class PushDeadLetter(Result):
    """Updates of a task that could not be posted. Later updates wait until delivery resumes."""

    task_id: str
    config_id: str
    url: str = Field(description="Without its query.")
    owner: str
    error: str | None = None
    attempts: int
    position: int = Field(description="Number of the last item of the task's stream that was posted.")
    given_up_at: Timestamp


class PushDeadLetters(Page[PushDeadLetter]):
    items_field: ClassVar[str] = "dead_letters"

    dead_letters: list[PushDeadLetter]


class PushRetry(Result):
    """Delivery resumes after this item of the task's stream."""

    task_id: str
    config_id: str
    position: int
