"""The Kubernetes engine: the port over Deployments.

Differences to other engines: a program cannot be suspended, so pausing an instance ends its Pod and keeps its volume, and
resuming starts the program again from ``$AGORA_STATE_DIR``. Images are not built. A program that ends is not restarted in
place by the Deployment: the observation that finds it ends the Deployment, and the reconciler starts the next
generation.
"""

from __future__ import annotations

import asyncio
import json
import time
import weakref
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agora.runtimes.docker.containers import choose_container_program
from agora.runtimes.docker.records import InstanceNotes
from agora.runtimes.errors import EngineError, EngineUnavailable, InvalidSpec, StartFailed, Unknown, Unsupported
from agora.runtimes.port import (
    Build,
    Capacity,
    EngineStatus,
    FoundInstance,
    Handle,
    HealthResult,
    LogPage,
    Observation,
    ProcessExit,
    Progress,
    SweepResult,
    Usage,
)
from agora.runtimes.spec import NAME, Health, Image, Spec, list_spec_errors, parse_cpu_cores, parse_memory_bytes

from . import manifests
from . import observation as watch
from .client import Client, Refused
from .manifests import (
    ENDED,
    GENERATION,
    HANDLE,
    INSTANCE,
    LABELS,
    PAUSED,
    STARTED,
    STOPPED,
    TENANT,
    ResourceNames,
    build_label_selector,
)
from .options import Options
from .output import PodOutput

__all__ = ["KubernetesRuntime"]

STOP_TIMEOUT = 30.0  #: seconds after its grace period within which a Pod must be gone
POLL_SECONDS = 0.2  #: interval of checks for its removal
SWEPT_KINDS = ("Service", "Secret", "PersistentVolumeClaim", "NetworkPolicy")  #: all kinds that a start applies first
MAX_PORTS = 30_000  #: ports of a cluster, which has separate ports for each Service


