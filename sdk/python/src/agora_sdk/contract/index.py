"""The index of operations, without their parameters and results, for fast start-up.

``index.json`` is generated from the declarations (``make reference``). It contains a checksum of their sources and is
used while that matches; otherwise every service is loaded to find its operations.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from .operation import OWN, Exposure, Kind, Lifecycle, Listed, Operation, Route, Service

__all__ = ["index_text", "install_index", "read_index", "write_index"]

PACKAGE_DIRECTORY = Path(__file__).parent
FILE = PACKAGE_DIRECTORY / "index.json"
#: fields that are stored elsewhere: only in the declaration, or as keys of the index
UNLISTED_FIELDS = OWN | {"category", "attribute", "action"}
DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "declared_routes": lambda routes: tuple(map(Route.parse, routes)),
    "kind": Kind,
    "exposure": Exposure,
    "lifecycle": Lifecycle,
    "deprecation_date": date.fromisoformat,
    "sunset_date": date.fromisoformat,
    "aliases": tuple,
    "secrets": tuple,
    "read_actions": tuple,
    "tools": tuple,
}


def install_index(modules: Iterable[str]) -> None:
    """Register the services from the index, or load their modules if the index is missing or stale."""
    listed = read_index(FILE)
    if listed is not None:
        Service.declared.add_listed(listed)
        return
    for module in modules:
        import_module(f".{module}", __package__)


def read_index(file: Path) -> Mapping[str, Listed] | None:
    """Return the services of an index; None if it is missing or does not match the sources."""
    # An unreadable index costs start-up time only: the declarations are loaded instead.
    with suppress(OSError, ValueError, LookupError, TypeError):
        document = json.loads(file.read_bytes())
        if document["sources"] == _source_checksum():
            return {category: _service_from_entry(category, entry) for category, entry in document["services"].items()}
    return None


def index_text() -> str:
    """Build the index from the current declarations."""
    services = {category: _service_entry(service) for category, service in Service.declared.items()}
    return json.dumps({"sources": _source_checksum(), "services": services}, indent=0, ensure_ascii=False) + "\n"


def write_index(file: Path) -> None:
    """Write the index of the current declarations."""
    file.write_text(index_text(), "utf-8")


def _source_checksum() -> int:
    """Checksum of the sources. Without sources there is no valid checksum."""
    total = 0
    for source in sorted(PACKAGE_DIRECTORY.rglob("*.py")):
        total = zlib.crc32(
            source.read_bytes(), zlib.crc32(source.relative_to(PACKAGE_DIRECTORY).as_posix().encode(), total)
        )
    return total


def _service_entry(service: type[Service]) -> dict[str, Any]:
    module = service.__module__.removeprefix(f"{__package__}.")
    operations = {attribute: dict(_operation_facts(operation)) for attribute, operation in service.operations.items()}
    about = Service.declared.about(service.category)
    return {"module": f".{module}", "about": about, "operations": operations}


def _operation_facts(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an operation's index entry, without default values."""
    for field in dataclasses.fields(Operation):
        value = getattr(operation, field.name)
        if field.name in UNLISTED_FIELDS or value == field.default:
            continue
        yield field.name, [str(each) for each in value] if isinstance(value, tuple) else _to_json_value(value)


def _to_json_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _service_from_entry(category: str, entry: Mapping[str, Any]) -> Listed:
    operations = {}
    for attribute, facts in entry["operations"].items():
        decoded = {name: DECODERS[name](value) if name in DECODERS else value for name, value in facts.items()}
        operations[attribute] = Operation(None, **decoded)
        operations[attribute].bind(category, attribute)
    return Listed(entry["module"], entry["about"], operations)
