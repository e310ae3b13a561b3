"""Sources: a directory or repository that may not be used is told of when it is registered, not when it is to run."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.errors import SourceRefused
from agora_sdk.contract.deployments import Fault

from . import host_queries as hosting
from .manifests import AgentManifest, engines_of
from .placement import MOST_HOSTS, is_silent

__all__ = ["source_faults"]

LOCAL = frozenset({"process", "docker"})  #: engines that make programs of directories of their own host


async def source_faults(call: Call, manifest: AgentManifest) -> list[Fault]:
    """What is wrong with where a manifest's program is: with a repository's URL, and with a directory, where this server
    is the one that would run it.

    Whoever may not have code run is told nothing of directories: it would tell of the server's files.
    """
    if manifest.repository is not None:
        return _repository_faults(manifest.repository.url, private=call.context.settings.instance_private_networks)
    local = call.context.ports.find(LOCAL_HOST)
    if local is None or manifest.directory is None or not call.caller.may("deploy:agents"):
        return []
    engine = manifest.host_requirements.engine
    able = [name for name in engines_of(manifest) if name in local.engines and engine in (None, name)]
    if not LOCAL.intersection(able) or await _has_other_servers(call, local.host_id):
        return []
    why = local.source_fault(manifest.directory)
    return [] if why is None else [Fault(field="directory", message=why)]


def _repository_faults(url: str, *, private: bool) -> list[Fault]:
    from agora.runtimes.builds.git import check_url

    try:
        check_url(url, private=private)
    except SourceRefused as error:
        return [Fault(field="repository.url", message=" ".join(filter(None, (error.detail, error.fix))))]
    return []


async def _has_other_servers(call: Call, host_id: str) -> bool:
    """Whether another server might have the directory."""
    hosts = await call.tx.all(hosting.hosts, after="", limit=MOST_HOSTS)
    return any(
        host["kind"] == "server" and host["host_id"] != host_id and not is_silent(host, call.now) for host in hosts
    )
