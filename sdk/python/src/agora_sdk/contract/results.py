"""Results: what operations answer.

One class serves both habits. ``Result.__await__`` returns the result itself, so that
``r = client.register(...)`` and ``r = await client.register(...)`` both have the result's type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

__all__ = ["Page", "Result", "Stream"]

T = TypeVar("T")


class Result(BaseModel):
    """Base of every result. Clients ignore fields they do not know."""

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="null", defer_build=True)  # built when first needed

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield


if TYPE_CHECKING:

    class _Of(Generic[T]):
        """Type of a page's items."""

else:

    class _Of:
        """Pages declare their items as fields: ``Page[Item]`` tells type checkers, and is no model of its own."""

        def __class_getitem__(cls, item):
            return cls


class Page(_Of[T], Result):
    """One page of a list.

    ``len(page)`` and ``.count`` are this page, ``.total`` everything that matches (an estimate above
    10,000, then ``total_is_estimate`` is true). Iterating fetches the following pages too:
    ``for`` blocks for them, ``async for`` awaits them.
    """

    items_field: ClassVar[str] = "items"

    count: int
    total: int | None = None
    total_is_estimate: bool = False
    has_more: bool = False
    next_cursor: str | None = None

    _following: Callable[[], Page[T]] | None = PrivateAttr(default=None)
    _following_async: Callable[[], Awaitable[Page[T]]] | None = PrivateAttr(default=None)

    @property
    def items(self) -> list[T]:
        """The items of this page alone."""
        items: list[T] = getattr(self, self.items_field)
        return items

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: int) -> T:
        return self.items[index]

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]
        page: Page[T] = self
        while True:
            yield from page.items
            if page._following is None:
                return
            page = page._following()

    async def __aiter__(self) -> AsyncIterator[T]:
        page: Page[T] = self
        while True:
            for item in page.items:
                yield item
            if page._following_async is None:
                return
            page = await page._following_async()


class Stream(Generic[T]):
    """Items as they come; iterate it with ``for`` or ``async for``, and close it when done.

    ``with stream:`` and ``async with stream:`` close it. Awaiting it is not needed to iterate it; it
    returns the stream once the server has begun to listen for it.
    """

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield

    def close(self) -> None:
        """End it, from synchronous code; a loop over it in another thread ends too."""

    async def aclose(self) -> None:
        """End it, from asynchronous code; a loop over it in another task ends too."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __iter__(self) -> Iterator[T]:
        raise TypeError("this stream can only be iterated with 'async for'")

    def __aiter__(self) -> AsyncIterator[T]:
        raise TypeError("this stream can only be iterated with 'for'")
