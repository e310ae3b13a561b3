"""Arguments of a v4 reducer call: positional, as JSON text, or as flags.

A reducer has *forms*: lists of names for a number of positional arguments. v4 clients disagree about them (the
published client, the onboarding guide and the migration script each have their own), so the number of arguments
decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from agora.core.call import Call
from agora.core.validation import validate_arguments
from agora.value_classes import value_class
from agora_sdk.contract.fields import JsonObject, Priority
from agora_sdk.errors import InvalidRequest, field_error

__all__ = [
    "MAX_NAME",
    "SIGNATURES",
    "Arguments",
    "parse_arguments",
    "parse_json",
    "parse_object",
    "translate_priority_or_normal",
    "validate_for",
]

MAX_NAME: Final = 200  #: characters of the name of a v4 object
MAX_NAMES: Final = 100  #: per list: each name may register an agent
PRIORITIES: Final[Mapping[float, Priority]] = {
    1: Priority.LOW,
    2: Priority.NORMAL,
    3: Priority.HIGH,
    4: Priority.URGENT,
}


@value_class
class Signature:
    """forms: names of positional arguments. flags: names by flag, if different. required: mandatory arguments."""

    forms: tuple[tuple[str, ...], ...]
    required: tuple[str, ...]
    flags: Mapping[str, str]


def _build_signature_forms(*texts: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(text.split()) for text in texts)


_DOCUMENT: Final = TypeAdapter(JsonObject)
_MESSAGE = ("from_agent", "to_agent", "message_type", "content")
_LONG_MESSAGE = (
    "message_id from_agent to_agent message_type content priority requires_response timeout correlation_id thread "
    "metadata status"
)
_SEND = Signature(
    _build_signature_forms(
        "from_agent to_agent message_type content priority",
        "from_agent to_agent message_type content",
        "message_id from_agent to_agent message_type content priority",
        "from_agent to_agent message_type content priority requires_response correlation_id",
        _LONG_MESSAGE,
    ),
    _MESSAGE,
    {"payload": "content", "thread_id": "correlation_id"},
)
#: reducers by name; the first form of each is the usual one
SIGNATURES: Final[Mapping[str, Signature]] = {
    "register_agent_capability": Signature(
        _build_signature_forms(
            "agent_id capability proficiency max_tasks",
            "agent_id capability proficiency",
            "agent_id capability",
            "agent_id capability description proficiency max_tasks",
        ),
        ("agent_id", "capability"),
        {
            "capability_name": "capability",
            "capability_type": "capability",
            "proficiency_level": "proficiency",
            "max_concurrent_tasks": "max_tasks",
            **dict.fromkeys(
                (
                    "capability_id",
                    "average_completion_time",
                    "success_rate",
                    "resource_requirements",
                    "availability_schedule",
                    "is_active",
                ),
                "",
            ),
        },
    ),
    "register_agent": Signature(
        _build_signature_forms(
            "agent_id agent_name tier status capabilities",
            "agent_id category agent_name metadata",
            "agent_id category status",
            "agent_id category",
            "agent_id",
        ),
        ("agent_id",),
        {"agent_type": "category", "service_tier": "tier"},
    ),
    "send_agent_message": _SEND,
    "send_message": _SEND,
    "assign_task": Signature(
        _build_signature_forms(
            "workflow_id task_type input_data required_capabilities requesting_agent",
            "workflow_id task_type input_data required_capabilities",
            "workflow_id task_type input_data",
            "workflow_id task_type input_data required_capabilities requesting_agent assigned_agent",
        ),
        ("task_type",),
        {"payload": "input_data", "agent_id": "assigned_agent"},
    ),
    "broadcast_to_agents": Signature(
        _build_signature_forms("from_agent message_type content priority", "from_agent message_type content"),
        ("from_agent", "message_type", "content"),
        {"payload": "content"},
    ),
    "start_workflow_coordination": Signature(
        _build_signature_forms(
            "workflow_id coordinator_agent participating_agents coordination_strategy",
            "workflow_id coordinator_agent participating_agents",
            "workflow_id coordinator_agent",
        ),
        ("workflow_id", "coordinator_agent"),
        {"workflow_type": ""},
    ),
    "update_task_progress": Signature(
        _build_signature_forms(
            "assignment_id agent_id progress status_update intermediate_results",
            "assignment_id agent_id progress status_update",
            "assignment_id agent_id progress",
        ),
        ("assignment_id", "agent_id", "progress"),
        {},
    ),
}


@value_class
class Arguments:
    """Raw arguments of one call by name; each reader raises InvalidRequest for an invalid value."""

    reducer: str
    values: Mapping[str, Any]

    def read_text(self, name: str, default: str = "") -> str:
        """Read a text; JSON-quoted text is unquoted, other values become JSON."""
        value = _unquote_json(self.values.get(name))
        if value is None:
            return default
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if "\x00" in text:
            raise _build_wrong_argument_error(self.reducer, name, "has a null character", text)
        return text

    def read_identifier(self, name: str) -> str:
        """Read an identifier of at most 200 characters; empty for none."""
        text = self.read_text(name)
        if len(text) > MAX_NAME:
            raise _build_wrong_argument_error(self.reducer, name, f"has more than {MAX_NAME} characters", text)
        return text

    def read_integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """Read a number rounded to an integer, also from text such as "90"; values outside the bounds are clamped."""
        return round(self.read_number(name, default, minimum, maximum))

    def read_number(self, name: str, default: float, minimum: float, maximum: float) -> float:
        """Read a number, also from text; values outside the bounds are clamped."""
        value = _unquote_json(self.values.get(name))
        if value is None or value == "":
            return default
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise _build_wrong_argument_error(self.reducer, name, "is not a number", value) from None
        # NaN passes float(), and every comparison with the bounds below.
        if number != number:
            raise _build_wrong_argument_error(self.reducer, name, "is not a number", value)
        return min(max(number, minimum), maximum)

    def read_names(self, name: str) -> list[str]:
        """Read a list of names: a JSON list, or text separated by commas."""
        value = parse_json(_unquote_json(self.values.get(name)))
        if value is None or value == "":
            return []
        parts = value if isinstance(value, list) else str(value).split(",")
        names = list(dict.fromkeys(text for part in parts if (text := str(part).strip())))
        if len(names) > MAX_NAMES or any(len(text) > MAX_NAME or "\x00" in text for text in names):
            problem = f"has more than {MAX_NAMES} names, or one of more than {MAX_NAME} characters, or a null character"
            raise _build_wrong_argument_error(self.reducer, name, problem, value)
        return names

    def read_document(self, name: str) -> JsonObject:
        """Read a JSON object; any other value is wrapped as ``value``."""
        return parse_object(_unquote_json(self.values.get(name)), f"args.{name}")


def parse_json(value: Any) -> Any:
    """Parse text that is a JSON list or object; other values are returned unchanged, invalid JSON as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return from_json(value, allow_inf_nan=False)
        except ValueError:
            return value
    return value


