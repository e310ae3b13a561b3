"""A static call graph of ``src/agora``: the functions that a function may call, and the errors that are created there.

Names are resolved by the imports of their module. A method of an object of unknown class is looked up by its name in
the classes that the module can name; a method of a protocol resolves to every class that has all methods of the
protocol. So the graph has too many edges rather than too few. Edges that exist only at run time are passed as
``edges``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

__all__ = ["CallGraph", "Function"]

SOURCE = Path(__file__).parents[1] / "src"
ERRORS = "agora_sdk.errors"
CONSTRUCTORS = ("__init__", "__post_init__")
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


class Function(NamedTuple):
    """A function, identified by its module, class ("" for a plain function) and name."""

    module: str
    owner: str
    name: str


class Class(NamedTuple):
    """A class, identified by its module and name."""

    module: str
    name: str


class Error(NamedTuple):
    """A class of the error tree by its name."""

    name: str


class Value(NamedTuple):
    """Any other module-level object, such as a signal."""

    module: str
    name: str


Target = Function | Class | Error | Value | str  # a string is the name of a module


@dataclass
class Module:
    """Declarations of one file. imports: dotted names by imported name, references of ``Lazy`` among them."""

    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, AnyFunction] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    @cached_property
    def methods(self) -> Mapping[str, Mapping[str, AnyFunction]]:
        """Methods defined in the body of each class."""
        return {
            name: {node.name: node for node in declaration.body if isinstance(node, AnyFunction)}
            for name, declaration in self.classes.items()
        }

    @classmethod
    def parse(cls, file: Path, name: str) -> Module:
        tree = ast.parse(file.read_text("utf-8"))
        package = name if file.stem == "__init__" else name.rpartition(".")[0]
        module = cls()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module.imports |= dict(_imported_names(node, package))
        for node in tree.body:
            if isinstance(node, AnyFunction):
                module.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                module.classes[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {target.id for target in targets if isinstance(target, ast.Name)}
                match node.value:
                    case ast.Call(func=ast.Name(id="Lazy"), args=[ast.Constant(value=str(reference))]):
                        module.imports |= dict.fromkeys(names, reference.replace(":", "."))
                    case _:
                        module.values |= names
        return module


def _imported_names(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
        return
    parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    base = ".".join([*parts, *([node.module] if node.module else [])])
    for alias in node.names:
        yield alias.asname or alias.name, f"{base}.{alias.name}"


class CallGraph:
    """The graph of a package. edges: functions that run where a value is named, such as the handlers of a signal."""

    def __init__(self, package: str = "agora", edges: Mapping[Value, Sequence[Function]] | None = None) -> None:
        self._edges = dict(edges or {})
        self._modules: dict[str, Module] = {}
        for file in sorted((SOURCE / package).rglob("*.py")):
            name = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
            self._modules[name] = Module.parse(file, name)
        self._contents: dict[Function, tuple[set[str], set[Function]]] = {}

    def error_names(self, function: Function) -> set[str]:
        """Return the names of the error classes that the function, or its callees, create."""
        names: set[str] = set()
        seen, waiting = set(), [function]
        while waiting:
            if (each := waiting.pop()) in seen:
                continue
            seen.add(each)
            if each not in self._contents:
                self._contents[each] = self._read_function(each)
            errors, callees = self._contents[each]
            names |= errors
            waiting += callees
        return names

    def find_method(self, owner: Class, name: str) -> Function | None:
        """Find a method of a class, its own or an inherited one."""
        if name in self._modules[owner.module].methods[owner.name]:
            return Function(owner.module, owner.name, name)
        inherited = (self.find_method(base, name) for base in self._bases(owner))
        return next(filter(None, inherited), None)

    @cache  # noqa: B019  a graph lives as long as its program
    def _bases(self, owner: Class) -> tuple[Class, ...]:
        bases = self._modules[owner.module].classes[owner.name].bases
        targets = (self._resolve_expression(owner.module, base) for base in bases)
        return tuple(target for target in targets if isinstance(target, Class))

    # -- names ---------------------------------------------------------------------------------

    def _resolve(self, module_name: str, name: str, depth: int = 0) -> Target | None:
        """Resolve a module-level name; None if it is neither of the package nor an error."""
        module = self._modules[module_name]
        if name in module.functions:
            return Function(module_name, "", name)
        if name in module.classes:
            return Class(module_name, name)
        if name not in module.imports:
            return Value(module_name, name) if name in module.values else None
        full = module.imports[name]
        if full in self._modules:
            return full
        base, _, leaf = full.rpartition(".")
        if base == ERRORS:
            return Error(leaf)
        return self._resolve(base, leaf, depth + 1) if base in self._modules and depth < 8 else None

    def _resolve_expression(self, module: str, node: ast.expr) -> Target | None:
        """Resolve ``name``, ``module.name`` or ``Generic[...]``."""
        match node:
            case ast.Name(id=name):
                return self._resolve(module, name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                target = self._resolve(module, name)
                return self._resolve(target, attribute) if isinstance(target, str) else None
            case ast.Subscript(value=value):
                return self._resolve_expression(module, value)
        return None

    @cache  # noqa: B019  a graph lives as long as its program
    def _named_classes(self, module_name: str) -> tuple[Class, ...]:
        """List the classes that a module can name: its own, imported ones, and those of imported modules."""
        module = self._modules[module_name]
        classes = {Class(module_name, name): None for name in module.classes}
        for name in module.imports:
            target = self._resolve(module_name, name)
            if isinstance(target, Class):
                classes[target] = None
            elif isinstance(target, str):
                classes |= {Class(target, each): None for each in self._modules[target].classes}
        return tuple(classes)

    @cached_property
    def _protocols(self) -> Mapping[Class, tuple[Class, ...]]:
        """Map the protocols of the package to the classes that have all their methods."""
        methods = {
            Class(module_name, name): methods.keys()
            for module_name, module in self._modules.items()
            for name, methods in module.methods.items()
        }
        protocols = [each for each in methods if self._is_protocol(each) and methods[each]]
        return {
            protocol: tuple(each for each in methods if each != protocol and methods[each] >= methods[protocol])
            for protocol in protocols
        }

    def _is_protocol(self, owner: Class) -> bool:
        bases = self._modules[owner.module].classes[owner.name].bases
        return any("Protocol" in (ast.unparse(base).partition("[")[0]) for base in bases)

    # -- one function --------------------------------------------------------------------------

    def _read_function(self, function: Function) -> tuple[set[str], set[Function]]:
        """Return the names of the errors that a function creates, and the functions that it may call."""
        errors: set[str] = set()
        callees: set[Function] = set()
        for node in ast.walk(self._declaration(function)):
            if isinstance(node, ast.Call | ast.Raise):
                made = node.func if isinstance(node, ast.Call) else node.exc
                target = made and self._resolve_expression(function.module, made)
                if isinstance(target, Error):
                    errors.add(target.name)
            if isinstance(node, ast.Name):
                callees |= self._runnable(self._resolve(function.module, node.id))
            elif isinstance(node, ast.Attribute):
                callees |= self._attribute_callees(function, node)
        return errors, callees

    def _declaration(self, function: Function) -> AnyFunction:
        module = self._modules[function.module]
        if not function.owner:
            return module.functions[function.name]
        return module.methods[function.owner][function.name]

    def _runnable(self, target: Target | None) -> set[Function]:
        """Return the functions that may run where a target is named."""
        match target:
            case Function():
                return {target}
            case Class():
                return set(filter(None, (self.find_method(target, name) for name in CONSTRUCTORS)))
            case Value():
                return set(self._edges.get(target, ()))
        return set()

    def _attribute_callees(self, function: Function, node: ast.Attribute) -> AbstractSet[Function]:
        match node.value:
            case ast.Name(id="self" | "cls") if function.owner:
                methods = self._methods((Class(function.module, function.owner),), node.attr)
                return methods or self._methods(self._named_classes(function.module), node.attr)
            case ast.Name() if isinstance(module := self._resolve_expression(function.module, node.value), str):
                return self._runnable(self._resolve(module, node.attr))
            case ast.Name() if isinstance(module, Class):
                return self._methods((module,), node.attr)
            case ast.Call(func=made) if isinstance(owner := self._resolve_expression(function.module, made), Class):
                return self._methods((owner,), node.attr)
        return self._methods(self._named_classes(function.module), node.attr)

    @cache  # noqa: B019
    def _methods(self, owners: tuple[Class, ...], name: str) -> frozenset[Function]:
        methods = set()
        for owner in owners:
            if (method := self.find_method(owner, name)) is None:
                continue
            methods.add(method)
            implementers = self._protocols.get(Class(method.module, method.owner), ())
            methods |= set(filter(None, (self.find_method(each, name) for each in implementers)))
        return frozenset(methods)
