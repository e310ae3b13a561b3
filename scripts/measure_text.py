"""Measure the readability of source text: names, comments, complexity. Usage: measure_text.py [PACKAGE_OR_DIRECTORY
...]

Prints one row per package: without arguments src/agora and the SDK, and installed packages for comparison. The figures
are indicators, not limits: a reader judges.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = {"agora": ROOT / "src" / "agora", "agora_sdk": ROOT / "sdk" / "python" / "src" / "agora_sdk"}
ANCHORS = ("starlette", "httpx", "uvicorn", "mcp", "a2a", "hypothesis", "schemathesis", "_pytest")
PARTICIPLES = frozenset(
    [
        "found",
        "given",
        "told",
        "said",
        "wanted",
        "kept",
        "shown",
        "asked",
        "known",
        "made",
        "taken",
        "done",
        "seen",
        "left",
        "gone",
        "held",
        "sent",
        "got",
        "written",
        "read_",
        "began",
        "begun",
        "chosen",
        "ended",
        "named",
        "stored",
    ]
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)


@dataclass
class Figures:
    """Counts over one package."""

    code_lines: int = 0
    comment_lines: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    complex_functions: int = 0
    participle_locals: int = 0
    type_ignores: int = 0

    @property
    def one_word_share(self) -> float:
        single = sum(count for name, count in self.functions.items() if "_" not in name.strip("_"))
        return 100 * single / max(1, sum(self.functions.values()))

    @property
    def distinct_share(self) -> float:
        return 100 * len(self.functions) / max(1, sum(self.functions.values()))

    def row(self) -> tuple[str, ...]:
        lengths = sorted(self.lengths) or [0]
        return (
            f"{self.code_lines:,}",
            f"{self.one_word_share:.0f} %",
            f"{self.distinct_share:.0f} %",
            f"{1000 * self.participle_locals / max(1, self.code_lines):.1f}",
            f"{100 * self.comment_lines / max(1, self.code_lines):.1f}",
            f"{lengths[int(len(lengths) * 0.9)]}",
            f"{self.complex_functions}",
            f"{self.type_ignores}",
        )


HEADINGS = (
    "package", "code lines", "one-word functions", "distinct names", "participle locals / kLOC",
    "comments / 100 lines", "p90 length", "C901 > 10", "type: ignore",
)  # fmt: skip


def measure_package(directory: Path) -> Figures:
    """Measure all modules below a directory."""
    figures = Figures()
    modules = [(path, path.read_text("utf-8", "replace")) for path in sorted(directory.rglob("*.py"))]
    trees = [(path, text, ast.parse(text)) for path, text in modules if "/tests/" not in str(path)]
    inherited = _overridable_names(tree for _, _, tree in trees)
    for _, text, tree in trees:
        _count_lines(figures, text)
        for function, owner in _functions(tree):
            figures.lengths.append((function.end_lineno or function.lineno) - function.lineno + 1)
            figures.complex_functions += _complexity(function) > 10
            figures.participle_locals += len(_local_names(function) & PARTICIPLES)
            if not _is_prescribed(function, owner, inherited):
                figures.functions[function.name] += 1
    return figures


def _count_lines(figures: Figures, text: str) -> None:
    for line in text.split("\n"):
        stripped = line.strip()
        figures.comment_lines += stripped.startswith("#") or "  # " in line
        figures.code_lines += bool(stripped) and not stripped.startswith("#")
        figures.type_ignores += "type: ignore" in line


def _functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.ClassDef | None]]:
    """Yield every function with its class, if it is a method."""
    stack: list[tuple[ast.AST, ast.ClassDef | None]] = [(tree, None)]
    while stack:
        node, owner = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                yield child, owner
                stack.append((child, None))
            else:
                stack.append((child, child if isinstance(child, ast.ClassDef) else owner))


def _overridable_names(trees: Iterator[ast.Module]) -> dict[str, set[str]]:
    """Map class names to method names; those of Protocols also under ``Protocol``."""
    methods: dict[str, set[str]] = {"Protocol": set()}
    bases: dict[str, list[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names = {child.name for child in node.body if isinstance(child, FUNCTIONS)}
                methods.setdefault(node.name, set()).update(names)
                bases.setdefault(node.name, []).extend(_base_names(node))
                if {"Protocol", "ABC"} & set(_base_names(node)):
                    methods["Protocol"] |= names
    for name in list(bases):  # two levels are sufficient here
        for base in bases[name]:
            for grand in bases.get(base, ()):
                methods.setdefault(base, set()).update(methods.get(grand, ()))
    return methods


def _base_names(node: ast.ClassDef) -> list[str]:
    return [re.sub(r"\[.*", "", ast.unparse(base)).rpartition(".")[2] for base in node.bases]


def _is_prescribed(
    function: ast.FunctionDef | ast.AsyncFunctionDef, owner: ast.ClassDef | None, inherited: dict[str, set[str]]
) -> bool:
    """Whether a name is prescribed: a special method, an override, or a method of a Protocol."""
    if function.name.startswith("__") or function.name.startswith("visit_"):
        return True
    decorators = {ast.unparse(each).rpartition(".")[2] for each in function.decorator_list}
    if decorators & {"override", "implements"} or any(
        each.startswith("operation(") for each in map(ast.unparse, function.decorator_list)
    ):
        return True
    if owner is None:
        return False
    return function.name in inherited["Protocol"] or any(
        function.name in inherited.get(base, ()) for base in _base_names(owner)
    )


def _local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _complexity(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Compute the cyclomatic complexity like mccabe, without nested functions."""
    total, stack = 1, list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        total += isinstance(
            node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)
        )
        stack.extend(ast.iter_child_nodes(node))
    return total


def _directory_of(name: str) -> Path | None:
    if Path(name).is_dir():
        return Path(name)
    if name in OURS:
        return OURS[name]
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def main(names: list[str]) -> None:
    rows = [HEADINGS]
    for name in names or [*OURS, *ANCHORS]:
        directory = _directory_of(name)
        if directory is not None:
            rows.append((name, *measure_package(directory).row()))
    print("| " + " | ".join(rows[0]) + " |")
    print("|---" * len(HEADINGS) + "|")
    for row in rows[1:]:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
