"""Declared dependencies equal the imported packages, and the lock file contains all of them."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
OURS = {"agora", "agora_sdk"}
SERVER, SDK = ROOT / "pyproject.toml", ROOT / "sdk" / "python" / "pyproject.toml"
SOURCES = {SERVER: ROOT / "src", SDK: ROOT / "sdk" / "python" / "src"}


def _imported_modules(source: Path) -> Iterator[tuple[str, str]]:
    """Return top-level names of other packages' modules, with a file that imports each."""
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                if (top := name.split(".")[0]) not in OURS | sys.stdlib_module_names:
                    yield top, str(file.relative_to(ROOT))


def _declared_requirements(project: Path) -> list[Requirement]:
    document = tomllib.loads(project.read_text())["project"]
    extras = document.get("optional-dependencies", {}).values()
    return [Requirement(line) for lines in (document["dependencies"], *extras) for line in lines]


@pytest.mark.parametrize("project", SOURCES, ids=["server", "sdk"])
def test_every_imported_package_is_declared(project: Path) -> None:
    declared = {canonicalize_name(requirement.name) for requirement in _declared_requirements(project)}
    providers = packages_distributions()
    missing = {
        module: file
        for module, file in _imported_modules(SOURCES[project])
        if declared.isdisjoint(map(canonicalize_name, providers.get(module, [module])))
    }
    assert missing == {}


def test_lock_file_has_an_allowed_version_of_every_dependency() -> None:
    lock = (ROOT / "requirements" / "server.txt").read_text()
    locked = {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)
    }
    document = tomllib.loads(SERVER.read_text())["project"]
    wrong = {
        str(requirement): locked.get(canonicalize_name(requirement.name))
        for requirement in map(Requirement, document["dependencies"])
        if requirement.name != "agora-sdk"
        and locked.get(canonicalize_name(requirement.name), "") not in requirement.specifier
    }
    assert wrong == {}
