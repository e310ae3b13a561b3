"""Count what makes tests hard to trust: sleeps, private attributes of others, patched attributes, assertions that cannot
fail.

    python scripts/measure_tests.py            counts
    python scripts/measure_tests.py KIND ...   also each place of a kind
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["KINDS", "find_places"]

TESTS = Path(__file__).parents[1] / "tests"
SLEEPS = ("time.sleep", "asyncio.sleep")
LOOPS = (ast.While, ast.For, ast.AsyncFor)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: public in spite of its name: of named tuples, of the interpreter
PUBLIC = frozenset({"_replace", "_asdict", "_fields", "_exit", "_current_frames"})
KINDS = {
    "sleep": "sleeps inside of a loop",
    "private": "attributes with an underscore, of another object than self",
    "import": "imports of names or modules with an underscore",
    "patch": "calls of setattr of a MonkeyPatch",
    "constant": "assertions that cannot fail: of a constant, or that end with 'or True'",
}


def find_places(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Find the kind and line of each place in a module."""
    for node in ast.walk(tree):
        match node:
            case ast.While() | ast.For() | ast.AsyncFor():
                yield from (
                    ("sleep", call.lineno) for call in _find_calls_of_loop(node) if _find_name(call.func) in SLEEPS
                )
            case ast.Call(func=ast.Attribute(attr="setattr", value=ast.Name())) if len(node.args) > 1:
                yield "patch", node.lineno
            case ast.Attribute(attr=name) if _is_private(name) and not _is_own(node.value):
                yield "private", node.lineno
            case ast.ImportFrom(module=module, names=names):
                parts = [*(module or "").split("."), *(alias.name for alias in names)]
                if any(map(_is_private, parts)):
                    yield "import", node.lineno
            case ast.Assert(test=test) if _is_always_true(test):
                yield "constant", node.lineno


def _find_calls_of_loop(loop: ast.AST) -> Iterator[ast.Call]:
    """Find the calls of a loop's own body, without those of inner loops and functions."""
    for child in ast.iter_child_nodes(loop):
        if isinstance(child, ast.Call):
            yield child
        if not isinstance(child, LOOPS + FUNCTIONS):
            yield from _find_calls_of_loop(child)


def _find_name(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def _is_own(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id in ("self", "cls")) or ast.unparse(node) == "super()"


def _is_always_true(test: ast.AST) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(map(_is_always_true, test.values))
    return isinstance(test, ast.Constant | ast.Tuple | ast.GeneratorExp | ast.Lambda) and bool(
        getattr(test, "value", True)
    )


def main(kinds: list[str]) -> int:
    """Print the counts, and each place of the kinds."""
    places = [
        (kind, path.relative_to(TESTS), line)
        for path in sorted(TESTS.rglob("*.py"))
        for kind, line in sorted(set(find_places(ast.parse(path.read_text("utf-8")))))
    ]
    for kind, description in KINDS.items():
        of_kind = [(path, line) for each, path, line in places if each == kind]
        print(f"{len(of_kind):4} in {len({path for path, _ in of_kind}):3} modules: {description} ({kind})")
        if kind in kinds:
            print(*(f"       tests/{path}:{line}" for path, line in of_kind), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
