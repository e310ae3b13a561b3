"""Engine specs built from rows of instances."""

from __future__ import annotations

import json
from typing import Any

from agora.core.call import decode_json
from agora.runtimes import spec as runtime
from agora.runtimes.local_host import LocalHost

from .deployments import load_manifest, open_secrets
from .manifests import AgentManifest, to_build_config, to_program_source
from .records import InstanceRow

__all__ = ["build_health_check", "build_spec"]


def build_health_check(row: InstanceRow) -> runtime.Health:
    """Build the health check of an instance."""
    manifest = load_manifest(row.manifest)
    return runtime.Health(manifest.health_check.path, manifest.health_check.timeout, manifest.has_listener)


def parse_effective_limits(row: InstanceRow) -> runtime.Limits:
    """Return the limits of an instance: the configured ones, else those of its manifest."""
    manifest, config = load_manifest(row.manifest), decode_json(row.config)
    return runtime.Limits.from_texts(
        config.get("memory_limit") or manifest.limits.memory,
        config.get("cpu_limit") or manifest.limits.cpu,
        config.get("pids_limit") or manifest.limits.pids,
        config.get("disk_limit") or manifest.limits.disk,
    )


def build_spec(context: Any, tenant: str, row: InstanceRow, local: LocalHost) -> runtime.Spec:
    """Build the spec of an instance. Raises ValueError if its secrets were encrypted with another server key."""
    manifest = load_manifest(row.manifest)
    secrets = open_secrets(context, row.secrets, f"instance:{row.instance_id}")
    build = manifest.build
    assert build is not None
    declared = to_build_config(build)
    limits = parse_effective_limits(row)
    restore = str(local.backups / f"{row.restore}.tar") if row.restore else None
    return runtime.Spec(
        instance_id=row.instance_id,
        generation=row.generation,
        tenant=tenant,
        build_config=declared,
        source=to_program_source(manifest, secrets),
        limits=limits,
        ports=(runtime.Port(number=manifest.port or runtime.find_declared_port(declared)),),
        # The marketplace's variables last: a customer must not replace the token or the address.
        env=secrets.get("environment", {}) | _build_environment(context, tenant, row, manifest, local),
        labels={"agent_id": row.agent_id, "account_id": row.account_id, "agent_name": manifest.name},
        health=build_health_check(row),
        co_location=row.group_name,
        # A later generation goes on with the state that the first one has left.
        restore=restore if row.generation == 1 else None,
    )


def _build_environment(
    context: Any, tenant: str, row: InstanceRow, manifest: AgentManifest, local: LocalHost
) -> dict[str, str]:
    """Build the environment variables with the marketplace's URL, the instance's token and its identity."""
    return {
        "AGORA_URL": local.server_url_for(row.engine),
        "AGORA_TOKEN": context.signer.derive_key(tenant, row.token_id, "api_key"),
        "AGORA_AGENT_ID": row.agent_id,
        "AGORA_AGENT_NAME": manifest.name,
        "AGENTHUB_AGENT_ID": row.agent_id,
        "AGENTHUB_PROTOCOL": manifest.protocol or "HTTP",
        "AGENTHUB_AGENT_METADATA": json.dumps(
            {"name": manifest.name, "version": manifest.version, "category": manifest.category}
        ),
    }
