"""Routes of A2A: agents, the front agent, and HTTP+JSON (section 11.3 of A2A 1.0, 3.5.6 of 0.3).

==================================================  ====================================================
``POST /``, ``POST /a2a/{agent}``                   JSON-RPC, with or without a trailing slash
``/message:send``, ``/tasks/...``, ...              HTTP+JSON 1.0, at the root and below an agent
``/v1/message:send``, ``/v1/tasks/...``, ...        HTTP+JSON 0.3, likewise
``/.well-known/agent-card.json``                    the card, likewise; ``agent.json`` is its older name
``/.well-known/ai-catalog.json``                    the cards of all agents
``POST /ard/search``                                search of the catalog, if enabled by the settings
``/.well-known/jwks.json``                          the key that signs cards
==================================================  ====================================================
"""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope
from agora.protocols.query_string import decode_path_segment
from agora.value_classes import value_class
from agora_sdk.errors import MethodNotAllowed

__all__ = [
    "ARD_PATH",
    "CARD_PATHS",
    "CATALOG_PATH",
    "JWKS_PATH",
    "AgentPath",
    "ResourceCall",
    "find_resource_call",
    "owns_request",
    "split_agent_path",
]

AGENTS_PREFIX: Final = "/a2a/"
CARD_PATHS: Final = ("/.well-known/agent-card.json", "/.well-known/agent.json")
CATALOG_PATH: Final = "/.well-known/ai-catalog.json"
JWKS_PATH: Final = "/.well-known/jwks.json"
ARD_PATH: Final = "/ard/"
LEGACY_PREFIX: Final = "/v1"
_PREFIXES: Final = (
    AGENTS_PREFIX,
    "/message:",
    "/tasks",
    "/extendedAgentCard",
    "/v1/message",
    "/v1/tasks",
    "/v1/card",
    *CARD_PATHS,
    CATALOG_PATH,
    JWKS_PATH,
    ARD_PATH,
)

#: A2A methods by path below the agent's and HTTP method
_FIXED_ROUTES: Final = {
    "/message:send": {"POST": "SendMessage"},
    "/message:stream": {"POST": "SendStreamingMessage"},
    "/tasks": {"GET": "ListTasks"},
    "/extendedAgentCard": {"GET": "GetExtendedAgentCard"},
}
_TASK_METHODS: Final = {"GET": "GetTask"}
_TASK_ACTION_METHODS: Final = {
    "cancel": {"POST": "CancelTask"},
    "subscribe": {"POST": "SubscribeToTask", "GET": "SubscribeToTask"},
}
_CONFIG_LIST_METHODS: Final = {"POST": "CreateTaskPushNotificationConfig", "GET": "ListTaskPushNotificationConfigs"}
_CONFIG_METHODS: Final = {"GET": "GetTaskPushNotificationConfig", "DELETE": "DeleteTaskPushNotificationConfig"}


def owns_request(scope: Scope) -> bool:
    """Whether a request belongs to A2A. A double slash between base URL and path counts as one."""
    path: str = scope["path"]
    # Only POST: GET / leads people to the monitor.
    return path.startswith(_PREFIXES) or (path == "/" and scope["method"] == "POST") or path[:2] == "//"


@value_class
class AgentPath:
    """An agent (None: the front agent) and the percent-encoded path below it."""

    agent: str | None
    path: str


@value_class
class ResourceCall:
    """The method of an HTTP+JSON request. legacy: of 0.3. parameters: from the path."""

    method: str
    legacy: bool
    parameters: dict[str, str]


def split_agent_path(scope: Scope) -> AgentPath:
    """Split the path into agent and remaining path. Raises MalformedRequest."""
    # Split before it is decoded: an encoded slash belongs to a name.
    raw = scope.get("raw_path")
    path: str = raw.split(b"?", 1)[0].decode("latin-1") if raw else scope["path"]
    path = "/" + path.lstrip("/")
    if not path.startswith(AGENTS_PREFIX):
        return AgentPath(None, path)
    agent, slash, subpath = path.removeprefix(AGENTS_PREFIX).partition("/")
    return AgentPath(decode_path_segment(agent), slash + subpath.lstrip("/"))


def find_resource_call(http_method: str, path: str) -> ResourceCall | None:
    """Find the route of an HTTP+JSON path; None if there is none. Raises MethodNotAllowed."""
    legacy = path.startswith(LEGACY_PREFIX + "/")
    subpath = path.removeprefix(LEGACY_PREFIX) if legacy else path
    if legacy and subpath == "/card":
        subpath = "/extendedAgentCard"
    methods, parameters = _match_resource_path(subpath)
    if methods is None:
        return None
    a2a_method = methods.get(http_method)
    if a2a_method is None:
        allowed = sorted(methods)
        raise MethodNotAllowed(f"{http_method} is not possible here.", fix=f"Use {allowed[0]}.", allowed=allowed)
    return ResourceCall(a2a_method, legacy, parameters)


def _match_resource_path(path: str) -> tuple[dict[str, str] | None, dict[str, str]]:
    if path in _FIXED_ROUTES:
        return _FIXED_ROUTES[path], {}
    parts = path.split("/")[1:]
    if parts[0] != "tasks" or not all(parts):
        return None, {}
    if len(parts) == 2:
        # A task id may contain a colon: only a known action after the last one is an action.
        id, colon, action = parts[1].rpartition(":")
        if colon and action in _TASK_ACTION_METHODS:
            return _TASK_ACTION_METHODS[action], {"id": decode_path_segment(id)}
        return _TASK_METHODS, {"id": decode_path_segment(parts[1])}
    if parts[2] != "pushNotificationConfigs" or len(parts) > 4:
        return None, {}
    parameters = {"taskId": decode_path_segment(parts[1])}
    return (
        (_CONFIG_LIST_METHODS, parameters)
        if len(parts) == 3
        else (_CONFIG_METHODS, parameters | {"id": decode_path_segment(parts[3])})
    )
