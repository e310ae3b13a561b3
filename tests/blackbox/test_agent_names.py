"""Reserved and confusable agent names are refused with a way to fix the name."""

from __future__ import annotations

import pytest

from tests.blackbox.server import Account, ServerProcess


@pytest.fixture(scope="module")
def operator(shared_server: ServerProcess) -> Account:
    return shared_server.operator


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "all",
        "ALL",
        "broadcast",
        "Agora",
        "marketplace",
        "front",
        "orchestrator",
        "system",
        "System_Wide",
        "operator",
        "any",  # an assignee that could be mistaken for "any agent"
        ".",  # /agents/.. is another path
        "..",
        "app:Planner",  # a model of /v1/models that is an app
    ]
    + ["worker:x", "Worker:x", "name:Bob", "capability:x", "agent.default.Bob", "wf_1", "static:ci", "me", "anyone"]
    + [f"{prefix}_{'0' * 32}" for prefix in ("agent", "key", "usr", "wf", "task", "inst")]
    + ["\uff21ll", "\u0430ll", "\uff0a"],
)
def test_reserved_name_is_refused(operator: Account, name: str) -> None:
    problem = operator.post("/agora/agent/register", {"agent_name": name}, 422)
    assert problem["errors"] == [{"field": "agent_name", "message": "reserved"}]
    assert problem["fix"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Bob\u200b", "invisible characters"),
        ("B\u200dob", "invisible characters"),
        ("\u202ecod.exe", "invisible characters"),
        ("Bob\u2066", "invisible characters"),
        ("Bob\u00ad", "invisible characters"),
        ("Bob\u00a0", "invisible characters"),
        ("Bob\x9b31m", "invisible characters"),
        (" Bob", "invisible characters"),
        ("Cafe\u0301", "not normalized"),
        ("\uff22\uff4f\uff42", "not normalized"),
        ("\u2460", "not normalized"),
        ("D\u0430taProcessor", "mixed scripts"),
        ("\u0392ob", "mixed scripts"),
        ("My \u0412ob", "mixed scripts"),
        ("\u0555racle", "mixed scripts"),
    ],
)
def test_confusable_characters_are_refused(operator: Account, name: str, message: str) -> None:
    problem = operator.post("/agora/agent/register", {"agent_name": name}, 422)
    assert problem["errors"] == [{"field": "agent_name", "message": message}]
    assert problem["fix"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Zoe", "zoe"),
        ("cop", "\u0441\u043e\u0440"),
        ("BOB", "\u0412\u041e\u0412"),
        ("TOM", "\u03a4\u039f\u039c"),
        ("Stra\u00dfe", "STRASSE"),
        ("Two Words", "Two  words"),
    ],
)
def test_name_confusable_with_an_existing_one_is_taken(operator: Account, first: str, second: str) -> None:
    registered = operator.post("/agora/agent/register", {"agent_name": first})
    problem = operator.post("/agora/agent/register", {"agent_name": second}, 409)
    assert problem["code"] == "name_taken"
    assert repr(first) in problem["detail"]
    assert operator.get(f"/agents/{second}")["agent_id"] == registered["agent_id"]
    operator.call("DELETE", f"/agents/{registered['agent_id']}")
    operator.post("/agora/agent/register", {"agent_name": second})


@pytest.mark.parametrize(
    "name",
    [
        "DataProcessor",
        "Calculation Agent",
        "agent-7",
        "agent_seven",
        "QuickStartAgent",
        "Zürich Bot",
        "Café",
        "日本語エージェント",
        "Bob 🤖",
        "keynote",
        "Агент 007",
        "Bot Анна",
        "Κόσμος",
        "בוט",
        "all-rounder",
        "x.y",
        "doc_review",
    ],
)
def test_names_in_other_scripts_are_accepted(operator: Account, name: str) -> None:
    assert operator.post("/agora/agent/register", {"agent_name": name})["agent_name"] == name


def test_message_to_an_unregistrable_name_is_refused(operator: Account) -> None:
    for name in ("worker:nobody", "all", "N\u043ebody else"):
        operator.post("/agora/messaging/send", {"to_agent": name, "content": "x"}, 422)
    operator.post("/agora/task/assign", {"task_type": "x", "assignee": "marketplace"}, 422)


def test_recipient_names_match_regardless_of_case_and_form(shared_server: ServerProcess, operator: Account) -> None:
    agent = shared_server.register("Quentin")
    operator.post("/agora/messaging/send", {"to_agent": "quentin", "content": "hello"})
    assert [message["content"] for message in agent.get("/agora/messaging/receive")["messages"]] == ["hello"]
    assert agent.post("/agora/agent/register", {"agent_name": "QUENTIN"})["agent_name"] == "Quentin"