def parse_object(value: Any, field: str) -> JsonObject:
    """Parse an object or its JSON text; any other value is wrapped. Raises InvalidRequest if nested too deeply."""
    value = parse_json(value)
    if value is None or value == "":
        return {}
    # v4's payloads were texts of any form; here they are objects.
    document = value if isinstance(value, dict) else {"value": value}
    try:
        return _DOCUMENT.validate_python(document)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InvalidRequest(f"{field}: {problem}", errors=[field_error(field, problem)]) from None


def validate_for(call: Call, operation: str, **arguments: Any) -> dict[str, Any]:
    """Validate arguments of another operation by its contract. Raises InvalidRequest."""
    return validate_arguments(call.context.registry.resolve(operation, None, call.caller.tenant), arguments)


def parse_arguments(reducer: str, args: Sequence[Any]) -> Arguments:
    """Parse the arguments of a reducer call by name. Raises InvalidRequest for an unknown reducer, flag or count."""
    signature = SIGNATURES.get(reducer)
    if signature is None:
        raise InvalidRequest(
            f"Unsupported v4 reducer: {reducer}",
            fix=f"Supported reducers: {', '.join(sorted(SIGNATURES))}.",
            errors=[field_error("reducer", "unknown reducer")],
        )
    values = (
        _read_flags(reducer, signature, args)
        if args and isinstance(args[0], str) and args[0].startswith("--")
        else _read_positions(reducer, signature, args)
    )
    for name in signature.required:
        if values.get(name) in (None, ""):
            raise InvalidRequest(
                f"{reducer} needs {name}.", fix=_format_usage(signature), errors=[field_error("args", f"no {name}")]
            )
    return Arguments(reducer, values)


def translate_priority_or_normal(value: float) -> Priority:
    """Translate v4's priority of 1 to 4; any other number is normal."""
    # An unknown priority is no reason to refuse a v4 message.
    return PRIORITIES.get(value, Priority.NORMAL)


def _read_flags(reducer: str, signature: Signature, args: Sequence[Any]) -> dict[str, Any]:
    names = {name for form in signature.forms for name in form} | set(signature.flags)
    values: dict[str, Any] = {}
    remaining_arguments = list(args)
    while remaining_arguments:
        flag, separator, value = str(remaining_arguments.pop(0)).partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if not flag.startswith("--") or name not in names:
            raise InvalidRequest(
                f"{reducer} takes no {flag[:100]!r}.",
                fix=_format_usage(signature),
                errors=[field_error("args", "unknown flag")],
            )
        if not separator:
            if not remaining_arguments:
                raise InvalidRequest(f"{flag} has no value.", errors=[field_error("args", "a flag without a value")])
            value = remaining_arguments.pop(0)
        values[signature.flags.get(name, name)] = value
    return values


def _read_positions(reducer: str, signature: Signature, args: Sequence[Any]) -> dict[str, Any]:
    # By their number only: v4 sent positions without names, and its clients differ in their order.
    for form in signature.forms:
        if len(form) == len(args):
            return dict(zip(form, args, strict=True))
    numbers = sorted(map(len, signature.forms))
    raise InvalidRequest(
        f"{reducer} takes {', '.join(map(str, numbers[:-1]))} or {numbers[-1]} arguments, not {len(args)}.",
        fix=_format_usage(signature),
        errors=[field_error("args", "a wrong number of arguments")],
    )


def _format_usage(signature: Signature) -> str:
    return f"In this order: {', '.join(signature.forms[0])}; or as flags, --{signature.forms[0][0]} ..."


def _unquote_json(value: Any) -> Any:
    """Unquote a JSON-quoted argument; ``null`` is None."""
    if not isinstance(value, str):
        return value
    # Some v4 clients quote each argument as JSON, others send it plain.
    text = value.strip()
    if text == "null":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return from_json(text)
        except ValueError:
            return value
    return value


def _build_wrong_argument_error(reducer: str, name: str, problem: str, value: Any) -> InvalidRequest:
    return InvalidRequest(
        f"{reducer}: {name} {problem}: {str(value)[:100]!r}.", errors=[field_error(f"args.{name}", problem)]
    )
