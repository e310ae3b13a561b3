"""Pure rules of the coding worker: permissions, usage limits, transcripts, codebases."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agora.worker.codebases import inspect_codebases, normalize_remote
from agora.worker.job_state import JobState
from agora.worker.permissions import Approval, PermissionRequest, parse_answer_or_reject
from agora.worker.transcript import Transcript
from agora.worker.usage_limits import find_usage_limit_end

OPTIONS = [
    {"optionId": "once", "kind": "allow_once", "name": "Allow once"},
    {"optionId": "always", "kind": "allow_always", "name": "Always allow"},
    {"optionId": "reject", "kind": "reject_once", "name": "Reject"},
]


def ask(kind: str = "execute", path: str | None = None, **raw: Any) -> PermissionRequest:
    locations = [{"path": path}] if path else []
    return PermissionRequest.from_tool_call(
        {"kind": kind, "title": "t", "locations": locations, "rawInput": raw}, OPTIONS
    )


@pytest.mark.parametrize(
    ("approval", "kind", "answer"),
    [("all", "execute", "once"), ("safe", "read", "once"), ("safe", "edit", None), ("none", "read", None)],
)
def test_policy_decides_permissions(approval: str, kind: str, answer: str | None, tmp_path: Path) -> None:
    decision = ask(kind).decide_by_policy(Approval(approval), tmp_path)
    assert (decision and decision.option and decision.option.option_id) == answer


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "a/../../x"])
def test_paths_outside_the_worktree_are_refused(path: str, tmp_path: Path) -> None:
    for request in (ask("read", path), ask("execute", filepath="/etc/passwd")):
        decision = request.decide_by_policy(Approval.ALL, tmp_path)
        assert decision is not None
        assert decision.option is not None
        assert decision.option.kind == "reject_once"
    assert ask("read", str(tmp_path / "a")).find_outside_path(tmp_path) is None


@pytest.mark.parametrize(
    "path",
    [
        "a/../../x",
        "./../x",
        "~/x",
        "~root/x",
        "$HOME/x",
        "--file=../x",
        "file:///etc/passwd",
        "FILE://localhost/etc/%70asswd",
        "a\0b",
    ],
)
def test_paths_outside_are_refused_in_every_notation(path: str, tmp_path: Path) -> None:
    for raw in ({"filepath": path}, {"paths": ["a", path]}, {"edits": [{"file": path}]}):
        assert ask("read", **raw).find_outside_path(tmp_path) == path
    assert ask("read", path).find_outside_path(tmp_path) == path


@pytest.mark.parametrize(
    "path", ["a", "./a", "a/../b", "~nobody-of-this-name", "--file=a/b", "-f", "https://example.com/a"]
)
def test_paths_inside_are_decided_by_the_policy(path: str, tmp_path: Path) -> None:
    for raw in ({"filepath": path}, {"file": f"file://{tmp_path}/{path}"}, {"file_text": "/../" + path}):
        assert ask("read", **raw).find_outside_path(tmp_path) is None


def test_link_out_of_the_directory_is_outside(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    assert ask("read", "link/passwd").find_outside_path(tmp_path) == "link/passwd"


@pytest.mark.parametrize(
    ("text", "option", "feedback"),
    [
        ("once", "once", None),
        ("Allow once", "once", None),
        ("yes", "once", None),
        ("ALWAYS", "always", None),
        ("no", "reject", None),
        ("use make instead", "reject", "use make instead"),
    ],
)
def test_answers_of_people_map_to_options(text: str, option: str, feedback: str | None) -> None:
    request = PermissionRequest.from_document(ask().to_document())
    decision = parse_answer_or_reject(request, text, None)
    assert (decision.option and decision.option.option_id, decision.feedback) == (option, feedback)
    by_form = parse_answer_or_reject(request, "", {"option_id": option})
    assert by_form.option == decision.option


def test_answer_is_independent_of_option_names() -> None:
    named = [
        ("a", "allow_once", "Yes, proceed"),
        ("b", "allow_always", "Yes, and don't ask again"),
        ("c", "reject_once", "No"),
    ]
    options = [{"optionId": option, "kind": kind, "name": name} for option, kind, name in named]
    request = PermissionRequest.from_tool_call({"kind": "execute", "title": "t"}, options)
    for text, option in (("allow once", "a"), ("Always allow", "b"), ("allow always", "b"), ("deny", "c")):
        decision = parse_answer_or_reject(request, text, None)
        assert (decision.option and decision.option.option_id, decision.feedback) == (option, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("AI_APICallError: You have hit your usage limit; resets in 3600 seconds", 3600),
        ("429 Too Many Requests, retry after 2 minutes", 120),
        ('{"retry-after": "90", "type": "rate_limit_error"}', 90),
        ("Claude AI usage limit reached|1000000000", None),
        ("usage limit reached|1700003600", 3600),
        ("Quota exceeded. Your quota resets at 2023-11-14T23:13:20Z", 3600),
        ("quota exceeded, try again in 1h 30m", 5400),
        ("You exceeded your current quota", 900),
        ("Quota exceeded. Your quota resets at 2023-13-41T23:13:20Z", 900),
        ("file not found", None),
    ],
)
def test_usage_limits_are_recognized(text: str, seconds: float | None) -> None:
    now = 1_700_000_000.0
    until = find_usage_limit_end(text, now)
    if "|1000000000" in text:
        assert until == now + 900
    else:
        assert until == (None if seconds is None else now + seconds)


def test_usage_limit_until_a_time_lasts_to_the_end_of_that_minute() -> None:
    noon = datetime(2026, 11, 23, 12, 0, 30).astimezone()
    for text, hours, minutes in (("2:54 PM", 2, 55), ("12:00 PM", 0, 1), ("11:59 AM", 24, 0), ("12:10 AM", 12, 11)):
        until = find_usage_limit_end(
            f"You\u2019ve hit your usage limit. Visit x or try again at {text}.", noon.timestamp()
        )
        expected = noon.replace(second=0) + timedelta(hours=hours, minutes=minutes)
        assert until == expected.timestamp(), text


def test_turn_is_rendered_as_text() -> None:
    transcript = Transcript()
    call = {"toolCallId": "c", "title": "bash", "kind": "execute"}
    updates = [
        {"sessionUpdate": "agent_thought_chunk", "content": {"type": "text", "text": "hm"}},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "I "}},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "begin"}},
        {"sessionUpdate": "tool_call", **call, "status": "pending"},
        {"sessionUpdate": "tool_call_update", "toolCallId": "c", "title": "ls", "status": "in_progress"},
        {
            "sessionUpdate": "tool_call_update",
            "toolCallId": "c",
            "status": "completed",
            "content": [{"type": "diff", "path": "a", "oldText": "x\n", "newText": "y\n"}],
        },
        {"sessionUpdate": "plan", "entries": [{"content": "one", "status": "completed"}, {"content": "two"}]},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "Done."}},
        {"sessionUpdate": "usage_update", "cost": {"amount": 0.5, "currency": "USD"}},
        {"sessionUpdate": "of_another_version"},
    ]
    output = "".join(transcript.add_update(update) for update in updates)
    lines = ["I begin", "[execute] ls", "  --- a", "  +++ a", "  @@ -1 +1 @@", "  -x", "  +y"]
    assert output == "\n".join([*lines, "[plan] [x] one", "[plan] [ ] two", "Done."])
    assert transcript.text == "Done."
    assert transcript.usage.cost == 0.5
    assert [part["type"] for part in transcript.parts] == ["thought", "text", "tool", "plan", "text"]


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/name.git",
        "https://user:secret@github.com/owner/name",
        "git@github.com:owner/name.git",
        "ssh://git@GitHub.com:22/owner/name.git",
    ],
)
def test_remote_urls_are_normalized(remote: str) -> None:
    assert normalize_remote(remote) == "github.com/owner/name"


def test_codebases_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    one, two = inspect_codebases(f"{tmp_path}/one,{tmp_path}/one:two")
    assert (one.name, two.name, one.path) == ("one", "two", two.path)
    with pytest.raises(ValueError, match="is not a directory"):
        inspect_codebases(f"{tmp_path}/missing")
    with pytest.raises(ValueError, match="are named"):
        inspect_codebases(f"{tmp_path}/one,{tmp_path}/one")


def test_tokens_are_counted_for_the_model_that_used_them() -> None:
    state = JobState()
    assert state.add_turn("a", {"inputTokens": 100, "outputTokens": 20}) == (100, 20)
    state = JobState.from_checkpoint(state.to_checkpoint())  # another worker continues, whose agent has another model
    assert state.add_turn("b", {"inputTokens": 10, "outputTokens": None}) == (10, 0)
    assert state.add_turn("a", {"inputTokens": 1, "outputTokens": 1}) == (101, 21)
    assert (state.usage.input_tokens, state.usage.output_tokens) == (111, 21)
