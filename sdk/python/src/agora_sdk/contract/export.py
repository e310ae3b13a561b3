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
     "vocabularies": [{"name", "description", "values", "fields": [names of parameters and fields]}],
     "definitions": {name: JSON schema}}

Operations are in the order of declaration, parameters in the order of the signature. ``positional`` parameters may be
given by position, others only by name. Schemas are JSON Schema 2020-12; shared ones are in ``definitions``. A route
takes the parameters that are not in its path as a JSON body (POST, PATCH) or as a query string (GET, DELETE). Every
operation has the route ``/agora/CATEGORY/ACTION``. Vocabularies are open: they list well-known values, and any other
text is accepted.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from .fields import MessageType
from .operation import Exposure, Kind, Operation

__all__ = ["contract_document"]

FORMAT = 1
VOCABULARIES = ((MessageType, ("message_type",)),)
REFERENCE = "#/definitions/{model}"
Schemas = Mapping[tuple[str, JsonSchemaMode], Mapping[str, Any]]


def contract_document(operations: Sequence[Operation], errors: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Build the document for client generators. Equal contracts give equal documents.

    errors: the classes of the error tree by code (``agora_sdk.errors.BY_CODE``).
    """
    visible = [operation for operation in operations if operation.exposure is not Exposure.TEST]
    schemas, definitions = _collect_schemas(visible)
    return {
        "format": FORMAT,
        "operations": [_operation_entry(operation, schemas, definitions) for operation in visible],
        "errors": [_error_entry(kind) for kind in errors.values()],
        "vocabularies": [_vocabulary_entry(kind, fields) for kind, fields in VOCABULARIES],
        "definitions": {name: schema for name, schema in sorted(definitions.items()) if not _is_request(name, visible)},
    }


def _collect_schemas(operations: Sequence[Operation]) -> tuple[Schemas, dict[str, Any]]:
    requests: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = []
    for operation in operations:
        requests.append((_schema_key(operation), "validation", TypeAdapter(operation.input)))
        requests.append((_schema_key(operation), "serialization", operation.output))
    schemas, rest = TypeAdapter.json_schemas(requests, ref_template=REFERENCE)
    return schemas, dict(rest.get("$defs", {}))


def _schema_key(operation: Operation) -> str:
    return f"{operation.name}@{operation.version}"


def _is_request(name: str, operations: Sequence[Operation]) -> bool:
    return any(operation.input.__name__ == name for operation in operations)


def _operation_entry(operation: Operation, schemas: Schemas, definitions: Mapping[str, Any]) -> dict[str, Any]:
    request = _resolve_reference(schemas[_schema_key(operation), "validation"], definitions)
    return {
        "name": operation.name,
        "version": operation.version,
        "category": operation.category,
        "action": operation.action,
        "kind": operation.kind.value,
        "scope": operation.scope,
        "exposure": operation.exposure.value,
        "summary": operation.summary,
        "description": operation.description,
        "aliases": list(operation.aliases),
        "routes": [_route_entry(route.method, route.path, route.parameters) for route in operation.routes],
        "parameters": [_parameter_entry(p, request) for p in operation.parameters.values()],
        "result": _result_entry(operation, schemas),
        "lifecycle": _lifecycle_entry(operation),
        "idempotent": operation.idempotent or operation.kind is Kind.QUERY,
        "destructive": operation.destructive,
        "during_halt": operation.during_halt,
        "success_status": operation.success_status,
        "body_limit": operation.body_limit,
        "errors": list(operation.errors),
    }


def _resolve_reference(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: Mapping[str, Any] = definitions[reference.rsplit("/", 1)[1]]
    return resolved


def _route_entry(method: str, path: str, parameters: tuple[str, ...]) -> dict[str, Any]:
    return {"method": method, "path": path, "path_parameters": list(parameters)}


def _parameter_entry(parameter: inspect.Parameter, request: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in request["properties"][parameter.name].items() if key != "title"}
    description = schema.pop("description", "")
    default = schema.pop("default", None)
    required = parameter.name in request.get("required", ())
    entry = {
        "name": parameter.name,
        "positional": parameter.kind is parameter.POSITIONAL_OR_KEYWORD,
        "required": required,
        "description": description,
        "schema": schema,
    }
    return entry if required else entry | {"default": default}


def _result_entry(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    return {
        "schema": dict(schemas[_schema_key(operation), "serialization"]),
        "stream": operation.kind is Kind.STREAM,
        "items": getattr(operation.result_type, "items_field", None),
        "secrets": list(operation.secrets),
    }


def _lifecycle_entry(operation: Operation) -> dict[str, Any]:
    return {
        "status": operation.lifecycle.value,
        "deprecation_date": operation.deprecation_date.isoformat() if operation.deprecation_date else None,
        "sunset_date": operation.sunset_date.isoformat() if operation.sunset_date else None,
        "replacement": operation.replacement,
        "migration_guide": operation.migration_guide,
    }


def _error_entry(kind: type[Any]) -> dict[str, Any]:
    return {
        "code": kind.code,
        "title": kind.title,
        "parent": getattr(kind.__mro__[1], "code", None),
        "status": kind.status,
        "jsonrpc": kind.jsonrpc,
        "close_code": kind.close_code,
        "exit_code": kind.exit_code,
    }


def _vocabulary_entry(kind: type[StrEnum], fields: Sequence[str]) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "values": [value.value for value in kind],
        "fields": list(fields),
    }
