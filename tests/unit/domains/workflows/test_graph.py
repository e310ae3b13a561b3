"""Workflow graphs: dependencies, validation errors, and changes at run time."""

from __future__ import annotations

from typing import Any

import pytest

from agora.domains.workflows.planning.graph import (
    Graph,
    add_node,
    build_graph,
    find_errors,
    list_agents_of_steps,
    reorder_nodes,
    restore_graph,
)
from agora_sdk.contract.workflows import Step
from agora_sdk.errors import Conflict, InvalidRequest


def _steps(*given: Any) -> list[Step]:
    return [Step.model_validate(step) for step in given]


def _step(name: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "depends_on": list(depends_on), **more}


def _said(*given: Any) -> list[str]:
    return [f"{fault['field']}: {fault['message']}" for fault in find_errors(_steps(*given))]


def _order(graph: Graph) -> list[str]:
    return list(graph.nodes)


def _waits(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {name: node.depends_on for name, node in graph.nodes.items()}


# Dependencies


def test_steps_run_in_order_by_default() -> None:
    graph = build_graph(_steps("extract", ("transform", "Transformer"), {"step": "load"}))
    assert graph.sequential
    assert _waits(graph) == {"extract": (), "transform": ("extract",), "load": ("transform",)}
    assert graph.list_successors("extract") == ["transform"]
    assert [node.position for node in graph.nodes.values()] == [0, 1, 2]


def test_steps_without_dependencies_are_roots_once_any_step_has_some() -> None:
    graph = build_graph(_steps("a", "b", _step("c", "a", "b", "a"), "d"))
    assert not graph.sequential
    assert _waits(graph) == {"a": (), "b": (), "c": ("a", "b"), "d": ()}
    assert graph.list_successors("b") == ["c"]


def test_steps_with_empty_dependencies_are_roots() -> None:
    graph = build_graph(_steps(_step("a"), _step("b"), "c"))
    assert not graph.sequential
    assert _waits(graph) == {"a": (), "b": (), "c": ()}


def test_compensating_step_is_outside_the_flow() -> None:
    steps = _steps("a", {"name": "b", "on_failure": "compensate", "compensate": "undo"}, _step("undo"), "c")
    graph = build_graph(steps)
    assert find_errors(steps) == []
    assert graph.sequential
    assert _waits(graph) == {"a": (), "b": ("a",), "undo": (), "c": ("b",)}
    assert [name for name, node in graph.nodes.items() if node.compensation] == ["undo"]


@pytest.mark.parametrize("given", [("a", "b", "c"), ("a", "b", _step("c", "a"))])
def test_graph_round_trips(given: tuple[Any, ...]) -> None:
    graph = build_graph(_steps(*given))
    rows = [(node.step, node.position, list(node.depends_on)) for node in graph.nodes.values()]
    restored = restore_graph(reversed(rows), sequential=graph.sequential)
    assert (_order(restored), _waits(restored)) == (_order(graph), _waits(graph))
    steps = [node.step for node in restored.nodes.values()]
    assert _waits(build_graph(steps)) == _waits(graph)


def test_restored_step_has_its_current_dependencies() -> None:
    a, b = _steps("a", _step("b"))
    graph = restore_graph([(a, 0, []), (b, 1, ["a"])], sequential=False)
    assert graph.nodes["b"].step.depends_on == ["a"]
    assert b.depends_on == []  # it is shared, and never changed


# Validation errors


def test_valid_workflow_has_no_errors() -> None:
    each = {"for_each": "steps.list.result.files", "payload": {"file": "${item.name} ${index} of ${input.date}"}}
    inner = ["first", {"name": "second", "payload": {"x": "${steps.first.result} ${input.file}"}}]
    undo = {"name": "undo", "payload": {"why": "${steps.load.error}", "of": '${steps["list"].result}'}}
    assert not _said(
        "list",
        _step("copy", "list", **each),
        _step("check", "list", workflow=inner, when="size(steps.list.result.files) > 0"),
        _step("ask", "copy", approval=True),
        _step("load", "ask", "check", on_failure="compensate", compensate="undo"),
        undo,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a", "b", "a"], "steps[2].name: there is another step 'a'"),
        ([_step("a", "z")], "steps[0].depends_on: there is no step 'z'"),
        ([_step("a", "a")], "steps[0].depends_on: it depends on itself"),
        ([_step("a", "b"), _step("b", "a")], "steps[0].depends_on: a cycle: a -> b -> a"),
        (
            ["s", _step("a", "c"), _step("b", "a", "s"), _step("c", "b")],
            "steps[1].depends_on: a cycle: a -> c -> b -> a",
        ),
        (
            [{"name": "a", "on_failure": "compensate", "compensate": "z"}],
            "steps[0].compensate: there is no other step 'z'",
        ),
        (
            [{"name": "a", "on_failure": "compensate", "compensate": "a"}],
            "steps[0].compensate: there is no other step 'a'",
        ),
        ([{"name": "a", "when": "1 +"}], "steps[0].when: syntax error at character 4: unexpected the end"),
        ([{"name": "a", "for_each": "nothing"}], "steps[0].for_each: unknown variable 'nothing'"),
        ([{"name": "a", "for_each": "item", "payload": {}}], "steps[0].for_each: 'item' is known only"),
        ([{"name": "a", "payload": {"x": ["${item}"]}}], "steps[0].payload: ${item}: 'item' is known only"),
        ([{"name": "a", "payload": {"x": "${input.a"}}], "steps[0].payload: the reference '${input.a' is not closed"),
        ([{"name": "a", "payload": {"x": ["${input.a}"] * 1001}}], "steps[0].payload: a payload has at most"),
        (["a", {"name": "b", "when": "steps.z.result"}], "steps[1].when: there is no step 'z'"),
        ([{"name": "a", "when": "steps.b.result"}, "b"], "steps[0].when: the step 'b' is not done before this one"),
        ([{"name": "a", "when": "steps.a.result"}], "steps[0].when: the step 'a' is not done before this one"),
        (
            ["a", {"name": "b", "payload": {"x": "${steps.a.result}"}}, _step("c", "b")],
            "steps[1].payload: ${steps.a.result}: the step 'a' is not done before this one; name it in depends_on",
        ),
        ([{"name": "a", "for_each": list(range(1001))}], "steps[0].for_each: 1001 items; at most 1000 are possible"),
        (["a"] * 501, "steps: 501 steps, with those of the workflows inside; at most 500 are possible"),
        (
            [{"name": f"w{at}", "workflow": [f"s{n}" for n in range(100)]} for at in range(5)],
            "steps: 505 steps, with those of the workflows inside",
        ),
        (
            [{"name": "a", "workflow": [{"name": "b"}, {"name": "b", "when": "x"}]}],
            "steps[0].workflow[1].name: there is another step 'b'",
        ),
        (
            ["a", {"name": "b", "workflow": [{"name": "c", "when": "steps.a.result"}]}],
            "steps[1].workflow[0].when: there is no step 'a'",
        ),
        (
            [{"name": "a", "for_each": [1], "workflow": [{"name": "b", "payload": {"x": "${item}"}}]}],
            "steps[0].workflow[0].payload: ${item}: 'item' is known only",
        ),
        (
            [{"name": f"s{at}", "when": "true" + " || true" * 110} for at in range(60)],
            "steps: its expressions have more than 50,000 characters in all",
        ),
    ],
)
def test_invalid_workflows_are_refused(given: list[Any], said: str) -> None:
    found = _said(*given)
    assert any(fault.startswith(said) for fault in found), found


