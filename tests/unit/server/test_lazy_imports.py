"""An import inside a function defers what a start does not load; what is loaded anyway is imported at the top (ADR 22)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = {"agora": ROOT / "src" / "agora", "agora_sdk": ROOT / "sdk" / "python" / "src" / "agora_sdk"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Import = ast.Import | ast.ImportFrom


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


IMPORTS = {module: list(_find_imports(ast.parse(file.read_bytes()))) for module, file in MODULES.items()}


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
        for statement, function in IMPORTS[module]:
            if function is None:
                waiting += _name_targets(module, statement)
    return loaded


def test_an_import_inside_a_function_loads_what_is_not_loaded_yet() -> None:
    server = _find_loaded_modules("agora.server.process")
    needless = [
        f"{MODULES[module].relative_to(ROOT)}:{statement.lineno} {ast.unparse(statement)}"
        for module, statements in IMPORTS.items()
        for loaded in [_find_loaded_modules(module) | (server if module in server else set())]
        for statement, function in statements
        if function is not None and (targets := _name_targets(module, statement)) and targets <= loaded
        # these two packages load a name when it is asked for, by their __getattr__
        if targets != {"agora_sdk"} and targets != {"agora_sdk.contract"}
    ]
    assert needless == []
