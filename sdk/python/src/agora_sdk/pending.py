"""Awaitable result of a call inside a running event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any, TypeVar

__all__ = ["Pending"]

T = TypeVar("T", covariant=True)


class Pending(Coroutine[Any, Any, T]):
    """A call that starts when it is awaited.

    It is a coroutine (``asyncio.gather``, ``create_task``, ``wait_for``). A list may be iterated without ``await``:
    ``async for agent in client.query.agents()``. Using it as if it were the result raises an error that names the
    missing ``await``.
    """

    def __init__(self, name: str, work: Coroutine[Any, Any, T]) -> None:
        self._name, self._work = name, work
        work.__qualname__ = f"AgoraClient.{name}"  # type: ignore[attr-defined]  # named in the warning "was never awaited"

    def __await__(self) -> Generator[Any, None, T]:
        return self._work.__await__()

    # send, throw and close make it a coroutine, which create_task and asyncio.run require; an awaitable alone is refused.
    def send(self, value: Any) -> Any:
        return self._work.send(value)

    def throw(self, *exception: Any) -> Any:
        return self._work.throw(*exception)

    def close(self) -> None:
        self._work.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        page: Any = await self._work
        async for item in page:
            yield item

    # Without it, a forgotten ``await`` ends in an error about a class that no user has heard of.
    def __getattr__(self, attribute: str) -> Any:
        raise AttributeError(
            f"{self._name}() has not run yet, so it has no {attribute!r}: "
            f"inside an event loop, write `await client.{self._name}(...)`"
        )

    def __repr__(self) -> str:
        return f"<pending call {self._name}>"