class KubernetesRuntime:
    """Instances as Deployments. See :class:`agora.runtimes.port.Runtime`; differences are listed in the module's
    docstring."""

    name = "kubernetes"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client = Client(options.config, options.context)
        self._names = ResourceNames(options.installation)
        self._notes = InstanceNotes(options.root)
        self._output = PodOutput(self._client, self._notes, options.log_size)
        # Weak: a lock disappears with its last holder, so ended instances leave nothing behind.
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    # -- the engine ------------------------------------------------------------------------------------------------

    async def check(self) -> EngineStatus:
        try:
            version = await self._client.get_object("/version")
            await self._list_deployments()
        except EngineError as error:
            return EngineStatus(False, error.detail + (f" {error.fix}" if error.fix else ""))
        enforcement = {"memory": "cgroup", "cpu": "cgroup", "pids": "none", "disk": "eviction", "pause": "none"}
        return EngineStatus(True, f"Kubernetes {version.get('gitVersion', '')}", enforcement)

    async def capacity(self) -> Capacity:
        """Capacity of all nodes that take Pods, without usage by others than instances, which only the scheduler
        knows."""
        try:
            nodes = (await self._client.get_object("/api/v1/nodes"))["items"]
        except EngineUnavailable as error:
            raise EngineUnavailable(f"The nodes cannot be read: {error.detail}", fix=error.fix) from error
        allocatable = [node["status"]["allocatable"] for node in nodes if not node.get("spec", {}).get("unschedulable")]
        try:
            memory = sum(parse_memory_bytes(each["memory"]) for each in allocatable)
            disk = sum(parse_memory_bytes(each.get("ephemeral-storage", "0")) for each in allocatable)
            cpus = sum(parse_cpu_cores(each["cpu"]) for each in allocatable)
        except (KeyError, ValueError) as error:
            raise EngineUnavailable(f"The capacity of the nodes cannot be parsed: {error}.") from error
        return Capacity(memory, memory, cpus, 0, disk, disk, MAX_PORTS)  # GPUs are not reported

    async def build(self, spec: Spec, progress: Progress | None = None) -> Build:
        """Return the image reference, which the node pulls. Raises Unsupported for sources that need a build."""
        if errors := list_spec_errors(spec):
            raise InvalidSpec(errors)
        if not isinstance(spec.source, Image):
            raise Unsupported(
                "The kubernetes engine does not build images.",
                fix="Push an image to a registry, and give docker_image.",
            )
        choose_container_program(spec)
        return Build(self.name, spec.source.reference, spec.source.reference, cached=True)

    async def list_instances(self) -> list[FoundInstance]:
        pods = await self._list_pods()
        instances = []
        for deployment in await self._list_deployments():
            notes = deployment["metadata"]["annotations"]
            observation = await self._observe_deployment(deployment, pods)
            instances.append(
                FoundInstance(_to_handle(deployment), notes[TENANT], json.loads(notes[LABELS]), observation)
            )
        return instances

    async def discard_builds(self, builds: Collection[Build]) -> None:
        """No-op: images are pulled and removed by the nodes."""

    async def sweep(self) -> SweepResult:
        """Delete resources without a Deployment, left by an interrupted start or removal."""
        namespace, query = await self._get_namespace(), build_label_selector(self._names.installation_labels)
        paths: dict[str, list[str]] = {}  # by the name of the Deployment
        for kind in SWEPT_KINDS:
            collection = _build_collection_path(namespace, kind)
            for each in (await self._client.get_object(collection, labelSelector=query))["items"]:
                name = each["metadata"]["name"]
                paths.setdefault(name.removesuffix("-pull"), []).append(f"{collection}/{name}")
        in_use = {deployment["metadata"]["name"] for deployment in await self._list_deployments()}
        for name in paths.keys() - in_use:
            # Resources are applied before their Deployment: a start may have finished since the lists were read, or be
            # under way.
            async with self._get_lock(name):
                if await self._find_deployment_by_name(name) is None:
                    for path in paths[name]:
                        await self._client.delete_object(path)
        return SweepResult()

    async def close(self) -> None:
        await self._client.close()

    # -- starting --------------------------------------------------------------------------------------------------

    async def start(self, spec: Spec, build: Build) -> Handle:
        if errors := list_spec_errors(spec):
            raise InvalidSpec(errors)
        if spec.restore is not None:
            raise Unsupported(
                "State is not restored in a cluster.", fix="Restore the volume with the cluster's own means."
            )
        async with self._get_instance_lock(spec.instance_id):
            deployment = await self._find_deployment(spec.instance_id)
            if deployment is not None:
                latest = watch.read_deployment_generation(deployment)
                if latest > spec.generation:
                    raise StartFailed(f"Generation {spec.generation} is over: {latest} was begun.")
                if latest == spec.generation:
                    return _to_handle(deployment)
                # The new generation replaces the Pod, and with it its output.
                await self._copy_output(deployment)
            try:
                return await self._apply_resources(spec, build)
            except Refused as error:
                raise StartFailed(f"The cluster refuses it: {error.detail}") from error

    async def _apply_resources(self, spec: Spec, build: Build) -> Handle:
        """Apply all resources, the Deployment last, so that it finds everything it needs."""
        options, names, namespace = self._options, self._names, await self._get_namespace()
        first = [
            manifests.build_secret_manifest(names, spec),
            manifests.build_pull_secret_manifest(names, spec),
            manifests.build_volume_manifest(options, names, spec),
        ]
        for document in filter(None, first):
            await self._apply_document(namespace, document)
        await self._apply_document(namespace, manifests.build_policy_manifest(names, spec))
        service = None
        if (service_manifest := manifests.build_service_manifest(options, names, spec)) is not None:
            service = await self._apply_document(namespace, service_manifest)
        published_ports = _list_published_ports(options, namespace, service)
        now = time.time_ns() // 1000
        await self._apply_document(
            namespace, manifests.build_deployment_manifest(options, names, spec, build.reference, published_ports, now)
        )
        note = self._notes.read_note(spec.instance_id)
        # After the Deployment, which is authoritative: the note only serves the output.
        note.begun = spec.generation
        await asyncio.to_thread(self._notes.write_note, spec.instance_id, note)
        return Handle(
            self.name,
            spec.instance_id,
            spec.generation,
            published_ports["ports"],
            published_ports["address"],
            {"namespace": namespace},
        )

    async def _apply_document(self, namespace: str, document: Mapping[str, Any]) -> Any:
        return await self._client.server_side_apply(
            _build_resource_path(namespace, document["kind"], document["metadata"]["name"]), document
        )

    # -- observation -----------------------------------------------------------------------------------------------

    async def inspect(self, handle: Handle) -> Observation:
        return (await self.inspect_all([handle]))[0]

    async def inspect_all(self, handles: Sequence[Handle]) -> list[Observation]:
        deployments = {each["metadata"]["annotations"][INSTANCE]: each for each in await self._list_deployments()}
        pods = await self._list_pods()
        observations = []
        for handle in handles:
            deployment = deployments.get(handle.instance_id)
            if deployment is None or watch.read_deployment_generation(deployment) < handle.generation:
                observations.append(Observation("absent"))
            elif watch.read_deployment_generation(deployment) > handle.generation:
                observations.append(Observation("exited", None, ProcessExit(reason="stopped")))
            else:
                observations.append(await self._observe_deployment(deployment, pods))
        return observations

    async def _observe_deployment(
        self, deployment: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]
    ) -> Observation:
        notes = deployment["metadata"]["annotations"]
        if (recorded_exit := watch.read_recorded_exit(deployment)) is not None:
            return Observation("exited", recorded_exit[1], recorded_exit[0])
        if notes.get(STOPPED):
            return Observation("exited", None, ProcessExit(reason="stopped"))
        if notes.get(PAUSED):
            return Observation("paused", int(notes[STARTED]))
        own_pods = [pod for pod in pods if _belongs_to_deployment(pod, deployment)]
        pod = watch.find_newest_pod(deployment, own_pods)
        # A Deployment without a Pod is being scheduled, or its node was lost: it counts as running until its Pod says otherwise.
        if pod is None:
            return Observation("running")
        exit = watch.read_crash_exit(pod)
        if exit is None:
            return Observation(
                "running",
                watch.read_program_start(pod),
                None,
                Usage(processes=1 if watch.read_program_start(pod) else 0),
            )
        # Before scaling down, which deletes the Pod with its output.
        await self._copy_output(deployment, pod)
        await self._scale_and_annotate(
            deployment, 0, {ENDED: watch.build_exit_note(exit, watch.read_program_start(pod))}
        )
        return Observation("exited", watch.read_program_start(pod), exit)

    async def probe(self, handle: Handle, health: Health) -> HealthResult:
        """Return the node's result, which probes the same path."""
        started_at = time.monotonic()
        observation = await self.inspect(handle)
        if observation.state != "running":
            return HealthResult(False, f"it is {observation.state}", time.monotonic() - started_at)
        deployment = await self._find_deployment(handle.instance_id)
        pod = (
            watch.find_newest_pod(deployment, await self._list_pods(handle.instance_id))
            if deployment is not None
            else None
        )
        if pod is not None and watch.is_ready(pod):
            return HealthResult(True, "its Pod is ready", time.monotonic() - started_at)
        return HealthResult(False, watch.read_waiting_reason(pod), time.monotonic() - started_at)

    # -- pausing and ending ----------------------------------------------------------------------------------------

    async def pause(self, handle: Handle) -> Observation:
        """End the Pod and keep its volume; memory contents are lost."""
        async with self._get_instance_lock(handle.instance_id):
            deployment = await self._require_alive_deployment(handle)
            if not deployment["metadata"]["annotations"].get(PAUSED):
                # Before scaling down, which deletes the Pod with its output.
                await self._copy_output(deployment)
                await self._scale_and_annotate(deployment, 0, {PAUSED: "true"})
                await self._wait_until_gone(handle.instance_id, self._options.grace + STOP_TIMEOUT)
        return await self.inspect(handle)

    async def resume(self, handle: Handle) -> Observation:
        """Start the program again with its volume."""
        async with self._get_instance_lock(handle.instance_id):
            deployment = await self._require_alive_deployment(handle)
            if deployment["metadata"]["annotations"].get(PAUSED):
                await self._scale_and_annotate(deployment, 1, {PAUSED: ""})
        return await self.inspect(handle)

    async def stop(self, handle: Handle, grace: float = 10.0) -> Observation:
        async with self._get_instance_lock(handle.instance_id):
            deployment = await self._find_deployment(handle.instance_id)
            if deployment is not None and watch.read_deployment_generation(deployment) == handle.generation:
                await self._end_deployment(deployment, handle, grace)
        return await self.inspect(handle)

    async def _end_deployment(self, deployment: Mapping[str, Any], handle: Handle, grace: float) -> None:
        observation = await self._observe_deployment(deployment, await self._list_pods(handle.instance_id))
        if observation.state == "exited" and observation.exit is not None and observation.exit.reason != "stopped":
            return
        if watch.read_recorded_exit(deployment) is not None:
            return
        # Before scaling down, which deletes the Pod with its output.
        await self._copy_output(deployment)
        await self._scale_and_annotate(deployment, 0, {STOPPED: "true"})
        namespace, seconds = await self._get_namespace(), max(0, round(grace))
        # Scaling down uses the grace period of the Pod's template; a deletion can set the requested one.
        for pod in await self._list_pods(handle.instance_id):
            path = _build_resource_path(namespace, "Pod", pod["metadata"]["name"])
            await self._client.delete_object(path, gracePeriodSeconds=seconds)
        if not await self._wait_until_gone(handle.instance_id, grace + STOP_TIMEOUT):
            raise EngineUnavailable(f"{handle.instance_id} could not be ended in {grace + STOP_TIMEOUT:g} seconds.")
        exit = ProcessExit(reason="stopped", at=time.time_ns() // 1000)
        await self._scale_and_annotate(deployment, 0, {ENDED: watch.build_exit_note(exit, observation.started_at)})

    async def remove(self, handle: Handle) -> None:
        namespace, name = await self._get_namespace(), self._names.deployment_name(handle.instance_id)
        async with self._get_instance_lock(handle.instance_id):
            deployment = await self._find_deployment(handle.instance_id)
            if deployment is not None and watch.read_deployment_generation(deployment) > handle.generation:
                return  # the Deployment is of a later generation
            # First of all: an existing Deployment would replace the deleted Pods.
            await self._client.delete_object(_build_resource_path(namespace, "Deployment", name))
            for pod in await self._list_pods(handle.instance_id):
                await self._client.delete_object(
                    _build_resource_path(namespace, "Pod", pod["metadata"]["name"]), gracePeriodSeconds=0
                )
            for kind in SWEPT_KINDS:
                await self._client.delete_object(_build_resource_path(namespace, kind, name))
            await self._client.delete_object(_build_resource_path(namespace, "Secret", f"{name}-pull"))
            if NAME.fullmatch(handle.instance_id):
                # A copy that is under way would write the erased directory again.
                async with self._get_output_lock(handle.instance_id):
                    await asyncio.to_thread(self._notes.erase_instance, handle.instance_id)

    async def _require_alive_deployment(self, handle: Handle) -> Mapping[str, Any]:
        """Find the Deployment of an instance. Raises Unknown unless it runs or is paused."""
        deployment = await self._find_deployment(handle.instance_id)
        if deployment is not None and watch.read_deployment_generation(deployment) == handle.generation:
            observation = await self._observe_deployment(deployment, await self._list_pods(handle.instance_id))
            if observation.state in ("running", "paused"):
                return deployment
        raise Unknown(f"{handle.instance_id[:100]!r} does not run.")

    async def _scale_and_annotate(self, deployment: Mapping[str, Any], replicas: int, notes: Mapping[str, str]) -> None:
        """Scale a Deployment and annotate the reason in one change."""
        path = _build_resource_path(await self._get_namespace(), "Deployment", deployment["metadata"]["name"])
        change = {"metadata": {"annotations": dict(notes)}, "spec": {"replicas": replicas}}
        try:
            await self._client.merge_patch(path, change)
        except Refused as error:
            if error.status != 404:  # it does not exist any more
                raise

    async def _wait_until_gone(self, instance_id: str, seconds: float) -> bool:
        """Wait until the instance has no Pod."""
        deadline = time.monotonic() + seconds
        while await self._list_pods(instance_id):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    # -- output and state ------------------------------------------------------------------------------------------

    async def logs(self, handle: Handle, offset: int = 0, limit: int = 65_536) -> LogPage:
        deployment = await self._find_deployment(handle.instance_id)
        if deployment is None:
            raise Unknown(f"{handle.instance_id[:100]!r} is not in the cluster.")
        await self._copy_output(deployment)
        return await asyncio.to_thread(self._output.read_page, handle.instance_id, offset, limit)

    async def _copy_output(self, deployment: Mapping[str, Any], pod: Mapping[str, Any] | None = None) -> None:
        """Copy the Pod's output so far, if there is any."""
        instance_id = deployment["metadata"]["annotations"][INSTANCE]
        newest = pod or watch.find_newest_pod(deployment, await self._list_pods(instance_id))
        if newest is None:
            return
        # A reader, the reconciler and a stop copy independently: two copies from one cursor would store the output twice.
        async with self._get_output_lock(instance_id):
            with suppress(Refused):  # its container does not exist yet, or no longer
                await self._output.copy_output(instance_id, await self._get_namespace(), newest["metadata"]["name"])

    async def backup(self, handle: Handle, file: Path) -> int:
        raise Unsupported(
            "State in a cluster is not copied out of it.", fix="Use snapshots of the volume (VolumeSnapshot)."
        )

    # -- helpers ---------------------------------------------------------------------------------------------------

    async def _get_namespace(self) -> str:
        return self._options.namespace or await self._client.read_context_namespace()

    async def _list_deployments(self) -> list[dict[str, Any]]:
        path = f"/apis/apps/v1/namespaces/{await self._get_namespace()}/deployments"
        response = await self._client.get_object(
            path, labelSelector=build_label_selector(self._names.installation_labels)
        )
        return [each for each in response["items"] if GENERATION in (each["metadata"].get("annotations") or {})]

    async def _find_deployment(self, instance_id: str) -> dict[str, Any] | None:
        return await self._find_deployment_by_name(self._names.deployment_name(instance_id))

    async def _find_deployment_by_name(self, name: str) -> dict[str, Any] | None:
        try:
            path = _build_resource_path(await self._get_namespace(), "Deployment", name)
            deployment: dict[str, Any] = await self._client.get_object(path)
        except Refused as error:
            if error.status != 404:
                raise
            return None
        return deployment

    async def _list_pods(self, instance_id: str | None = None) -> list[dict[str, Any]]:
        labels = self._names.installation_labels if instance_id is None else self._names.instance_labels(instance_id)
        path = f"/api/v1/namespaces/{await self._get_namespace()}/pods"
        pods: list[dict[str, Any]] = (await self._client.get_object(path, labelSelector=build_label_selector(labels)))[
            "items"
        ]
        return pods

    def _get_instance_lock(self, instance_id: str) -> asyncio.Lock:
        return self._get_lock(self._names.deployment_name(instance_id))

    def _get_output_lock(self, instance_id: str) -> asyncio.Lock:
        return self._get_lock(f"output {instance_id}")

    def _get_lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


API_PATH_BY_KIND = {
    "Deployment": ("apis/apps/v1", "deployments"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "PersistentVolumeClaim": ("api/v1", "persistentvolumeclaims"),
    "Pod": ("api/v1", "pods"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
}


def _build_collection_path(namespace: str, kind: str) -> str:
    group, plural = API_PATH_BY_KIND[kind]
    return f"/{group}/namespaces/{namespace}/{plural}"


def _build_resource_path(namespace: str, kind: str, name: str) -> str:
    return f"{_build_collection_path(namespace, kind)}/{name}"


def _belongs_to_deployment(pod: Mapping[str, Any], deployment: Mapping[str, Any]) -> bool:
    selector, labels = deployment["spec"]["selector"]["matchLabels"], pod["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in selector.items())


def _to_handle(deployment: Mapping[str, Any]) -> Handle:
    notes = deployment["metadata"]["annotations"]
    published_ports = json.loads(notes[HANDLE])
    namespace = {"namespace": deployment["metadata"]["namespace"]}
    return Handle(
        "kubernetes",
        notes[INSTANCE],
        int(notes[GENERATION]),
        published_ports["ports"],
        published_ports["address"],
        namespace,
    )


def _list_published_ports(options: Options, namespace: str, service: Mapping[str, Any] | None) -> dict[str, Any]:
    """List ports by name, and the URL of the first, as reachable from the server."""
    if service is None:
        return {"ports": {}, "address": None}
    host, kind = f"{service['metadata']['name']}.{namespace}.svc", "port"
    if options.node_address:
        host = f"[{options.node_address}]" if ":" in options.node_address else options.node_address
        kind = "nodePort"
    ports = {each["name"]: int(each[kind]) for each in service["spec"]["ports"]}
    return {"ports": ports, "address": f"http://{host}:{next(iter(ports.values()))}"}
