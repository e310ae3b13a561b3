"""The generated modules of the crate agora-sdk: ``sdk/rust/src/generated``.

The generated text has the tokens of rustfmt's output; :func:`format_rust` applies its layout.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.contract_names import pascal_case, reference_name, snake_case
from scripts.sdk_generator import JSON_VALUE, NOTE, Schema, SdkGenerator

__all__ = ["EDITION", "Rust", "format_rust", "has_same_tokens"]

EDITION = "2024"
KEYWORDS = frozenset(
    # as one string, because a list would have fifty lines
    "as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop match mod move mut "  # noqa: SIM905
    "pub ref return self static struct super trait true type unsafe use where while abstract become box do final macro "
    "override priv try typeof unsized virtual yield".split()
)
#: Operations with a hand-written method, with the arguments of the published examples. The generated method of the same
#: operation, with the required arguments only, has this suffix.
SHAPED = frozenset(
    {
        "agora.messaging.send",
        "agora.messaging.subscribe",
        "agora.query.agents",
        "agora.task.list",
        "agora.task.update",
        "agora.workflow.create",
    }
)
CLIPPY_ARGUMENTS = 7  #: limit of a function's arguments, including ``self``
SHAPED_SUFFIX = "_request"
PAGE_FIELDS = ("has_more", "next_cursor")


def format_rust(text: str) -> str:
    """Format the text with rustfmt; unchanged without rustfmt."""
    rustfmt = shutil.which("rustfmt")
    if rustfmt is None:
        return text
    command = [rustfmt, "--edition", EDITION, "--config", "max_width=120"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def has_same_tokens(text: str, other: str) -> bool:
    """Whether two texts differ at most in layout, to check freshness without rustfmt."""
    return _without_layout(text) == _without_layout(other)


def _without_layout(text: str) -> str:
    return re.sub(r",([)}\]>])", r"\1", re.sub(r"\s+", "", text))


@dataclass(frozen=True)
class Kind:
    """A type: its Rust name, the argument type of a setter, and the conversion of the setter's argument."""

    name: str
    argument: str
    conversion: str


def _kind(name: str, argument: str | None = None, conversion: str = "{}") -> Kind:
    return Kind(name, argument or name, conversion)


TEXT = _kind("String", "impl Into<String>", "{}.into()")
INTEGER = _kind("i64")
NUMBER = _kind("f64")
BOOLEAN = _kind("bool")
JSON = _kind("Value", "impl Into<Value>", "{}.into()")


