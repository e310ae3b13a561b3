"""Check of the errors returned by servers of this process against their declarations."""

from __future__ import annotations

from typing import Any

from agora.core.dispatcher import Dispatcher
from agora_sdk.contract import Operation
from agora_sdk.contract.operation_errors import service_errors

__all__ = ["UNDECLARED", "record_undeclared_errors"]

UNDECLARED: list[str] = []  #: errors that their operation does not declare
CANCELLED = "cancelled"  #: the dispatcher's outcome of a call that ended without an answer


def record_undeclared_errors() -> None:
    """Watch every dispatcher of this process from now on.

    Operations created by a test or another server have no declaration in the contract and are not watched.
    """
    count = Dispatcher.record_call

    def record(self: Dispatcher, operation: Operation, *arguments: Any) -> None:
        failure = arguments[-1]
        if failure and failure != CANCELLED and _is_declared(operation) and failure not in operation.errors:
            UNDECLARED.append(f"{operation.name} answered {failure}, which it does not declare: run `make reference`")
        count(self, operation, *arguments)

    Dispatcher.record_call = record  # type: ignore[method-assign]


def _is_declared(operation: Operation) -> bool:
    return type(operation) is Operation and f"{operation.category}.{operation.action}" in service_errors()
