"""Sources on this server: a directory that may not be run is told of when it is registered, not when it is to run."""

from __future__ import annotations

from agora_sdk.contract.deployments import Fault

from ...store.statements import hosting
from ..base import Call
from .manifests import AgentManifest, engines_of
from .placement import MOST_HOSTS, is_silent

__all__ = ["source_faults"]

LOCAL = frozenset({"process", "docker"})  #: engines that make programs of directories of their own host


async def source_faults(call: Call, manifest: AgentManifest) -> list[Fault]:
    """What is wrong with the directory of a manifest, where this server is the one that would run it.

    Whoever may not have code run is told nothing: it would tell of the server's files.
    """
    local = call.context.instances
    if local is None or manifest.directory is None or not call.caller.may("deploy:agents"):
        return []
    wanted = manifest.host_requirements.engine
    able = [name for name in engines_of(manifest) if name in local.engines and wanted in (None, name)]
    if not LOCAL.intersection(able) or await _others(call, local.host_id):
        return []
    why = local.source_fault(manifest.directory)
    return [] if why is None else [Fault(field="directory", message=why)]


async def _others(call: Call, host_id: str) -> bool:
    """Whether another server might have the directory."""
    hosts = await call.tx.all(hosting.hosts, after="", limit=MOST_HOSTS)
    return any(
        host["kind"] == "server" and host["host_id"] != host_id and not is_silent(host, call.now) for host in hosts
    )
