"""Search of agents, with equal results on every engine."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from agora.core.call import Caller
from agora.core.pagination import encode_cursor
from agora.domains.search import agents as rules
from agora.server.app import App
from agora.store import migrate
from agora.store.postgres import schema
from agora_sdk.errors import InvalidRequest
from tests.conformance.engines import Engine, PostgresEngine, RunsOn, SqliteEngine
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH

FIND = "query.agents"


def names(page: Any) -> list[str]:
    return [agent.agent_name for agent in page.agents]


async def found(market: Market, caller: Caller | None = None, **arguments: Any) -> list[str]:
    """Return the names on the first page, which must be complete."""
    page = await market.call(caller or market.operator, FIND, **arguments)
    assert (page.count, page.total, page.has_more) == (len(page.agents), len(page.agents), False)
    return names(page)


# -- capabilities and filters ------------------------------------------------------------------------


async def test_agents_are_found_by_all_or_any_capabilities(market: Market) -> None:
    for name, capabilities in {"A": ["x"], "B": ["x", "y"], "C": ["y", "z"], "D": ["x", "y", "z"], "E": []}.items():
        await market.agent(name, capabilities=capabilities)
    assert await found(market, capabilities=["x"]) == ["A", "B", "D"]
    assert await found(market, capabilities=["x", "y"]) == ["B", "D"]
    assert await found(market, capabilities=["z", "x", "z"]) == ["D"]
    assert await found(market, capabilities=["x", "z"], match="any") == ["A", "B", "C", "D"]
    assert await found(market, capabilities=["z"], match="any") == ["C", "D"]
    assert await found(market, capabilities=["x", "nothing"]) == []
    assert await found(market, capabilities=["z", "nothing"], match="any") == ["C", "D"]
    assert await found(market, capabilities=["nothing"]) == []
    assert await found(market) == ["A", "B", "C", "D", "E"]


async def test_filters_restrict_the_results(market: Market) -> None:
    ada = await market.agent("Ada", service_tier="premium", category="docs", capabilities=["x"])
    bob = await market.agent("Bob", category="docs", capabilities=["x"])
    await market.agent("Cyd", service_tier="premium")
    await market.call(bob, "agent.update", agent_id="Bob", status="busy")
    await market.call(bob, "agent.rate", agent_id="Ada", rating=7)
    await market.call(ada, "agent.rate", agent_id="Bob", rating=3)
    assert await found(market, status="busy") == ["Bob"]
    assert await found(market, service_tier="premium") == ["Ada", "Cyd"]
    assert await found(market, category="docs", capabilities=["x"]) == ["Ada", "Bob"]
    assert await found(market, min_rating=7) == ["Ada"]
    assert await found(market, min_rating=7.01) == []
    assert await found(market, min_rating=0) == ["Ada", "Bob"], "an agent without ratings does not match the minimum"
    assert await found(market, category="docs", service_tier="basic", status="busy", min_rating=1) == ["Bob"]
    assert await found(market, search="ada", service_tier="basic") == []


async def test_reputation_filter_uses_the_shown_value(market: Market) -> None:
    raters = [await market.agent(name) for name in ("R", "S", "T")]
    await market.agent("Ada")
    for rater, rating in zip(raters, (6, 7, 7), strict=True):
        await market.call(rater, "agent.rate", agent_id="Ada", rating=rating)
    page = await market.call(market.operator, FIND, min_rating=6.67)
    assert [(agent.agent_name, agent.reputation) for agent in page] == [("Ada", 6.67)]
    assert await found(market, min_rating=6.68) == []


async def test_profile_is_complete(market: Market) -> None:
    ada = await market.agent("Ada", capabilities=["x"], metadata={"team": "docs"}, tags=["en"])
    [agent] = (await market.call(market.operator, FIND, capabilities=["x"])).agents
    assert agent == await market.call(ada, "agent.get", agent_id="Ada")


async def test_common_capabilities_are_found(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "COMMON_CAPABILITY_AGENTS", 2)
    monkeypatch.setattr(rules, "MAX_COUNTED", 2)
    for name, capabilities in {"A": ["x"], "B": ["x", "y"], "C": ["z"], "D": ["y", "z"], "E": []}.items():
        await market.agent(name, capabilities=capabilities)
    assert await found(market, capabilities=["x", "y"], match="any") == ["A", "B", "D"]


# -- visibility --------------------------------------------------------------------------------------


async def test_private_agents_are_found_only_by_themselves_and_operators(market: Market) -> None:
    await market.agent("Open", capabilities=["x"])
    hidden = await market.agent("Hidden", capabilities=["x"], visibility="private")
    other = await market.agent("Other", visibility="private")
    for arguments in ({"capabilities": ["x"]}, {"search": "hidden"}, {"capabilities": ["x", "y"], "match": "any"}, {}):
        for caller, expected in ((market.operator, True), (hidden, True), (other, False)):
            assert ("Hidden" in await found(market, caller, **arguments)) is expected, (arguments, caller.name)


async def test_account_sees_its_private_agents(market: Market) -> None:
    acme = replace(market.operator, account="acme")
    registered = await market.call(
        acme, "agent.register", agent_name="Hidden", capabilities=["x"], visibility="private"
    )
    colleague = replace(await market.agent("Colleague"), account="acme")
    stranger = replace(await market.agent("Stranger"), account="other")
    itself = await market.app.authenticator.authenticate(registered.token)
    assert itself.account == "acme"
    for arguments in ({"capabilities": ["x"]}, {"search": "hidden"}):
        assert await found(market, colleague, **arguments) == ["Hidden"]
        assert await found(market, itself, **arguments) == ["Hidden"]
        assert await found(market, stranger, **arguments) == []


async def test_total_follows_every_change(market: Market) -> None:
    async def total() -> tuple[int, int]:
        mine = await market.call(watcher, FIND, capabilities=["x"], limit=1)
        operators = await market.call(market.operator, FIND, capabilities=["x"], limit=1)
        assert not mine.total_is_estimate
        return mine.total, operators.total

    watcher = await market.agent("Watcher")
    assert await total() == (0, 0)
    ada = await market.agent("Ada", capabilities=["x", "y"])
    bob = await market.agent("Bob", capabilities=["x"], visibility="private")
    assert await total() == (1, 2)
    await market.call(bob, "agent.update", agent_id="Bob", visibility="public")
    assert await total() == (2, 2)
    await market.call(ada, "agent.update", agent_id="Ada", visibility="private", capabilities=["x"])
    assert await total() == (1, 2)
    await market.call(ada, "agent.update", agent_id="Ada", capabilities=["y"])
    assert await total() == (1, 1)
    await market.call(ada, "agent.update", agent_id="Ada", capabilities=["y", "x"], visibility="public")
    assert await total() == (2, 2)
    await market.call(bob, "agent.deregister", agent_id="Bob")
    assert await total() == (1, 1)
    await market.call(ada, "agent.deregister", agent_id="Ada")
    assert await total() == (0, 0)


async def test_counters_are_correct_under_concurrent_changes(market: Market, engine: Engine) -> None:
    agents = [await market.agent(f"Agent{number}", capabilities=["x"]) for number in range(8)]

    async def change(agent: Caller, number: int) -> None:
        await market.call(agent, "agent.update", agent_id=agent.subject, capabilities=["y", "x"][: number % 3])
        await market.call(agent, "agent.update", agent_id=agent.subject, visibility=("private", "public")[number % 2])
        if number % 4 == 0:
            await market.call(agent, "agent.deregister", agent_id=agent.subject)

    newcomers = (market.agent(f"New{number}", capabilities=["y", "z"]) for number in range(8))
    await asyncio.gather(*(change(agent, number) for number, agent in enumerate(agents)), *newcomers)
    counted = await engine.run("select capability, agents, private from capability_counts order by capability")
    actual = await engine.run(
        "select c.capability, count(*) as agents, count(case when a.visibility = 'private' then 1 end) as private "
        "from agent_capabilities c join agents a on a.tenant_id = c.tenant_id and a.agent_id = c.agent_id "
        "group by c.capability order by c.capability"
    )
    assert counted == actual
    assert [row["capability"] for row in counted] == ["x", "y", "z"]


async def test_deregistered_agents_are_shown_to_operators_on_request(market: Market) -> None:
    ada, bob = await market.agent("Ada", capabilities=["x", "y"]), await market.agent("Bob", capabilities=["x"])
    await market.call(ada, "agent.deregister", agent_id="Ada")
    assert await found(market, capabilities=["x"]) == ["Bob"]
    assert await found(market, search="ada") == []
    for arguments in ({}, {"capabilities": ["x"]}, {"capabilities": ["z", "y"], "match": "any"}):
        assert await found(market, status="retired", **arguments) == ["Ada"]
        assert await found(market, bob, status="retired", **arguments) == []
    assert await found(market, status="retired", capabilities=["x", "z"]) == []
    with pytest.raises(InvalidRequest) as failure:
        await found(market, status="retired", search="ada")
    assert failure.value.errors[0]["field"] == "search"


# -- full-text search --------------------------------------------------------------------------------


@pytest.fixture
async def library(market: Market) -> Market:
    """A few searchable agents."""
    await market.agent("DocSystemAgent", capabilities=["documentation", "analysis"], description="Writes manuals.")
    await market.agent("Résumé Writer", capabilities=["writing"], tags=["emploi", "ÉCOLE"])
    await market.agent("Переводчик", capabilities=["translation"], description="Перевод на русский")
    await market.agent("文档处理", capabilities=["c++", "node.js"], description="about documentation")
    await market.agent("go-между", capabilities=["go", "k8s-deploy"], tags=["R", "analytics"])
    return market


MEANINGS: Any = [
    ("docsystemagent", ["DocSystemAgent"]),
    ("DocSys", ["DocSystemAgent"]),
    ("documentation", ["DocSystemAgent", "文档处理"]),
    ("docu", ["DocSystemAgent", "文档处理"]),
    ("documantation", ["DocSystemAgent", "文档处理"]),
    ("docmuentation", ["DocSystemAgent", "文档处理"]),
    ("dcoumentaton", ["DocSystemAgent", "文档处理"]),
    ("DocSystme", ["DocSystemAgent"]),
    ("system", ["DocSystemAgent"]),
    ("manual writes", ["DocSystemAgent"]),
    ("manual nothing", []),
    ("resume", ["Résumé Writer"]),
    ("RÉSUMÉ writ", ["Résumé Writer"]),
    ("école", ["Résumé Writer"]),
    ("Ecole", ["Résumé Writer"]),
    ("пЕРЕВОД", ["Переводчик"]),
    ("переводчек", ["Переводчик"]),
    ("文档", ["文档处理"]),
    ("处理", ["文档处理"]),
    ("go", ["go-между"]),
    ("k8", ["go-между"]),
    ("r", ["go-между", "Résumé Writer"]),
    ("c++", ["文档处理"]),
    ("node.js", ["文档处理"]),
    ("anal", ["DocSystemAgent", "go-между"]),
    ("zz", []),
    ("zzzzzzzzzz", []),
]


async def test_words_find_expected_agents(library: Market) -> None:
    for search, expected in MEANINGS:
        assert sorted(await found(library, search=search)) == sorted(expected), search


TYPED: Any = [
        '"', '""', "*", "a*", "AND", "OR", "NOT", "NEAR(a b)", "(", ")(", "a AND", "^a", "agent_name:x", "{a}:b", "-x",
        "'", "';--", "\\", "a\\", "%", "_", "a_b", "a:*", "a:A", "!a", "a & | b", "<->", "\x00", "\x00a", "\u0301", "ß", "İ",
        "🙂", "हिन्दी", "a" * 200, " ".join(["ab"] * 60), " ".join(chr(97 + n) for n in range(26)), "\ud7ff", "\ufffe", "' : *",
    ]  # fmt: skip


async def test_any_search_text_is_accepted(library: Market) -> None:
    for search in TYPED:
        page = await library.call(library.operator, FIND, search=search)
        assert page.total == page.count, search


async def test_query_syntax_is_treated_as_words(library: Market) -> None:
    await library.agent("And Or Not Near")
    assert await found(library, search="AND") == ["And Or Not Near"]
    assert await found(library, search='"near" (or)') == ["And Or Not Near"]
    assert await found(library, search="docsystemagent OR resume") == []


async def test_closest_matches_come_first(market: Market) -> None:
    await market.agent("E", description="reviews poetry")
    await market.agent("D", tags=["poetry"])
    await market.agent("C", capabilities=["poetry"])
    await market.agent("PoetryMachine")
    await market.agent("Poetry")
    assert await found(market, search="poetry") == ["Poetry", "PoetryMachine", "C", "D", "E"]
    assert await found(market, search="poetri") == ["Poetry", "PoetryMachine", "C", "D", "E"]


async def test_fuzzy_matches_do_not_displace_exact_ones(market: Market) -> None:
    await market.agent("translate")
    await market.agent("translates")
    await market.agent("transplate")
    assert await found(market, search="translate") == ["translate", "translates"]
    assert sorted(await found(market, search="trasnplate")) == ["transplate"]


async def test_index_follows_every_change(market: Market, engine: Engine) -> None:
    ada = await market.agent("Ada", description="paints", tags=["oil"], capabilities=["portraits"])
    assert [await found(market, search=word) for word in ("paints", "oil", "portraits")] == [["Ada"]] * 3
    await market.call(
        ada, "agent.update", agent_id="Ada", description="sculpts", tags=["marble"], capabilities=["busts"]
    )
    assert [await found(market, search=word) for word in ("paints", "oil", "portraits")] == [[]] * 3
    assert [await found(market, search=word) for word in ("sculpts", "marble", "busts", "ada")] == [["Ada"]] * 4
    await market.call(ada, "agent.deregister", agent_id="Ada")
    assert await found(market, search="ada") == []
    table = "agent_vocabulary" if engine.dialect == "sqlite" else "agent_terms"
    assert await engine.run(f"select term from {table}") == [], "no word of a retired agent stays"


async def _nothing(connection: asyncpg.Connection) -> list[str]:
    return []


async def test_agents_of_an_older_release_are_found(
    new_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrate, "list_pending_migrations", lambda applied, dialect: migrate.list_migrations(dialect)[:1])
        if isinstance(new_engine, PostgresEngine):
            older.setattr(schema, "list_protection_gaps", _nothing)  # releases of that time had no row-level security
            connection = await asyncpg.connect(new_engine.url)
            await schema.migrate_schema(connection, ManualClock())
            await connection.close()
        else:
            store = new_engine.store()
            await store.start()
            await store.close()
    row = {
        "tenant_id": "default", "agent_id": "agent_" + "0" * 32, "agent_name": "Veteran", "account_id": "default",
        "description": "knows history", "capabilities": '["x"]', "service_tier": "basic", "status": "active",
        "category": "", "tags": "[]", "visibility": "public", "endpoints": "{}", "metadata": "{}",
    }  # fmt: skip
    values = ", ".join([*(f"'{value}'" for value in row.values()), "1, 1, 1, 1, 1, 1, 0, null, 0, 0, 0, null"])
    await new_engine.run(f"insert into agents values ({values})")
    await new_engine.run(f"insert into agent_capabilities values ('default', 'x', '{row['agent_id']}')")
    app = App(make_settings(tmp_path / "data"), store=new_engine.store())
    await app.start()
    market = Market(app, ManualClock())
    assert await found(market, search="histroy") == ["Veteran"]
    assert await found(market, capabilities=["x"]) == ["Veteran"]
    await market.call(market.operator, "agent.deregister", agent_id="Veteran")
    assert await found(market, search="history") == await found(market, capabilities=["x"]) == []
    await app.stop()


async def test_vacuum_keeps_the_index_consistent(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "agora.db")
    app = App(make_settings(tmp_path / "data"), store=engine.store())
    await app.start()
    market = Market(app, ManualClock())
    leaving = [await market.agent(name) for name in ("First", "Second", "Third")]
    await market.agent("Fourth")
    for agent in leaving:
        await market.call(agent, "agent.deregister", agent_id=agent.subject)
    await app.stop()
    connection = sqlite3.connect(engine.path)
    connection.execute("delete from agents where retired_at is not null")
    connection.commit()
    connection.execute("vacuum")
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()
    app = App(make_settings(tmp_path / "data"), store=engine.store())
    await app.start()
    assert await found(Market(app, ManualClock()), search="fourth") == ["Fourth"]
    await app.stop()


async def test_words_and_capabilities_are_combined(library: Market) -> None:
    assert await found(library, search="documentation", capabilities=["analysis"]) == ["DocSystemAgent"]
    assert await found(library, search="documentation", capabilities=["analysis", "c++"]) == []
    assert len(await found(library, search="documentation", capabilities=["analysis", "c++"], match="any")) == 2


async def test_heartbeat_does_not_update_the_index(market: Market, engine: Engine) -> None:
    table, mark = ("agent_search_data", "hex(block)") if engine.dialect == "sqlite" else ("agent_words", "xmin::text")
    ada = await market.agent("Ada", capabilities=["x"])
    before = await engine.run(f"select {mark} as mark from {table}")
    await market.call(ada, "agent.heartbeat", load=0.5)
    await market.call(ada, "agent.update", agent_id="Ada", status="busy", metadata={"a": 1})
    assert await engine.run(f"select {mark} as mark from {table}") == before


# -- pages -------------------------------------------------------------------------------------------

KINDS: list[dict[str, Any]] = [
    {},
    {"capabilities": ["x"]},
    {"capabilities": ["x", "y"]},
    {"capabilities": ["x", "z"], "match": "any"},
    {"status": "active"},
    {"search": "agent"},
    {"search": "aegnt"},
    {"search": "agent", "capabilities": ["x"]},
]


async def pages(market: Market, **arguments: Any) -> AsyncIterator[Any]:
    cursor = None
    while True:
        page = await market.call(market.operator, FIND, cursor=cursor, **arguments)
        yield page
        cursor = page.next_cursor
        assert page.has_more is (cursor is not None)
        if cursor is None:
            return


@pytest.mark.parametrize("arguments", KINDS)
async def test_cursor_and_offset_pages_are_equal(market: Market, arguments: dict[str, Any]) -> None:
    for number in range(7):
        await market.agent(f"Agent{number}", capabilities=["x", "y"])
    by_cursor = [page async for page in pages(market, limit=3, **arguments)]
    assert [len(page) for page in by_cursor] == [3, 3, 1]
    assert [page.total for page in by_cursor] == [7, 7, 7]
    by_offset = [await market.call(market.operator, FIND, limit=3, offset=at, **arguments) for at in (0, 3, 6)]
    assert [names(page) for page in by_offset] == [names(page) for page in by_cursor]
    assert [name for page in by_cursor for name in names(page)] == [f"Agent{number}" for number in range(7)]
    beyond = await market.call(market.operator, FIND, offset=2_000, **arguments)
    assert (beyond.count, beyond.total, beyond.has_more) == (0, 7, False)


@pytest.mark.parametrize("arguments", KINDS)
async def test_concurrent_registrations_do_not_shift_pages(market: Market, arguments: dict[str, Any]) -> None:
    agents = [await market.agent(f"Agent{number}", capabilities=["x", "y"]) for number in range(6)]
    seen: list[str] = []
    async for page in pages(market, limit=2, **arguments):
        seen += names(page)
        if len(seen) == 2:
            await asyncio.gather(*(market.agent(f"Agent late{number}", capabilities=["x", "y"]) for number in range(3)))
            await market.call(agents[0], "agent.deregister", agent_id="Agent0")
            await market.call(agents[4], "agent.deregister", agent_id="Agent4")
    assert len(set(seen)) == len(seen), "no agent is listed twice"
    assert {"Agent0", "Agent1", "Agent2", "Agent3", "Agent5"} <= set(seen), "no agent is skipped"


async def test_totals_above_the_bound_are_estimated(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agora.core.pagination.MAX_EXACT_TOTAL", 3)
    for number in range(5):
        await market.agent(f"Agent{number}", capabilities=["x", "y"])
    for arguments in KINDS:
        page = await market.call(market.operator, FIND, limit=2, **arguments)
        exact = arguments == {"capabilities": ["x"]}
        assert (page.total, page.total_is_estimate) == ((5, False) if exact else (3, True)), arguments


async def test_many_private_agents_do_not_block_the_event_loop(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_INLINE_ROWS", 2)
    for number in range(4):
        await market.agent(f"Hidden{number}", capabilities=["x"], visibility="private")
    watcher = await market.agent("Watcher", capabilities=["x"])
    asked = []
    build = rules.statements.build_agents_page_query

    def watched(chosen: Any) -> Any:
        asked.append(chosen.scan)
        return build(chosen)

    monkeypatch.setattr(rules.statements, "build_agents_page_query", watched)
    assert await found(market, watcher, capabilities=["x"]) == ["Watcher"]
    assert len(await found(market, capabilities=["x"])) == 5
    await market.call(market.operator, FIND, capabilities=["x"], offset=3)
    assert await found(market, capabilities=["x"], status="retired") == []
    assert await found(market, capabilities=["x"], status="busy") == []
    assert asked == [True, False, True, True, True]


# -- invalid input ------------------------------------------------------------------------------------


WRONG: Any = [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"min_rating": 11}, "min_rating"),
        ({"min_rating": float("nan")}, "min_rating"),
        ({"status": "asleep"}, "status"),
        ({"service_tier": "gold"}, "service_tier"),
        ({"match": "some"}, "match"),
        ({"search": ""}, "search"),
        ({"search": "a" * 201}, "search"),
        ({"capabilities": [""]}, "capabilities"),
        ({"capabilities": ["x"] * 21}, "capabilities"),
        ({"capabilities": ["a\x00b"]}, "capabilities"),
        ({"category": "\x00"}, "category"),
        ({"category": "x" * 65}, "category"),
        ({"colour": "red"}, "colour"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "!!!"}, "cursor"),
        ({"cursor": encode_cursor(1)}, "cursor"),
        ({"cursor": encode_cursor("Ada")}, "cursor"),
        ({"cursor": encode_cursor("\x00")}, "cursor"),
        ({"cursor": encode_cursor(0, 1, "agent_" + "0" * 32)}, "cursor"),
        ({"cursor": encode_cursor("agent_" + "0" * 32), "search": "a"}, "cursor"),
        ({"cursor": encode_cursor(7, 1, "agent_" + "0" * 32), "search": "a"}, "cursor"),
        ({"cursor": encode_cursor(0, 10**30, "agent_" + "0" * 32), "search": "a"}, "cursor"),
        ({"cursor": encode_cursor(0, 1.5, "agent_" + "0" * 32), "search": "a"}, "cursor"),
        ({"cursor": encode_cursor(0, 1, "Ada"), "search": "a"}, "cursor"),
    ]  # fmt: skip


async def test_invalid_input_names_its_field(market: Market) -> None:
    for arguments, field in WRONG:
        with pytest.raises(InvalidRequest) as failure:
            await market.call(market.operator, FIND, **arguments)
        assert failure.value.errors[0]["field"].split(".")[0] == field, arguments