@pytest.mark.parametrize("more", [{"depends_on": ["a"]}, {"when": "true"}, {"approval": True}])
def test_invalid_compensating_steps_are_refused(more: dict[str, Any]) -> None:
    found = _said({"name": "a", "on_failure": "compensate", "compensate": "undo"}, {"name": "undo", **more})
    (name,) = more
    assert [fault.split(":")[0] for fault in found] == [f"steps[1].{name}"]
    assert name in found[0].split(":")[1], "the message names the field that is in the way"


def test_step_cannot_depend_on_a_compensating_step() -> None:
    found = _said({"name": "a", "on_failure": "compensate", "compensate": "undo"}, "undo", _step("b", "undo"))
    assert found == ["steps[2].depends_on: 'undo' runs only to make up for another step"]


def test_steps_cannot_compensate_each_other() -> None:
    found = _said(
        {"name": "a", "on_failure": "compensate", "compensate": "b"},
        {"name": "b", "on_failure": "compensate", "compensate": "a"},
    )
    assert len(found) == 2


def test_shared_compensation_knows_only_common_predecessors() -> None:
    undone = {"on_failure": "compensate", "compensate": "undo"}
    steps = ["a", {"name": "b", **undone}, {"name": "c", **undone}]
    assert not _said(*steps, {"name": "undo", "payload": {"x": "${steps.a.result} ${steps.b.status}"}})
    found = _said(*steps, {"name": "undo", "payload": {"x": "${steps.c.error}"}})
    assert found == [
        "steps[3].payload: ${steps.c.error}: the step 'c' is not done before this one; name it in depends_on"
    ]


