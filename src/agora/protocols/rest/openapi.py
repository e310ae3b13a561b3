"""The OpenAPI 3.1 document, generated from the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from agora_sdk.contract import Kind, Operation, Route

from .routes import has_body

__all__ = ["build_openapi_document"]

SCHEMA_REF = "#/components/schemas/{model}"
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable name of the error."},
        "detail": {"type": "string", "description": "What happened."},
        "fix": {"type": "string", "description": "What to do about it."},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "retry_after": {"type": "integer", "description": "Seconds."},
    },
}
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request under its key answers the stored result instead of acting twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}

HEALTH_ENDPOINTS = {
    "/health": "Liveness: the process answers.",
    "/health/live": "Liveness: the process answers.",
    "/ready": "Readiness: it can serve calls.",
    "/health/ready": "Readiness: it can serve calls.",
    "/health/detail": "The status of every component, and the duration of the check.",
}


async def build_openapi_document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Build the document as a JSON-serializable object; operation ids are the canonical names.

    The schemas of all operations take a second of CPU time, so control returns to the event loop after each operation.
    """
    schemas: dict[str, Any] = {"Problem": PROBLEM_SCHEMA}
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, str] = {}
    for operation in operations:
        tags.setdefault(operation.category, "")
        for number, route in enumerate(operation.routes):
            entry = _build_operation_entry(operation, route, number, schemas)
            paths.setdefault(route.path, {})[route.method.lower()] = entry
        await asyncio.sleep(0)
    for path, name in HEALTH_ENDPOINTS.items():
        paths[path] = {"get": _build_health_operation(path.strip("/").replace("/", "."), name)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Agora",
            "version": version,
            "summary": "The marketplace of AI agents: one state, many protocols.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name} for name in tags],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "The call was refused or failed; nothing of it was stored.",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"apiKey": []}],
    }


def _build_health_operation(name: str, description: str) -> dict[str, Any]:
    body = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": name,
        "summary": description,
        "responses": {"200": {"description": "Yes.", "content": body}, "503": {"description": "No.", "content": body}},
    }


def _build_operation_entry(operation: Operation, route: Route, number: int, schemas: dict[str, Any]) -> dict[str, Any]:
    request = _share_definitions(operation.input.model_json_schema(ref_template=SCHEMA_REF), schemas)
    entry: dict[str, Any] = {
        # OpenAPI requires unique ids, and an operation may have several routes.
        "operationId": operation.name if number == 0 else f"{operation.name}.{number}",
        "tags": [operation.category],
        "summary": operation.summary,
        "description": operation.description,
        "x-agora-operation": operation.name,
        "x-agora-version": operation.version,
        "x-agora-scope": operation.scope,
        "responses": _build_operation_responses(operation, schemas),
    }
    if operation.deprecation_date or operation.sunset_date:
        entry["deprecated"] = True
    parameters = _build_route_parameters(route, request, has_body(operation, route.method))
    if operation.kind is Kind.COMMAND:
        parameters.append(KEY_PARAMETER)
    if parameters:
        entry["parameters"] = parameters
    if has_body(operation, route.method):
        entry["requestBody"] = _build_request_body(route, request)
    return entry


def _share_definitions(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Move a schema's definitions to the shared ones; returns the schema. Raises ValueError for two of one name."""
    for name, definition in schema.pop("$defs", {}).items():
        # Fails the build of the document: a silently replaced schema would describe one of the two operations wrongly.
        if schemas.setdefault(name, definition) != definition:
            raise ValueError(f"two schemas share the name {name}")
    return schema


def _build_operation_responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _share_definitions(operation.output.json_schema(mode="serialization", ref_template=SCHEMA_REF), schemas)
    name = schema.get("title")
    if name and "$ref" not in schema:
        schemas.setdefault(name, schema)
        schema = {"$ref": f"#/components/schemas/{name}"}
    kind = "text/event-stream" if operation.kind is Kind.STREAM else "application/json"
    success = {"description": "Done.", "content": {kind: {"schema": schema}}}
    return {str(operation.success_status): success, "default": {"$ref": "#/components/responses/Problem"}}


def _build_route_parameters(route: Route, request: dict[str, Any], body: bool) -> list[dict[str, Any]]:
    parameters = []
    required = request.get("required", [])
    for name, schema in request.get("properties", {}).items():
        in_path = name in route.parameters
        if not in_path and body:
            continue
        parameter: dict[str, Any] = {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path or name in required,
            "schema": _drop_null(schema) if in_path else schema,
        }
        if description := schema.get("description"):
            parameter["description"] = description
        parameters.append(parameter)
    return parameters


def _drop_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove null from the schema of a path parameter, even if the body's field is nullable."""
    options: list[dict[str, Any]] = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) != 1:
        return schema
    return {key: value for key, value in schema.items() if key not in ("anyOf", "default")} | options[0]


def _build_request_body(route: Route, request: dict[str, Any]) -> dict[str, Any]:
    properties = {name: s for name, s in request.get("properties", {}).items() if name not in route.parameters}
    required = [name for name in request.get("required", ()) if name not in route.parameters]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}
