"""Kubernetes manifests: pure functions from a specification to documents.

One Pod for each instance, in a Deployment, so that it is recreated when its node is lost. A Pod has no privileges on
its node and no account of the cluster, and can be reached only by its co-location group and by Pods that are not
instances.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from agora.runtimes.docker.containers import (
    STATE_PATH,
    ContainerProgram,
    build_container_environment,
    choose_container_program,
)
from agora.runtimes.docker.image_references import get_image_registry
from agora.runtimes.spec import Image, Spec

from .options import Options

__all__ = [
    "CONTAINER_NAME",
    "ResourceNames",
    "build_deployment_manifest",
    "build_policy_manifest",
    "build_pull_secret_manifest",
    "build_secret_manifest",
    "build_service_manifest",
    "build_volume_manifest",
]

LABEL_PREFIX = "io.agora"
CONTAINER_NAME = "agent"
GENERATION, STARTED, HANDLE = f"{LABEL_PREFIX}/generation", f"{LABEL_PREFIX}/started", f"{LABEL_PREFIX}/handle"
INSTANCE, TENANT, LABELS = f"{LABEL_PREFIX}/instance-id", f"{LABEL_PREFIX}/tenant", f"{LABEL_PREFIX}/labels"
PAUSED, STOPPED, ENDED = f"{LABEL_PREFIX}/paused", f"{LABEL_PREFIX}/stopped", f"{LABEL_PREFIX}/ended"


class ResourceNames:
    """Names and labels of an installation's objects, derived from ids, which may be longer than Kubernetes names."""

    def __init__(self, installation: str) -> None:
        self.installation = installation
        self._installation_hash = _hash_text(installation)[:12]

    @property
    def installation_labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/managed-by": "agora", f"{LABEL_PREFIX}/installation": self._installation_hash}

    def deployment_name(self, instance_id: str) -> str:
        """Name of an instance's Deployment and of its other objects."""
        return f"agora-{self._installation_hash}-{_hash_text(instance_id)[:24]}"

    def instance_labels(self, instance_id: str) -> dict[str, str]:
        return self.installation_labels | {f"{LABEL_PREFIX}/instance": _hash_text(instance_id)[:24]}

    def group_label(self, spec: Spec) -> dict[str, str]:
        """Label of a group, which is named after the instance that the others run beside."""
        return {f"{LABEL_PREFIX}/group": _hash_text(spec.co_location or spec.instance_id)[:24]}


def build_label_selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items())


def build_secret_manifest(names: ResourceNames, spec: Spec) -> dict[str, Any]:
    """Build the Secret with the environment, which contains tokens."""
    variables = build_container_environment(spec, choose_container_program(spec), names.installation)
    return _build_base_document("v1", "Secret", names, spec) | {"type": "Opaque", "stringData": variables}


def build_pull_secret_manifest(names: ResourceNames, spec: Spec) -> dict[str, Any] | None:
    """Build the pull secret of the registry; None if the image is public."""
    image = spec.source
    if not isinstance(image, Image) or image.user is None:
        return None
    account = {
        "username": image.user,
        "password": image.password or "",
        "auth": base64.b64encode(f"{image.user}:{image.password or ''}".encode()).decode(),
    }
    document = _build_base_document("v1", "Secret", names, spec, "-pull")
    return document | {
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": {get_image_registry(image.reference): account}})},
    }


def build_volume_manifest(options: Options, names: ResourceNames, spec: Spec) -> dict[str, Any] | None:
    """Build the volume of the state; None if the state is kept only as long as the Pod."""
    if not options.storage:
        return None
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": options.storage}},
    }
    if options.storage_class:
        claim["storageClassName"] = options.storage_class
    return _build_base_document("v1", "PersistentVolumeClaim", names, spec) | {"spec": claim}


def build_service_manifest(options: Options, names: ResourceNames, spec: Spec) -> dict[str, Any] | None:
    """Build the Service; None if the instance has no port."""
    inside = choose_container_program(spec).ports
    if not inside:
        return None
    ports = [{"name": name, "port": number, "targetPort": name, "protocol": "TCP"} for name, number in inside.items()]
    kind = "NodePort" if options.node_address else "ClusterIP"
    what = {"type": kind, "selector": names.instance_labels(spec.instance_id), "ports": ports}
    return _build_base_document("v1", "Service", names, spec) | {"spec": what}