class Rust(SdkGenerator):
    """The generated modules, each as text."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        super().__init__(contract)
        self._default_functions: dict[str, str] = {}
        #: structs that are variants of an argument which is accepted as JSON
        self._union_structs: set[str] = set()
        self._defaulted_structs = {
            name
            for definition in self._definitions.values()
            for field, schema in definition.get("properties", {}).items()
            if field not in definition.get("required", ()) and (name := reference_name(schema)) and name != JSON_VALUE
        }

    # -- types ---------------------------------------------------------------------------------

    def types(self) -> str:
        """Generate structs and enumerations."""
        vocabularies = [
            self._enumeration(each["name"], each["values"], each["description"]) for each in self._vocabularies
        ]
        enumerations = [
            self._enumeration(name, schema["enum"], schema.get("description", ""))
            for name, schema in self._definitions.items()
            if "enum" in schema
        ]
        structs = [self._struct(name, schema) for name, schema in self._definitions.items() if "properties" in schema]
        aliases = [
            f"{_doc(schema.get('description', ''))}pub type {name} = {self._type(schema).name};\n"
            for name, schema in self._definitions.items()
            if name != JSON_VALUE and "enum" not in schema and "properties" not in schema
        ]
        body = "\n".join([*vocabularies, *enumerations, *aliases, *structs])
        head = "use crate::vocabulary::string_enum;\n"
        head += "use serde::{Deserialize, Serialize};\nuse serde_json::Value;\nuse std::collections::BTreeMap;\n"
        pages = "\n".join(
            f"crate::page::page!({name}, {_identifier(items)}: {self._item_type(name, items)});"
            for name, items in sorted(self._pages.items())
        )
        for operation in self._operations:
            for parameter in operation["parameters"]:
                self._type(parameter["schema"])
        conversions = "".join(
            f"\nimpl From<{name}> for Value {{\nfn from(value: {name}) -> Self {{\n"
            "serde_json::to_value(value).unwrap_or_default()\n}\n}\n"
            for name in sorted(self._union_structs)
        )
        return f"{NOTE}\n{head}\n{body}\n{pages}\n{conversions}" + "".join(self._default_functions.values())

    def _item_type(self, page: str, items: str) -> str:
        definition = self._definitions[page]
        missing = [field for field in PAGE_FIELDS if field not in definition["properties"]]
        if missing:
            raise ValueError(f"{page} has no {', '.join(missing)}")
        return self._type(definition["properties"][items]["items"]).name

    def _enumeration(self, name: str, values: Sequence[str], description: str) -> str:
        prefix = _common_prefix(values)
        variants = "".join(
            f"        {_variant(value.removeprefix(prefix))} = {json.dumps(value)},\n" for value in values
        )
        default = _variant(self._default_of(name, values).removeprefix(prefix))
        doc = textwrap.indent(_doc(description), "    ")
        return f"string_enum! {{\n{doc}    pub enum {name}, default {default} {{\n{variants}    }}\n}}\n"

    def _default_of(self, name: str, values: Sequence[str]) -> str:
        """Return the default of an enumeration field that an older server omits: one value in the whole contract."""
        defaults = {
            schema["default"]
            for definition in self._definitions.values()
            for field, schema in definition.get("properties", {}).items()
            if reference_name(schema) == name and schema.get("default") is not None
        }
        if len(defaults) > 1:
            raise ValueError(f"{name} has several defaults: {', '.join(sorted(defaults))}")
        return str(next(iter(defaults), values[0]))

    def _struct(self, name: str, schema: Schema) -> str:
        is_open = bool(schema.get("additionalProperties"))
        is_sparse = is_open or name in self._input_names
        fields = "".join(
            self._field(field, value, required=field in schema.get("required", ()), is_sparse=is_sparse)
            for field, value in schema["properties"].items()
        )
        if is_open:
            fields += "/// Further members.\n#[serde(flatten)]\npub extra: serde_json::Map<String, Value>,\n"
        derives = ["Debug", "Clone", "PartialEq", "Serialize", "Deserialize"]
        if name in self._defaulted_structs and not is_sparse:
            derives.insert(2, "Default")
        doc = _doc(schema.get("description", "") or f"{name}, as the contract has it.")
        text = f"{doc}#[derive({', '.join(derives)})]\n#[non_exhaustive]\npub struct {name} {{\n{fields}}}\n"
        return text + ("\n" + self._constructor(name, schema, is_open=is_open) if is_sparse else "")

    def _field(self, field: str, schema: Schema, *, required: bool, is_sparse: bool) -> str:
        kind = self._field_type(field, schema)
        attributes = []
        name = snake_case(field)
        if name != field:
            attributes.append(f"rename = {json.dumps(field)}")
        if not required:
            if is_sparse:
                kind = _optional(kind)
                attributes.append('skip_serializing_if = "Option::is_none"')
            elif (default := self._default(kind, schema)) is not None:
                attributes.append(default)
        attribute = f"#[serde({', '.join(attributes)})]\n" if attributes else ""
        doc = _doc(schema.get("description") or f"`{field}`.")
        return f"{doc}{attribute}pub {_identifier(name)}: {kind.name},\n"

    def _default(self, kind: Kind, schema: Schema) -> str | None:
        """Return the attribute with the default of a field that an older server omits."""
        if kind.name.startswith("Option<"):
            return None  # serde reads a missing one as None
        default = schema.get("default")
        if not default or not isinstance(default, str | int | float) or reference_name(schema) is not None:
            return "default"
        match kind.name:
            case "String":
                literal = f"String::from({json.dumps(default)})"
            case "f64":
                literal = repr(float(default))
            case kind_name if kind_name in self._open_fields.values():
                literal = f"{json.dumps(default)}.into()"
            case _:
                literal = json.dumps(default)
        name = "default_" + re.sub(r"\W+", "_", f"{kind.name}_{default}").lower()
        self._default_functions[name] = f"\nfn {name}() -> {kind.name} {{\n{literal}\n}}\n"
        return f'default = "{name}"'

    def _constructor(self, name: str, schema: Schema, *, is_open: bool) -> str:
        """Generate the constructor of a struct that callers create: ``new`` with required fields, a method for each
        other field."""
        required = [field for field in schema["properties"] if field in schema.get("required", ())]
        arguments, values = [], []
        setters = []
        for field, value in schema["properties"].items():
            kind, identifier = self._field_type(field, value), _identifier(snake_case(field))
            if field in required:
                arguments.append(f"{identifier}: {kind.argument}")
                converted = kind.conversion.format(identifier)
                values.append(identifier if converted == identifier else f"{identifier}: {converted}")
            else:
                values.append(f"{identifier}: None")
                value_of = kind.conversion.format(identifier)
                setters.append(
                    f"{_doc(value.get('description') or f'Set `{field}`.')}#[must_use]\n"
                    f"pub fn {identifier}(mut self, {identifier}: {kind.argument}) -> Self {{\n"
                    f"self.{identifier} = Some({value_of});\nself\n}}\n"
                )
        if is_open:
            values.append("extra: serde_json::Map::new()")
        new = (
            f"/// One with what is required of it.\n#[must_use]\n{_allow_arguments(arguments)}"
            f"pub fn new({', '.join(arguments)}) -> Self {{\n"
            f"Self {{ {', '.join(values)} }}\n}}\n"
        )
        default = ""
        if not required:
            default = f"impl Default for {name} {{\nfn default() -> Self {{\nSelf::new()\n}}\n}}\n\n"
        return default + f"impl {name} {{\n" + "\n".join([new, *setters]) + "}\n"

    def _field_type(self, name: str, schema: Schema) -> Kind:
        vocabulary = self._open_fields.get(name)
        if vocabulary is not None and schema.get("type") == "string":
            return _kind(vocabulary, f"impl Into<{vocabulary}>", "{}.into()")
        return self._type(schema)

    def _type(self, schema: Schema) -> Kind:
        name = reference_name(schema)
        if name == JSON_VALUE:
            return JSON
        if name is not None:
            if "enum" in self._definitions[name]:
                return _kind(name, f"impl Into<{name}>", "{}.into()")
            return _kind(name)
        if "anyOf" in schema:
            return self._union_type(schema["anyOf"])
        match schema.get("type"):
            case "string":
                return TEXT
            case "integer":
                return INTEGER
            case "number":
                return NUMBER
            case "boolean":
                return BOOLEAN
            case "array":
                return _list_of(self._type(schema.get("items", {})))
            case "object":
                return self._map_type(schema)
        if "const" in schema or "enum" in schema:
            raise ValueError(f"a constant without a type: {schema}")
        return JSON

    def _union_type(self, members: Sequence[Schema]) -> Kind:
        values = [each for each in members if each.get("type") != "null"]
        kinds = list({kind.name: kind for kind in map(self._type, values)}.values())
        if len(kinds) == 2 and kinds[1].name == f"Vec<{kinds[0].name}>":
            item = kinds[0].name
            kind = _kind(f"OneOrMany<{item}>", f"impl Into<OneOrMany<{item}>>", "{}.into()")
        else:
            kind = kinds[0] if len(kinds) == 1 else JSON
            if kind is JSON:
                self._union_structs.update(
                    name for each in values if (name := reference_name(each)) in self._input_names
                )
        return _optional(kind) if len(values) < len(members) else kind

    def _map_type(self, schema: Schema) -> Kind:
        members = [*schema.get("patternProperties", {}).values(), *filter(None, [schema.get("additionalProperties")])]
        kinds = {kind.name: kind for kind in (JSON if each is True else self._type(each) for each in members)}
        if len(kinds) != 1 or "Value" in kinds:
            return JSON
        (kind,) = kinds.values()
        argument = f"impl IntoIterator<Item = (impl Into<String>, {kind.argument})>"
        pair = f"|(name, value)| (name.into(), {kind.conversion.format('value')})"
        return _kind(f"BTreeMap<String, {kind.name}>", argument, f"{{}}.into_iter().map({pair}).collect()")

    # -- errors --------------------------------------------------------------------------------

    def errors(self) -> str:
        """Generate a variant for each code, more general ones first."""
        lines = []
        for each in self._errors:
            parent = "" if each["parent"] is None else pascal_case(each["parent"])
            lines.append(
                f"    /// {each['title']}: `{each['code']}`, HTTP {each['status']}.\n"
                f"    {pascal_case(each['code'])} = ({json.dumps(each['code'])}, {each['status']}"
                f"{f', {parent}' if parent else ''}),\n"
            )
        common = ", ".join(f"Self::{pascal_case(code)}" for code in self._common_errors)
        return (
            f"{NOTE}\ncrate::error::errors! {{\n{''.join(lines)}}}\n\n"
            "impl ErrorKind {\n    /// What any operation may answer.\n"
            f"    pub const COMMON: &'static [Self] = &[{common}];\n}}\n"
        )

    # -- operations ----------------------------------------------------------------------------

    def operations(self) -> str:
        """Generate a type for each operation, with a setter for each of its parameters."""
        body = "\n".join(map(self._operation, self._operations))
        head = (
            "use super::types::*;\nuse crate::operation::operation;\nuse crate::request::{Request, StreamRequest};\n"
            "use crate::vocabulary::OneOrMany;\nuse serde_json::Value;\nuse std::collections::BTreeMap;\n"
        )
        return f"{NOTE}\n{head}\n{body}"

    def _operation(self, operation: Mapping[str, Any]) -> str:
        self._check_route(operation)
        name, result = _operation_name(operation), self._type(operation["result"]["schema"]).name
        path = f"{operation['category']}/{operation['action']}"
        flags = []
        is_change = operation["kind"] in ("command", "relay")
        # An answer with a secret is lost with its connection, unless the retry has the same key.
        if is_change and (not operation["idempotent"] or operation["result"]["secrets"]):
            flags.append("keyed")
        if operation["result"]["items"]:
            names = {parameter["name"] for parameter in operation["parameters"]}
            by = next((each for each in ("cursor", "offset") if each in names), None)
            if by is not None:
                flags.append(f"paged_by_{by}")
        kind = operation["kind"].capitalize()
        declaration = (
            f"operation! {{\n    /// Marks requests of `{operation['name']}`.\n"
            f"    pub {name} => {result}, {kind}, {json.dumps(path)}, [{', '.join(map(pascal_case, self._own_errors(operation)))}]"
            f"{''.join(f', {flag}' for flag in flags)};\n}}\n"
        )
        setters = [self._setter(parameter) for parameter in operation["parameters"] if not parameter["required"]]
        if not setters:
            return declaration
        request = "StreamRequest" if operation["result"]["stream"] else "Request"
        doc = f"/// Optional arguments of `{operation['name']}`.\n"
        return f"{declaration}\n{doc}impl {request}<{name}> {{\n" + "\n".join(setters) + "}\n"

    def _setter(self, parameter: Mapping[str, Any]) -> str:
        kind = self._field_type(parameter["name"], parameter["schema"])
        identifier = _identifier(parameter["name"])
        description = parameter["description"] or _inner_description(parameter["schema"])
        return (
            f"{_doc(description or 'Set `' + parameter['name'] + '`.')}"
            f"pub fn {identifier}(self, {identifier}: {kind.argument}) -> Self {{\n"
            f"self{_with(parameter['name'], identifier, kind)}\n}}\n"
        )

    def services(self) -> str:
        """Generate a struct for each category of operations, with a method for each of them."""
        categories: dict[str, list[Mapping[str, Any]]] = {}
        for operation in self._operations:
            categories.setdefault(operation["category"], []).append(operation)
        texts, accessors = [], []
        for category, operations in categories.items():
            service = f"{pascal_case(category)}Service"
            methods = "\n".join(map(self._method, operations))
            texts.append(
                f"/// Operations of the category `{category}`: see [`AgoraClient::{category}`].\n"
                f"#[derive(Debug, Clone, Copy)]\npub struct {service}<'a> {{\npub(crate) client: &'a AgoraClient,\n}}\n\n"
                f"impl {service}<'_> {{\n{methods}}}\n"
            )
            accessors.append(
                f"/// Operations of the category `{category}`.\n#[must_use]\n"
                f"pub fn {category}(&self) -> {service}<'_> {{\n{service} {{ client: self }}\n}}\n"
            )
        accessors_text = "\n".join(accessors)
        texts.append(f"/// The operations of the marketplace, by category.\nimpl AgoraClient {{\n{accessors_text}}}\n")
        head = (
            "use super::operations::*;\nuse super::types::*;\nuse crate::client::AgoraClient;\n"
            "use crate::request::{Request, StreamRequest};\nuse crate::vocabulary::OneOrMany;\nuse serde_json::Value;\n"
        )
        return f"{NOTE}\n{head}\n" + "\n".join(texts)

    def _method(self, operation: Mapping[str, Any]) -> str:
        name = _operation_name(operation)
        request = "StreamRequest" if operation["result"]["stream"] else "Request"
        required = [parameter for parameter in operation["parameters"] if parameter["required"]]
        action = _identifier(operation["action"])
        if operation["name"] in SHAPED:
            action = operation["action"] + SHAPED_SUFFIX
        arguments, calls = ["&self"], ""
        for parameter in required:
            kind = self._field_type(parameter["name"], parameter["schema"])
            identifier = _identifier(parameter["name"])
            arguments.append(f"{identifier}: {kind.argument}")
            calls += _with(parameter["name"], identifier, kind)
        errors = ", ".join(f"`{code}`" for code in self._own_errors(operation)) or "none"
        parts = [operation["description"]]
        described = [f"- `{each['name']}`: {each['description']}" for each in required if each["description"]]
        if described:
            parts.append("\n".join(described))
        parts.append(f"Errors beside those of any operation: {errors}.")
        deprecated = "#[deprecated]\n" if operation["lifecycle"]["status"] == "deprecated" else ""
        return (
            f"{_doc(chr(10).join(each + chr(10) for each in parts).strip())}{deprecated}{_allow_arguments(arguments)}"
            f"pub fn {action}({', '.join(arguments)}) -> {request}<{name}> {{\n"
            f"{request}::new(self.client){calls}\n}}\n"
        )

    @staticmethod
    def _check_route(operation: Mapping[str, Any]) -> None:
        path = f"/agora/{operation['category']}/{operation['action']}"
        method = "POST" if operation["kind"] in ("command", "relay") else "GET"
        if {"method": method, "path": path, "path_parameters": []} not in operation["routes"]:
            raise ValueError(f"{operation['name']} has no route {method} {path}")


def _list_of(kind: Kind) -> Kind:
    argument = f"impl IntoIterator<Item = {kind.argument}>"
    if kind.conversion == "{}":
        return _kind(f"Vec<{kind.name}>", argument, "{}.into_iter().collect()")
    convert = "Into::into" if kind.conversion == "{}.into()" else f"|item| {kind.conversion.format('item')}"
    return _kind(f"Vec<{kind.name}>", argument, f"{{}}.into_iter().map({convert}).collect()")


def _optional(kind: Kind) -> Kind:
    """Make the type optional; a setter takes the plain value, because unset arguments are not sent."""
    return kind if kind.name.startswith("Option<") else _kind(f"Option<{kind.name}>", kind.argument, kind.conversion)


def _with(name: str, identifier: str, kind: Kind) -> str:
    """Generate the call that adds a setter's argument to a request."""
    value = kind.conversion.format(identifier)
    if value == identifier:
        return f".with({json.dumps(name)}, {value})"
    target = kind.name[len("Option<") : -1] if kind.name.startswith("Option<") else kind.name
    return f".with::<{target}>({json.dumps(name)}, {value})"


