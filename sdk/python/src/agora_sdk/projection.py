"""Projection of the contract: its operations as methods of a client, created at first access."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .contract import Kind, Operation, Service, operations
from .wire import bind_arguments

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Category", "category_names", "find_root_attribute", "make_method"]


def make_method(session: Session, operation: Operation) -> Callable[..., Any]:
    """Create a function that calls an operation, with its signature and documentation."""

    def call(*args: Any, **kwargs: Any) -> Any:
        # At the call and not at the await, so that the traceback of an invalid argument shows the caller's line.
        arguments = bind_arguments(operation, args, kwargs)
        if operation.kind is Kind.STREAM:
            from .events import EventStream

            stream: EventStream[Any] = EventStream(session, operation, arguments)
            if session.options.blocking:
                stream.connect()
            return stream
        return session.run_or_return_pending(
            f"{operation.category}.{operation.attribute}",
            lambda io: session.call_with_bound_arguments(io, operation, arguments),
        )

    call.__name__ = operation.attribute
    call.__qualname__ = f"{operation.category}.{operation.attribute}"
    call.__doc__ = operation.description
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        list(operation.parameters.values()), return_annotation=inspect.signature(operation.function).return_annotation
    )
    call.__operation__ = operation  # type: ignore[attr-defined]
    return call


class Category:
    """A service of the contract as an attribute of a client."""

    def __init__(self, session: Session, service: type[Service]) -> None:
        self._session, self._service = session, service
        self.__doc__ = service.__doc__

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # copy and pickle ask an object without attributes for special methods, before it has its service.
        if name.startswith("_"):
            raise AttributeError(name)
        operation = self._service.operations.get(name)
        if operation is None:
            raise AttributeError(f"there is no operation {self._service.category}.{name}; available: {', '.join(self)}")
        function = self.__dict__[name] = make_method(self._session, operation)
        return function

    def __iter__(self) -> Any:
        return iter(self._service.operations)

    def __dir__(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        return f"<{self._service.category}: {', '.join(self)}>"


def category_names() -> list[str]:
    """List the names of the services."""
    return list(Service.declared)


def find_root_attribute(session: Session, name: str) -> Any:
    """Find a client's root attribute: a category, or an operation by an alias; None if there is none."""
    if name in Service.declared:
        return Category(session, Service.declared[name])
    for operation in operations():
        if name in operation.aliases:
            return make_method(session, operation)
    return None
