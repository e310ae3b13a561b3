"""Files in deploy/ refer only to existing settings, metrics and programs, and are configured securely. The external
tools' checks run in the long suite."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from agora.server.prometheus import PrometheusExporter
from agora.settings import Settings
from agora.telemetry import Histogram, Measures
from agora_sdk.contract import operations
from agora_sdk.errors import BY_CODE
from tests.deploy.prometheus_expressions import expressions

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "agora"
METRIC = re.compile(r"\b(?:agora|process|python)_[a-z_]+")
EXTRAS = ("postgres", "redis", "docker", "kubernetes", "otel")  # included in the image


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


# -- dashboard and alerts ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exposed() -> set[str]:
    """Return every metric name that the code can create."""
    source = (ROOT / "src" / "agora" / "server" / "prometheus.py").read_text("utf-8")
    found = set(re.findall(r'"(agora_[a-z_]+)"', source))
    counters = set(re.findall(r'families\.build_(?:labelled_)?counter\(\s*"(agora_[a-z_]+)"', source))
    histograms = set(re.findall(r'families\.build_labelled_histogram\(\s*"(agora_[a-z_]+)"', source))
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")}
    assert len(counters) > 8
    assert len(histograms) == 3
    return (found - counters - histograms - {"agora_build"}) | {f"{n}_total" for n in counters} | parts | PROCESS


PROCESS = {"agora_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"}


def test_every_metric_of_the_dashboard_and_the_alerts_exists(exposed: set[str]) -> None:
    found = list(expressions())
    assert len(found) > 40
    for where, expression in found:
        named = set(METRIC.findall(re.sub(r'"[^"]*"', '""', expression)))
        assert named, where
        assert named <= exposed, where


def test_every_metric_is_on_the_dashboard_or_in_an_alert(exposed: set[str]) -> None:
    """A metric that nobody looks at need not exist."""
    told = " ".join(expression for _, expression in expressions())
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    for name in exposed:
        stem = re.sub(r"_(bucket|count|sum)$", "", name)
        assert stem in told or f"`{stem}" in page, name


def test_every_label_value_in_expressions_exists() -> None:
    codes, names = {"ok", *BY_CODE}, {operation.name for operation in operations()}
    text = " ".join(expression for _, expression in expressions())
    values = [value for found in re.findall(r'code(?:=|!=|=~|!~)"([^"]*)"', text) for value in found.split("|")]
    assert values
    assert set(values) <= codes
    for pattern in re.findall(r'operation(?:=~|!~)"([^"]*)"', text):
        assert any(re.fullmatch(pattern, name) for name in names)
    events = (ROOT / "docs" / "reference" / "events.md").read_text("utf-8")
    for pattern in re.findall(r'type(?:=|=~)"([^"]*)"', text):
        alternatives = re.findall(r"[a-z_]+", pattern.rsplit(".", 1)[1])
        for found in alternatives:
            assert f"`agora.task.{found}`" in events


def test_every_alert_has_a_summary_and_instructions() -> None:
    page = (ROOT / "docs" / "how-to" / "observe.md").read_text("utf-8")
    rules = [rule for group in _yaml(CHART / "files" / "alerts.yaml")["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert f"`{rule['alert']}`" in page


def test_dashboard_panels_do_not_overlap() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "agora.json").read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


# -- container ---------------------------------------------------------------------------------------


def test_image_runs_unprivileged_with_locked_dependencies() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    words = {line.split()[0] for line in lines}
    assert [line for line in lines if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert {"HEALTHCHECK", "USER", "ENTRYPOINT", "VOLUME", "EXPOSE"} <= words
    last = lines[len(lines) - 1 - lines[::-1].index("FROM ${BASE}") :]
    assert "USER 10001:10001" in last
    assert not [line for line in last if line.startswith(("ADD", "RUN apt", "RUN pip"))]
    environment = dict(re.findall(r"(AGORA_[A-Z_]+)=(\S+)", " ".join(last)))
    assert {name.removeprefix("AGORA_").lower() for name in environment} <= Settings.model_fields.keys()
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_files_copied_by_the_build_are_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = [
        word
        for line in text.splitlines()
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert copied
    for source in copied:
        assert any(source == found or source.startswith(f"{found}/") for found in allowed), source


def test_lock_of_the_image_has_the_same_versions_as_the_servers() -> None:
    def pins(name: str) -> Mapping[str, str]:
        text = (ROOT / "requirements" / name).read_text("utf-8")
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))

    image, server = pins("image.txt"), pins("server.txt")
    assert server.items() <= image.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]
    names = {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in wanted} - {"agora-sdk"}
    assert names <= image.keys()


def test_health_check_reports_by_exit_code() -> None:
    environment = {**os.environ, "AGORA_PORT": "1"}
    done = subprocess.run([sys.executable, DEPLOY / "healthcheck.py"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "not ready" in done.stderr


def test_compose_uses_real_engines_and_publishes_only_the_server() -> None:
    compose = _yaml(DEPLOY / "compose.yaml")
    services = compose["services"]
    assert services.keys() == {"agora", "postgres", "valkey"}
    agora = services["agora"]
    assert agora["read_only"]
    assert agora["init"]
    assert agora["cap_drop"] == ["ALL"]
    assert agora["depends_on"].keys() == {"postgres", "valkey"}
    names = {name.removeprefix("AGORA_").lower() for name in agora["environment"]}
    assert names <= Settings.model_fields.keys()
    assert all(port.startswith("${AGORA_PUBLISH:-127.0.0.1}:") for port in agora["ports"])
    for name in ("postgres", "valkey"):
        assert "ports" not in services[name]
        assert services[name]["networks"] == ["back"]
        assert services[name]["healthcheck"]
    assert compose["networks"]["back"] == {"internal": True}
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text("utf-8")))
    given = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "env.example").read_text("utf-8"), re.MULTILINE))
    assert wanted - given == {"AGORA_LOG_LEVEL"}


class _Tagged(yaml.SafeLoader):
    """Interprets Compose's own tags as their values."""