def _operation_name(operation: Mapping[str, Any]) -> str:
    return pascal_case(operation["category"]) + pascal_case(operation["action"]) + "Operation"


def _variant(value: str) -> str:
    return pascal_case(re.sub(r"\W", "_", value).lower())


def _common_prefix(values: Sequence[str]) -> str:
    """Find the common prefix of an enumeration's values, such as ``ROLE_``, which is dropped from its variants."""
    first, prefix = values[0].split("_"), ""
    while len(first) > 1 and all(value.startswith(f"{prefix}{first[0]}_") for value in values) and len(values) > 1:
        prefix += f"{first.pop(0)}_"
    return prefix


def _allow_arguments(arguments: list[str]) -> str:
    """Return the attribute for a function with more arguments than Clippy allows: those that the operation requires."""
    return "#[allow(clippy::too_many_arguments)]\n" if len(arguments) > CLIPPY_ARGUMENTS else ""


def _identifier(name: str) -> str:
    return f"r#{name}" if name in KEYWORDS else name


def _inner_description(schema: Schema) -> str:
    return next((str(each["description"]) for each in schema.get("anyOf", ()) if "description" in each), "")


def _doc(text: str) -> str:
    """Build a documentation comment; text that Markdown would interpret as links or HTML is escaped."""
    text = re.sub(r"``(.+?)``", r"`\1`", text.strip())
    parts = re.split(r"(`[^`]*`)", text)
    text = "".join(part if part.startswith("`") else re.sub(r"([\[\]<>])", r"\\\1", part) for part in parts)
    text = re.sub(r"(?<![<(`])(https?://[^\s)`,;]*[^\s)`,;.])", r"<\1>", text)
    return "".join(f"/// {line.rstrip()}".rstrip() + "\n" for line in text.splitlines())
