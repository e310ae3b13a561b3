"""Write the generated parts of the SDKs from sdk/contract.json. Usage: sdks.py [--check]

``sdk/typescript/src/generated`` has the types of the contract, a method for each operation and a class for each error;
``sdk/rust/src/generated`` has the same for the crate. ``--check`` writes nothing and fails if a file is stale; the
layout of Rust is checked only if rustfmt is installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.contract_names import camel_case, pascal_case, reference_name, snake_case  # noqa: E402
from scripts.rust_sdk import Rust, format_rust, has_same_tokens  # noqa: E402
from scripts.sdk_generator import JSON_VALUE, NOTE, Schema, SdkGenerator  # noqa: E402

__all__ = ["files", "is_fresh", "main"]

CONTRACT = ROOT / "sdk" / "contract.json"
TYPESCRIPT = ROOT / "sdk" / "typescript" / "src" / "generated"
RUST = ROOT / "sdk" / "rust" / "src" / "generated"
#: members of a page that the hand-written class Page already has
PAGE_MEMBERS = frozenset({"count", "total", "total_is_estimate", "has_more", "next_cursor"})
CHANGES = ("command", "relay")


def files() -> dict[Path, str]:
    """Build path and text of every generated file."""
    contract = json.loads(CONTRACT.read_text("utf-8"))
    typescript = TypeScript(contract)
    rust = Rust(contract)
    return {
        TYPESCRIPT / "types.ts": typescript.types(),
        TYPESCRIPT / "errors.ts": typescript.errors(),
        TYPESCRIPT / "services.ts": typescript.services(),
        TYPESCRIPT / "operations.ts": typescript.operations(),
        RUST / "types.rs": rust.types(),
        RUST / "errors.rs": rust.errors(),
        RUST / "operations.rs": rust.operations(),
        RUST / "services.rs": rust.services(),
    }


def is_fresh(path: Path, text: str) -> bool:
    """Whether a file has that text; for Rust, whether it has the same tokens."""
    if not path.exists():
        return False
    present = path.read_text("utf-8")
    return has_same_tokens(present, text) if path.suffix == ".rs" else present == text


def _constant_name(value: str) -> str:
    return re.sub(r"\W", "_", value).upper()


class TypeScript(SdkGenerator):
    """The generated modules of ``@agora/sdk``."""

    # -- types ---------------------------------------------------------------------------------

    def types(self) -> str:
        """Generate interfaces and enumerations."""
        parts = ['import type { JsonValue } from "../json.ts";\nimport type { Page } from "../page.ts";\n']
        parts += [
            _vocabulary(each["name"], each["values"], each["description"], closed=False) for each in self._vocabularies
        ]
        for name, schema in self._definitions.items():
            if name == JSON_VALUE:
                continue
            if "enum" in schema:
                parts.append(_vocabulary(name, schema["enum"], schema.get("description", ""), closed=True))
            elif name in self._pages:
                parts.append(self._page_type(name, schema, self._pages[name]))
            elif "properties" in schema:
                parts.append(self._interface(name, schema))
            else:
                parts.append(f"{_comment(schema.get('description', ''))}export type {name} = {self._type(schema)};\n")
        return NOTE + "\n" + "\n".join(parts)

    def _interface(self, name: str, schema: Schema) -> str:
        # The server writes every field of an answer, except in the envelopes of the agent protocol, which have
        # additional ones.
        complete = name not in self._input_names and not schema.get("additionalProperties")
        required = set(schema["properties"]) if complete else set(schema.get("required", ()))
        return (
            f"{_comment(schema.get('description', ''))}export interface {name} {{\n{self._fields(schema, required)}}}\n"
        )

    def _fields(self, schema: Schema, required: set[str], leave_out: frozenset[str] = frozenset()) -> str:
        lines = []
        for field, value in schema["properties"].items():
            if field in leave_out:
                continue
            mark = "" if field in required else "?"
            kind = self._field_type(field, value)
            lines.append(f"{_comment(value.get('description', ''), 2)}  {_property_key(field)}{mark}: {kind};\n")
        return "".join(lines)

    def _page_type(self, name: str, schema: Schema, items: str) -> str:
        item = self._type(schema["properties"][items]["items"])
        fields = self._fields(schema, set(schema["properties"]), PAGE_MEMBERS)
        comment = _comment(
            schema.get("description", "") or f"One page of a list; ``{camel_case(items)}`` are its items."
        )
        return f"{comment}export interface {name} extends Page<{item}> {{\n{fields}}}\n"

    def _field_type(self, name: str, schema: Schema) -> str:
        vocabulary = self._open_fields.get(name)
        if vocabulary is not None and schema.get("type") == "string":
            return vocabulary
        return self._type(schema)

    def _type(self, schema: Schema) -> str:
        if (name := reference_name(schema)) is not None:
            return name
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return " | ".join(map(json.dumps, schema["enum"]))
        if "anyOf" in schema:
            return " | ".join(dict.fromkeys(self._type(each) for each in schema["anyOf"]))
        match schema.get("type"):
            case "string":
                return "string"
            case "integer" | "number":
                return "number"
            case "boolean":
                return "boolean"
            case "null":
                return "null"
            case "array":
                item = self._type(schema.get("items", {}))
                return f"({item})[]" if " " in item else f"{item}[]"
            case "object":
                return self._map_type(schema)
        return JSON_VALUE

    def _map_type(self, schema: Schema) -> str:
        values = [*schema.get("patternProperties", {}).values(), *filter(None, [schema.get("additionalProperties")])]
        types = dict.fromkeys(JSON_VALUE if value is True else self._type(value) for value in values)
        return f"{{ [key: string]: {' | '.join(types) or JSON_VALUE} }}"

    # -- errors --------------------------------------------------------------------------------

    def errors(self) -> str:
        """Generate a class for each code."""
        names = {
            each["code"]: "AgoraError" if each["parent"] is None else pascal_case(each["code"]) for each in self._errors
        }
        parts = ['import { AgoraError } from "../error.ts";\n']
        parts += [
            f"/** {each['title']}: ``{each['code']}``, HTTP {each['status']}. */\n"
            f"export class {names[each['code']]} extends {names[each['parent']]} {{\n"
            f'  static override readonly code: string = "{each["code"]}";\n'
            f"  static override readonly status: number = {each['status']};\n}}\n"
            for each in self._errors
            if each["parent"] is not None
        ]
        classes = ", ".join(name for name in names.values() if name != "AgoraError")
        parts.append(
            "/** The classes of errors, those of a more general meaning first. */\n"
            f"export const ERROR_CLASSES: readonly (typeof AgoraError)[] = [{classes}];\n"
        )
        return NOTE + "\n" + "\n".join(parts)

    # -- operations ----------------------------------------------------------------------------

    def services(self) -> str:
        """Generate an interface for each category of operations, with a method for each."""
        categories: dict[str, list[Mapping[str, Any]]] = {}
        for operation in self._operations:
            categories.setdefault(operation["category"], []).append(operation)
        texts, interfaces = [], []
        for category, operations in categories.items():
            texts += [self._arguments_type(operation) for operation in operations if operation["parameters"]]
            methods = "".join(map(self._method, operations))
            interfaces.append(
                f"/** Operations of the category ``{category}``. */\nexport interface {_service_name(category)} {{\n{methods}}}\n"
            )
        fields = "".join(f"  readonly {camel_case(name)}: {_service_name(name)};\n" for name in categories)
        interfaces.append(f"/** Every operation, by category. */\nexport interface Services {{\n{fields}}}\n")
        interfaces.append(self._operation_map())
        body = "\n".join([*texts, *interfaces])
        names = sorted({*re.findall(r"\b[A-Z]\w+\b", re.sub(r"/\*\*.*?\*/|\"[^\"\n]*\"", "", body, flags=re.S))})
        known = {*self._definitions, *(each["name"] for each in self._vocabularies)} - {JSON_VALUE}
        types = ", ".join(name for name in names if name in known)
        head = (
            'import type { EventStream } from "../event-stream.ts";\nimport type { JsonValue } from "../json.ts";\n'
            f'import type {{ CallOptions }} from "../options.ts";\nimport type {{ {types} }} from "./types.ts";\n\n'
        )
        return NOTE + "\n" + head + body

    def _arguments_type(self, operation: Mapping[str, Any]) -> str:
        lines = []
        for parameter in operation["parameters"]:
            kind = self._field_type(parameter["name"], parameter["schema"])
            mark = "" if parameter["required"] else "?"
            kind = kind if parameter["required"] else f"{kind} | undefined"
            comment = _comment(parameter["description"] or _inner_description(parameter["schema"]), 2)
            lines.append(f"{comment}  {camel_case(parameter['name'])}{mark}: {kind};\n")
        name = _arguments_name(operation)
        return f"/** Arguments of ``{operation['name']}``. */\nexport interface {name} {{\n{''.join(lines)}}}\n"

    def _operation_map(self) -> str:
        """Generate a member for each operation by name: arguments, result, and errors."""
        members = []
        for operation in self._operations:
            arguments = _arguments_name(operation) if operation["parameters"] else "Record<string, never>"
            codes = ["CommonErrorCode", *(f'"{code}"' for code in self._own_errors(operation))]
            members.append(
                f'  "{operation["category"]}.{operation["action"]}": {{\n    args: {arguments};\n'
                f"    answer: {self._answer_type(operation)};\n    errors: {' | '.join(codes)};\n  }};\n"
            )
        every = " | ".join(f'"{code}"' for code in self._common_errors)
        return (
            f"/** Codes of the errors that any operation may throw. */\nexport type CommonErrorCode = {every};\n\n"
            "/** Every operation by its name without ``agora.``: its arguments, its answer, and the codes of its errors. */\n"
            f"export interface Operations {{\n{''.join(members)}}}\n"
        )

    def _answer_type(self, operation: Mapping[str, Any]) -> str:
        result = reference_name(operation["result"]["schema"]) or self._type(operation["result"]["schema"])
        return f"EventStream<{result}>" if operation["result"]["stream"] else f"Promise<{result}>"

    def _method(self, operation: Mapping[str, Any]) -> str:
        arguments = ""
        if operation["parameters"]:
            optional = not any(parameter["required"] for parameter in operation["parameters"])
            arguments = f"args{'?' if optional else ''}: {_arguments_name(operation)}, "
        signature = f"({arguments}options?: CallOptions): {self._answer_type(operation)}"
        deprecated = "\n\n@deprecated" if operation["lifecycle"]["status"] == "deprecated" else ""
        errors = ", ".join(f"``{code}``" for code in self._own_errors(operation)) or "none"
        comment = _comment(
            f"{operation['description']}\n\nErrors beside those of any operation: {errors}.{deprecated}", 2
        )
        return f"{comment}  {camel_case(operation['action'])}{signature};\n"

    def operations(self) -> str:
        """Generate the data of each operation that the client needs at run time."""
        opaque_input, exceptions = self._opaque_arguments()
        opaque_output, more = self._opaque_results()
        lines: dict[str, list[str]] = {}
        for operation in self._operations:
            self._check_route(operation)
            extra = sorted({*exceptions.get(operation["name"], ()), *more.get(operation["name"], ())})
            entry = self._entry(operation, extra)
            lines.setdefault(operation["category"], []).append(f"    {camel_case(operation['action'])}: {entry},\n")
        table = "".join(f"  {camel_case(name)}: {{\n{''.join(entries)}  }},\n" for name, entries in lines.items())
        return (
            f'{NOTE}\nimport type {{ OperationTable }} from "../operation.ts";\n\n'
            "/** Names below which arguments are contents of the caller's own: they are sent as they are. */\n"
            f"export const OPAQUE_ARGUMENTS = {json.dumps(' '.join(opaque_input))};\n\n"
            "/** Names below which results are contents of somebody's own: they are handed on as they are. */\n"
            f"export const OPAQUE_RESULTS = {json.dumps(' '.join(opaque_output))};\n\n"
            "/** Names whose value is an object with names of somebody's own, and values of the contract. */\n"
            f"export const MAPS = {json.dumps(' '.join(self._map_fields()))};\n\n"
            f"/** By category and action. */\nexport const OPERATIONS = {{\n{table}}} satisfies OperationTable;\n"
        )

    @staticmethod
    def _check_route(operation: Mapping[str, Any]) -> None:
        path = f"/agora/{operation['category']}/{operation['action']}"
        method = "POST" if operation["kind"] in CHANGES else "GET"
        if {"method": method, "path": path, "path_parameters": []} not in operation["routes"]:
            raise ValueError(f"{operation['name']} has no route {method} {path}")

    @staticmethod
    def _entry(operation: Mapping[str, Any], opaque: Sequence[str]) -> str:
        names = {parameter["name"] for parameter in operation["parameters"]}
        changes = operation["kind"] in CHANGES
        fields = [f'kind: "{operation["kind"]}"']
        # An answer with a secret is lost with its connection, unless the retry has the same key.
        if changes and (not operation["idempotent"] or operation["result"]["secrets"]):
            fields.append("keyed: true")
        if items := operation["result"]["items"]:
            by = next((name for name in ("cursor", "after", "offset") if name in names), None)
            fields.append(f'items: "{camel_case(items)}"')
            if by is not None:
                fields.append(f'pagedBy: "{by}"')
        if opaque:
            fields.append(f"opaque: {json.dumps(' '.join(opaque))}")
        return "{ " + ", ".join(fields) + " }"

    # -- names of user data --------------------------------------------------------------------

    def _opaque_arguments(self) -> tuple[list[str], dict[str, set[str]]]:
        """Names whose contents are sent unchanged: in all operations, and in single operations."""
        everywhere: dict[str, set[bool]] = {}
        single: dict[str, set[str]] = {}
        for operation in self._operations:
            for parameter in operation["parameters"]:
                name, schema = parameter["name"], parameter["schema"]
                fields = dict(self._tree_fields(schema))
                # fields of A2A, which are originally in camel case
                if any(field != snake_case(camel_case(field)) for field in fields):
                    single.setdefault(operation["name"], set()).add(name)
                    continue
                for field, value in {**fields, name: schema}.items():
                    kind = self._content(value)
                    if kind in ("opaque", "names"):
                        everywhere.setdefault(field, set()).add(kind == "opaque")
        opaque = sorted(name for name, kinds in everywhere.items() if kinds == {True})
        for name, kinds in everywhere.items():
            if len(kinds) > 1:
                raise ValueError(f"arguments named {name} are free in one operation and the contract's in another")
        return opaque, single

    def _opaque_results(self) -> tuple[list[str], dict[str, set[str]]]:
        everywhere: dict[str, set[bool]] = {}
        places: dict[str, set[str]] = {}
        for operation in self._operations:
            for field, value in self._tree_fields(operation["result"]["schema"]):
                kind = self._content(value)
                if kind == "opaque":
                    everywhere.setdefault(field, set()).add(True)
                    places.setdefault(field, set()).add(operation["name"])
                elif kind == "names" and self._has_snake_names(value):
                    everywhere.setdefault(field, set()).add(False)
        opaque = sorted(name for name, kinds in everywhere.items() if kinds == {True})
        single: dict[str, set[str]] = {}
        for name, kinds in everywhere.items():
            if len(kinds) > 1:
                for operation_name in places[name]:
                    single.setdefault(operation_name, set()).add(name)
        return opaque, single

    def _has_snake_names(self, schema: Schema) -> bool:
        return any(camel_case(field) != field for field, _ in self._tree_fields(schema))

    def _map_fields(self) -> list[str]:
        maps = set()
        for operation in self._operations:
            for field, value in self._tree_fields(operation["result"]["schema"]):
                if self._content(value) == "map":
                    maps.add(field)
        return sorted(maps)

    def _content(self, schema: Schema) -> str:
        """Classify the content of a name: ``scalar``, ``names`` of the contract, ``opaque`` JSON, or a ``map`` of
        objects with names."""
        if (name := reference_name(schema)) is not None:
            if name == JSON_VALUE:
                return "opaque"
            target = self._definitions[name]
            return "scalar" if "enum" in target else "names" if "properties" in target else self._content(target)
        if "anyOf" in schema:
            kinds = {self._content(each) for each in schema["anyOf"]} - {"scalar"}
            return next((kind for kind in ("names", "map", "opaque") if kind in kinds), "scalar")
        if schema.get("type") == "array":
            return self._content(schema.get("items", {}))
        if schema.get("type") == "object":
            values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties") or {}]
            return (
                "map"
                if any(self._content(value) == "names" for value in values if isinstance(value, Mapping))
                else "opaque"
            )
        return "scalar" if schema.keys() & {"type", "const", "enum"} else "opaque"

    def _tree_fields(self, schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Schema]]:
        """Yield every field below a schema, with its schema."""
        if isinstance(schema, list):
            for each in schema:
                yield from self._tree_fields(each, seen)
            return
        if not isinstance(schema, Mapping):
            return
        name = reference_name(schema)
        if name is not None and name not in seen:
            yield from self._tree_fields(self._definitions[name], seen | {name})
        for field, value in schema.get("properties", {}).items():
            yield field, value
            yield from self._tree_fields(value, seen)
        for key in ("anyOf", "items", "additionalProperties"):
            yield from self._tree_fields(schema.get(key), seen)
        yield from self._tree_fields(list(schema.get("patternProperties", {}).values()), seen)


def _vocabulary(name: str, values: Sequence[str], description: str, *, closed: bool) -> str:
    members = "".join(f'  {_constant_name(value)}: "{value}",\n' for value in values)
    kind = f"(typeof {name})[keyof typeof {name}]"
    other = "" if closed else " | (string & {})"
    comment = _comment(description)
    return f"{comment}export const {name} = {{\n{members}}} as const;\n{comment}export type {name} = {kind}{other};\n"


def _service_name(category: str) -> str:
    return pascal_case(category) + "Service"


def _arguments_name(operation: Mapping[str, Any]) -> str:
    return pascal_case(operation["category"]) + pascal_case(operation["action"]) + "Arguments"


def _property_key(field: str) -> str:
    name = camel_case(field)
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)


def _inner_description(schema: Schema) -> str:
    return next((str(each["description"]) for each in schema.get("anyOf", ()) if "description" in each), "")


def _comment(text: str, indent: int = 0) -> str:
    if not text:
        return ""
    margin = " " * indent
    lines = text.replace("*/", "* /").strip().splitlines()
    if len(lines) == 1:
        return f"{margin}/** {lines[0].strip()} */\n"
    body = "".join(f"{margin} * {line.rstrip()}".rstrip() + "\n" for line in lines)
    return f"{margin}/**\n{body}{margin} */\n"


def main(arguments: Sequence[str]) -> int:
    """Write the files, or list the stale ones. Returns the exit code."""
    stale = {path: text for path, text in files().items() if not is_fresh(path, text)}
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `make sdks`.", file=sys.stderr)
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(format_rust(text) if path.suffix == ".rs" else text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
