r"""Queue names: the requirements of a waiting task, encoded so that an index range finds them.

A queue is a lane and a task type. A lane is an address (``agent:ID``, ``name:NAME``, ``worker:ID``) or, in the
pool, the sorted list of required tokens: ``needs:a\x1fb\x1f``. A claim scans the index ranges that begin with a token
of the claimant, so its cost depends neither on the length of a queue nor on queues for others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

__all__ = [
    "build_pool_lane",
    "build_queue_name",
    "build_queue_ranges",
    "build_requirement_tokens",
    "can_claim_from",
    "parse_queue_address",
    "parse_queue_requirements",
    "parse_queue_task_type",
]

# Separators below every printable character: names sort as their prefixes do, in byte order (collate "C" on PostgreSQL).
_ITEM, _TYPE = "\x1f", "\x1e"  # neither can occur in a name
_AFTER_ITEM, _AFTER_TYPE = "\x20", "\x1f"  # exclusive upper bounds of the prefixes
_POOL_PREFIX = "needs:"
_MODEL_SEPARATOR = "\x02"


def build_requirement_tokens(capabilities: Iterable[str], models: Iterable[str] = ()) -> tuple[str, ...]:
    """Build one sorted list of distinct tokens from capabilities and models."""
    return tuple(sorted({*capabilities, *(_MODEL_SEPARATOR + model for model in models)}))


def build_pool_lane(required: Sequence[str]) -> str:
    """Build the lane of the pool for the required tokens."""
    return _POOL_PREFIX + "".join(token + _ITEM for token in required)


def build_queue_name(lane: str, task_type: str) -> str:
    """Return the name of a queue."""
    return f"{lane}{_TYPE}{task_type}"


def parse_queue_address(queue: str) -> str | None:
    """Return the address of a queue; None in the pool."""
    address = queue.partition(_TYPE)[0]
    return None if address.startswith(_POOL_PREFIX) else address


def parse_queue_task_type(queue: str) -> str:
    """Return the task type of a queue."""
    return queue.partition(_TYPE)[2]


@lru_cache(4096)
def parse_queue_requirements(queue: str) -> frozenset[str]:
    """Return the tokens that a pool queue requires; empty for the queue of an address."""
    address = queue.partition(_TYPE)[0]
    return frozenset(address.removeprefix(_POOL_PREFIX).split(_ITEM)[:-1] if address.startswith(_POOL_PREFIX) else ())


def build_queue_ranges(addresses: Iterable[str], brought: Iterable[str], *, open: bool = True) -> list[tuple[str, str]]:
    """Build the ranges [low, high) of queue names that may hold tasks for these addresses and tokens.

    open: include the pool queues without requirements.
    """
    own_ranges = [(address + _TYPE, address + _AFTER_TYPE) for address in addresses]
    anyone = [(_POOL_PREFIX + _TYPE, _POOL_PREFIX + _AFTER_TYPE)] if open else []
    # Tokens are sorted, so a claimable lane begins with one of the claimant's; the other tokens are compared by can_claim_from.
    return (
        own_ranges + anyone + [(_POOL_PREFIX + token + _ITEM, _POOL_PREFIX + token + _AFTER_ITEM) for token in brought]
    )


def can_claim_from(queue: str, brought: frozenset[str], task_types: Collection[str]) -> bool:
    """Whether these tokens satisfy a queue, and its task type is requested (any if task_types is empty)."""
    return parse_queue_requirements(queue) <= brought and (not task_types or parse_queue_task_type(queue) in task_types)
