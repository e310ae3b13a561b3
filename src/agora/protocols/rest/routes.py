"""The route table: maps a request's method and path to an operation and its path parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agora.protocols.query_string import decode_path_segment
from agora.value_classes import value_class
from agora_sdk.contract import Kind, Operation, Route

__all__ = ["RouteMatch", "RouteTable"]


@value_class
class RouteMatch:
    """An operation and its path parameters."""

    operation: Operation
    parameters: Mapping[str, str]


class RouteTable:
    """Looks up operations: fixed paths in a dictionary, paths with parameters segment by segment."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        # One object for each route: creating it again for each request would cost as much as finding it.
        self._fixed_routes: dict[tuple[str, str], RouteMatch] = {}
        self._open_routes: dict[int, list[tuple[str, tuple[str, ...], Operation]]] = {}
        self._methods: dict[str, set[str]] = {}
        for operation in operations:
            for route in operation.routes:
                self._methods.setdefault(route.path, set()).add(route.method)
                if "{" not in route.path:
                    # The first declaration of a path wins, as in the order of the contract.
                    self._fixed_routes.setdefault((route.method, route.path), RouteMatch(operation, {}))
                else:
                    for parts in _list_path_shapes(route):
                        self._open_routes.setdefault(len(parts), []).append((route.method, parts, operation))

    def find_fixed_route(self, method: str, path: str) -> RouteMatch | None:
        """Find the operation at a path without parameters; None if there is none."""
        return self._fixed_routes.get((method, path))

    def find_route(self, method: str, path: str, raw_path: bytes | None = None) -> RouteMatch | None:
        """Find the operation at a path; None if there is none. Raises MalformedRequest if the path is not UTF-8."""
        if (match := self.find_fixed_route(method, path)) is not None:
            return match
        segments = _split_segments(path, raw_path)
        for route_method, parts, candidate in self._open_routes.get(len(segments), ()):
            if route_method == method and (parameters := _match_segments(parts, segments)) is not None:
                return RouteMatch(candidate, parameters)
        return None

    def list_allowed_methods(self, path: str, raw_path: bytes | None = None) -> list[str]:
        """List the methods of a path. Raises MalformedRequest if the path is not UTF-8."""
        methods = set(self._methods.get(path, ()))
        segments = _split_segments(path, raw_path)
        for method, parts, _ in self._open_routes.get(len(segments), ()):
            if _match_segments(parts, segments) is not None:
                methods.add(method)
        return sorted(methods)


def _split_segments(path: str, raw_path: bytes | None) -> list[str]:
    """Split a path into segments, still percent-encoded."""
    # The raw path: an encoded slash in a parameter does not separate segments, and decoding twice changes a percent sign.
    return (raw_path or path.encode()).split(b"?", 1)[0].decode("latin-1").strip("/").split("/")


def _list_path_shapes(route: Route) -> Iterable[tuple[str, ...]]:
    """List the segments of a path; a parameter that contains a slash is one segment or two."""
    parts = tuple(route.path.strip("/").split("/"))
    yield parts
    # Clients may write the slash of such a value encoded or as it is.
    if route.slashed:
        twice = ((part, part) if part[1:-1] in route.slashed else (part,) for part in parts)
        yield tuple(part for both in twice for part in both)


def _match_segments(parts: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            # An empty segment is no value: ``/agents/`` is not the agent with the empty name.
            if not segment:
                return None
            name, value = part[1:-1], decode_path_segment(segment)
            parameters[name] = f"{parameters[name]}/{value}" if name in parameters else value
        elif part != segment:
            return None
    return parameters


def has_body(operation: Operation, method: str) -> bool:
    """Whether the arguments come in a JSON body rather than in the query string."""
    return operation.kind not in (Kind.QUERY, Kind.STREAM) and method not in ("GET", "HEAD", "DELETE")
