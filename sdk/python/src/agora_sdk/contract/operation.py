"""The declaration of operations.

An operation is an abstract, typed, documented method of a :class:`Service`; the decorator :func:`operation` adds
properties that a signature cannot express. Request model, response adapter, JSON schemas and routes are derived lazily
from that declaration. Pydantic is imported when the first model is built, so that listing operations stays fast.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    ParamSpec,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from .operation_properties import Exposure, Kind, Lifecycle, LifecycleLike, Route

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

    from .results import Result, Stream

__all__ = [
    "Declared",
    "Exposure",
    "Kind",
    "Lifecycle",
    "LifecycleLike",
    "Listed",
    "Operation",
    "Route",
    "Service",
    "implements",
    "operation",
]

P = ParamSpec("P")
R = TypeVar("R", bound="Result")
S = TypeVar("S", bound="Service")
T = TypeVar("T")

MEBIBYTE = 1024 * 1024
#: fields of an operation that only its declaration has
OWN = frozenset({"method", "translate"})
VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


@dataclass(eq=False)
class Operation:
    """One version of one operation.

    method: the declared method; None until the service is loaded if the operation comes from the index.
    """

    method: Callable[..., Any] | None
    declared_routes: tuple[Route, ...]
    scope: str
    kind: Kind
    version: str = "1.0.0"
    declared_name: str | None = None
    aliases: tuple[str, ...] = ()
    exposure: Exposure = Exposure.AGENT
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    deprecation_date: date | None = None
    sunset_date: date | None = None
    replacement: str | None = None
    migration_guide: str | None = None
    success_status: int = 200
    body_limit: int = MEBIBYTE
    idempotent: bool = False
    destructive: bool = False
    during_halt: bool = False
    read_actions: tuple[str, ...] = ()
    category: str = ""
    action: str = ""
    attribute: str = ""
    secrets: tuple[str, ...] = field(default=())
    tools: tuple[str, ...] = ()
    translate: Callable[[Any], Any] | None = None

    def bind(self, category: str, attribute: str) -> None:
        """Set the service's category and the method's name."""
        self.category, self.attribute = category, attribute
        self.action = self.declared_name or attribute

    def adopt_declaration(self, declaration: Operation) -> Operation:
        """Complete an operation listed by the index with its declaration, once its service is loaded.

        Raises RuntimeError if the index differs from the declaration.
        """
        for fact in fields(self):
            if fact.name not in OWN and getattr(self, fact.name) != getattr(declaration, fact.name):
                # The checksum of the sources protects against a stale index; this also finds one whose generation was wrong.
                raise RuntimeError(f"the index is wrong about {declaration.name}: {fact.name}")
        # The listed object is completed, not replaced: routes and registries already refer to it.
        self.method, self.translate = declaration.method, declaration.translate
        return self

    @property
    def function(self) -> Callable[..., Any]:
        """The declared method. Loads the service."""
        if self.method is None:
            Service.declared.load(self.category)
        if self.method is None:
            raise RuntimeError(f"the index lists {self.name}, which is not declared")
        return self.method

    @property
    def implementation(self) -> str:
        """Category of the service that runs it; differs from its own category for operations created at run time."""
        return self.category

    @property
    def name(self) -> str:
        """Canonical name, ``agora.{category}.{action}``."""
        return f"agora.{self.category}.{self.action}"

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Declared routes, followed by the generic route ``/agora/{category}/{action}``."""
        method = "GET" if self.kind in (Kind.QUERY, Kind.STREAM) else "POST"
        rule = Route(method, f"/agora/{self.category}/{self.action}")
        return self.declared_routes if rule in self.declared_routes else (*self.declared_routes, rule)

    @property
    def description(self) -> str:
        """The method's whole docstring."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return self.description.split("\n", 1)[0]

    @property
    def reads(self) -> bool:
        """Whether it is read-only: a query, a stream, or a relay with method GET."""
        fetches = self.kind is Kind.RELAY and bool(self.routes) and self.routes[0].method == "GET"
        return fetches or self.kind in (Kind.QUERY, Kind.STREAM)

    def reads_with(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a call with these arguments is read-only."""
        return self.reads or arguments.get("action") in self.read_actions

    def lifecycle_on(self, today: date) -> Lifecycle:
        """The lifecycle status on a given day. Dates that have passed override the declared status."""
        if self.sunset_date and today >= self.sunset_date:
            return Lifecycle.SUNSET
        if self.deprecation_date and today >= self.deprecation_date:
            return Lifecycle.DEPRECATED
        return self.lifecycle

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Parameters in the order declared, without ``self``."""
        return dict(list(inspect.signature(self.function).parameters.items())[1:])

    @cached_property
    def input(self) -> type[BaseModel]:
        """Request model; unknown fields are refused."""
        from pydantic import ConfigDict, create_model, model_validator

        arguments: dict[str, Any] = {
            name: (self.hints[name], _build_default(parameter.default)) for name, parameter in self.parameters.items()
        }
        name = f"{self.category}_{self.action}_request".title().replace("_", "")
        # NaN and infinity are refused because JSON has none and other languages' parsers reject the answer.
        config = ConfigDict(extra="forbid", allow_inf_nan=False, ser_json_inf_nan="null")
        first: Any = {"translate": model_validator(mode="before")(self.translate)} if self.translate else None
        return create_model(name, __config__=config, __doc__=self.summary, __validators__=first, **arguments)

    @cached_property
    def result_type(self) -> Any:
        """The result's type; for a stream, the type of one item."""
        annotation = self.hints["return"]
        if get_origin(annotation) is AsyncIterator:
            return get_args(annotation)[0]
        return annotation

    @cached_property
    def output(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(self.result_type)

    @cached_property
    def errors(self) -> tuple[str, ...]:
        """Codes of the errors that a call may raise (``agora_sdk.errors.BY_CODE``), the common ones first."""
        from .operation_errors import common_errors, service_errors

        own = service_errors().get(f"{self.category}.{self.action}", ())
        return tuple(dict.fromkeys([*common_errors(self.kind, during_halt=self.during_halt), *own]))

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema (2020-12) of the arguments, with descriptions."""
        from .parameter_descriptions import describe_parameters

        return describe_parameters(self.input.model_json_schema(), f"{self.category}.{self.action}")

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema (2020-12) of the result, or of one item of a stream."""
        return self.output.json_schema(mode="serialization")

    def __repr__(self) -> str:
        return f"<Operation {self.name}@{self.version}>"


def _build_default(default: Any) -> Any:
    """Build the default of a request's field from that of a parameter."""
    from pydantic import Field

    if default is inspect.Parameter.empty:
        return ...
    if default in ({}, []):  # pydantic would call copy.deepcopy for each request
        return Field(default_factory=type(default), json_schema_extra={"default": default})
    return default


@dataclass(frozen=True, slots=True)
class Listed:
    """Index entry of a service: its module, description, and operations by method."""

    module: str
    about: str
    operations: Mapping[str, Operation]


class Declared(MutableMapping[str, "type[Service]"]):
    """The services by category, in order. A listed service is loaded when its class is requested."""

    def __init__(self) -> None:
        self._services: dict[str, type[Service] | None] = {}
        self._listed: dict[str, Listed] = {}

    def __getitem__(self, category: str) -> type[Service]:
        return self._services[category] or self.load(category)

    def __setitem__(self, category: str, service: type[Service]) -> None:
        self._services[category] = service

    def __delitem__(self, category: str) -> None:
        del self._services[category]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._services))

    def __len__(self) -> int:
        return len(self._services)

    def __contains__(self, category: object) -> bool:
        return category in self._services

    def add_listed(self, listed: Mapping[str, Listed]) -> None:
        """Add services from the index without loading them."""
        self._listed.update(listed)
        # The order of the index first; services that were imported before keep their classes.
        self._services = dict.fromkeys(listed) | self._services

    def load(self, category: str) -> type[Service]:
        """Return a service's class. Imports its module."""
        import_module(self._listed[category].module, __package__)
        service = self._services[category]
        if service is None:
            raise RuntimeError(f"{self._listed[category].module} does not declare {category!r}, which the index says")
        return service

    def about(self, category: str) -> str:
        """Return a service's description, loaded or not."""
        service = self._services[category]
        return self._listed[category].about if service is None else inspect.getdoc(service) or ""

    def operations(self, category: str) -> Mapping[str, Operation]:
        """Return a service's operations by method, loaded or not."""
        service = self._services[category]
        return self._listed[category].operations if service is None else service.operations

    def merge_declaration(self, declaration: Operation) -> Operation:
        """Return the operation of a declaration, merged with its index entry if there is one."""
        listed = self._listed.get(declaration.category)
        earlier = listed.operations.get(declaration.attribute) if listed else None
        return earlier.adopt_declaration(declaration) if earlier else declaration


