"""Models of the sixteen message types: required fields and stored data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agora.domains.conversations import rules
from agora_sdk.contract import performatives as models
from agora_sdk.contract.envelopes import AgentMessage, Performative, PublicKey
from agora_sdk.contract.outgoing_messages import Outgoing

SENT: TypeAdapter[AgentMessage] = TypeAdapter(Outgoing)
LEAST: dict[str, dict[str, Any]] = {
    "failure": {"error": "x"},
    "deploy": {"agent_id": "a"},
    "deploy_confirm": {"agent_id": "a"},
    "deploy_failure": {"error": "x"},
    "co_locate": {"with_agent": "a"},
    "scale": {"agent_id": "a"},
}
NEED_NO_INTENT = {"agree", "refuse", "confirm", "done"}


@pytest.mark.parametrize("kind", Performative)
def test_every_type_has_a_model_an_answer_and_rules(kind: Performative) -> None:
    model = models.MODELS[kind]
    assert model.__doc__
    assert kind in rules.ANSWERS_BY_PERFORMATIVE
    message = model.model_validate({"intent": "x", "payload": LEAST.get(kind, {})})
    assert message.type is kind
    assert SENT.validate_python(message.document()).document() == message.document()
    if kind in LEAST:
        with pytest.raises(ValidationError, match=r"payload\."):
            SENT.validate_python({"type": kind, "intent": "x", "payload": {}})
    bare = {"type": kind, "payload": LEAST.get(kind, {})}
    if kind in NEED_NO_INTENT:
        assert SENT.validate_python(bare).intent is None
    else:
        with pytest.raises(ValidationError, match="intent"):
            SENT.validate_python(bare)
    hidden = {"type": kind, "intent": "x", "security": {"encryption": {"alg": "ECDH-ES", "enc": "A256GCM"}}}
    assert SENT.validate_python(hidden | {"payload": {"jwe": {}}}), "what is encrypted keeps no rules"


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (
            models.BuildConfig,
            {
                "type": "docker",
                "build_command": "docker build -t agent-name .",
                "start_command": "docker run -p 8000:8000 agent-name",
                "env_vars": {"PORT": "8000"},
            },
        ),
        (
            models.BuildConfig,
            {
                "type": "npm",
                "build_command": "npm install && npm run build",
                "start_command": "npm start",
                "env_vars": {"NODE_ENV": "production"},
            },
        ),
        (
            models.BuildConfig,
            {
                "type": "python",
                "build_command": "pip install -r requirements.txt",
                "start_command": "uvicorn main:app --host 0.0.0.0 --port 8000",
                "env_vars": {"PYTHONUNBUFFERED": "1"},
            },
        ),
        (
            models.BuildConfig,
            {"type": "custom", "build_command": "./build.sh", "start_command": "./start.sh", "env_vars": {}},
        ),
        (
            models.HostRequirements,
            {
                "min_memory_mb": 512,
                "min_cpu_cores": 0.5,
                "gpu_required": False,
                "preferred_region": "eu-central-1",
                "co_location_required": False,
                "co_location_with": ["agent.app.orchestrator"],
            },
        ),
        (models.Repository, {"url": "https://github.com/company/calculation-agent", "branch": "main"}),
        (
            models.CoLocation,
            {"required": True, "with_agent": "agent.app.orchestrator", "reason": "low_latency_required"},
        ),
    ],
)
def test_parts_of_a_deployment_are_parsed(model: Any, document: dict[str, Any]) -> None:
    assert model.model_validate(document).model_dump() == document
    assert model.model_validate(document | {"further": [1]}).model_dump() == document | {"further": [1]}


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (models.BuildConfig, {"type": "cobol"}),
        (models.HostRequirements, {"min_memory_mb": 0}),
        (models.HostRequirements, {"min_cpu_cores": float("inf")}),
        (models.Repository, {"url": "has spaces"}),
        (models.ScalePayload, {"agent_id": "a", "replicas": -1}),
        (models.DiscoverPayload, {"min_rating": 11}),
        (PublicKey, {"kty": "OKP", "crv": "X25519", "kid": "k", "x": "AA", "d": "private"}),
        (AgentMessage, {"type": "inform", "deep": json.loads("[" * 150 + "]" * 150)}),
    ],
)
def test_values_out_of_bounds_are_refused(model: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(wrong)


def test_too_many_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="more than 50"):
        SENT.validate_python({"type": "inform", "intent": "x"} | {f"x{n}": n for n in range(51)})


def test_secret_is_not_shown() -> None:
    message = AgentMessage.model_validate({"type": "inform", "security": {"token": "s3cret", "api_key": "s3cret"}})
    assert "s3cret" not in repr(message)
