"""Registration by manifest: profile and price of an agent, and its deployment if the caller may deploy code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.core.call import Call
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.deployments import Fault
from agora_sdk.errors import InvalidRequest

from .deployments import DeploymentService, build_profile
from .manifests import AgentManifest, describes_program, parse_profile, to_error_details

__all__ = ["register_agent_by_manifest"]

DEPLOY_SCOPE = "deploy:agents"


async def register_agent_by_manifest(
    call: Call, agent_name: str, document: Mapping[str, Any], fields: Mapping[str, Any]
) -> Registration:
    """Register an agent with its manifest, or update it. fields: further fields of the call, which take precedence.

    Without the scope ``deploy:agents``, or without a program in the manifest, only profile and price are registered.
    Raises InvalidRequest that lists all errors of the manifest.
    """
    whole = {**document, "name": agent_name}
    manifest, faults = parse_profile(whole)
    if document.get("name", agent_name) != agent_name:
        faults.append(Fault(field="name", message="differs from agent_name"))
    if manifest is None or faults:
        what = "; ".join(f"{fault.field}: {fault.message}".removeprefix(": ") for fault in faults[:5])
        raise InvalidRequest(
            f"The manifest is invalid. {what.rstrip('.')}.",
            fix="Give an agent_name, or a manifest such as 'agora agent example' prints.",
            errors=[{**each, "field": each["field"].removeprefix("manifest.")} for each in to_error_details(faults)],
        )
    service = DeploymentService(call)
    if describes_program(manifest) and call.caller.may(DEPLOY_SCOPE):
        return (await service.register_deployable_agent(whole, {}, fields)).registration
    registration = await service.register_agent_and_price(manifest, _merge_profile(manifest, fields))
    registration.warning = _explain_not_deployable(manifest)
    return registration


def _merge_profile(manifest: AgentManifest, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Build the agent's profile; unknown fields of the manifest are moved to its metadata."""
    profile = build_profile(manifest)
    metadata = dict(manifest.model_extra or {}) | profile["metadata"] | fields.get("metadata", {})
    return {**profile, **fields, "metadata": metadata}


def _explain_not_deployable(manifest: AgentManifest) -> str | None:
    if describes_program(manifest):
        return (
            f"Instances of it cannot be created: this requires the scope {DEPLOY_SCOPE}. An operator can register it."
        )
    if manifest.build_config is not None or manifest.directory is not None or manifest.repository is not None:
        missing = "build_config" if manifest.build is None else "repository, directory or docker_image"
        return f"Instances of it cannot be created: its manifest does not state {missing}."
    return None
