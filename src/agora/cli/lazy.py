"""Command groups that are built on first use, so that a command does not load the whole contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from .command_class import Group

__all__ = ["LazyCommands", "create_lazy_group_class"]


class LazyCommands(MutableMapping[str, Any]):
    """Mapping of names to commands, some of which ``build(name)`` builds on first use."""

    def __init__(self, built: MutableMapping[str, Any], names: list[str], build: Callable[[str], Any]) -> None:
        # Building all commands means importing the contract and describing each field: help for one needs only one.
        self._built, self._build = dict(built), build
        self._names = [*built, *(name for name in names if name not in built)]

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            if name not in self._names:
                raise KeyError(name)
            self._built[name] = self._build(name)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command
        if name not in self._names:
            self._names.append(name)

    def __delitem__(self, name: str) -> None:
        self._names.remove(name)
        self._built.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        # The inherited test would build the command.
        return name in self._names


def create_lazy_group_class(
    names: Callable[[], list[str]], build: Callable[[str], Any], hints: Mapping[str, str] = {}
) -> type[Group]:
    """Create a group class whose additional commands are built on first use. hints: what to use instead of unknown ones."""

    class LazyGroup(Group):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = LazyCommands(self.commands, names(), build)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(self.commands)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args and args[0] in hints and args[0] not in self.commands:
                ctx.fail(f"No such command {args[0]!r}. {hints[args[0]]}.")
            return super().resolve_command(ctx, args)

    return LazyGroup
