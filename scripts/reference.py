"""Write the generated reference pages. Usage: reference.py [--check]

``docs/reference/{operations,settings,errors,cli}.md`` are generated from the contract, the settings, the error classes
and the command line. ``--check`` writes nothing and fails if a page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from agora.cli.command_class import describe_arguments
from agora.cli.session import PANEL as CONNECTION
from agora.core.runtime_settings import CHANGEABLE_SETTINGS
from agora.settings import PREFIX, UNPREFIXED_VARIABLES, Settings
from agora.settings.legacy_names import RENAMED_SETTINGS
from agora_sdk.contract import Exposure, Operation, Service, operations
from agora_sdk.contract.export import contract_document
from agora_sdk.errors import BY_CODE, AgoraError

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.contract_names import common_error_codes

__all__ = ["commands_of", "main", "pages"]

DIRECTORY = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by scripts/reference.py: change the code it describes, then run `make reference`. -->"
FACTS = {"idempotent": "idempotent", "destructive": "destructive", "during_halt": "works during a halt"}

Row = Sequence[object]


def pages() -> dict[str, str]:
    """Build the text of every generated page by name."""
    return {
        "operations.md": _page(_operations()),
        "settings.md": _page(_settings()),
        "errors.md": _page(_errors()),
        "cli.md": _page(_cli()),
    }


def _page(lines: Iterable[str]) -> str:
    return "\n".join([NOTE, "", *lines]).rstrip("\n") + "\n"


def _table(titles: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield "| " + " | ".join(map(str, titles)) + " |"
    yield "|" + " --- |" * len(titles)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


# -- operations --------------------------------------------------------------------------------------


def _operations() -> Iterator[str]:
    contract = contract_document(operations(), BY_CODE)
    shown = [found for found in operations() if found.exposure is not Exposure.TEST]
    exported = {(found["name"], found["version"]): found for found in contract["operations"]}
    common = common_error_codes(contract["operations"])
    yield from (
        "# Operations",
        "",
        "All operations of the marketplace, generated from the contract. The arguments are the same over REST, WebSocket, the",
        "SDK (`client.messaging.send(...)`) and the command line (`agora messaging send`). Parameters above the row `*` may be",
        "given by position in the SDK and on the command line. Unknown fields are rejected. GET takes its arguments from the",
        "query string (lists as repeated keys or separated by commas), other methods from a JSON body; names in braces are",
        "part of the path.",
        "",
        f"Any operation may return {_code_list(common)}. Each operation lists its",
        "additional [errors](errors.md).",
        "",
    )
    for category, service in Service.declared.items():
        mine = [found for found in shown if found.category == category]
        if mine:
            yield from (f"## {category}", "", service.__doc__ or "", "")
        for found in mine:
            yield from _operation(found, exported[found.name, found.version], common)
    yield from _types(contract["definitions"])


def _code_list(codes: Sequence[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes) or "none besides the common ones"


def _operation(found: Operation, exported: Mapping[str, Any], common: Sequence[str]) -> Iterator[str]:
    version = "" if found.version == "1.0.0" else f" {found.version}"
    routes = ", ".join(f"`{route.method} {route.path}`" for route in found.routes)
    facts = [found.kind.value, *(text for name, text in FACTS.items() if exported[name])]
    yield from (f"### {found.name}{version}", "", found.description, "")
    yield f"- Routes: {routes}"
    yield f"- Scope: {f'`{found.scope}`' if found.scope else 'none'}; {', '.join(facts)}"
    if found.deprecation_date:
        yield f"- Deprecated from {found.deprecation_date}, ends on {found.sunset_date}; use `{found.replacement}`"
    stream = " (a stream of them)" if exported["result"]["stream"] else ""
    yield f"- Returns: {_type(exported['result']['schema'])}{stream}"
    yield f"- Errors: {_code_list([code for code in exported['errors'] if code not in common])}"
    yield ""
    if exported["parameters"]:
        yield from _table(("Parameter", "Type", "Default", "Meaning"), _parameters(exported["parameters"]))


def _parameters(parameters: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    by_position = True
    for parameter in parameters:
        if by_position and not parameter["positional"] and parameter is not parameters[0]:
            yield ("`*`", "", "", "")
        by_position = parameter["positional"]
        default = "required" if parameter["required"] else _value(parameter["default"])
        kind = _type(parameter["schema"]).removesuffix(" or null")
        yield (f"`{parameter['name']}`", kind, default, parameter["description"])


def _types(definitions: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Types", "")
    for name, schema in definitions.items():
        if name == "JsonValue":
            continue
        yield from (f"### {name}", "")
        if "enum" in schema:
            yield from (schema.get("description", ""), "", " · ".join(f"`{value}`" for value in schema["enum"]), "")
            continue
        if schema.get("description"):
            yield from (schema["description"], "")
        rows = ((f"`{n}`", _type(field), field.get("description", "")) for n, field in schema["properties"].items())
        yield from _table(("Field", "Type", "Meaning"), rows)


def _type(schema: Mapping[str, Any]) -> str:
    """Describe a JSON schema in words, with its bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema, 'Items')}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"object of {_type(values)}" if isinstance(values, dict) and values else "object"
    return f"{schema.get('format', kind)}{_bounds(schema, 'Length', ' characters')}"


