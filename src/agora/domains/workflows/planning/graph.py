"""Graph of steps: dependencies, validation that reports all errors together, and modifications that keep it valid."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_

from agora.value_classes import value_class
from agora_sdk.contract.workflows import Step
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from .expressions import ExpressionError, find_expression_errors, find_references, list_referenced_steps

__all__ = [
    "MAX_REPORTED_ERRORS",
    "Graph",
    "Node",
    "add_node",
    "build_graph",
    "find_errors",
    "list_agents_of_steps",
    "reorder_nodes",
    "restore_graph",
]

MAX_STEPS = 500  #: most steps, including those of nested workflows
MAX_ITEMS = 1000
MAX_REPORTED_ERRORS = 50  #: most errors in a response
MAX_DEPTH = 5  #: most levels of nested workflows
MAX_TEXT = 50_000  #: most characters of all expressions: they are parsed within a transaction

StepError = dict[str, str]


@value_class
class Node:
    """A step and its position. depends_on: its dependencies, declared or implied by the order."""

    step: Step
    position: int
    depends_on: tuple[str, ...]
    compensation: bool


@value_class
class Graph:
    """Nodes by name, in order. sequential: no step declares dependencies; each depends on the previous one."""

    nodes: Mapping[str, Node]
    sequential: bool

    def list_successors(self, name: str) -> list[str]:
        """List the steps that depend on a step."""
        return [node.step.name for node in self.nodes.values() if name in node.depends_on]


def build_graph(steps: Sequence[Step]) -> Graph:
    """Build the graph of valid steps.

    If no step declares dependencies, each depends on the previous one. If any step does, even an empty list, those without
    a declaration begin immediately. Compensation steps have no dependencies, and no step depends on them.
    """
    undoing = {step.compensate for step in steps}
    sequential = all(step.depends_on is None for step in steps if step.name not in undoing)
    return _build_nodes(steps, sequential=sequential)


def restore_graph(steps: Iterable[tuple[Step, int, Sequence[str]]], *, sequential: bool) -> Graph:
    """Restore a graph that was built before, from (step, position, depends_on).

    If it is not sequential, the given dependencies replace those that the steps declared originally.
    """
    placed = sorted(steps, key=lambda step: step[1])
    undoing = {step.compensate for step, _, _ in placed}
    nodes = {}
    for step, position, depends_on in placed:
        compensation = step.name in undoing
        # A sequential graph derives dependencies from the order, so declared ones would turn it into another kind of graph.
        if not sequential and not compensation:
            step = _copy_with_dependencies(step, depends_on)
        nodes[step.name] = Node(step, position, tuple(depends_on), compensation)
    return Graph(nodes, sequential)


def _copy_with_dependencies(step: Step, depends_on: Sequence[str]) -> Step:
    """Copy a step with these dependencies; steps are shared, so the original is not changed."""
    dependencies = list(depends_on)
    return step if step.depends_on == dependencies else step.model_copy(update={"depends_on": dependencies})


def _build_nodes(steps: Sequence[Step], *, sequential: bool) -> Graph:
    undoing = {step.compensate for step in steps}
    nodes: dict[str, Node] = {}
    before: str | None = None
    for position, step in enumerate(steps):
        compensation = step.name in undoing
        if compensation:
            waits: tuple[str, ...] = ()
        elif sequential:
            waits = () if before is None else (before,)
            before = step.name
        else:
            waits = tuple(dict.fromkeys(step.depends_on or ()))
        nodes[step.name] = Node(step, position, waits, compensation)
    return Graph(nodes, sequential)


# -- errors --------------------------------------------------------------------------------------


def find_errors(steps: Sequence[Step]) -> list[StepError]:
    """Find all errors of steps, including those of nested workflows, as ``{"field", "message"}`` each."""
    # Limits are checked before the expressions are parsed, which is the costly part.
    problems = list(_find_structure_errors(steps, "steps", 0))
    total = sum(1 for _ in _list_all_steps(steps, "steps"))
    if total > MAX_STEPS:
        message = f"{total} steps, with those of the workflows inside; at most {MAX_STEPS} are possible"
        problems.append(field_error("steps", message))
    characters = 0
    for field, step in _list_all_steps(steps, "steps"):
        texts, field_errors = _collect_expressions(step, field)
        problems += field_errors
        characters += sum(len(text) for _, text, _ in texts)
        if characters > MAX_TEXT:
            message = f"its expressions have more than {MAX_TEXT:,} characters in all"
            return [*problems, field_error("steps", message)]
    return problems + list(_find_expression_errors(steps, "steps", 0))


def _list_all_steps(steps: Sequence[Step], field: str) -> Iterator[tuple[str, Step]]:
    """List steps and those of nested workflows, each with its field."""
    for at, step in enumerate(steps):
        yield f"{field}[{at}]", step
        if step.workflow is not None:
            yield from _list_all_steps(step.workflow, f"{field}[{at}].workflow")


def _find_structure_errors(steps: Sequence[Step], field: str, depth: int) -> Iterator[StepError]:
    if depth > MAX_DEPTH:
        yield field_error(field, f"workflows inside workflows go at most {MAX_DEPTH} deep")
        return
    names = [step.name for step in steps]
    names_of_steps, undoing, earlier = frozenset(names), {step.compensate for step in steps}, set[str]()
    for at, step in enumerate(steps):
        place = f"{field}[{at}]"
        if step.name in earlier:
            yield field_error(f"{place}.name", f"there is another step {step.name!r}")
        earlier.add(step.name)
        yield from _find_reference_errors(step, place, names_of_steps, undoing)
        if step.name in undoing:
            yield from _find_compensation_errors(step, place)
        if step.workflow is not None:
            yield from _find_structure_errors(step.workflow, f"{place}.workflow", depth + 1)
    for cycle in _find_cycles(build_graph(steps)):
        at = names.index(cycle[0])
        yield field_error(f"{field}[{at}].depends_on", f"a cycle: {' -> '.join(cycle)}")


def _find_reference_errors(
    step: Step, field: str, known: Collection[str], undoing: Collection[str | None]
) -> Iterator[StepError]:
    for name in dict.fromkeys(step.depends_on or ()):
        if name == step.name:
            yield field_error(f"{field}.depends_on", "it depends on itself")
        elif name not in known:
            yield field_error(f"{field}.depends_on", f"there is no step {name!r}")
        elif name in undoing:
            yield field_error(f"{field}.depends_on", f"{name!r} runs only to make up for another step")
    if step.compensate is not None and (step.compensate not in known or step.compensate == step.name):
        yield field_error(f"{field}.compensate", f"there is no other step {step.compensate!r}")
    if isinstance(step.for_each, list) and len(step.for_each) > MAX_ITEMS:
        message = f"{len(step.for_each)} items; at most {MAX_ITEMS} are possible"
        yield field_error(f"{field}.for_each", message)


def _find_compensation_errors(step: Step, field: str) -> Iterator[StepError]:
    for name in ("depends_on", "when", "compensate"):
        if getattr(step, name):
            yield field_error(f"{field}.{name}", f"a compensation step cannot have {name!r}")
    if step.approval:
        yield field_error(f"{field}.approval", "a compensation step cannot be an approval")


def _find_cycles(graph: Graph) -> Iterator[list[str]]:
    """Yield a cycle for each group of connected cycles: names, the first repeated at the end; without self-loops."""
    waits = {
        name: [other for other in node.depends_on if other != name and other in graph.nodes]
        for name, node in graph.nodes.items()
    }
    visited: set[str] = set()
    for root in graph.nodes:
        # Depth-first with an explicit path, whose insertion order is the cycle to report; recursion could exceed the stack at 500 steps.
        path: dict[str, Iterator[str]] = {} if root in visited else {root: iter(waits[root])}
        while path:
            name = next(reversed(path))
            following = next((other for other in path[name] if other not in visited), None)
            if following is None:
                visited.add(name)
                del path[name]
            elif following in path:
                names = list(path)
                yield [*names[names.index(following) :], following]
                visited.update(names)
                path.clear()
            else:
                path[following] = iter(waits[following])


def _compute_ancestors(graph: Graph, bit: Mapping[str, int]) -> dict[str, int]:
    """Compute each step's ancestors, as the sum of the bits of its direct and indirect dependencies."""
    before: dict[str, int] = {}
    for root in bit:
        pending = [root]
        while pending:
            waits = [wait for wait in graph.nodes[pending[-1]].depends_on if wait in bit and wait != pending[-1]]
            missing = [wait for wait in waits if wait not in before]
            if missing:
                pending += missing
                continue
            name = pending.pop()
            before[name] = 0
            for wait in waits:
                before[name] |= before[wait] | bit[wait]
    return before


