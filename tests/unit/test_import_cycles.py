"""Modules import each other in one direction, also where only type checkers see the import."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp
import pytest


@pytest.mark.parametrize("package", ["agora", "agora_sdk"])
def test_no_modules_import_each_other(package: str) -> None:
    graph = grimp.build_graph(package, cache_dir=None)
    # A package's own module lists what it exports; its modules may take names from it.
    modules = [module for module in graph.modules if not graph.find_children(module)]
    imported = {module: graph.find_modules_directly_imported_by(module) & set(modules) for module in modules}
    TopologicalSorter(imported).prepare()  # raises CycleError, which names a cycle