def _bounds(schema: Mapping[str, Any], kind: str, unit: str = "") -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        return f", {'' if low is None else low} to {'' if high is None else high}"
    most = schema.get(f"max{kind}")
    return "" if most is None else f", at most {most}{unit}"


def _value(value: object) -> str:
    if value is None:
        return ""
    return {"": "empty", "True": "true", "False": "false"}.get(str(value), f"`{value}`")


# -- settings ----------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield from (
        "# Settings",
        "",
        "Settings can be given on the command line of `agora serve` (`--log-level debug`), in the environment, or in the file",
        "`agora.toml` in the current directory (`--config` or `AGORA_CONFIG` name another file). The command line takes",
        "precedence over the environment, and the environment over the file. An unknown name in the file or an invalid value",
        "stops the start with an error that names it. An unknown environment variable that begins with `AGORA_` is reported as a",
        "warning in the log, because other programs may set such variables.",
        "",
        "```toml",
        'host = "127.0.0.1"',
        "port = 8080",
        'log_level = "info"',
        "message_lifetime = 604800",
        "```",
        "",
    )
    rows = (_setting(name, field) for name, field in Settings.model_fields.items())
    yield from _table(("Setting", "Environment", "Default", "Values", "Meaning"), rows)
    yield from (
        "## Changing a setting while the server runs",
        "",
        "An operator can change the following settings at run time with `agora.admin.manage` (resource `configuration`; actions",
        "`list`, `get`, `set`, `reset`). A change takes effect at once and persists. `reset` restores the configured value.",
        "",
        ", ".join(f"`{name}`" for name in CHANGEABLE_SETTINGS) + ".",
        "",
        "## Settings of clients",
        "",
        "The SDK and the client commands read `AGORA_URL` (default `http://127.0.0.1:8080`), `AGORA_TOKEN`,",
        "`AGORA_CREDENTIALS` (default `~/.config/agora/credentials.json`) and `AGORA_KEYS` (default: `keys.json` beside it).",
    )


def _setting(name: str, field: FieldInfo) -> Row:
    former = [old for old, new in RENAMED_SETTINGS.items() if new == name]
    plain = [found for found in UNPREFIXED_VARIABLES if found.lower() == name]
    variables = [f"`{variable}`" for variable in (PREFIX + name.upper(), *plain, *former)]
    return (f"`{name}`", "<br>".join(variables), _default(name, field), _values(field), field.description)


def _default(name: str, field: FieldInfo) -> str:
    if name == "data_dir":
        return "`~/.local/share/agora`"
    default = field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
    if default in ("", ()):
        return ""
    return f"`{','.join(map(str, default))}`" if isinstance(default, tuple) else _value(default)