class Service:
    """Base class of the contract's services; the category is declared once per class."""

    category: ClassVar[str] = ""
    operations: ClassVar[Mapping[str, Operation]] = {}
    declared: ClassVar[Declared] = Declared()

    def __init_subclass__(cls, *, category: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if category:
            _declare_service(cls, category)
        else:
            _check_implementation(cls)


def _declare_service(cls: type[Service], category: str) -> None:
    operations = {}
    for attribute, member in vars(cls).items():
        declaration: Operation | None = getattr(member, "__operation__", None)
        if declaration is not None:
            declaration.bind(category, attribute)
            operations[attribute] = member.__operation__ = Service.declared.merge_declaration(declaration)
    cls.category, cls.operations = category, operations
    Service.declared[category] = cls


def _check_implementation(cls: type[Service]) -> None:
    """Raise TypeError if a parameter's name, kind or default differs from the contract; mypy does not check these."""
    for attribute, declaration in cls.operations.items():
        member = vars(cls).get(attribute)
        if member is not None and _parameter_layout(member) != _parameter_layout(declaration.function):
            raise TypeError(f"{cls.__name__}.{attribute} differs from the contract of {declaration.name}")


def _parameter_layout(function: Callable[..., Any]) -> tuple[object, ...]:
    """Names, kinds and defaults of a function's parameters; faster than inspect.signature."""
    function = inspect.unwrap(function)
    code = function.__code__
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & VARIADIC)
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return (*counts, named[1:], function.__defaults__, function.__kwdefaults__)


