"""Kubernetes manifests: valid by the published schemas, and a Pod has only the rights that it needs."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.kubernetes import Options, manifests
from agora.runtimes.kubernetes.manifests import ResourceNames
from agora.runtimes.spec import BuildConfig, Health, Image, Limits, Port, Spec
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.kubernetes_api import checked

RUNS_ON = RunsOn.NO_STORE

OPTIONS, NAMES = Options(Path("/nowhere"), "server"), ResourceNames("server")
SPEC = Spec(
    "inst_1", 3, "acme", BuildConfig("docker"), Image("registry.example/agent:1", "me", "secret"),
    limits=Limits.from_texts("512M", "0.5", disk="1G"), ports=(Port(number=8000), Port("admin", variable="ADMIN")),
    env={"AGORA_TOKEN": "its own"}, health=Health("/health", 2.5),
)  # fmt: skip
BARE = Spec("inst_2", 1, "acme", BuildConfig("docker", "python3 main.py"), Image("agent"), ports=())


def all_of(spec: Spec, options: Options = OPTIONS) -> dict[str, dict[str, Any]]:
    made = [
        manifests.build_secret_manifest(NAMES, spec),
        manifests.build_volume_manifest(options, NAMES, spec),
        manifests.build_policy_manifest(NAMES, spec),
        manifests.build_service_manifest(options, NAMES, spec),
        manifests.build_deployment_manifest(
            options, NAMES, spec, spec.source.reference, {"ports": {}, "address": None}, 1
        ),  # type: ignore[union-attr]
    ]
    return {document["kind"]: document for document in made if document is not None}


@pytest.mark.parametrize("spec", [SPEC, BARE, replace(SPEC, co_location="inst_9"), replace(BARE, instance_id="X" * 80)])
@pytest.mark.parametrize("options", [OPTIONS, replace(OPTIONS, storage="", node_address="10.0.0.1")])
def test_every_manifest_is_valid(spec: Spec, options: Options) -> None:
    for document in all_of(spec, options).values():
        checked(document)
        assert len(document["metadata"]["name"]) <= 63
        assert all(len(value) <= 63 for value in document["metadata"]["labels"].values())
    if (pull := manifests.build_pull_secret_manifest(NAMES, spec)) is not None:
        checked(pull)


def test_field_missing_from_the_schema_is_detected() -> None:
    document = all_of(SPEC)["Deployment"]
    document["spec"]["template"]["spec"]["containers"][0]["privilege"] = True
    with pytest.raises(Exception, match="privilege"):
        checked(document)


def test_pod_has_no_rights_on_its_node() -> None:
    pod = all_of(SPEC)["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"}.isdisjoint(pod)
    assert all({"hostPath"}.isdisjoint(volume) for volume in pod["volumes"])
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/var/lib/agora/state", "/tmp", "/run"}


def test_pod_has_limits_probes_and_ports() -> None:
    found = all_of(SPEC)
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    limits = {"memory": str(512 << 20), "cpu": "500m", "ephemeral-storage": str(1 << 30)}
    assert container["resources"] == {"limits": limits, "requests": limits}
    assert container["readinessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
    assert container["readinessProbe"]["timeoutSeconds"] == 3
    assert "livenessProbe" not in container, "what is started again is a new generation"
    assert found["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}, "never two at a time"
    assert [(each["name"], each["port"]) for each in found["Service"]["spec"]["ports"]] == [
        ("http", 8000),
        ("admin", 8081),
    ]
    assert {"Service"}.isdisjoint(all_of(BARE))
    assert {"PersistentVolumeClaim"}.isdisjoint(all_of(SPEC, replace(OPTIONS, storage="")))


def test_tokens_are_only_in_secrets() -> None:
    found = all_of(SPEC)
    assert found["Secret"]["stringData"]["AGORA_TOKEN"] == "its own"
    rest = json.dumps([document for kind, document in found.items() if kind != "Secret"])
    assert "its own" not in rest
    assert "secret" not in rest.replace("secretRef", "")
    pull = manifests.build_pull_secret_manifest(NAMES, SPEC)
    assert pull is not None
    (account,) = json.loads(pull["stringData"][".dockerconfigjson"])["auths"].items()
    assert account[0] == "registry.example"
    assert base64.b64decode(account[1]["auth"]) == b"me:secret"
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": pull["metadata"]["name"]}]


def test_group_shares_a_node_and_strangers_are_blocked() -> None:
    first = all_of(replace(SPEC, instance_id="inst_9"))["Deployment"]["spec"]["template"]
    second = all_of(replace(SPEC, co_location="inst_9"))
    (term,) = second["Deployment"]["spec"]["template"]["spec"]["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    wanted = term["labelSelector"]["matchLabels"]
    assert wanted.items() <= first["metadata"]["labels"].items()
    assert "affinity" not in first["spec"]
    group, others = second["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert group["podSelector"]["matchLabels"].items() <= first["metadata"]["labels"].items()
    assert others["podSelector"]["matchExpressions"][0]["operator"] == "DoesNotExist"
    stranger = all_of(BARE)["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert not group["podSelector"]["matchLabels"].items() <= stranger.items()
