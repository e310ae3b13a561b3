"""Paths of A2A: of an agent, of the front agent, and of HTTP+JSON (section 11.3 of A2A 1.0, 3.5.6 of 0.3).

==================================================  ====================================================
``POST /``, ``POST /a2a/{agent}``                   JSON-RPC, with and without a slash at the end
``/message:send``, ``/tasks/...``, ...              HTTP+JSON 1.0, at the root and below an agent
``/v1/message:send``, ``/v1/tasks/...``, ...        HTTP+JSON 0.3, likewise
``/.well-known/agent-card.json``                    the card, likewise; ``agent.json`` is its older name
``/.well-known/ai-catalog.json``                    every agent's card
``/.well-known/jwks.json``                          the key that cards are signed with
==================================================  ====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from agora.protocols.http import Scope
from agora_sdk.errors import MalformedRequest, MethodNotAllowed

__all__ = ["CARDS", "CATALOGUE", "JWKS", "Address", "Target", "address", "owns", "target"]

AGENTS: Final = "/a2a/"
CARDS: Final = ("/.well-known/agent-card.json", "/.well-known/agent.json")
CATALOGUE: Final = "/.well-known/ai-catalog.json"
JWKS: Final = "/.well-known/jwks.json"
LEGACY: Final = "/v1"
_OURS: Final = (
    AGENTS,
    "/message:",
    "/tasks",
    "/extendedAgentCard",
    "/v1/message",
    "/v1/tasks",
    "/v1/card",
    *CARDS,
    CATALOGUE,
    JWKS,
)

#: path below the agent's to methods of HTTP, and what each means
_FIXED: Final = {
    "/message:send": {"POST": "SendMessage"},
    "/message:stream": {"POST": "SendStreamingMessage"},
    "/tasks": {"GET": "ListTasks"},
    "/extendedAgentCard": {"GET": "GetExtendedAgentCard"},
}
_TASK: Final = {"GET": "GetTask"}
_ACTIONS: Final = {
    "cancel": {"POST": "CancelTask"},
    "subscribe": {"POST": "SubscribeToTask", "GET": "SubscribeToTask"},
}
_CONFIGS: Final = {"POST": "CreateTaskPushNotificationConfig", "GET": "ListTaskPushNotificationConfigs"}
_CONFIG: Final = {"GET": "GetTaskPushNotificationConfig", "DELETE": "DeleteTaskPushNotificationConfig"}


def owns(method: str, path: str) -> bool:
    """Whether a request is A2A's. Clients that put two slashes between an address and a path mean one."""
    return path.startswith(_OURS) or (path == "/" and method == "POST") or path[:2] == "//"


@dataclass(frozen=True, slots=True)
class Address:
    """An agent, None being the front agent, and the path below it, percent-encoded."""

    agent: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a request of HTTP+JSON means. legacy: it is one of 0.3. parameters: what the path says."""

    method: str
    legacy: bool
    parameters: dict[str, str]


def address(scope: Scope) -> Address:
    """Whose address a request came to. Raises MalformedRequest."""
    raw = scope.get("raw_path")
    path: str = raw.split(b"?", 1)[0].decode("latin-1") if raw else scope["path"]
    path = "/" + path.lstrip("/")
    if not path.startswith(AGENTS):
        return Address(None, path)
    agent, slash, rest = path.removeprefix(AGENTS).partition("/")
    return Address(_decoded(agent), slash + rest.lstrip("/"))


def target(http_method: str, path: str) -> Target | None:
    """What a path of HTTP+JSON means; None where there is none. Raises MethodNotAllowed."""
    legacy = path.startswith(LEGACY + "/")
    rest = path.removeprefix(LEGACY) if legacy else path
    if legacy and rest == "/card":
        rest = "/extendedAgentCard"
    methods, parameters = _find(rest)
    if methods is None:
        return None
    found = methods.get(http_method)
    if found is None:
        allowed = sorted(methods)
        raise MethodNotAllowed(f"{http_method} is not possible here.", fix=f"Use {allowed[0]}.", allowed=allowed)
    return Target(found, legacy, parameters)


def _find(path: str) -> tuple[dict[str, str] | None, dict[str, str]]:
    if path in _FIXED:
        return _FIXED[path], {}
    parts = path.split("/")[1:]
    if parts[0] != "tasks" or not all(parts):
        return None, {}
    if len(parts) == 2:
        id, colon, action = parts[1].rpartition(":")
        if colon and action in _ACTIONS:
            return _ACTIONS[action], {"id": _decoded(id)}
        return _TASK, {"id": _decoded(parts[1])}
    if parts[2] != "pushNotificationConfigs" or len(parts) > 4:
        return None, {}
    given = {"taskId": _decoded(parts[1])}
    return (_CONFIGS, given) if len(parts) == 3 else (_CONFIG, given | {"id": _decoded(parts[3])})


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict") if "%" in segment else segment
    except UnicodeDecodeError:
        raise MalformedRequest(
            "The path is not valid UTF-8 in percent-encoding.", errors=[{"field": "path", "message": "not UTF-8"}]
        ) from None