def test_several_servers_share_only_the_keys() -> None:
    for tag in ("!reset", "!override"):
        _Tagged.add_constructor(tag, lambda loader, node: loader.construct_sequence(node))
    text = (DEPLOY / "compose.replicas.yaml").read_text("utf-8")
    services = yaml.load(text, _Tagged)["services"]
    agora, balancer = services["agora"], services["balancer"]
    assert "ports: !reset []" in text, "their ports are the balancer's"
    (volume,) = agora["volumes"]
    assert volume == f"agora:{agora['environment']['AGORA_KEYS_DIR']}"
    assert f"mkdir -m 0700 /data {volume.split(':')[1]}" in (DEPLOY / "Dockerfile").read_text("utf-8")
    names = {name.removeprefix("AGORA_").lower() for name in agora["environment"]}
    assert names <= Settings.model_fields.keys()
    assert balancer["ports"] == _yaml(DEPLOY / "compose.yaml")["services"]["agora"]["ports"]
    assert balancer["networks"] == ["front"]
    assert "!override" in text
    config = (DEPLOY / "haproxy.cfg").read_text("utf-8")
    assert balancer["volumes"] == ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
    assert "GET /health/ready" in config
    assert set(re.findall(r"bind :(\d+)", config)) == {port.rsplit(":", 1)[1] for port in balancer["ports"]}


# -- systemd -----------------------------------------------------------------------------------------


def test_unit_does_not_kill_instances_and_is_hardened() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "systemd" / "agora.service")
    service = parser["Service"]
    assert service["KillMode"] == "process"
    assert service["Delegate"] == "yes"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["User"] == "agora"
    assert service["CapabilityBoundingSet"] == ""
    names = re.findall(r"AGORA_([A-Z_]+)=", service["Environment"])
    assert {name.lower() for name in names} <= Settings.model_fields.keys()


def test_systemd_accepts_the_unit_as_hardened(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: it comes with systemd (apt-get install systemd)")
    unit = tmp_path / "agora.service"
    text = (DEPLOY / "systemd" / "agora.service").read_text("utf-8")
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE))
    offers = subprocess.run(["systemd-analyze", "--help"], capture_output=True, text=True).stdout
    if "--offline" not in offers:
        pytest.skip("systemd-analyze is older than 250, which has no --offline: install a newer systemd")
    for command in (["verify"], ["security", "--offline=true", "--threshold=20"]):  # 2.0 of 10, of which 10 is open
        done = subprocess.run(["systemd-analyze", *command, str(unit)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


# -- chart -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["values.yaml", *(f"examples/values-{kind}.yaml" for kind in ("dev", "staging", "prod"))]
)
def test_values_match_the_schema_and_name_settings(name: str) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    values = _yaml(CHART / name)
    jsonschema.validate(values, schema)
    assert values["settings"].keys() <= Settings.model_fields.keys()
    Settings.load_settings(environ={f"AGORA_{key.upper()}": str(value) for key, value in values["settings"].items()})


def test_variables_of_the_chart_are_settings() -> None:
    text = "".join(path.read_text("utf-8") for path in (CHART / "templates").iterdir())
    names = set(re.findall(r"\bAGORA_([A-Z_]+)", text))
    assert len(names) > 8
    assert {name.lower() for name in names} <= Settings.model_fields.keys()


def test_schema_covers_every_value_and_refuses_others() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    values = _yaml(CHART / "values.yaml")
    assert values.keys() | {"global"} == schema["properties"].keys()
    for wrong in (
        {"replicaCuont": 2},
        {"replicaCount": "two"},
        {"database": {"url": "mysql://x"}},
        {"settings": {"A B": 1}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(values | wrong, schema)


def test_production_scales_from_three_to_twenty_and_is_monitored() -> None:
    values = _yaml(CHART / "examples" / "values-prod.yaml")
    assert (values["autoscaling"]["minReplicas"], values["autoscaling"]["maxReplicas"]) == (3, 20)
    for part in ("autoscaling", "podDisruptionBudget", "ingress", "networkPolicy", "serviceMonitor", "prometheusRule"):
        assert values[part]["enabled"], part
    assert values["ingress"]["tls"]


def test_chart_has_the_version_of_this_release() -> None:
    chart = _yaml(CHART / "Chart.yaml")
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert chart["appVersion"] == chart["version"] == version[1]
    assert f"agora:{version[1]}" in (DEPLOY / "compose.yaml").read_text("utf-8")


def test_metric_names_are_found_in_the_code() -> None:
    """The list above is read from the source: names must be where it looks."""
    assert PrometheusExporter.__module__ == "agora.server.prometheus"
    assert Measures.__module__ == Histogram.__module__ == "agora.telemetry.metrics"
