"""Search queries in the syntax of each engine."""

from __future__ import annotations

from agora.domains.search.queries import (
    Selection,
    Term,
    build_agents_page_query,
    build_agents_total_query,
    build_match_parameters,
    build_ranked_agents_page_query,
)


def test_word_is_searched_in_places_by_weight() -> None:
    made = build_match_parameters([[Term("docu", goes_on=True, whole=True), Term("mydocu")]])
    assert made["fts_anywhere"] == '("docu"* OR "mydocu")'
    assert made["fts_name"] == '{agent_name} : (("docu"* OR "mydocu"))'
    assert made["fts_whole"] == '{agent_name} : (("docu"))'
    assert made["ts_anywhere"] == "('docu':*ABCD | 'mydocu':ABCD)"
    assert made["ts_skills"] == "('docu':*AB | 'mydocu':AB)"
    assert made["ts_whole"] == "('docu':A)"


def test_all_words_are_required() -> None:
    made = build_match_parameters([[Term("a", whole=True)], [Term("b", whole=True)]])
    assert made["fts_anywhere"] == '("a") AND ("b")'
    assert made["ts_anywhere"] == "('a':ABCD) & ('b':ABCD)"


def test_statement_is_built_once_per_shape() -> None:
    chosen = Selection(capabilities=2, filters=frozenset({"status"}))
    assert build_agents_page_query(chosen) is build_agents_page_query(
        Selection(capabilities=2, filters=frozenset({"status"}))
    )
    assert build_agents_page_query(chosen) is not build_agents_page_query(
        Selection(capabilities=3, filters=frozenset({"status"}))
    )


def test_total_does_not_rank() -> None:
    assert "place" in build_ranked_agents_page_query(Selection(searched=True)).sql
    assert "place" not in build_agents_total_query(Selection(searched=True)).sql


def test_only_bounded_queries_run_on_the_loop() -> None:
    assert not build_agents_page_query(Selection(capabilities=1, scan=False)).scan
    assert build_agents_page_query(Selection()).scan
    assert build_agents_total_query(Selection(scan=False)).scan
