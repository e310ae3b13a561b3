"""Results of operations.

One class serves synchronous and asynchronous code: ``Result.__await__`` returns the result itself, so that
``r = client.register(...)`` and ``r = await client.register(...)`` both have the result's type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

from agora_sdk.closing import Closing

__all__ = ["Page", "Result", "Stream"]

T = TypeVar("T")


class Result(BaseModel):
    """Base of every result. Clients ignore unknown fields."""

    # models are built at first use
    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="null", defer_build=True)

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield


if TYPE_CHECKING:

    class _Of(Generic[T]):
        """Type of a page's items."""

else:

    class _Of:
        """``Page[Item]`` is only for type checkers; pages declare their items as fields."""

        def __class_getitem__(cls, item):
            return cls


class Page(_Of[T], Result):
    """One page of a list.

    ``len(page)`` and ``.count`` refer to this page, ``.total`` to all matches (above 10,000 an estimate, with
    ``total_is_estimate`` true). Iterating also fetches the following pages: ``for`` blocks, ``async for`` awaits.
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
        """The items of this page only."""
        items: list[T] = getattr(self, self.items_field)
        return items

    def __len__(self) -> int:
        return self.count

    # Without it, __len__ would make an empty page false, as if there were no answer.
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


class Stream(Closing, Generic[T]):
    """A stream of items. Iterate it with ``for`` or ``async for``, and close it when done.

    ``with stream:`` and ``async with stream:`` close it. Awaiting the stream is optional; it returns once the server is
    listening.
    """

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield

    def close(self) -> None:
        """Close the stream from synchronous code. A loop over it in another thread ends."""

    async def aclose(self) -> None:
        """Close the stream from asynchronous code. A loop over it in another task ends."""

    def __iter__(self) -> Iterator[T]:
        raise TypeError("this stream can only be iterated with 'async for'")

    def __aiter__(self) -> AsyncIterator[T]:
        raise TypeError("this stream can only be iterated with 'for'")
