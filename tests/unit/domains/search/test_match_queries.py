"""What a search becomes in the syntax of each engine."""

from __future__ import annotations

from agora.domains.search.queries import (
    Selection,
    Term,
    agents_page,
    agents_total,
    match_parameters,
    ranked_agents_page,
)


def test_a_word_is_looked_for_in_closer_and_closer_places() -> None:
    made = match_parameters([[Term("docu", goes_on=True, whole=True), Term("mydocu")]])
    assert made["fts_anywhere"] == '("docu"* OR "mydocu")'
    assert made["fts_name"] == '{agent_name} : (("docu"* OR "mydocu"))'
    assert made["fts_whole"] == '{agent_name} : (("docu"))'
    assert made["ts_anywhere"] == "('docu':*ABCD | 'mydocu':ABCD)"
    assert made["ts_skills"] == "('docu':*AB | 'mydocu':AB)"
    assert made["ts_whole"] == "('docu':A)"


def test_all_words_are_needed() -> None:
    made = match_parameters([[Term("a", whole=True)], [Term("b", whole=True)]])
    assert made["fts_anywhere"] == '("a") AND ("b")'
    assert made["ts_anywhere"] == "('a':ABCD) & ('b':ABCD)"


def test_a_statement_is_made_once_for_each_shape() -> None:
    chosen = Selection(capabilities=2, filters=frozenset({"status"}))
    assert agents_page(chosen) is agents_page(Selection(capabilities=2, filters=frozenset({"status"})))
    assert agents_page(chosen) is not agents_page(Selection(capabilities=3, filters=frozenset({"status"})))


def test_a_total_ranks_nothing() -> None:
    assert "place" in ranked_agents_page(Selection(searched=True)).sql
    assert "place" not in agents_total(Selection(searched=True)).sql


def test_only_what_is_bounded_runs_on_the_loop() -> None:
    assert not agents_page(Selection(capabilities=1, scan=False)).scan
    assert agents_page(Selection()).scan
    assert agents_total(Selection(scan=False)).scan
