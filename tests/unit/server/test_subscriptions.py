"""Handlers of signals accept the payload of their signal. They are loaded by name, which type checkers do not check."""

from __future__ import annotations

import sys
from inspect import signature
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from agora.core.call import Call
from agora.core.signals import Handler, Signal
from agora.server.subscriptions import HANDLERS_BY_SIGNAL


def _payload_types() -> dict[Signal[Any], Any]:
    """Return the payload type of each signal, by the annotation of its declaration."""
    modules = [
        module for name, module in sys.modules.items() if name.startswith("agora.") and name.endswith(".signals")
    ]
    types = {}
    for module in modules:
        for name, hint in get_type_hints(module).items():
            if get_origin(hint) is Signal:
                types[getattr(module, name)] = get_args(hint)[0]
    return types


@pytest.mark.parametrize(
    ("signal", "handler"),
    [
        pytest.param(signal, handler, id=handler.reference)
        for signal, handlers in HANDLERS_BY_SIGNAL.items()
        for handler in handlers
    ],
)
def test_handler_accepts_the_payload_of_its_signal(signal: Signal[Any], handler: Handler) -> None:
    function: Any = handler.get()
    hints = get_type_hints(function)
    assert [hints[name] for name in signature(function).parameters] == [Call, _payload_types()[signal]]