def _build_order_test(steps: Sequence[Step], graph: Graph) -> Callable[[str, str], bool] | None:
    """Build the test whether a step is done before another, or before any step that this one compensates.

    None if the graph is too invalid for the test. Sets are integers with one bit per step, for speed with many steps.
    """
    names = list(graph.nodes)
    bit = {name: 1 << at for at, name in enumerate(names)}
    if len(names) < len(steps) or next(_find_cycles(graph), None) is not None:
        return None
    before = _compute_ancestors(graph, bit)
    for node in graph.nodes.values():
        if node.compensation:
            made_up_for = [step.name for step in steps if step.compensate == node.step.name]
            before[node.step.name] = reduce(and_, (before[name] | bit[name] for name in made_up_for))
    return lambda other, name: bool(before[name] & bit.get(other, 0))


def _find_expression_errors(steps: Sequence[Step], field: str, depth: int) -> Iterator[StepError]:
    # Reported with the errors of the structure.
    if depth > MAX_DEPTH:
        return
    names = frozenset(step.name for step in steps)
    texts = [_collect_expressions(step, f"{field}[{at}]")[0] for at, step in enumerate(steps)]
    is_before = _build_order_test(steps, build_graph(steps)) if any(texts) else None
    for at, step in enumerate(steps):
        for name, text, item in texts[at]:
            errors = find_expression_errors(text, names, item=item)
            if not errors and is_before is not None:
                errors = _find_order_errors(text, step, is_before)
            prefix = f"${{{text[:60]}}}: " if name.endswith("payload") else ""
            yield from (field_error(name, prefix + message) for message in errors)
        if step.workflow is not None:
            yield from _find_expression_errors(step.workflow, f"{field}[{at}].workflow", depth + 1)