def _values(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    bounds = {name: getattr(item, name) for item in field.metadata for name in ("ge", "le") if hasattr(item, name)}
    if len(bounds) == 2:
        return f"{bounds['ge']} to {bounds['le']}"
    kinds: dict[object, str] = {bool: "true, false", str: "text", SecretStr: "text", Path: "path", Path | None: "path"}
    kinds[tuple[Path, ...]] = "paths, separated by colons"
    return kinds.get(field.annotation, "list, separated by commas")


# -- errors ------------------------------------------------------------------------------------------


def _errors() -> Iterator[str]:
    yield from (
        "# Errors",
        "",
        "All protocols return the same errors. Over HTTP an error is a problem document (RFC 9457, `application/problem+json`)",
        "with `type`, `title`, `status`, `code`, `detail`, and optionally `fix` (how to fix it), `errors` (a list of `field` and",
        "`message`), `retry_after` (seconds; also in the header `Retry-After`), `allowed`, `replacement` and `oldest`. The SDK",
        "raises the class `agora_sdk.errors.NAME`. `code` is stable; the texts may change.",
        "",
        "```json",
        "{",
        '  "type": "urn:agora:error:not_found",',
        '  "title": "Not found",',
        '  "status": 404,',
        '  "code": "not_found",',
        '  "detail": "No agent \'Nobody\' is registered.",',
        '  "fix": "Agents are found with GET /agora/query/agents.",',
        '  "errors": [{"field": "agent_id", "message": "unknown agent"}],',
        '  "instance": "/agents/Nobody"',
        "}",
        "```",
        "",
    )
    titles = ("Code", "SDK class", "HTTP", "JSON-RPC", "WebSocket close", "Exit code", "Meaning")
    yield from _table(titles, (_error(kind) for kind in BY_CODE.values()))
    yield from (
        "## Class hierarchy",
        "",
        "Indented classes are subclasses: `except Conflict` also catches `NameTaken`.",
        "",
        "```text",
        *_tree(AgoraError),
        "```",
        "",
        "## Exit codes of the command line",
        "",
        "0: success. 1: an error of the server or of the command itself. 2: invalid arguments. For others, see the table.",
    )


def _error(kind: type[AgoraError]) -> Row:
    numbers = (kind.status, kind.jsonrpc, kind.close_code, kind.exit_code)
    return (f"`{kind.code}`", f"`{kind.__name__}`", *numbers, kind.title)


def _tree(kind: type[AgoraError], depth: int = 0) -> Iterator[str]:
    yield "  " * depth + kind.__name__
    for child in kind.__subclasses__():
        # an engine's subclasses of StorageUnavailable are not visible to callers
        if child.__module__ == kind.__module__:
            yield from _tree(child, depth + 1)


# -- command line ------------------------------------------------------------------------------------


def commands_of(command: Any, path: tuple[str, ...] = ("agora",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every visible command with its name."""
    if command.hidden:
        return
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands_of(child, (*path, name))


def _cli() -> Iterator[str]:
    from agora.cli.app import build_application

    root = typer.main.get_command(build_application())
    yield from (
        "# Command line",
        "",
        "`agora COMMAND --help` shows the same texts. Arguments of an operation can be given by position or as options: lists",
        "separated by commas or by repeating the option, objects as `key=value`, as JSON or as `@file.json`. The exit codes are",
        "listed with the [errors](errors.md#exit-codes-of-the-command-line).",
        "",
    )
    commands = list(commands_of(root))
    shared = {
        _spelling(option): _plain(option.help or "")
        for _, command in commands
        for option in _options(command)
        if option.rich_help_panel == CONNECTION
    }
    yield from ("Every command that connects to a server also has these options, before or after its name:", "")
    yield from _table(("Option", "Meaning"), shared.items())
    for path, command in commands:
        yield from _command(path, command)


def _command(path: tuple[str, ...], command: Any) -> Iterator[str]:
    depth = min(len(path) + 1, 4)
    usage = " ".join([*path, *describe_arguments(command)])
    yield from ("#" * depth + " " + " ".join(path), "")
    if command.help:
        yield from (_plain(command.help), "")
    if hasattr(command, "commands") and not command.invoke_without_command:
        return
    yield from (f"`{usage}`", "")
    rows = [(_spelling(p), _plain(p.help or "")) for p in _options(command) if p.rich_help_panel != CONNECTION]
    if rows:
        yield from _table(("Option", "Meaning"), rows)


def _options(command: Any) -> list[Any]:
    return [p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help"]


def _spelling(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _plain(text: str) -> str:
    return text.replace("\f", "").replace("\\[", "[").strip()


def main(arguments: Sequence[str], directory: Path = DIRECTORY, texts: Mapping[str, str] | None = None) -> int:
    """Write the pages; with ``--check``, list the stale ones. texts: by name, where they have been built already."""
    stale = []
    for name, text in (pages() if texts is None else texts).items():
        file = directory / name
        if "--check" in arguments:
            if not file.is_file() or file.read_text("utf-8") != text:
                stale.append(name)
        else:
            file.write_text(text, "utf-8")
    for name in stale:
        sys.stderr.write(f"docs/reference/{name} is stale: run 'make reference'\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
