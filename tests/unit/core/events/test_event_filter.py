"""Event filters: names, short names and patterns; and visibility of events."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.core.events.filter import UNFILTERED, EventFilter, Viewer, expand_type
from agora.store.port import NewEvent


def event(
    type: str = "work.done",
    *,
    source: str = "/agora/agents/agent_a",
    subject: str | None = None,
    audience: tuple[str, ...] | None = None,
) -> NewEvent:
    return NewEvent("evt_1", type, source, subject, 0, b"null", audience)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("message_received", "agora.message.received"),
        ("broadcast_message", "agora.broadcast.sent"),
        ("broadcast_sent", "agora.broadcast.sent"),
        ("agent_status_changed", "agora.agent.status_changed"),
        ("task_assigned", "agora.task.assigned"),
        ("message_*", "agora.message.*"),
    ],
)
def test_short_name_matches_the_servers_type_and_the_literal_one(name: str, full: str) -> None:
    assert expand_type(name) == (name, full)


@pytest.mark.parametrize("name", ["agora.message.received", "agora.agent.status_changed", "build", "my.own_type", "*"])
def test_other_names_match_literally(name: str) -> None:
    assert expand_type(name) == (name,)


def test_short_name_matches_types_of_agents() -> None:
    wanted = EventFilter.from_request(["work_done"])
    assert wanted.matches_event(event("work_done"))
    assert wanted.matches_event(event("agora.work.done"))
    assert not wanted.matches_event(event("work.done"))


@given(
    pattern=st.text("ab.*", min_size=1, max_size=8),
    text=st.text("ab.", max_size=8),
)
def test_patterns_agree_with_regular_expressions(pattern: str, text: str) -> None:
    expected = re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None
    assert EventFilter.from_request([pattern]).matches_event(event(text)) is expected


def test_hostile_pattern_takes_bounded_time() -> None:
    assert not EventFilter.from_request(["*a" * 63 + "*b"]).matches_event(event("a" * 128))


@pytest.mark.parametrize(
    "about",
    [
        event(source="/agora/agents/agent_x"),
        event(subject="agent_x"),
        event(audience=("agent_y", "agent_x")),
    ],
)
def test_agent_filter_matches_source_subject_and_audience(about: NewEvent) -> None:
    assert EventFilter.from_request(agent="agent_x").matches_event(about)
    assert not EventFilter.from_request(agent="agent_z").matches_event(about)


def test_all_conditions_must_hold() -> None:
    wanted = EventFilter.from_request(["work.*"], "agent_a", "task_1")
    assert wanted.matches_event(event(subject="task_1"))
    assert not wanted.matches_event(event(subject="task_2"))
    assert not wanted.matches_event(event("rest.taken", subject="task_1"))
    assert not wanted.matches_event(event(subject="task_1", source="/agora/agents/agent_b"))


def test_equal_conditions_make_equal_filters() -> None:
    assert EventFilter.from_request(["b", "a", "b"]) == EventFilter.from_request(["a", "b"], None, "")
    assert EventFilter.from_request(["*", "a"]) == UNFILTERED
    assert EventFilter.from_request(["a"]) != EventFilter.from_request(["b"])


def test_private_events_are_visible_to_their_audience_and_overseers() -> None:
    private = event(audience=("agent_x",))
    assert Viewer("agent_x").may_see(private)
    assert Viewer("operator", sees_all=True).may_see(private)
    assert not Viewer("agent_y").may_see(private)
    assert Viewer("agent_y").may_see(event())