def test_nested_workflows_are_limited_to_five_levels() -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {"name": "s", "workflow": [nested(depth - 1)]} if depth else {"name": "s"}

    assert not _said(nested(5))
    assert _said(nested(6)) == [f"steps[0]{'.workflow[0]' * 5}.workflow: workflows inside workflows go at most 5 deep"]


def test_all_errors_are_reported_at_once() -> None:
    found = _said(
        _step("a", "b", "z"),
        _step("b", "a", when="1 +"),
        _step("c", "d"),
        _step("d", "c", payload={"x": "${y}", "z": ["${item}"]}),
        "a",
        {"name": "w", "workflow": [_step("i", "i")]},
        {"name": "e", "on_failure": "compensate", "compensate": "nobody"},
    )
    assert [fault.split(": ")[0] for fault in found] == [
        "steps[0].depends_on",  # there is no step z
        "steps[4].name",
        "steps[5].workflow[0].depends_on",
        "steps[6].compensate",
        "steps[2].depends_on",  # the cycle of c and d; that of a and b is hidden by the second a
        "steps[1].when",
        "steps[3].payload",
        "steps[3].payload",
    ]


def test_agents_are_found_at_any_depth() -> None:
    steps = _steps("a", ("b", "B"), {"name": "c", "workflow": [("d", "D"), {"name": "e", "workflow": [("f", "F")]}]})
    assert list_agents_of_steps(steps) == [
        ("steps[1].agent", "B"),
        ("steps[2].workflow[0].agent", "D"),
        ("steps[2].workflow[1].workflow[0].agent", "F"),
    ]


# Changes


def _add(graph: Graph, step: Any, *before: str, fixed: tuple[str, ...] = ()) -> Graph:
    return add_node(graph, Step.model_validate(step), before, fixed)


def test_step_is_added_at_the_end_or_before_others() -> None:
    graph = build_graph(_steps("a", "b", "c"))
    assert _order(_add(graph, "d")) == ["a", "b", "c", "d"]
    assert _order(_add(graph, "d", "c", "b", fixed=("a",))) == ["a", "d", "b", "c"]
    changed = _add(graph, _step("d"), "b")
    assert changed.sequential
    assert _waits(changed) == {"a": (), "d": ("a",), "b": ("d",), "c": ("b",)}
    assert [node.position for node in changed.nodes.values()] == [0, 1, 2, 3]
    assert _order(graph) == ["a", "b", "c"]  # it is a different graph


def test_step_is_added_to_a_graph() -> None:
    graph = build_graph(_steps("a", _step("b", "a"), _step("c", "b")))
    changed = _add(graph, _step("d", "a"), "c", fixed=("a", "b"))
    assert _waits(changed) == {"a": (), "b": ("a",), "c": ("b", "d"), "d": ("a",)}
    assert changed.nodes["c"].step.depends_on == ["b", "d"]
    assert graph.nodes["c"].step.depends_on == ["b"]
    assert changed.nodes["d"].position == 3
    assert _waits(_add(graph, "e"))["e"] == ()
    assert find_errors([node.step for node in changed.nodes.values()]) == []


def test_added_step_may_use_an_existing_compensation() -> None:
    graph = build_graph(_steps({"name": "a", "on_failure": "compensate", "compensate": "undo"}, "undo"))
    changed = _add(graph, {"name": "b", "on_failure": "compensate", "compensate": "undo"})
    assert _waits(changed) == {"a": (), "undo": (), "b": ("a",)}
    with pytest.raises(Conflict, match="has begun"):
        _add(graph, {"name": "b", "on_failure": "compensate", "compensate": "undo"}, fixed=("undo",))