def build_policy_manifest(names: ResourceNames, spec: Spec) -> dict[str, Any]:
    """Build the network policy: reachable for its group, and for Pods that are not instances (the server, an
    ingress)."""
    selector = {"matchExpressions": [{"key": f"{LABEL_PREFIX}/instance", "operator": "DoesNotExist"}]}
    allowed = [
        {"podSelector": {"matchLabels": names.installation_labels | names.group_label(spec)}},
        {"namespaceSelector": {}, "podSelector": selector},
    ]
    what = {
        "podSelector": {"matchLabels": names.instance_labels(spec.instance_id)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": allowed}],
    }
    return _build_base_document("networking.k8s.io/v1", "NetworkPolicy", names, spec) | {"spec": what}


def build_deployment_manifest(
    options: Options, names: ResourceNames, spec: Spec, image: str, handle: Mapping[str, Any], now: int
) -> dict[str, Any]:
    """Build the Deployment of an instance. handle: stored in its annotations. now: microseconds since 1970."""
    document = _build_base_document("apps/v1", "Deployment", names, spec)
    document["metadata"]["annotations"] = {
        INSTANCE: spec.instance_id,
        GENERATION: str(spec.generation),
        STARTED: str(now),
        TENANT: spec.tenant,
        LABELS: json.dumps(dict(spec.labels)),
        HANDLE: json.dumps(dict(handle)),
        PAUSED: "",
        STOPPED: "",
        ENDED: "",
    }
    labels = names.instance_labels(spec.instance_id)
    template = {
        "metadata": {
            "labels": labels | names.group_label(spec),
            "annotations": {GENERATION: str(spec.generation)},  # a new generation creates a new Pod
        },
        "spec": _build_pod_template(options, names, spec, image),
    }
    document["spec"] = {
        "replicas": 1,
        # The server never rolls back: by default ten ReplicaSets of earlier generations would be kept.
        "revisionHistoryLimit": 0,
        "strategy": {"type": "Recreate"},  # never two Pods at a time
        "selector": {"matchLabels": labels},
        "template": template,
    }
    return document


def _build_pod_template(options: Options, names: ResourceNames, spec: Spec, image: str) -> dict[str, Any]:
    name = names.deployment_name(spec.instance_id)
    volume: dict[str, Any] = {"name": "state", "emptyDir": {}}
    if options.storage:
        volume = {"name": "state", "persistentVolumeClaim": {"claimName": name}}
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        # Otherwise the addresses of all Services of the namespace are in the program's environment.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": options.grace,
        # A new volume belongs to root: the group lets a program without privileges write to it.
        "securityContext": {"fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_build_container_spec(options, spec, choose_container_program(spec), image, name)],
        "volumes": [
            volume,
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": str(options.scratch)}},
            {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
        ],
    }
    if isinstance(spec.source, Image) and spec.source.user is not None:
        pod["imagePullSecrets"] = [{"name": f"{name}-pull"}]
    if spec.co_location is not None:
        together = {
            "labelSelector": {"matchLabels": names.installation_labels | names.group_label(spec)},
            "topologyKey": "kubernetes.io/hostname",
        }
        pod["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [together]}}
    return pod


def _build_container_spec(
    options: Options, spec: Spec, program: ContainerProgram, image: str, name: str
) -> dict[str, Any]:
    security: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": options.read_only,
        "capabilities": {"drop": ["ALL"]},
    }
    # runAsUser takes a number only, not a name.
    if program.user and program.user.partition(":")[0].isdecimal():
        security["runAsUser"] = int(program.user.partition(":")[0])
    container: dict[str, Any] = {
        "name": CONTAINER_NAME,
        "image": image,
        "imagePullPolicy": "Always",  # the registry checks the requester's credentials each time
        "envFrom": [{"secretRef": {"name": name}}],
        "ports": [{"name": each, "containerPort": number} for each, number in program.ports.items()],
        "resources": _build_resource_limits(spec, program),
        "securityContext": security,
        "volumeMounts": [
            {"name": "state", "mountPath": STATE_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "run", "mountPath": "/run"},
        ],
    }
    command_fields = {"command": program.entrypoint, "args": program.command, "workingDir": program.directory}
    return (
        container
        | {each: value for each, value in command_fields.items() if value is not None}
        | _build_container_probes(spec, program)
    )


def _build_resource_limits(spec: Spec, program: ContainerProgram) -> dict[str, Any]:
    """Build the resource requests, which equal the limits."""
    memory, cpu = spec.limits.memory or program.memory, spec.limits.cpu or program.cpu
    limits = {
        "memory": str(memory) if memory else None,
        "cpu": f"{max(1, round(cpu * 1000))}m" if cpu else None,
        "ephemeral-storage": str(spec.limits.disk) if spec.limits.disk else None,
    }
    present = {name: value for name, value in limits.items() if value is not None}
    return {"limits": present, "requests": dict(present)} if present else {}


def _build_container_probes(spec: Spec, program: ContainerProgram) -> dict[str, Any]:
    """Build a readiness probe only: the server restarts instances, as new generations."""
    if not spec.health.has_probe or not program.ports:
        return {}
    port = next(iter(program.ports))
    path = spec.health.path
    check = {"tcpSocket": {"port": port}} if path is None else {"httpGet": {"path": path, "port": port}}
    timing = {"timeoutSeconds": max(1, math.ceil(spec.health.timeout)), "periodSeconds": 5}
    return {
        # Checked every second until the program has started, for an hour; only then readiness is probed.
        "startupProbe": check | timing | {"periodSeconds": 1, "failureThreshold": 3600},
        "readinessProbe": check | timing | {"failureThreshold": 3},
    }


def _build_base_document(version: str, kind: str, names: ResourceNames, spec: Spec, ending: str = "") -> dict[str, Any]:
    metadata = {
        "name": names.deployment_name(spec.instance_id) + ending,
        "labels": names.instance_labels(spec.instance_id),
    }
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
