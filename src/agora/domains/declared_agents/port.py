"""Ports of declared agents: running operations on behalf of a task, and encrypting keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from agora.core.call import Caller
from agora.core.ports import Port
from agora.net.sealing import Sealer
from agora_sdk.contract import Operation

__all__ = ["KEY_SEALER", "OPERATION_RUNNER", "OperationOutcome", "OperationRunner"]


class OperationOutcome(Protocol):
    """Result of an operation, as JSON."""

    @property
    def body(self) -> bytes: ...


class OperationRunner(Protocol):
    """Runs operations like the dispatcher does for every protocol; must not be called inside a transaction."""

    async def invoke(
        self,
        operation: Operation,
        caller: Caller,
        arguments: bytes | Mapping[str, Any],
        /,
        *,
        idempotency_key: str | None = None,
    ) -> OperationOutcome: ...


OPERATION_RUNNER: Port[OperationRunner] = Port("runner of operations")
#: encrypts the keys of model providers
KEY_SEALER: Port[Sealer] = Port("encryption of model providers' keys")
