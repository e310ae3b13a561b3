"""Every module, class and function of ours that a docstring or comment names exists."""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"agora": ROOT / "src" / "agora", "agora_sdk": ROOT / "sdk" / "python" / "src" / "agora_sdk"}

ROLE = re.compile(r":(mod|class|func|meth|attr|exc|data|obj):`~?([^`<]+)`")
CLASS = re.compile(r"^ *class (\w+)", re.MULTILINE)
DOTTED = re.compile(r"``(agora(?:_sdk)?(?:\.\w+)+)``")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _modules() -> dict[str, Path]:
    modules = {}
    for package, directory in SOURCES.items():
        for path in directory.rglob("*.py"):
            parts = path.relative_to(directory).with_suffix("").parts
            names = [package, *parts]
            if names[-1] == "__init__":
                names.pop()
            modules[".".join(names)] = path
    return modules


MODULES = _modules()


@cache
def _names(module: str) -> frozenset[str]:
    """Return the names that a module binds, those of its classes as ``Class.name``, and its submodules."""
    path = MODULES[module]
    tree = ast.parse(path.read_text("utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Name | ast.arg):
            names.add(node.id if isinstance(node, ast.Name) else node.arg)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    names.update(other.rpartition(".")[2] for other in MODULES if other.rpartition(".")[0] == module)
    return frozenset(names)


def _resolves(dotted: str) -> bool:
    """Whether ``package.module.name`` exists: the longest module prefix, then names in that module."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if module in MODULES:
            return all(name in _names(module) for name in parts[length:])
    return False


def _is_known(reference: str, module: str) -> bool:
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    if reference.startswith("."):
        levels = len(reference) - len(reference.lstrip("."))
        base = package.split(".")[: len(package.split(".")) - levels + 1]
        return _resolves(".".join([*base, reference.lstrip(".")]))
    first = reference.partition(".")[0]
    if first in SOURCES:
        return _resolves(reference)
    if first in _names(module) or first in _class_names() or hasattr(builtins, first):
        return True
    return f"{package}.{first}" in MODULES or first in EXTERNAL


EXTERNAL = frozenset({"asyncio", "httpx", "uvicorn", "pydantic", "mcp", "contextvars", "re", "json", "logging"})


@cache
def _class_names() -> frozenset[str]:
    """Return the classes of both packages: a docstring may name an error or a result without importing it."""
    return frozenset(name for path in MODULES.values() for name in CLASS.findall(path.read_text("utf-8")))


@pytest.mark.parametrize("package", SOURCES)
def test_references_in_docstrings_and_comments_exist(package: str) -> None:
    unknown = []
    for module, path in MODULES.items():
        if module.partition(".")[0] != package:
            continue
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            references = [match[2].rstrip("()") for match in ROLE.finditer(line)]
            references += [name for name in DOTTED.findall(line) if name.split(".")[1] in SUBPACKAGES]
            unknown += [
                f"{path.relative_to(ROOT)}:{number}: {each}" for each in references if not _is_known(each, module)
            ]
    assert not unknown, "\n".join(unknown)


#: our packages: another name after ``agora.`` belongs to an operation, an event or a metric
SUBPACKAGES = frozenset(
    ["server", "core", "net", "store", "wire", "domains", "protocols", "runtimes", "builtin_agents", "cli", "settings"]
) | {"telemetry", "controllers", "services", "runtime", "api", "ops", "relay", "internet", "clock", "scheduling"}


def test_check_finds_missing_names() -> None:
    assert _is_known("agora.core.jobs.Controller", "agora.core.dispatcher")
    assert _is_known(".jobs", "agora.core.dispatcher")
    assert not _is_known("agora.core.houses", "agora.core.dispatcher")
    assert not _is_known(".houses", "agora.core.dispatcher")
    assert not _is_known("agora.core.jobs.House", "agora.core.dispatcher")
