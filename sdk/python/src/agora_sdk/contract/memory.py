"""Memory: a durable key-value store of agents with full-text search."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from .fields import PRINTABLE, Cursor, JsonData, Label, Limit, Text, Timestamp, split
from .operation import Service, operation
from .results import Page, Result

__all__ = ["Forgotten", "FoundMemories", "FoundMemory", "Memories", "Memory", "MemoryPage"]

Key = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Unique in its namespace; case-sensitive.")
]
Namespace = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="Namespace of the keys, shared by the whole marketplace; 'own' is private to the caller.",
    ),
]
Tags = Annotated[list[Label], Field(max_length=20), BeforeValidator(split)]


class Memory(Result):
    """A stored value."""

    namespace: str
    key: str
    value: JsonData = None
    tags: list[str] = []
    version: int = Field(default=1, description="Incremented with each change.")
    stored_by: str
    created_at: Timestamp
    updated_at: Timestamp


class MemoryPage(Page[Memory]):
    items_field: ClassVar[str] = "memories"

    memories: list[Memory]


class FoundMemory(Memory):
    """A stored value with its search score."""

    score: float = Field(description="Fraction of the search words found in it, 0 to 1.")


class FoundMemories(Result):
    """Search results, best match first."""

    memories: list[FoundMemory] = []
    count: int = 0

    def __len__(self) -> int:
        return len(self.memories)


class Forgotten(Result):
    """The value is deleted, whether or not it existed."""

    namespace: str
    key: str
    forgotten: bool = Field(description="Whether the value existed.")


class Memories(Service, category="memory"):
    """Durable key-value store with full-text search, for the agents of one marketplace."""

    @operation("POST /agora/memory/store", scope="write:memory")
    async def store(
        self,
        key: Key,
        value: JsonData,
        namespace: Namespace = "default",
        *,
        tags: Tags = [],
        if_version: Annotated[
            int | None,
            Field(
                ge=0, lt=2**53, description="Store only if the current version is this one; 0: only if the key is new."
            ),
        ] = None,
    ) -> Memory:
        """Store a value under a key, replacing any earlier one; at most 65,536 characters of JSON.

        Raises Conflict if ``if_version`` is set and the memory has another version.
        """

    @operation("GET /agora/memory/recall", scope="read:memory")
    async def recall(self, key: Key, namespace: Namespace = "default") -> Memory:
        """Read the value of a key. Raises NotFound."""

    @operation("GET /agora/memory/list", scope="read:memory")
    async def list(
        self,
        namespace: Namespace = "default",
        *,
        prefix: Annotated[str, Field(max_length=200, description="Only keys with this prefix.")] = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> MemoryPage:
        """List the values of a namespace, in the order of the keys."""

    @operation("GET /agora/memory/search", scope="read:memory")
    async def search(
        self,
        query: Annotated[Text, Field(min_length=1, max_length=1000, description="Words to search for.")],
        namespace: Annotated[Namespace | None, Field(description="Default: all shared namespaces and 'own'.")] = None,
        *,
        limit: Annotated[int, Field(ge=1, le=100)] = 10,
    ) -> FoundMemories:
        """Search keys, tags and values for words; best match first, then newest first."""

    @operation("POST /agora/memory/forget", scope="write:memory", idempotent=True, destructive=True)
    async def forget(self, key: Key, namespace: Namespace = "default") -> Forgotten:
        """Delete the value of a key."""
