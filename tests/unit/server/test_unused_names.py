"""Every statement, table, constant, function and class of the server is used outside tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "src", ROOT / "sdk" / "python" / "src")
SCRIPTS = ROOT / "scripts"
WORD = re.compile(r"\w+")


def _parse_modules() -> dict[str, ast.Module]:
    """Parse the modules of both packages, and the scripts that generate parts of them, by their dotted names."""
    modules: dict[str, ast.Module] = {}
    for source in (*SOURCES, SCRIPTS):
        for file in source.rglob("*.py"):
            name = ".".join(file.relative_to(source).with_suffix("").parts)
            modules[name] = ast.parse(file.read_bytes())
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


def _list_used_words(tree: ast.Module, *, own: bool) -> Iterator[str]:
    """List words by which a module may refer to something. own: words for its own names, not those of other modules."""
    for statement in tree.body:
        if _is_all(statement):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and own:
                yield node.id
            elif isinstance(node, ast.Attribute) and not own:
                yield node.attr
            elif isinstance(node, ast.ImportFrom) and not own:
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                yield from WORD.findall(node.value)  # "module:name", a forward reference


def test_every_name_is_used() -> None:
    modules = _parse_modules()
    used_elsewhere = {word for tree in modules.values() for word in _list_used_words(tree, own=False)}
    unused = [
        f"{name}.{defined}"
        for name, tree in modules.items()
        if name.startswith("agora.")
        for defined in _list_defined_names(tree)
        if not defined.startswith("__")
        and defined not in used_elsewhere
        and defined not in set(_list_used_words(tree, own=True))
    ]
    assert unused == []