def _find_order_errors(text: str, step: Step, is_before: Callable[[str, str], bool]) -> list[str]:
    """Find the steps that an expression of a step reads before they are done."""
    late = sorted(other for other in list_referenced_steps(text) if not is_before(other, step.name))
    return [f"the step {other!r} is not done before this one; name it in depends_on" for other in late]


Texts = list[tuple[str, str, bool]]


def _collect_expressions(step: Step, field: str) -> tuple[Texts, list[StepError]]:
    """Collect the expressions of a step (field, text, whether evaluated per item of a for_each) and the invalid ones."""
    expressions: Texts = []
    if step.when is not None:
        expressions.append((f"{field}.when", step.when, False))
    if isinstance(step.for_each, str):
        expressions.append((f"{field}.for_each", step.for_each, False))
    try:
        expressions += [(f"{field}.payload", text, step.for_each is not None) for text in find_references(step.payload)]
    except ExpressionError as error:
        return expressions, [field_error(f"{field}.payload", str(error))]
    return expressions, []


def list_agents_of_steps(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """List the agents named by steps, with the field, including those of nested workflows."""
    return [(f"{field}.agent", step.agent) for field, step in _list_all_steps(steps, "steps") if step.agent is not None]


# -- changes -------------------------------------------------------------------------------------


def add_node(graph: Graph, step: Step, before: Sequence[str], fixed: Collection[str]) -> Graph:
    """Build the graph with an additional step, done before the named ones. fixed: steps that have begun or ended.

    In a sequential graph it is placed directly before the first of them, or at the end if none is named.
    Raises Conflict if a named step has begun already, InvalidRequest if the graph would be invalid.
    """
    if step.name in graph.nodes:
        raise _build_invalid_request_error(
            "definition.name", f"There is a step {step.name!r} already.", "Give it another name."
        )
    _check_compensation(graph, step, fixed)
    for name in before:
        if name not in graph.nodes:
            raise _build_invalid_request_error(
                "before", f"There is no step {name!r}.", f"The steps are {', '.join(list(graph.nodes)[:20])}."
            )
        if graph.nodes[name].compensation:
            raise _build_invalid_request_error(
                "before", f"{name!r} runs only to make up for another step.", "Name steps of the normal flow."
            )
        # A begun step has read its dependencies' results already.
        if name in fixed:
            raise Conflict(f"{name!r} has begun; nothing can be put before it any more.", fix="Put it later.")
    return _require_valid(
        _insert_in_order(graph, step, before) if graph.sequential else _attach_by_name(graph, step, before)
    )


def _check_compensation(graph: Graph, step: Step, fixed: Collection[str]) -> None:
    if step.compensate is None or step.compensate not in graph.nodes:
        return
    if not graph.nodes[step.compensate].compensation:
        raise Conflict(
            f"{step.compensate!r} is a step of the normal flow; it cannot be a compensation step.",
            fix="Name a compensation step.",
        )
    if step.compensate in fixed:
        raise Conflict(
            f"{step.compensate!r} has begun; it cannot compensate {step.name!r} any more.",
            fix="Leave 'compensate' out.",
        )


def _insert_in_order(graph: Graph, step: Step, before: Sequence[str]) -> Graph:
    if step.depends_on:
        raise Conflict(
            "The steps of this workflow run in sequence; depends_on does not apply.",
            fix="Give its position with 'before'.",
        )
    steps = [node.step for node in graph.nodes.values()]
    places = [at for at, other in enumerate(steps) if other.name in before]
    # An empty list of dependencies is dropped: it would make the sequential workflow a graph when it is restored.
    steps.insert(min(places, default=len(steps)), step.model_copy(update={"depends_on": None}))
    return _build_nodes(steps, sequential=True)


def _attach_by_name(graph: Graph, step: Step, before: Sequence[str]) -> Graph:
    position = max((node.position for node in graph.nodes.values()), default=-1) + 1
    nodes = dict(graph.nodes)
    for name in before:
        node, waits = nodes[name], tuple(dict.fromkeys((*nodes[name].depends_on, step.name)))
        nodes[name] = Node(_copy_with_dependencies(node.step, waits), node.position, waits, node.compensation)
    waits = tuple(dict.fromkeys(step.depends_on or ()))
    # Not a compensation step: no existing step can have named it.
    nodes[step.name] = Node(_copy_with_dependencies(step, waits), position, waits, False)
    return Graph(nodes, sequential=False)


def reorder_nodes(graph: Graph, order: Sequence[str], fixed: Collection[str]) -> Graph:
    """Build the graph with the steps that have not begun in a different order; the others keep their positions.

    Raises Conflict if the graph is not sequential, InvalidRequest if the order does not consist of these steps, or if a
    step would refer to a later one.
    """
    if not graph.sequential:
        raise Conflict(
            "The steps of this workflow depend on each other by name, not by their order.",
            fix="Add or skip steps instead.",
        )
    movable = [name for name, node in graph.nodes.items() if name not in fixed and not node.compensation]
    if begun := [name for name in order if name in fixed]:
        raise Conflict(f"{', '.join(begun)} has begun; it keeps its place.", fix="Name only steps that have not begun.")
    if sorted(order) != sorted(movable):
        message = f"The order names exactly the steps that have not begun: {', '.join(movable) or 'there is none'}."
        raise _build_invalid_request_error("order", message, "Name each of them once.")
    following, moving = iter(order), set(movable)
    steps = [graph.nodes[next(following) if name in moving else name].step for name in graph.nodes]
    return _require_valid(_build_nodes(steps, sequential=True))


def _require_valid(graph: Graph) -> Graph:
    """Return a changed graph if it is valid. Raises InvalidRequest otherwise."""
    # The whole graph is checked, not only the change: moving a step may break an expression of another one.
    problems = find_errors([node.step for node in graph.nodes.values()])
    if problems:
        raise InvalidRequest(
            f"The changed workflow would be invalid: {problems[0]['field']}: {problems[0]['message']}.",
            fix="Fix the fields listed in 'errors'; nothing was changed.",
            errors=problems[:MAX_REPORTED_ERRORS],
        )
    return graph


def _build_invalid_request_error(field: str, message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, fix=fix, errors=[field_error(field, message)])
