"""The methods of A2A: each with its operation, and the conversion of its parameters to the operation's arguments.

The parameters may be those of 1.0 or 0.3: names used by both have the same meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agora.value_classes import value_class
from agora.wire.a2a import tolerant_input
from agora.wire.a2a import v03 as legacy
from agora.wire.a2a.states import TASK_STATES, parse_task_state_or_none
from agora.wire.a2a.tolerant_input import convert_to_json_names, invalid_field, read_count, read_non_empty_text
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["CARD_METHOD", "METHODS", "Method", "find_legacy_method"]

Arguments = dict[str, Any]

CARD_METHOD: Final = "GetExtendedAgentCard"
LEGACY_VERSION: Final = "0.3"  #: the version of notifications for clients of 0.3
SINGLE_CONFIG_ID: Final = "default"  #: id of a push configuration without an id of a 0.3 client


@value_class
class Method:
    """A method of A2A 1.0. read_arguments: converts its parameters to arguments, and is told whether they are of 0.3. streams: over
    SSE."""

    name: str
    operation: str
    read_arguments: Callable[[Mapping[str, Any], bool], Arguments]
    streams: bool = False


def _read_send_message(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    request = tolerant_input.read_send_request(params, legacy=is_legacy)
    message = request["message"]
    arguments: Arguments = {"message": message}
    for member, argument in _CONFIGURATION.items():
        if member in request.get("configuration", ()):
            arguments[argument] = request["configuration"][member]
    # Notifications of one task may go to clients of both versions, so the version is stored with each configuration.
    if is_legacy and "push" in arguments:
        arguments["push"] = {**arguments["push"], "version": LEGACY_VERSION}
    metadata = request.get("metadata")
    if metadata:
        arguments["metadata"] = metadata
    for metadata_part in (metadata, message.get("metadata")):
        skill = (metadata_part.get("skill") or metadata_part.get("skillId")) if metadata_part else None
        if isinstance(skill, str) and skill:
            # The request's own metadata take precedence over the message's.
            arguments.setdefault("skill", skill)
    if "tenant" in request:
        # The "tenant" of A2A is an opaque routing value of the card: here it names the agent, not our tenant.
        arguments["agent"] = request["tenant"]
    return arguments


_CONFIGURATION: Final = {
    "historyLength": "history_length",
    "returnImmediately": "return_immediately",
    "acceptedOutputModes": "accepted_output_modes",
    "taskPushNotificationConfig": "push",
}


def _read_task_id(fields: Mapping[str, Any], *names: str) -> str:
    """Read the id of the task; resource names of Protocol Buffers are accepted."""
    for member in names:
        if member in fields:
            return read_non_empty_text(fields[member], member).removeprefix("tasks/")
    raise invalid_field(names[0], "Field required")


def _read_task_params(params: Mapping[str, Any], *more_names: str) -> tuple[dict[str, Any], Arguments]:
    """Read the parameters with JSON names, and the arguments common to the methods of a task: its id, and the agent.

    more_names: of the member with the task's id, tried first.
    """
    fields = convert_to_json_names(params)
    arguments: Arguments = {"task_id": _read_task_id(fields, *more_names, "id", "taskId", "name")}
    if fields.get("tenant"):
        arguments["agent"] = tolerant_input.read_text(fields["tenant"], "tenant")
    return fields, arguments


def _read_get_task(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields, arguments = _read_task_params(params)
    if "historyLength" in fields:
        length = read_count(fields["historyLength"], "historyLength")
        if length or not is_legacy:  # in Protocol Buffers of 0.3, 0 means no limit
            arguments["history_length"] = length
    return arguments


def _read_cancel_task(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields, arguments = _read_task_params(params)
    if fields.get("metadata"):
        arguments["metadata"] = tolerant_input.read_object(fields["metadata"], "metadata")
    return arguments


def _read_list_tasks(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields = convert_to_json_names(params)
    arguments: Arguments = {}
    for member, argument in (("contextId", "context_id"), ("pageToken", "page_token"), ("tenant", "agent")):
        if fields.get(member):
            arguments[argument] = tolerant_input.read_text(fields[member], member)
    for member, argument in (("pageSize", "page_size"), ("historyLength", "history_length")):
        if member in fields:
            arguments[argument] = read_count(fields[member], member)
    if fields.get("statusTimestampAfter"):
        arguments["status_timestamp_after"] = fields["statusTimestampAfter"]
    if "includeArtifacts" in fields:
        arguments["include_artifacts"] = _read_flag(fields["includeArtifacts"], "includeArtifacts")
    if fields.get("status"):
        state = parse_task_state_or_none(fields["status"])
        if state is None:
            raise invalid_field("status", f"should be one of {', '.join(TASK_STATES[1:])}")
        # TASK_STATE_UNSPECIFIED is the default of Protocol Buffers: no filter.
        if state != TASK_STATES[0]:
            arguments["status"] = state
    return arguments


def _read_flag(value: Any, field: str) -> bool:
    # Query parameters of the HTTP+JSON binding arrive as text.
    flag = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise invalid_field(field, "should be true or false")
    return flag


def _read_create_push_config(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    config = tolerant_input.read_push_config(params, "params")
    fields = convert_to_json_names(params)
    task_id = config.get("taskId") or _require_parent_task_id(fields)
    arguments: Arguments = {"task_id": task_id, "url": config["url"]}
    for member, argument in (("id", "config_id"), ("token", "token"), ("tenant", "agent")):
        if member in config:
            arguments[argument] = config[member]
    if fields.get("configId"):
        arguments.setdefault("config_id", read_non_empty_text(fields["configId"], "configId"))
    if is_legacy:  # in 0.3 the id is needed only for several configurations
        arguments.setdefault("config_id", SINGLE_CONFIG_ID)
        arguments["version"] = LEGACY_VERSION
    if "authentication" in config:
        arguments["authentication"] = config["authentication"]
    return arguments


def _require_parent_task_id(fields: Mapping[str, Any]) -> str:
    if isinstance(fields.get("parent"), str):
        return str(fields["parent"]).removeprefix("tasks/")
    raise invalid_field("taskId", "Field required")


def _read_get_push_config(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields = convert_to_json_names(params)
    if isinstance(fields.get("name"), str) and "/pushNotificationConfigs/" in fields["name"]:
        task_id, _, config_id = fields["name"].removeprefix("tasks/").partition("/pushNotificationConfigs/")
        return {"task_id": task_id, "config_id": config_id}
    if "pushNotificationConfigId" in fields:  # 0.3, where id is the task's id
        config_id_field = fields["pushNotificationConfigId"]
        return {
            "task_id": _read_task_id(fields, "id", "taskId"),
            "config_id": read_non_empty_text(config_id_field, "pushNotificationConfigId"),
        }
    # 0.3 allows only the task's id, for its first configuration (A2AOperations finds it).
    if is_legacy and "taskId" not in fields:
        return {"task_id": _read_task_id(fields, "id")}
    arguments = {"task_id": _read_task_id(fields, "taskId"), "config_id": read_non_empty_text(fields.get("id"), "id")}
    return arguments | ({"agent": tolerant_input.read_text(fields["tenant"], "tenant")} if fields.get("tenant") else {})


def _read_delete_push_config(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    arguments = _read_get_push_config(params, is_legacy)
    if "config_id" not in arguments:
        raise invalid_field("pushNotificationConfigId", "Field required")
    return arguments


def _read_list_push_configs(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields, arguments = _read_task_params(params, "taskId")
    if "pageSize" in fields and (size := read_count(fields["pageSize"], "pageSize")):
        arguments["page_size"] = size
    if fields.get("pageToken"):
        arguments["page_token"] = tolerant_input.read_text(fields["pageToken"], "pageToken")
    return arguments


def _read_get_card(params: Mapping[str, Any], is_legacy: bool) -> Arguments:
    fields = convert_to_json_names(params)
    return {"agent": tolerant_input.read_text(fields["tenant"], "tenant")} if fields.get("tenant") else {}


METHODS: Final[Mapping[str, Method]] = {
    method.name: method
    for method in (
        Method("SendMessage", "agora.a2a.send", _read_send_message),
        Method("SendStreamingMessage", "agora.a2a.send", _read_send_message, streams=True),
        Method("GetTask", "agora.a2a.get", _read_get_task),
        Method("ListTasks", "agora.a2a.list", _read_list_tasks),
        Method("CancelTask", "agora.a2a.cancel", _read_cancel_task),
        Method(
            "SubscribeToTask",
            "agora.a2a.subscribe",
            lambda params, is_legacy: _read_task_params(params)[1],
            streams=True,
        ),
        Method("CreateTaskPushNotificationConfig", "agora.a2a.create_push_config", _read_create_push_config),
        Method("GetTaskPushNotificationConfig", "agora.a2a.get_push_config", _read_get_push_config),
        Method("ListTaskPushNotificationConfigs", "agora.a2a.list_push_configs", _read_list_push_configs),
        Method("DeleteTaskPushNotificationConfig", "agora.a2a.delete_push_config", _read_delete_push_config),
        Method(CARD_METHOD, "agora.a2a.extended_card", _read_get_card),
    )
}


def find_legacy_method(legacy_name: str) -> Method | None:
    """Find the method for a name of 0.3; None if there is none."""
    name = legacy.METHODS.get(legacy_name)
    return METHODS[name] if name else None


def require_params(value: Any) -> Mapping[str, Any]:
    """Return the parameters of a JSON-RPC request, which must be an object if present. Raises InvalidRequest."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(
            "params: should be an object",
            fix="A2A parameters are passed by name, in an object.",
            errors=[field_error("params", "should be an object")],
        )
    return value
