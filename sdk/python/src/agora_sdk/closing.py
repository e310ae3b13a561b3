"""Context managers of objects that are closed in synchronous or in asynchronous code."""

from __future__ import annotations

from typing import Self

__all__ = ["Closing"]


class Closing:
    """``with`` and ``async with`` close the object at the end of the block."""

    def close(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()