@pytest.mark.parametrize(
    ("step", "before", "error", "said"),
    [
        ("a", (), InvalidRequest, "There is a step 'a' already"),
        ("d", ("z",), InvalidRequest, "There is no step 'z'"),
        ("d", ("d",), InvalidRequest, "There is no step 'd'"),
        ("d", ("undo",), InvalidRequest, "runs only to make up"),
        ("d", ("b", "a"), Conflict, "'a' has begun"),
        ({"name": "d", "depends_on": ["a"]}, (), Conflict, "in sequence"),
        ({"name": "d", "on_failure": "compensate", "compensate": "a"}, (), Conflict, "of the normal flow"),
        (
            {"name": "d", "on_failure": "compensate", "compensate": "z"},
            (),
            InvalidRequest,
            "there is no other step 'z'",
        ),
        ({"name": "d", "when": "1 +"}, (), InvalidRequest, "syntax error"),
        ({"name": "d", "when": "steps.b.result"}, ("b",), InvalidRequest, "'b' is not done before"),
    ],
)
def test_invalid_additions_are_refused(step: Any, before: tuple[str, ...], error: type[Exception], said: str) -> None:
    graph = build_graph(_steps("a", {"name": "b", "on_failure": "compensate", "compensate": "undo"}, "c", "undo"))
    with pytest.raises(error, match=said) as refused:
        _add(graph, step, *before, fixed=("a",))
    assert refused.value.fix


def test_change_that_creates_a_cycle_is_refused() -> None:
    graph = build_graph(_steps("a", _step("b", "a"), _step("c", "b")))
    with pytest.raises(InvalidRequest, match="a cycle: b -> d -> c -> b") as refused:
        _add(graph, _step("d", "c"), "b")
    assert refused.value.errors == [{"field": "steps[1].depends_on", "message": "a cycle: b -> d -> c -> b"}]


def test_cycle_through_an_earlier_change_is_found() -> None:
    graph = _add(build_graph(_steps("a", _step("b", "a"))), _step("c"), "b")
    rows = [(Step.model_validate(_step(name)), node.position, node.depends_on) for name, node in graph.nodes.items()]
    with pytest.raises(InvalidRequest, match="a cycle"):
        _add(restore_graph(rows, sequential=False), _step("d", "b"), "c")


def test_steps_are_reordered() -> None:
    undone = {"name": "b", "on_failure": "compensate", "compensate": "undo"}
    graph = build_graph(_steps("a", undone, "undo", "c", "d"))
    changed = reorder_nodes(graph, ["d", "b", "c"], ["a"])
    assert _waits(changed) == {"a": (), "d": ("a",), "undo": (), "b": ("d",), "c": ("b",)}
    assert [node.position for node in changed.nodes.values()] == [0, 1, 2, 3, 4]
    skipped = reorder_nodes(graph, ["d", "b"], ["a", "c"])  # a skipped step keeps its position
    assert [name for name, node in skipped.nodes.items() if not node.compensation] == ["a", "d", "c", "b"]


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        (["c"], InvalidRequest, "exactly the steps that have not begun: b, c"),
        (["c", "b", "b"], InvalidRequest, "exactly the steps"),
        (["c", "b", "z"], InvalidRequest, "exactly the steps"),
        (["a", "c", "b"], Conflict, "a has begun"),
        (["c", "b"], InvalidRequest, "the step 'b' is not done before this one"),
    ],
)
def test_invalid_orders_are_refused(order: list[str], error: type[Exception], said: str) -> None:
    graph = build_graph(_steps("a", "b", {"name": "c", "when": "steps.b.result == 1"}))
    with pytest.raises(error, match=said) as refused:
        reorder_nodes(graph, order, ["a"])
    assert refused.value.fix


def test_graph_cannot_be_reordered() -> None:
    with pytest.raises(Conflict, match="by name, not by their order"):
        reorder_nodes(build_graph(_steps("a", _step("b", "a"))), ["b", "a"], [])
