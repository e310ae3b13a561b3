"""Workflow files (YAML or JSON), validated before they are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TextIO

import yaml
from pydantic import ValidationError

from agora.bounded_yaml import BoundedLoader, load_yaml
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.contract.workflows import Workflows
from agora_sdk.errors import InvalidRequest, field_error

from .manifest_file import read_document

__all__ = ["read_workflow_arguments"]

BOOLEAN, TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
WORKFLOW_FIELDS = ("workflow_name", "steps", "assigned_agents", "metadata", "input", "priority")


def read_workflow_arguments(source: str, overrides: Mapping[str, Any], stdin: TextIO | None = None) -> dict[str, Any]:
    """Read the arguments of ``agora.workflow.create`` from a file, or from standard input if source is ``-``.

    ``name`` is accepted for ``workflow_name``. overrides: arguments that override the file's, unless None.
    stdin: None for that of the process. Raises InvalidRequest with all errors.
    """
    document = read_document(
        source,
        lambda text: _parse_yaml(source, text),
        lambda problem: _build_file_error(source, problem),
        stdin,
    )
    if not isinstance(document, dict):
        raise _build_file_error(source, "is not a valid workflow: an object with 'name' and 'steps' is expected")
    # With both given, "name" is left in place and reported as unknown.
    if "name" in document and "workflow_name" not in document:
        document = {("workflow_name" if key == "name" else key): value for key, value in document.items()}
    document |= {key: value for key, value in overrides.items() if value is not None}
    faults = [
        (str(key), f"unknown; there are {', '.join(WORKFLOW_FIELDS)}") for key in document if key not in WORKFLOW_FIELDS
    ]
    # All faults at once, as the author mends them in one go. Unknown keys are left out: they were reported above.
    faults += _list_contract_errors({key: value for key, value in document.items() if key in WORKFLOW_FIELDS})
    if faults:
        raise _build_workflow_error(source, faults)
    return document


def _parse_yaml(source: str, text: str) -> Any:
    try:
        return load_yaml(text, _create_yaml_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        location = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise _build_workflow_error(source, [(location, f"is not YAML: {problem}")]) from None


@cache
def _create_yaml_loader() -> Any:
    """Create a YAML loader with JSON's types: dates, yes and no stay strings, and duplicate keys are errors."""

    class Loader(BoundedLoader):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag not in (BOOLEAN, TIMESTAMP)]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            names = set()
            for key in keys:
                if key.value in names:
                    problem = f"the key {key.value!r} is listed twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                # PyYAML takes the last of equal keys, so that a copied step would silently replace another one.
                names.add(key.value)
            mapping: dict[Any, Any] = super().construct_mapping(node, deep)
            return mapping

    Loader.add_implicit_resolver(BOOLEAN, re.compile("^(?:true|false)$"), ["t", "f"])
    return Loader


def _list_contract_errors(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the contract's validation errors with their locations."""

    try:
        Workflows.operations["create"].input.model_validate(document)
    except ValidationError as error:
        for contract_error in error.errors(include_url=False):
            message = "unknown" if contract_error["type"] == "extra_forbidden" else describe_error(contract_error)
            yield _format_error_location(document, contract_error["loc"]), message


def _format_error_location(document: Any, path: tuple[int | str, ...]) -> str:
    """Format the location of an error for the author of the file, without pydantic's names of union members."""
    location, node = "", document
    for part in path:
        if isinstance(node, list) and isinstance(part, int):
            node = node[part] if part < len(node) else None
            name = node.get("name", node.get("step")) if isinstance(node, dict) else None
            location += f"[{part}]" + (f" ({name})" if isinstance(name, str) else "")
        elif isinstance(node, dict) and part != "[key]":
            node = node.get(part)
            location += f".{part}" if location else str(part)
    return location


def _build_workflow_error(source: str, problems: list[tuple[str, str]]) -> InvalidRequest:
    errors = [field_error(location, message) for location, message in problems]
    return InvalidRequest(f"{_name_source(source)} is not a valid workflow.", errors=errors)


def _build_file_error(source: str, problem: str) -> InvalidRequest:
    """Build the error of a file as a whole, which has no location."""
    return InvalidRequest(f"{_name_source(source)} {problem}.", errors=[field_error("", problem)])


def _name_source(source: str) -> str:
    return "standard input" if source == "-" else source
