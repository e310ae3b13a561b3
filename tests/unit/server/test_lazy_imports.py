"""Imports inside functions defer modules that a start does not load; all others are at the top (ADR 22)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = {"agora": ROOT / "src" / "agora", "agora_sdk": ROOT / "sdk" / "python" / "src" / "agora_sdk"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Import = ast.Import | ast.ImportFrom
LAZY_REFERENCE = re.compile(r"\bLazy\(\s*\"(agora[\w.]*):(\w+)\"")

#: packages that are slow to import, or optional
HEAVY = frozenset(
    {
        "aiohttp",
        "cel",
        "certifi",
        "cryptography",
        "jinja2",
        "joserfc",
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

#: places that import our modules late, and why
PLACES = {
    # a command imports what it runs, and its help imports none of that
    "agora/cli/": "commands",
    # engines and protocols selected by settings
    "agora/server/app.py": "single sign-on",
    "agora/server/bootstrap.py": "PostgreSQL, Redis",
    "agora/server/jobs/__init__.py": "Consul, the bridge to Redis",
    "agora/store/databases.py": "PostgreSQL",
    # rules that a controller applies when work is due
    "agora/builtin_agents/remote/jobs.py": "checks of remote agents",
    "agora/domains/a2a/push_outbox.py": "pushes",
    "agora/domains/bus/jobs.py": "the bus",
    "agora/domains/instances/hosted_reconciler.py": "instances",
    "agora/domains/instances/maintenance.py": "instances",
    "agora/domains/instances/reconciler.py": "instances",
    "agora/domains/mcp_upstreams/declared_upstreams.py": "declared upstreams",
    # validation against foreign schemas, with jsonschema
    "agora/domains/declared_agents/service.py": "schemas of outputs",
    "agora/domains/mcp_upstreams/client/vetting.py": "schemas of tools",
    "agora/protocols/mcp/agent_offers.py": "schemas of agents' tools",
    "agora/domains/mcp_upstreams/task_questions.py": "schemas of answers",
    # unnecessary for a program that only imports the SDK, or makes one call
    "agora_sdk/client.py": "listeners, conversations, projections",
    "agora_sdk/contract/": "schemas of operations",
    "agora_sdk/login.py": "sign-in",
    "agora_sdk/projection.py": "event streams",
    "agora_sdk/protocol.py": "encryption",
    "agora_sdk/session.py": "transports",
}


def _find_modules() -> dict[str, Path]:
    modules = {}
    for package, directory in PACKAGES.items():
        for file in directory.rglob("*.py"):
            parts = (package, *file.relative_to(directory).with_suffix("").parts)
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return modules


MODULES = _find_modules()


def _find_imports(node: ast.AST, function: str | None = None) -> Iterator[tuple[Import, str | None]]:
    """Yield imports that run, each with its enclosing function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, function
        else:
            yield from _find_imports(child, child.name if isinstance(child, FUNCTIONS) else function)


def _name_targets(module: str, statement: Import) -> set[str]:
    """Return our modules that an import loads, without their parent packages."""
    if isinstance(statement, ast.Import):
        return {alias.name for alias in statement.names} & MODULES.keys()
    base = statement.module or ""
    if statement.level:
        package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
        parents = package.split(".")[: len(package.split(".")) - statement.level + 1]
        base = ".".join([*parents, *base.split(".")]).rstrip(".")
    submodules = {f"{base}.{alias.name}" for alias in statement.names} & MODULES.keys()
    return submodules or {base} & MODULES.keys()


@cache
def _read_imports() -> dict[str, list[tuple[Import, str | None]]]:
    """Return the imports of each of our modules. Not at import: every worker imports this module, few run its tests."""
    return {module: list(_find_imports(ast.parse(file.read_bytes()))) for module, file in MODULES.items()}


def _find_loaded_modules(start: str) -> set[str]:
    """Return our modules that are loaded when a module is imported."""
    loaded: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in loaded or module not in MODULES:
            continue
        loaded.add(module)
        waiting.append(module.rpartition(".")[0])
        for statement, function in _read_imports()[module]:
            if function is None:
                waiting += _name_targets(module, statement)
    return loaded


def test_late_imports_load_modules_that_are_not_loaded_yet() -> None:
    server = _find_loaded_modules("agora.server.process")
    needless = [
        f"{MODULES[module].relative_to(ROOT)}:{statement.lineno} {ast.unparse(statement)}"
        for module, statements in _read_imports().items()
        for loaded in [_find_loaded_modules(module) | (server if module in server else set())]
        for statement, function in statements
        if function is not None and (targets := _name_targets(module, statement)) and targets <= loaded
        # these two packages import a name on access, by their __getattr__
        if targets != {"agora_sdk"} and targets != {"agora_sdk.contract"}
    ]
    assert needless == []


def _name_packages(statement: Import) -> set[str]:
    """Return the packages that an import names; an empty name for one of ours."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    else:
        names = [""] if statement.level else [statement.module or ""]
    packages = {name.partition(".")[0] for name in names}
    return {"" if package in PACKAGES else package for package in packages}


def _find_place(module: str) -> str | None:
    """Return the entry of PLACES that a module belongs to."""
    file = MODULES[module].relative_to(PACKAGES[module.partition(".")[0]].parent).as_posix()
    return next((place for place in PLACES if file == place or (place.endswith("/") and file.startswith(place))), None)


def _list_late_imports() -> Iterator[tuple[str, int, set[str]]]:
    """Yield module, line and packages of each import inside a function."""
    for module, statements in _read_imports().items():
        for statement, function in statements:
            if function is not None:
                yield module, statement.lineno, _name_packages(statement)


def test_only_heavy_packages_and_listed_places_use_late_imports() -> None:
    early = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {', '.join(packages - HEAVY) or 'a module of ours'}"
        for module, line, packages in _list_late_imports()
        if packages - HEAVY - ({""} if _find_place(module) else set())
    ]
    assert early == []


def test_every_listed_package_and_place_is_used() -> None:
    imports = list(_list_late_imports())
    assert {_find_place(module) for module, _, packages in imports if "" in packages} >= PLACES.keys()
    assert set().union(*(packages for *_, packages in imports)) >= HEAVY


def test_every_lazy_reference_resolves() -> None:
    references = {match for file in MODULES.values() for match in LAZY_REFERENCE.findall(file.read_text("utf-8"))}
    assert ("agora.protocols.mcp.endpoint", "McpApp") in references
    missing = [(module, name) for module, name in references if not hasattr(import_module(module), name)]
    assert missing == []
