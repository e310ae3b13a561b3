"""The directory of services, loaded or only listed by the index."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .operation import Operation, Service

__all__ = ["Declared", "Listed"]


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
