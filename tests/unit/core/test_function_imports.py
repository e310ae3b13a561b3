"""An import stands at the top of its module, unless it is of a package that takes long or in a place that says why.

docs/adr/0022 has the reasons and what they save. A reference to an object that is imported later is a ``Lazy``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "src", ROOT / "sdk" / "python" / "src")

#: packages that take long to import, or that not every installation has
HEAVY = frozenset(
    {
        "aiohttp",
        "certifi",
        "cryptography",
        "jinja2",
        "joserfc",
        "jsonschema",
        "markdown_it",
        "opentelemetry",
        "prometheus_client",
        "pydantic",
        "pydantic_ai",
        "readline",  # changes the terminal
        "rich",
        "vaderSentiment",
        "websockets",
        "yaml",
        "yarl",
    }
)

#: places that import modules of ours late, and why
PLACES = {
    # a command loads what it runs, and its help loads nothing of that
    "agora/cli/": "commands",
    # engines and protocols that the settings name
    "agora/server/app.py": "single sign-on",
    "agora/server/bootstrap.py": "PostgreSQL, Redis",
    "agora/server/jobs/__init__.py": "Consul, the bridge to Redis",
    "agora/store/databases.py": "PostgreSQL",
    # rules that a controller applies when something is due
    "agora/builtin_agents/remote/jobs.py": "checks of remote agents",
    "agora/domains/a2a/push_outbox.py": "pushes",
    "agora/domains/bus/jobs.py": "the bus",
    "agora/domains/instances/hosted_reconciler.py": "instances",
    "agora/domains/instances/maintenance.py": "instances",
    "agora/domains/instances/reconciler.py": "instances",
    "agora/domains/mcp_upstreams/declared_upstreams.py": "declared upstreams",
    # what a program that only imports the SDK, or makes one call, does not need
    "agora_sdk/client.py": "listeners, conversations, projections",
    "agora_sdk/contract/": "schemas of operations",
    "agora_sdk/login.py": "sign-in",
    "agora_sdk/projection.py": "event streams",
    "agora_sdk/protocol.py": "encryption",
    "agora_sdk/session.py": "transports",
}


def function_imports(tree: ast.AST, inside: bool = False) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports inside of functions."""
    for node in ast.iter_child_nodes(tree):
        if inside and isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        yield from function_imports(node, inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def packages_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The packages that an import names; an empty one for one of ours."""
    if isinstance(node, ast.ImportFrom):
        names = [""] if node.level else [node.module or ""]
    else:
        names = [alias.name for alias in node.names]
    packages = {name.partition(".")[0] for name in names}
    return {"" if package in ("agora", "agora_sdk") else package for package in packages}


def late_imports() -> Iterator[tuple[str, int, set[str]]]:
    """File, line and packages of each import inside of a function."""
    for root in SOURCES:
        for file in sorted(root.rglob("*.py")):
            for node in function_imports(ast.parse(file.read_text("utf-8"))):
                yield file.relative_to(root).as_posix(), node.lineno, packages_of(node)


def place_of(file: str) -> str | None:
    return next((place for place in PLACES if file == place or (place.endswith("/") and file.startswith(place))), None)


def test_imports_stand_at_the_top() -> None:
    early = [
        f"{file}:{line}: {', '.join(packages - HEAVY) or 'a module of ours'}"
        for file, line, packages in late_imports()
        if packages - HEAVY - ({""} if place_of(file) else set())
    ]
    assert not early, "\n".join(["move these to the top of their modules:", *early])


def test_every_place_and_package_is_used() -> None:
    imports = list(late_imports())
    places = {place_of(file) for file, _, packages in imports if "" in packages}
    assert set(PLACES) <= places
    assert set().union(*(packages for *_, packages in imports)) >= HEAVY


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("def f():\n    import json, agora.core", {"json", ""}),
        ("async def f():\n    if x:\n        from . import y", {""}),
        ("class A:\n    def f(self):\n        from rich.table import Table", {"rich"}),
        ("if x:\n    import json", set()),
    ],
)
def test_an_import_inside_of_a_function_is_found(source: str, packages: set[str]) -> None:
    assert set().union(*map(packages_of, function_imports(ast.parse(source)))) == packages
