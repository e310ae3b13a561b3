"""Layout of a directed graph in layers, from left to right (Sugiyama's method, in its simple form).

Layers come from the longest path; an edge over several layers has a waypoint in each; sorting each layer by the mean of
the neighbours' positions reduces crossings; and vertices are moved towards their neighbours as far as space permits.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from agora.value_classes import value_class

__all__ = ["Layout", "Vertex", "arrange_graph"]

ORDERING_SWEEPS = 6
MAX_EDGES = 200  # above it, edges implied by a longer path are omitted
MAX_WAYPOINTS = 1500  # above it edges are straight: individual edges of such a graph are not readable


@value_class
class Vertex:
    """Position of a vertex. layer: from 0, left to right. y: its centre in units of a vertex's height, from 0."""

    layer: int
    y: float


@value_class
class Layout:
    """The layout of a graph.

    edges: from, to, and the y of each waypoint in the layers between.
    """

    vertices: Mapping[str, Vertex]
    edges: Sequence[tuple[str, str, tuple[float, ...]]]
    layers: int
    height: float


def arrange_graph(needs: Mapping[str, Sequence[str]]) -> Layout:
    """Lay out a graph given by the dependencies of each vertex; unknown dependencies and edges of cycles are omitted."""
    depth = _compute_longest_paths(needs)
    edges = [(n, v) for v in needs for n in dict.fromkeys(needs[v]) if n in depth and depth[n] < depth[v]]
    if len(edges) > MAX_EDGES:
        edges = _remove_implied_edges(depth, edges)
    drawing = _LayeredGraph(depth, edges)
    drawing.order_layers()
    y = drawing.place_vertices()
    ways = {edge: tuple(y[point] for point in points) for edge, points in drawing.ways.items()}
    vertices = {name: Vertex(depth[name], y[name]) for name in needs}
    height = max((positions + 1 for positions in y.values()), default=0.0)
    return Layout(vertices, [(a, b, ways[a, b]) for a, b in edges], max(depth.values(), default=-1) + 1, height)


def _compute_longest_paths(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Compute the longest path to each vertex. Vertices of a cycle are taken in the given order."""
    open_needs = {vertex: {need for need in needs[vertex] if need in needs and need != vertex} for vertex in needs}
    followers = _reverse_needs(open_needs)
    depth: dict[str, int] = {}
    ready = deque(vertex for vertex in needs if not open_needs[vertex])
    remaining_needs = iter(needs)
    while len(depth) < len(needs):
        vertex = ready.popleft() if ready else next(vertex for vertex in remaining_needs if vertex not in depth)
        if vertex in depth:
            continue
        depth[vertex] = max((depth[need] + 1 for need in needs[vertex] if need in depth), default=0)
        for follower in followers[vertex]:
            open_needs[follower].discard(vertex)
            if not open_needs[follower] and follower not in depth:
                ready.append(follower)
    return depth


def _reverse_needs(needs: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Reverse the dependencies: list the dependents of each vertex, in the order of the vertices."""
    followers: dict[str, list[str]] = {vertex: [] for vertex in needs}
    for vertex, vertex_needs in needs.items():
        for need in vertex_needs:
            followers[need].append(vertex)
    return followers


def _remove_implied_edges(depth: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Remove the edges that are implied by a longer path."""
    bit = {vertex: 1 << i for i, vertex in enumerate(depth)}
    before: dict[str, list[str]] = {vertex: [] for vertex in depth}
    for source, target in edges:
        before[target].append(source)
    reached: dict[str, int] = {}
    reduced = []
    for vertex in sorted(depth, key=depth.__getitem__):
        reach = 0
        for source in sorted(before[vertex], key=depth.__getitem__, reverse=True):
            if not reach & bit[source]:
                reduced.append((source, vertex))
            reach |= reached[source] | bit[source]
        reached[vertex] = reach
    return reduced


class _LayeredGraph:
    """The layers with their waypoints, while they are ordered."""

    def __init__(self, depth: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> None:
        self.layers: list[list[object]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for vertex, layer in depth.items():
            self.layers[layer].append(vertex)
        self.ways: dict[tuple[str, str], list[object]] = {}
        self.before: dict[object, list[object]] = {}
        self.after: dict[object, list[object]] = {}
        has_waypoints = sum(depth[b] - depth[a] - 1 for a, b in edges) <= MAX_WAYPOINTS
        self.sweeps = ORDERING_SWEEPS if has_waypoints else 2
        for start, end in edges:
            layers = range(depth[start] + 1, depth[end]) if has_waypoints else range(0)
            points: list[object] = [(start, end, layer) for layer in layers]
            for layer, point in zip(layers, points, strict=True):
                self.layers[layer].append(point)
            self.ways[start, end] = points
            chain = [start, *points, end]
            for left, right in itertools.pairwise(chain):
                self.after.setdefault(left, []).append(right)
                self.before.setdefault(right, []).append(left)

    def order_layers(self) -> None:
        """Sort each layer by the mean position of its neighbours, alternating the direction."""
        positions = {v: float(i) for row in self.layers for i, v in enumerate(row)}
        for sweep in range(self.sweeps):
            forward = sweep % 2 == 0
            neighbours = self.before if forward else self.after
            for layer in self.layers if forward else reversed(self.layers):
                means = {v: _compute_mean_place(v, neighbours, positions, positions[v]) for v in layer}
                layer.sort(key=means.__getitem__)
                positions.update((v, float(i)) for i, v in enumerate(layer))

    def place_vertices(self) -> dict[object, float]:
        """Compute the y of each vertex: near its neighbours, at least one unit (half for a waypoint) from the next."""
        y = {v: float(i) for row in self.layers for i, v in enumerate(row)}
        for sweep in range(self.sweeps):
            forward = sweep % 2 == 0
            neighbours = self.before if forward else self.after
            for layer in self.layers if forward else reversed(self.layers):
                means = [_compute_mean_place(v, neighbours, y, y[v]) for v in layer]
                y.update(zip(layer, _spread_layer(layer, means), strict=True))
        lowest = min(y.values(), default=0.0)
        return {v: value - lowest for v, value in y.items()}


def _compute_mean_place(
    vertex: object, neighbours: Mapping[object, Sequence[object]], positions: Mapping[object, float], otherwise: float
) -> float:
    places = [positions[n] for n in neighbours.get(vertex, ())]
    return sum(places) / len(places) if places else otherwise


def _spread_layer(layer: Sequence[object], desired: Sequence[float]) -> list[float]:
    """Place vertices in order with minimum gaps, keeping their mean position."""
    placed: list[float] = []
    for index, center in enumerate(desired):
        gap = _compute_min_gap(layer[index - 1], layer[index])
        placed.append(max(center, placed[-1] + gap) if placed else center)
    shift = (sum(desired) - sum(placed)) / len(placed) if placed else 0.0
    return [value + shift for value in placed]


def _compute_min_gap(above: object, below: object) -> float:
    return 1.0 if isinstance(above, str) and isinstance(below, str) else 0.6
