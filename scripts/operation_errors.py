"""Find the errors that the services' code raises for each operation, and write them to a file. Usage:
operation_errors.py [--check]

``contract/operation_errors.json`` lists, for each operation, the codes of the errors that its implementation and its
callees may raise, without the common errors of every call (``contract/operation_errors.py``). ``--check`` writes
nothing and fails if the file is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.call_graph import CallGraph, Class, Function, Value  # noqa: E402

from agora.core.signals import Signal  # noqa: E402
from agora.server.services import IMPLEMENTATIONS  # noqa: E402
from agora.server.subscriptions import HANDLERS_BY_SIGNAL  # noqa: E402
from agora_sdk.contract import operations  # noqa: E402
from agora_sdk.contract.operation_errors import FILE, common_errors  # noqa: E402
from agora_sdk.errors import BY_CODE  # noqa: E402

__all__ = ["errors_text", "main"]


def errors_text() -> str:
    """Build the text of the file: a JSON object of lists of codes, by category and action."""
    graph = CallGraph(edges=_signal_handlers())
    codes = {kind.__name__: code for code, kind in BY_CODE.items()}
    document: dict[str, list[str]] = {}
    for operation in operations():
        implementation = IMPLEMENTATIONS[operation.implementation]
        owner = Class(implementation.__module__, implementation.__name__)
        method = graph.find_method(owner, operation.attribute)
        if method is None:
            raise LookupError(f"{operation.name} has no implementation in {owner}")
        names = graph.error_names(method)
        raised = {code for name, code in codes.items() if name in names} - set(
            common_errors(operation.kind, during_halt=operation.during_halt)
        )
        document[f"{operation.category}.{operation.action}"] = [code for code in BY_CODE if code in raised]
    lines = [f"  {json.dumps(name)}: {json.dumps(document[name])}" for name in sorted(document)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _signal_handlers() -> Mapping[Value, list[Function]]:
    """Map signals to their handlers, which run where the signal is published."""
    handlers = {}
    for module in {
        f"agora.domains.{path.parent.name}.signals" for path in (ROOT / "src/agora/domains").glob("*/signals.py")
    }:
        for name, value in vars(import_module(module)).items():
            if isinstance(value, Signal):
                references = [handler.reference.partition(":") for handler in HANDLERS_BY_SIGNAL.get(value, ())]
                handlers[Value(module, name)] = [Function(where, "", function) for where, _, function in references]
    return handlers


def main(arguments: list[str]) -> int:
    text = errors_text()
    if "--check" in arguments:
        return int(FILE.read_text("utf-8") != text)
    FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
