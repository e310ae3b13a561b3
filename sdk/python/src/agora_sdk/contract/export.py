"""The contract as one JSON document, from which clients in other languages are generated.

::

    {"format": 1,
     "operations": [{"name", "version", "category", "action", "kind", "scope", "exposure", "summary", "description",
                     "aliases", "routes": [{"method", "path", "path_parameters"}],
                     "parameters": [{"name", "positional", "required", "default", "schema", "description"}],
                     "result": {"schema", "stream", "items", "secrets"},
                     "lifecycle": {"status", "deprecation_date", "sunset_date", "replacement", "migration_guide"},
                     "idempotent", "destructive", "during_halt", "success_status", "body_limit",
                     "errors": [codes]}],
     "errors": [{"code", "title", "parent", "status", "jsonrpc", "close_code", "exit_code"}],
     "definitions": {name: JSON schema}}

Operations stand in the order of declaration, parameters in the order of the signature: ``positional``
ones may be given by position, the others by name alone. Schemas are JSON Schema 2020-12; shared ones
are in ``definitions``. Under the server, a route without path parameters of its own takes the whole
request as its JSON body (POST, PATCH) or as its query string (GET, DELETE).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from .operation import Exposure, Kind, Operation

__all__ = ["changes", "document", "errors_of"]

FORMAT = 1
REFERENCE = "#/definitions/{model}"
Schemas = Mapping[tuple[str, JsonSchemaMode], Mapping[str, Any]]


def document(operations: Sequence[Operation], errors: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Everything a client generator needs; equal contracts give equal documents.

    errors: the classes of the error tree by code (``agora_sdk.errors.BY_CODE``).
    """
    shown = [found for found in operations if found.exposure is not Exposure.TEST]
    schemas, definitions = _schemas(shown)
    return {
        "format": FORMAT,
        "operations": [_operation(found, schemas, definitions) for found in shown],
        "errors": [_error(kind) for kind in errors.values()],
        "definitions": {name: schema for name, schema in sorted(definitions.items()) if not _is_request(name, shown)},
    }


def _schemas(operations: Sequence[Operation]) -> tuple[Schemas, dict[str, Any]]:
    wanted: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = []
    for found in operations:
        wanted.append((_key(found), "validation", TypeAdapter(found.input)))
        wanted.append((_key(found), "serialization", found.output))
    schemas, rest = TypeAdapter.json_schemas(wanted, ref_template=REFERENCE)
    return schemas, dict(rest.get("$defs", {}))


def _key(found: Operation) -> str:
    return f"{found.name}@{found.version}"


def _is_request(name: str, operations: Sequence[Operation]) -> bool:
    return any(found.input.__name__ == name for found in operations)


def _operation(found: Operation, schemas: Schemas, definitions: Mapping[str, Any]) -> dict[str, Any]:
    request = _resolved(schemas[_key(found), "validation"], definitions)
    return {
        "name": found.name,
        "version": found.version,
        "category": found.category,
        "action": found.action,
        "kind": found.kind.value,
        "scope": found.scope,
        "exposure": found.exposure.value,
        "summary": found.summary,
        "description": found.description,
        "aliases": list(found.aliases),
        "routes": [_route(route.method, route.path, route.parameters) for route in found.routes],
        "parameters": [_parameter(p, request) for p in found.parameters.values()],
        "result": _result(found, schemas),
        "lifecycle": _lifecycle(found),
        "idempotent": found.idempotent or found.kind is Kind.QUERY,
        "destructive": found.destructive,
        "during_halt": found.during_halt,
        "success_status": found.success_status,
        "body_limit": found.body_limit,
        "errors": errors_of(found),
    }


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: Mapping[str, Any] = definitions[reference.rsplit("/", 1)[1]]
    return resolved


def _route(method: str, path: str, parameters: tuple[str, ...]) -> dict[str, Any]:
    return {"method": method, "path": path, "path_parameters": list(parameters)}


def _parameter(parameter: inspect.Parameter, request: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in request["properties"][parameter.name].items() if key != "title"}
    description = schema.pop("description", "")
    default = schema.pop("default", None)
    required = parameter.name in request.get("required", ())
    shown = {
        "name": parameter.name,
        "positional": parameter.kind is parameter.POSITIONAL_OR_KEYWORD,
        "required": required,
        "description": description,
        "schema": schema,
    }
    return shown if required else shown | {"default": default}


def _result(found: Operation, schemas: Schemas) -> dict[str, Any]:
    return {
        "schema": dict(schemas[_key(found), "serialization"]),
        "stream": found.kind is Kind.STREAM,
        "items": getattr(found.result_type, "items_field", None),
        "secrets": list(found.secrets),
    }


def _lifecycle(found: Operation) -> dict[str, Any]:
    return {
        "status": found.lifecycle.value,
        "deprecation_date": found.deprecation_date.isoformat() if found.deprecation_date else None,
        "sunset_date": found.sunset_date.isoformat() if found.sunset_date else None,
        "replacement": found.replacement,
        "migration_guide": found.migration_guide,
    }


def _error(kind: type[Any]) -> dict[str, Any]:
    return {
        "code": kind.code,
        "title": kind.title,
        "parent": getattr(kind.__mro__[1], "code", None),
        "status": kind.status,
        "jsonrpc": kind.jsonrpc,
        "close_code": kind.close_code,
        "exit_code": kind.exit_code,
    }


def errors_of(found: Operation) -> list[str]:
    """Codes of the errors a caller of the operation should expect, by rule."""
    codes = ["invalid_request", "unauthenticated"]
    if found.scope:
        codes.append("permission_denied")
    if not found.during_halt:
        codes.append("halted")
    if any(name.endswith("_id") or name in ("agent", "to_agent", "service", "target") for name in found.parameters):
        codes.append("not_found")
    if found.kind in (Kind.COMMAND, Kind.RELAY):
        codes += ["payload_too_large", "conflict", "idempotency_conflict"]
    if found.kind is Kind.STREAM:
        codes.append("cursor_too_old")
    if found.sunset_date:
        codes.append("operation_sunset")
    return [*codes, "rate_limited", "overloaded", "deadline_exceeded", "internal_error"]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two documents, a line for each; removals and changes come first.

    A line starts with ``-`` (gone), ``~`` (changed) or ``+`` (new).
    """
    gone: list[str] = []
    changed: list[str] = []
    new: list[str] = []
    for section in ("operations", "errors", "definitions"):
        old, now = _indexed(before[section]), _indexed(after[section])
        gone += [f"- {section}: {name}" for name in old if name not in now]
        new += [f"+ {section}: {name}" for name in now if name not in old]
        changed += [
            f"~ {section}: {name}: {path}" for name in old if name in now for path in _differences(old[name], now[name])
        ]
    if before.get("format") != after.get("format"):
        changed.insert(0, f"~ format: {before.get('format')} is now {after.get('format')}")
    return gone + changed + new


def _indexed(section: Any) -> dict[str, Any]:
    if isinstance(section, Mapping):
        return dict(section)
    return {f"{item['name']}@{item['version']}" if "version" in item else item["code"]: item for item in section}


def _differences(old: Any, new: Any, path: str = "") -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = [*old, *(name for name in new if name not in old)]
        return [
            line
            for name in names
            for line in _differences(old.get(name, ...), new.get(name, ...), f"{path}.{name}" if path else str(name))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [line for at, (o, n) in pairs for line in _differences(o, n, f"{path}[{at}]")]
    return [] if old == new and type(old) is type(new) else [path or "value"]
