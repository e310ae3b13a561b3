"""Declared engines of the conformance suite: each module states its engines, and every domain runs on both in every
run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.conftest import pytest_collection_modifyitems
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.NO_STORE

HERE = Path(__file__).parent
DOMAINS = Path(__file__).parents[2] / "src" / "agora" / "domains"
#: where operations of domains without a folder here are tested
ELSEWHERE = {"workers": "tasks"}
#: domains that modules outside their own folder run on both engines
SHOWN_BY = {
    "client_sessions": "tests/conformance/server/test_mcp_replicas.py",  # rows stored by the MCP server; no operations
    "dead_letters": "tests/blackbox/test_dead_letters.py",
    "outbox": "tests/blackbox/test_agent_endpoints.py",
}


def test_modules_with_missing_or_wrong_engines_are_refused(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(request.module, "RUNS_ON")
    with pytest.raises(pytest.UsageError, match="state which engines"):
        pytest_collection_modifyitems([request.node])


@pytest.mark.parametrize("domain", sorted(path.parent.name for path in DOMAINS.glob("*/__init__.py")))
def test_every_domain_runs_on_both_engines_in_every_run(domain: str) -> None:
    if domain in SHOWN_BY:
        assert "postgres" in (DOMAINS.parents[2] / SHOWN_BY[domain]).read_text().lower()
        return
    modules = list((HERE / ELSEWHERE.get(domain, domain)).glob("test_*.py"))
    statements = {path.stem: re.findall(r"^RUNS_ON = RunsOn\.(\w+)$", path.read_text(), re.M) for path in modules}
    assert ["BOTH"] in statements.values(), f"{domain}: {statements}"
