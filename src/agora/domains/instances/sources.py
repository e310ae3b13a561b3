"""Source checks at registration, so that an unusable directory or repository is reported before an instance runs."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.builds.git import parse_allowed_url
from agora.runtimes.errors import SourceRefused
from agora_sdk.contract.deployments import Fault

from . import host_queries
from .manifests import AgentManifest, list_suitable_engines
from .placement import MAX_HOSTS, is_heartbeat_overdue

__all__ = ["find_source_errors"]

LOCAL_ENGINES = frozenset({"process", "docker"})  #: engines that can use directories of their host


async def find_source_errors(call: Call, manifest: AgentManifest) -> list[Fault]:
    """Find errors of a manifest's source: its repository's URL, or its directory if this server would run it.

    Directories are not checked without the scope ``deploy:agents``, because errors would disclose the server's files.
    """
    if manifest.repository is not None:
        return _find_repository_errors(manifest.repository.url, private=call.context.settings.instance_private_networks)
    local = call.context.ports.find(LOCAL_HOST)
    if local is None or manifest.directory is None or not call.caller.may("deploy:agents"):
        return []
    engine = manifest.host_requirements.engine
    engine_names = [
        name for name in list_suitable_engines(manifest) if name in local.engines and engine in (None, name)
    ]
    if not LOCAL_ENGINES.intersection(engine_names) or await _has_other_servers(call, local.host_id):
        return []
    why = local.find_source_error(manifest.directory)
    return [] if why is None else [Fault(field="directory", message=why)]


def _find_repository_errors(url: str, *, private: bool) -> list[Fault]:
    try:
        parse_allowed_url(url, private=private)
    except SourceRefused as error:
        return [Fault(field="repository.url", message=" ".join(filter(None, (error.detail, error.fix))))]
    return []


async def _has_other_servers(call: Call, host_id: str) -> bool:
    """Whether there is another active server, which may have the directory."""
    hosts = await call.tx.all(host_queries.list_hosts, after="", limit=MAX_HOSTS)
    return any(
        host.kind == "server" and host.host_id != host_id and not is_heartbeat_overdue(host, call.now) for host in hosts
    )
