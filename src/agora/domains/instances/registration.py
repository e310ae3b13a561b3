"""Registering by manifest: an agent's profile and price from its manifest, and instances of it where they can be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.core.call import Call
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.deployments import Fault
from agora_sdk.errors import InvalidRequest

from .deployments import DeploymentService, profile_of
from .manifests import AgentManifest, listed, profiled, runs

__all__ = ["register_manifest"]

SCOPE = "deploy:agents"


async def register_manifest(
    call: Call, agent_name: str, document: Mapping[str, Any], given: Mapping[str, Any]
) -> Registration:
    """Register an agent with its manifest; given: what the call says beside it, which holds before the manifest.

    Whoever may not have code run, or says not how it is run, registers the profile and the price alone.
    Raises InvalidRequest with everything that is wrong with the manifest.
    """
    whole = {**document, "name": agent_name}
    manifest, faults = profiled(whole)
    if document.get("name", agent_name) != agent_name:
        faults.append(Fault(field="name", message="is another than agent_name"))
    if manifest is None or faults:
        what = "; ".join(f"{fault.field}: {fault.message}".removeprefix(": ") for fault in faults[:5])
        raise InvalidRequest(
            f"The manifest is not right. {what.rstrip('.')}.",
            fix="Give an agent_name, or a manifest as 'agora agent example' prints one.",
            errors=[{**each, "field": each["field"].removeprefix("manifest.")} for each in listed(faults)],
        )
    service = DeploymentService(call)
    if runs(manifest) and call.caller.may(SCOPE):
        return (await service.deploy(whole, {}, given)).registration
    registration = await service.introduce(manifest, _merge_profile(manifest, given))
    registration.warning = _why_not_deployable(manifest)
    return registration


def _merge_profile(manifest: AgentManifest, given: Mapping[str, Any]) -> dict[str, Any]:
    """The profile; fields of manifests that mean nothing here are kept with the agent."""
    profile = profile_of(manifest)
    metadata = dict(manifest.model_extra or {}) | profile["metadata"] | given.get("metadata", {})
    return {**profile, **given, "metadata": metadata}


def _why_not_deployable(manifest: AgentManifest) -> str | None:
    if runs(manifest):
        return f"Instances of it cannot be made: that takes the scope {SCOPE}. An operator registers it so."
    if manifest.build_config is not None or manifest.directory is not None or manifest.repository is not None:
        missing = "build_config" if manifest.build is None else "repository, directory or docker_image"
        return f"Instances of it cannot be made: its manifest does not say {missing}."
    return None
