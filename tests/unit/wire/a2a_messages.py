"""Random values of A2A 1.0, for comparisons."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import strategies as st

__all__ = ["cards", "events", "messages", "parts", "tasks"]

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, min_size=1, max_size=3)


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


BESIDE = {"filename": WORDS, "mediaType": WORDS, "metadata": OBJECTS}
parts = st.one_of(
    _some({"text": WORDS | st.just("")}, BESIDE),
    _some({"raw": st.binary(min_size=1, max_size=9).map(lambda b: base64.b64encode(b).decode())}, BESIDE),
    _some({"url": WORDS}, BESIDE),
    _some({"data": JSON}, BESIDE),
)
messages = _some(
    {
        "messageId": WORDS,
        "role": st.sampled_from(["ROLE_USER", "ROLE_AGENT"]),
        "parts": st.lists(parts, min_size=1, max_size=3),
    },
    {
        "contextId": WORDS,
        "taskId": WORDS,
        "metadata": OBJECTS,
        "extensions": st.lists(WORDS, min_size=1, max_size=2),
        "referenceTaskIds": st.lists(WORDS, min_size=1, max_size=2),
    },
)
artifacts = _some(
    {"artifactId": WORDS, "parts": st.lists(parts, min_size=1, max_size=2)},
    {"name": WORDS, "description": WORDS, "metadata": OBJECTS, "extensions": st.lists(WORDS, min_size=1, max_size=2)},
)
STATES = st.sampled_from(
    [
        f"TASK_STATE_{name}"
        for name in (
            "SUBMITTED",
            "WORKING",
            "COMPLETED",
            "FAILED",
            "CANCELED",
            "INPUT_REQUIRED",
            "REJECTED",
            "AUTH_REQUIRED",
        )
    ]
)
TIMES = st.just("2026-11-21T09:00:00.123Z")
statuses = _some({"state": STATES}, {"message": messages, "timestamp": TIMES})
tasks = _some(
    {"id": WORDS, "contextId": WORDS, "status": statuses},
    {
        "history": st.lists(messages, min_size=1, max_size=2),
        "artifacts": st.lists(artifacts, min_size=1, max_size=2),
        "metadata": OBJECTS,
    },
)
events = st.one_of(
    tasks.map(lambda task: {"task": task}),
    messages.map(lambda message: {"message": message}),
    _some({"taskId": WORDS, "contextId": WORDS, "status": statuses}, {"metadata": OBJECTS}).map(
        lambda update: {"statusUpdate": update}
    ),
    _some(
        {"taskId": WORDS, "contextId": WORDS, "artifact": artifacts},
        {"append": st.just(True), "lastChunk": st.just(True), "metadata": OBJECTS},
    ).map(lambda update: {"artifactUpdate": update}),
)

SCHEMES = st.sampled_from(
    [
        {"httpAuthSecurityScheme": {"scheme": "Bearer", "bearerFormat": "JWT"}},
        {"apiKeySecurityScheme": {"location": "header", "name": "X-API-Key", "description": "A key."}},
        {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://id.example/.well-known/openid-configuration"}},
        {
            "oauth2SecurityScheme": {
                "flows": {"clientCredentials": {"tokenUrl": "https://id.example/token", "scopes": {"read": "Read."}}}
            }
        },
    ]
)
MODES = st.lists(st.sampled_from(["text/plain", "application/json", "image/png"]), min_size=1, max_size=2, unique=True)
skills = _some(
    {"id": WORDS, "name": WORDS, "description": WORDS, "tags": st.lists(WORDS, min_size=1, max_size=2)},
    {
        "examples": st.lists(WORDS, min_size=1, max_size=2),
        "inputModes": MODES,
        "securityRequirements": st.just([{"schemes": {"one": {"list": ["read"]}}}]),
    },
)
cards = _some(
    {
        "name": WORDS,
        "description": WORDS,
        "version": WORDS,
        "supportedInterfaces": st.just(
            [{"url": "https://agents.example/a2a/x", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"}]
        ),
        "capabilities": st.fixed_dictionaries(  # the SDK signs an empty one as if it were absent
            {"streaming": st.booleans()},
            optional={name: st.booleans() for name in ("pushNotifications", "extendedAgentCard")},
        ),
        "defaultInputModes": MODES,
        "defaultOutputModes": MODES,
        "skills": st.lists(skills, min_size=1, max_size=2),
    },
    {
        "provider": st.just({"organization": "Example", "url": "https://example.org"}),
        "documentationUrl": WORDS,
        "iconUrl": WORDS,
        "securitySchemes": st.fixed_dictionaries({"one": SCHEMES}),
        "securityRequirements": st.just([{"schemes": {"one": {"list": ["read"]}}}]),
    },
)
