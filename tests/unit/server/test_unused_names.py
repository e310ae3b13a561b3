"""Every statement, table, constant, function and class of the server is used outside tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "src", ROOT / "sdk" / "python" / "src")
SCRIPTS = ROOT / "scripts"
WORD = re.compile(r"\w+")


@dataclass
class ModuleNames:
    """The names of a module's top level, and the words by which it may refer to something: own, or of other modules."""

    defined: list[str] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)


def _read_modules() -> dict[str, ModuleNames]:
    """Read the modules of both packages, and the scripts that generate parts of them, by their dotted names."""
    modules: dict[str, ModuleNames] = {}
    for source in (*SOURCES, SCRIPTS):
        for file in source.rglob("*.py"):
            name = ".".join(file.relative_to(source).with_suffix("").parts)
            modules[name] = _collect_names(ast.parse(file.read_bytes()))
    return modules


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)


def _list_defined_names(tree: ast.Module) -> Iterator[str]:
    """List module-level names. A decorated one may be registered by its decorator."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.decorator_list or isinstance(node, ast.ClassDef):
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


def _collect_names(tree: ast.Module) -> ModuleNames:
    names = ModuleNames(defined=list(_list_defined_names(tree)))
    for statement in tree.body:
        if _is_all(statement):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    names.own.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.others.add(node.attr)
            elif isinstance(node, ast.ImportFrom):
                names.others.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                words = WORD.findall(node.value)  # "module:name", a forward reference
                names.own.update(words)
                names.others.update(words)
    return names


def test_every_name_is_used() -> None:
    modules = _read_modules()
    used_elsewhere = set().union(*(names.others for names in modules.values()))
    unused = [
        f"{module}.{defined}"
        for module, names in modules.items()
        if module.startswith("agora.")
        for defined in names.defined
        if not defined.startswith("__") and defined not in used_elsewhere and defined not in names.own
    ]
    assert unused == []
