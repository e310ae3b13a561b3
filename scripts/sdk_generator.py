"""Shared base of the SDK generators: access to the contract, and names derived from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.contract_names import common_error_codes, reference_name

__all__ = ["JSON_VALUE", "NOTE", "Schema", "SdkGenerator"]

NOTE = "// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.\n"
JSON_VALUE = "JsonValue"

Schema = Mapping[str, Any]


class SdkGenerator:
    """The generated modules of one SDK; subclasses write them in their language."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._operations: Sequence[Mapping[str, Any]] = contract["operations"]
        self._errors: Sequence[Mapping[str, Any]] = contract["errors"]
        self._common_errors = common_error_codes(self._operations)
        self._definitions: Mapping[str, Schema] = contract["definitions"]
        self._vocabularies: Sequence[Mapping[str, Any]] = contract["vocabularies"]
        self._open_fields = {field: each["name"] for each in self._vocabularies for field in each["fields"]}
        inputs = [parameter["schema"] for operation in self._operations for parameter in operation["parameters"]]
        self._input_names = self._collect_references(inputs)
        self._pages = {
            reference_name(operation["result"]["schema"]): operation["result"]["items"]
            for operation in self._operations
            if operation["result"]["items"]
        }

    def _own_errors(self, operation: Mapping[str, Any]) -> list[str]:
        """Return the error codes of an operation beside the common ones."""
        return [code for code in operation["errors"] if code not in self._common_errors]

    def _collect_references(self, schemas: Sequence[Schema]) -> set[str]:
        """Collect the names of definitions that schemas refer to, directly or indirectly."""
        names: set[str] = set()
        waiting = list(schemas)
        while waiting:
            for name in re.findall(r"#/definitions/(\w+)", json.dumps(waiting.pop())):
                if name not in names:
                    names.add(name)
                    waiting.append(self._definitions[name])
        return names
