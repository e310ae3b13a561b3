"""Generated commands: each operation of the contract as ``agora {category} {action}``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

import typer
import typer.main

from agora_sdk.contract import Exposure, Kind, Lifecycle, Operation, Service, operations
from agora_sdk.errors import NotFound

from .arguments import Field, gather_arguments, list_operation_fields, parse_document
from .command_class import Application
from .session import Session, client_command
from .tables import find_table_columns
from .watch import follow_events

__all__ = [
    "build_command",
    "call_operation_and_print",
    "extract_json_argument",
    "format_help_text",
    "list_categories",
    "map_commands_to_operations",
    "resolve_operation",
]

#: Options may be written with underscores, like the parameters.
SETTINGS = {"token_normalize_func": lambda token: token.replace("_", "-")}
#: Names of global parameters that an operation may use, too: the option keeps its name, the Python argument is renamed.
ARGUMENT_NAMES = {
    name: f"{name}_argument" for name in ("json", "url", "token", "tenant", "session", "values", "context")
}


def list_categories() -> dict[str, str]:
    """Map the names of command groups to the descriptions of their categories."""
    return {name.replace("_", "-"): Service.declared.about(name) for name in Service.declared}


def map_commands_to_operations(category: str) -> dict[str, Operation]:
    """Map command names to the operations of a category. category: name of its command group."""
    declared = Service.declared.operations(category.replace("-", "_")).values()
    return {each.action.replace("_", "-"): each for each in declared if each.exposure is not Exposure.TEST}


def build_command(
    operation: Operation, base: dict[str, Any] | None = None, *, run: Callable[..., None] | None = None
) -> Any:
    """Build the command of an operation; ``base`` and ``run`` as in :func:`build_operation_function`."""
    app = Application(add_completion=False)
    app.command(
        operation.action.replace("_", "-"),
        help=format_help_text(build_operation_help(operation)),
        context_settings=SETTINGS,
        deprecated=operation.lifecycle_on(datetime.now(UTC).date()) is Lifecycle.DEPRECATED,
    )(build_operation_function(operation, base, run=run))
    return typer.main.get_command(app)


def build_operation_help(operation: Operation) -> str:
    """Build the help text of an operation's command."""
    routes = ", ".join(f"{route.method} {route.path}" for route in operation.routes)
    return f"{operation.description}\n\nOperation {operation.name}@{operation.version}: {routes}"


def build_operation_function(
    operation: Operation,
    base: dict[str, Any] | None = None,
    *,
    run: Callable[..., None] | None = None,
    more: Sequence[inspect.Parameter] = (),
) -> Callable[..., None]:
    """Build the function of an operation's command. base: arguments that are already set.

    run: called with the session, the operation, its arguments and the options ``more``; default: :func:`call_operation_and_print`.
    """
    fields = list_operation_fields(operation)
    free = [field for field in fields if field.positional]

    def run_command(session: Session, values: Any = None, **options: Any) -> None:
        provided = {field.name: options.get(ARGUMENT_NAMES.get(field.name, field.name)) for field in fields}
        own_options = {parameter.name: options[parameter.name] for parameter in more}
        (run or call_operation_and_print)(
            session, operation, gather_arguments(fields, values or (), provided, base), **own_options
        )

    parameters = [inspect.Parameter("session", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Session)]
    if free:
        usage = " ".join(field.name.upper() if field.required else f"[{field.name.upper()}]" for field in free)
        note = "Values in this order, or by option; or the whole as @FILE.json."
        values = Annotated[list[str] | None, typer.Argument(help=note, metavar=usage, show_default=False)]
        parameters.append(_build_keyword_parameter("values", values))
    parameters += [
        _build_keyword_parameter(ARGUMENT_NAMES.get(field.name, field.name), _build_field_option(field))
        for field in fields
    ]
    parameters += more
    run_command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run_command.__annotations__ = {p.name: p.annotation for p in parameters}
    run_command.__name__, run_command.__doc__ = operation.attribute, format_help_text(operation.description)
    return client_command(run_command)


def _build_keyword_parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _build_field_option(field: Field) -> Any:
    note = format_help_text(field.description) + (" (required)" if field.required else "")
    names = (field.option, f"--no-{field.option[2:]}") if field.kind == "boolean" else (field.option,)
    option_names = "/".join(names)
    metavar = {"object": "KEY=VALUE|JSON|@FILE", "json": "JSON|TEXT|@FILE"}.get(field.kind)
    return Annotated[field.annotation, typer.Option(option_names, help=note, show_default=False, metavar=metavar)]


def call_operation_and_print(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    """Call an operation and print its result."""

    def call_operation(client: Any) -> Any:
        return getattr(getattr(client, operation.category), operation.attribute)(**arguments)

    if operation.kind is Kind.STREAM:
        follow_events(session, call_operation(session.client))
        return
    # Only these fall back to the admin token of this machine: no other call should gain rights by it.
    operator = operation.exposure is Exposure.OPERATOR
    result = session.call_as_operator(call_operation) if operator else call_operation(session.client)
    session.out.print_result(result, find_table_columns(result))


def resolve_operation(name: str) -> Operation:
    """Find an operation by its canonical name, with or without ``agora.``, or by an alias.

    Raises NotFound with similar names.
    """

    short, _, version = name.removeprefix("agora.").partition("@")
    by_name: dict[str, Operation] = {}
    for operation in operations():
        for each in (f"{operation.category}.{operation.action}", *operation.aliases):
            if not version or operation.version == version:
                by_name[each] = operation
    if short in by_name:
        return by_name[short]
    similar_names = get_close_matches(short, by_name, 3, 0.5)
    fix = f"Did you mean {' or '.join(similar_names)}?" if similar_names else "'agora services' lists all operations."
    raise NotFound(f"There is no operation {name!r}.", fix=fix)


def extract_json_argument(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any] | None]:
    """Extract ``--json OBJECT`` from the arguments; a ``--json`` without an object is kept and selects JSON output."""
    remaining_arguments, document = list(arguments), None
    for at, argument in enumerate(remaining_arguments[:-1]):
        # The meaning of --json depends on the next word, which the option parser cannot express.
        if argument == "--json" and remaining_arguments[at + 1].startswith(("{", "@")):
            document = parse_document(remaining_arguments[at + 1])
            del remaining_arguments[at + 1]
            break
    return remaining_arguments, document


def format_help_text(text: str) -> str:
    """Format a docstring for typer: a line for each paragraph, so that they are wrapped to the terminal's width, code in
    single backticks, as in error messages, and no markup."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    return "\n\n".join(paragraphs).replace("``", "`").replace("[", "\\[")