class _Declaration:
    """The decorator returned by :func:`operation`, typed for coroutines and streams."""

    def __init__(self, routes: tuple[str, ...], options: dict[str, Any]) -> None:
        self.routes, self.options = tuple(map(Route.parse, routes)), options

    @overload
    def __call__(
        self, function: Callable[Concatenate[S, P], AsyncIterator[T]]
    ) -> Callable[Concatenate[S, P], Stream[T]]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[S, P], Coroutine[Any, Any, R]]
    ) -> Callable[Concatenate[S, P], R]: ...
    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        options = dict(self.options)
        kind = options.pop("kind") or self._inferred_kind(function)
        declared = Operation(function, self.routes, kind=kind, **options)
        function.__operation__ = declared  # type: ignore[attr-defined]
        return function

    def _inferred_kind(self, function: Callable[..., Any]) -> Kind:
        if not inspect.iscoroutinefunction(function):
            return Kind.STREAM
        return Kind.QUERY if self.routes and self.routes[0].method == "GET" else Kind.COMMAND


def operation(
    *routes: str,
    scope: str,
    kind: Kind | None = None,
    name: str | None = None,
    version: str = "1.0.0",
    aliases: tuple[str, ...] = (),
    exposure: Exposure = Exposure.AGENT,
    lifecycle: Lifecycle = Lifecycle.ACTIVE,
    deprecation_date: date | None = None,
    sunset_date: date | None = None,
    replacement: str | None = None,
    migration_guide: str | None = None,
    success_status: int = 200,
    body_limit: int = MEBIBYTE,
    idempotent: bool = False,
    destructive: bool = False,
    during_halt: bool = False,
    read_actions: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
    translate: Callable[[Any], Any] | None = None,
) -> _Declaration:
    """Declare a method of a contract service as an operation of the marketplace.

    routes: ``"METHOD /path/{parameter}"``, the first being the canonical one. scope: required scope, such as
    ``write:messages``; empty for everyone. kind: inferred by default (GET reads, anything else changes state, a plain
    ``def`` streams). name: the action, if it differs from the method's name (several versions). aliases: other names,
    such as ``register`` at the root of the SDK's client. idempotent: a client may retry it without an Idempotency-Key.
    during_halt: callable while the marketplace or the caller is halted. read_actions: values of the parameter
    ``action`` with which a command only reads. secrets: result fields shown once and never stored with an idempotency
    record. tools: additional MCP tool names. translate: converts an alternative request document to arguments; returns
    other documents unchanged.
    """
    options = {
        "scope": scope,
        "kind": kind,
        "declared_name": name,
        "version": version,
        "aliases": aliases,
        "exposure": exposure,
        "lifecycle": lifecycle,
        "deprecation_date": deprecation_date,
        "sunset_date": sunset_date,
        "replacement": replacement,
        "migration_guide": migration_guide,
        "success_status": success_status,
        "body_limit": body_limit,
        "idempotent": idempotent,
        "destructive": destructive,
        "during_halt": during_halt,
        "read_actions": read_actions,
        "secrets": secrets,
        "tools": tools,
        "translate": translate,
    }
    return _Declaration(routes, options)


@overload
def implements(
    function: Callable[Concatenate[S, P], AsyncIterator[T]],
) -> Callable[Concatenate[S, P], Stream[T]]: ...
@overload
def implements(
    function: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[S, P], R]: ...
def implements(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a server method as the implementation of its contract's operation.

    No effect at run time. It gives the method the declared type of the contract, so that mypy reports a changed
    parameter as an ``[override]`` error.
    """
    return function
