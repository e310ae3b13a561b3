"""The command line against a real server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agora import __version__
from agora.cli.app import build_application
from agora.cli.command_hints import COMMAND_HINTS
from agora.cli.doctor import Finding, has_agora_answered
from agora.cli.route_advice import replace_routes_with_commands
from agora_sdk import AgoraClient
from agora_sdk.contract import Exposure, operations
from agora_sdk.contract.workers import CODING_PROGRAM
from tests.harness import free_port
from tests.processes import spawn_tethered
from tests.unit.cli.conftest import AGORA, Agora, Served


@pytest.mark.long
def test_every_operation_is_a_command(agora: Agora) -> None:
    for operation in operations():
        if operation.exposure is not Exposure.TEST:
            shown = agora(operation.category, operation.action.replace("_", "-"), "--help").stdout
            assert operation.summary.split(" ")[0] in shown


def test_package_runs_as_a_module() -> None:
    shown = subprocess.run([sys.executable, "-m", "agora", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["agora", __version__]


def test_traceback_of_an_agent_begins_in_its_own_code(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("from agora_sdk import Agent\n\nclass Bot(Agent):\n    limit = undefined\n")
    command = [sys.executable, "-m", "agora", "run", "bot:Bot"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    lines = ended.stderr.splitlines()
    assert (ended.returncode, lines[0]) == (1, "Traceback (most recent call last):")
    assert lines[1] == f'  File "{tmp_path / "bot.py"}", line 3, in <module>'
    assert lines[-1] == "NameError: name 'undefined' is not defined"


def test_help_groups_the_commands(agora: Agora) -> None:
    shown = agora("--help").stdout
    panels = [shown.index(name) for name in ("Server", "Agents and messages", "Every operation, by category")]
    assert panels == sorted(panels)
    assert "messaging" in shown[panels[-1] :]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("send", "TO CONTENT"),
        ("job choose", "GROUP_ID ATTEMPT"),
        ("instance exec", "TARGET [ENDPOINT] [PARAMETERS]..."),
        ("app install", "FILE"),
        ("agent register", "AGENT_NAME [CAPABILITIES] [SERVICE_TIER]"),
        ("task get", "TASK_ID"),
    ],
)
def test_usage_line_names_arguments_in_capitals_and_optional_ones_in_brackets(command: str, arguments: str) -> None:
    shown = CliRunner().invoke(build_application(), [*command.split(), "--help"], env={"COLUMNS": "200"}).stdout
    usage = next(line.strip() for line in shown.splitlines() if "Usage:" in line)
    assert usage == f"Usage: agora {command} [OPTIONS] {arguments}"


@pytest.mark.parametrize("command", ["", "send", "db", "db copy", "task", "task list", "marketplace", "mcp"])
def test_flag_is_shown_without_a_type_because_it_takes_no_value(command: str) -> None:
    shown = CliRunner().invoke(build_application(), [*command.split(), "--help"]).stdout
    assert "--help" in shown
    assert "<bool>" not in shown


def test_descriptions_are_wrapped_at_the_width_of_the_terminal_only() -> None:
    shown = CliRunner().invoke(build_application(), ["task", "statistics", "--help"], env={"COLUMNS": "120"}).stdout
    first, *_ = (line.strip() for line in shown.splitlines() if line.strip().startswith("Show task statistics"))
    assert first.endswith("the last day.")


def test_code_in_descriptions_has_single_backticks() -> None:
    shown = CliRunner().invoke(build_application(), ["task", "--help"], env={"COLUMNS": "200"}).stdout
    assert "With `offset`, a repeated chunk" in shown


@pytest.mark.parametrize("word", sorted(COMMAND_HINTS))
def test_command_of_other_tools_is_answered_with_a_suggestion(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    runner, application = CliRunner(), build_application()
    unknown = runner.invoke(application, [word])
    assert unknown.exit_code == 2
    assert COMMAND_HINTS[word] in unknown.stderr
    commands = re.findall("'agora ([^']*)'", COMMAND_HINTS[word])
    assert commands
    for command in commands:
        assert runner.invoke(application, [*command.split(), "--help"]).exit_code == 0, command


def test_registration_whose_token_cannot_be_kept_does_not_advise_to_use_it(
    agora: Agora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AGORA_CREDENTIALS", str(tmp_path / "file" / "credentials.json"))
    registered = agora("register", "CliForgotten")
    assert "Registered CliForgotten" in registered.stdout
    assert "act as it" not in registered.stdout
    assert "not kept" in registered.stderr


def test_message_is_sent_from_registration_to_inbox(agora: Agora, answer: Agora) -> None:
    registered = agora("register", "CliBob", "-c", "echo")
    assert "Registered CliBob" in registered.stdout
    found = answer("agents", "--capability", "echo")
    assert [agent["agent_name"] for agent in found["agents"]] == ["CliBob"]
    receipt = answer("send", "CliBob", "good \x1b[31mmorning", "--priority", "high")
    assert receipt["status"] == "queued"
    shown = agora("inbox", "--unread", "--as", "CliBob")
    assert "\x1b" not in shown.stdout  # text of others cannot control the terminal
    first = answer("inbox", "--unread", "--mark", "--as", "CliBob")
    assert [message["message_id"] for message in first["messages"]] == [receipt["message_id"]]
    assert answer("inbox", "--unread", "--as", "CliBob")["messages"] == []


def test_inbox_shows_the_content_on_a_terminal_of_80_columns(agora: Agora, monkeypatch: pytest.MonkeyPatch) -> None:
    agora("register", "CliRecipient")
    agora("send", "CliRecipient", "Good morning!")
    monkeypatch.setenv("COLUMNS", "80")
    assert "Good morning!" in agora("inbox", "--as", "CliRecipient").stdout


def test_name_with_spaces_is_quoted_in_what_to_type(agora: Agora) -> None:
    agora("send", "Cli & Söhne", "early")
    registered = agora("register", "Cli & Söhne").stdout
    assert "act as it with --as 'Cli & Söhne'\n" in registered
    assert "agora inbox --as 'Cli & Söhne'\n" in registered
    other = agora("inbox", "Cli & Söhne", "--mark", exit_code=2)
    assert "--as 'Cli & Söhne'." in other.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminal_without_unicode_shows_names_escaped(served: Served, agora: Agora, encoding: str) -> None:
    agora("register", f"CliÜ💡 {encoding}", "-c", f"lamp-{encoding}")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "AGORA_URL": served.url}
    command = [*AGORA, "agents", "--capability", f"lamp-{encoding}"]
    table = subprocess.run(command, capture_output=True, env=environment, check=True).stdout.decode(encoding)
    assert r"\ud83d\udca1" in table
    output = subprocess.run([*command, "--json"], capture_output=True, env=environment, check=True).stdout
    assert [agent["agent_name"] for agent in json.loads(output.decode(encoding))["agents"]] == [f"CliÜ💡 {encoding}"]


def test_narrow_terminal_wraps_at_word_boundaries(agora: Agora, monkeypatch: pytest.MonkeyPatch) -> None:
    agora("register", "CliNarrow", "-c", "narrow-columns")
    monkeypatch.setenv("COLUMNS", "80")
    listing = agora("agents", "--capability", "narrow-columns")
    assert all(len(line) <= 80 for line in listing.stdout.splitlines())
    assert {"CliNarrow", "active", "narrow-columns"} <= set(listing.stdout.split())  # no word is split
    assert "No room for: tier, id." in " ".join(listing.stderr.split())
    monkeypatch.setenv("COLUMNS", "200")
    listing = agora("agents", "--capability", "narrow-columns")
    assert "agent_" in listing.stdout
    assert "No room" not in listing.stderr


def test_global_options_are_accepted_before_and_after_the_command(agora: Agora) -> None:
    before = json.loads(agora("--json", "services").stdout)
    after = json.loads(agora("services", "--json").stdout)
    names = [service["name"] for service in before["services"]]
    assert names == [service["name"] for service in after["services"]]
    assert "agora.messaging.send" in names


def test_operation_is_called_by_name(agora: Agora, answer: Agora) -> None:
    sent = answer("call", "messaging.send", "Nobody-Yet", "hello", "--priority", "low")
    assert sent["warning"]
    whole = json.dumps({"to_agent": "Nobody-Yet", "content": "again"})
    assert json.loads(agora("--json", "call", "agora.messaging.send", "--json", whole).stdout)["status"] == "queued"
    wrong = agora("call", "messaging.sent", exit_code=4)
    assert "messaging.send" in wrong.stderr
    assert "--to-agent" in agora("call", "messaging.send", "--help").stdout


def test_invalid_input_names_the_field(agora: Agora) -> None:
    refused = agora("messaging", "receive", "--limit", "-5", exit_code=2)
    assert "limit" in refused.stderr
    assert refused.stdout == ""
    missing = agora("messaging", "send", "Someone", exit_code=2)
    assert "--content" in missing.stderr
    agora("messaging", "nothing", exit_code=2)
    agora("inbox", "--as", "NeverRegistered", exit_code=3)


def test_advice_names_commands_instead_of_routes(agora: Agora) -> None:
    task = agora("task", "get", "task_" + "0" * 32, exit_code=4)
    assert "Tasks are found with 'agora task list'." in task.stderr
    codebase = agora("codebase", "get", "cb_" + "0" * 32, exit_code=4)
    assert "See 'agora codebase list' for their ids." in codebase.stderr
    assert "GET /agora/task/list" in agora("task", "get", "task_" + "0" * 32, "--json", exit_code=4).stderr


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Yours are listed at GET /agora/conversations.", "Yours are listed at 'agora conversation list'."),
        ("See GET /v1/agent/codebases/cb_1/status.", "See 'agora codebase status cb_1'."),
        ("Use POST, or GET /nowhere.", "Use POST, or GET /nowhere."),
        ("keys are revoked with DELETE /tokens/{token_id}.", "keys are revoked with 'agora token revoke TOKEN_ID'."),
    ],
)
def test_route_in_a_text_becomes_its_command(text: str, advice: str) -> None:
    assert replace_routes_with_commands(text) == advice


def test_error_is_shown_once(agora: Agora) -> None:
    told = " ".join(agora("task", "list", "--status", "wrong", exit_code=2).stderr.split())
    assert told.count("dead_lettered") == 1, told
    assert told.count("status:") == 1, told
    told = " ".join(agora("agent", "register", "a/b", "--capabilities", "a\x01b", exit_code=2).stderr.split())
    assert told.count("must not contain slashes or control characters") == 1
    assert told.count("capabilities[0]: must not contain control characters") == 1
    assert "^" not in told


def test_home_tenant_has_a_creation_date(agora: Agora) -> None:
    listed = agora("tenant", "list").stdout
    assert "default" in listed
    assert "1970" not in listed


def test_errors_as_json(agora: Agora) -> None:
    refused = agora("agent", "get", "agent_" + "0" * 32, "--json", exit_code=4)
    assert json.loads(refused.stderr)["code"] == "not_found"


def test_token_round_trip(agora: Agora, answer: Agora) -> None:
    made = answer("token", "create", "cli-key", "--scopes", "read:agents")
    assert answer("agents", "--token", made["token"])["count"] >= 0
    assert made["token_id"] in agora("token", "list").stdout
    answer("token", "revoke", made["token_id"])
    agora("agents", "--token", made["token"], exit_code=3)


def test_halt_and_resume(agora: Agora, answer: Agora) -> None:
    agora("register", "CliHalted")
    try:
        answer("admin", "halt", "CliHalted", "--reason", "test")
        stopped = agora("send", "operator", "hi", "--as", "CliHalted", exit_code=6)
        assert "Fix" in stopped.stderr or "resume" in stopped.stderr
    finally:
        answer("admin", "resume", "CliHalted")
    agora("send", "operator", "hi", "--as", "CliHalted")


def test_admin_token_stays_on_this_machine(agora: Agora, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from agora.cli.session import Connection, Session
    from agora_sdk.errors import PermissionDenied

    def refuse(client: Any) -> Any:
        seen.append(client._session.identity.token())
        raise PermissionDenied

    for url, used in ((served.url, 2), ("http://agora.example:8080", 1)):
        seen: list[Any] = []
        session = Session(Connection(url))
        with pytest.raises(PermissionDenied):
            session.call_as_operator(refuse)
        assert len(seen) == used
    monkeypatch.setenv("AGORA_TOKEN", "agfy_chosen")
    seen = []
    with pytest.raises(PermissionDenied):
        Session(Connection(served.url)).call_as_operator(refuse)
    assert seen == ["agfy_chosen"]  # an explicitly chosen credential is not extended


def test_watch_shows_an_event_and_exits_cleanly(agora: Agora, answer: Agora, served: Served) -> None:
    last = answer("event", "list", "--limit", "1")["last_sequence"]
    command = [*AGORA, "watch", "--types", "cli_test", "--since", str(last), "--json"]
    with spawn_tethered(command, stdout=subprocess.PIPE, text=True, env=os.environ) as watching:
        agora("event", "publish", "cli_test", "--data", '{"n": 1}')
        assert watching.stdout is not None
        event = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 0
    assert (event["type"], event["data"]) == ("cli_test", {"n": 1})


def test_missing_server_is_reported(agora: Agora) -> None:
    refused = agora("agents", "--url", f"http://127.0.0.1:{free_port()}", exit_code=7)
    assert "agora serve" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("task", "assign", "x", "{bad"), "payload: is not JSON"),
        (("task", "assign", "x", "--payload", "{bad"), "payload: is not JSON"),
        (("task", "assign", "x", "--required-capabilities", "[1"), "required_capabilities: is not JSON"),
        (("agent", "register", "{bad"), "json: is not JSON"),
    ],
)
def test_invalid_json_is_reported_with_the_name_of_its_argument(
    agora: Agora, words: tuple[str, ...], problem: str
) -> None:
    assert problem in agora(*words, exit_code=2).stderr


def test_doctor_reports_a_healthy_server(agora: Agora) -> None:
    found = [json.loads(line) for line in agora("doctor", "--json").stdout.splitlines()]
    states = {finding["subject"]: finding["state"] for finding in found}
    assert {states[name] for name in ("python", "sqlite", "data directory", "credential")} == {"ok"}
    assert "credential" in agora("doctor", "--token", "agt_forged", exit_code=1).stdout


def test_doctor_breaks_no_address_on_a_terminal_of_80_columns(
    agora: Agora, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = agora("doctor").stdout
    assert f"{served.url} is healthy" in shown
    assert "fix: " in agora("doctor", "--token", "agt_forged", exit_code=1).stdout


def test_doctor_names_workers_of_another_version(agora: Agora, served: Served) -> None:
    with AgoraClient(served.url, mode="sync") as client:
        for name, program, version in (
            ("old", CODING_PROGRAM, "4.9.0"),
            ("new", CODING_PROGRAM, __version__),
            ("other", "codetether", "1.0"),
        ):
            metadata = {"program": program, "version": version}
            worker = client.worker.register(name, ["coding"], metadata=metadata)
            assert (worker.version, worker.upgrade) == (version, __version__ if name == "old" else None)
    found = [json.loads(line) for line in agora("doctor", "--json").stdout.splitlines()]
    (finding,) = [finding for finding in found if finding["subject"] == "worker"]
    assert (finding["state"], f"old runs version 4.9.0, the server {__version__}") == ("warn", finding["detail"])
    with AgoraClient(served.url, mode="sync") as client:
        for name in ("old", "new", "other"):
            client.worker.unregister(name)


def test_doctor_finds_problems(agora: Agora, monkeypatch: pytest.MonkeyPatch) -> None:
    agora("doctor", "--url", f"http://127.0.0.1:{free_port()}", exit_code=1)
    monkeypatch.setenv("AGORA_PORT", "many")
    found = [json.loads(line) for line in agora("doctor", "--json", exit_code=1).stdout.splitlines()]
    assert [finding["subject"] for finding in found if finding["state"] == "fail"] == ["configuration"]


def test_doctor_opens_the_database(agora: Agora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_DATA_DIR", str(tmp_path))
    (tmp_path / "agora.db").write_bytes(b"no database" * 1000)
    lines = agora("doctor", "--json", exit_code=1).stdout.splitlines()
    (finding,) = [finding for finding in map(json.loads, lines) if finding["state"] == "fail"]
    assert finding["subject"] == "database"
    assert f"{tmp_path}/agora.db cannot be read: file is not a database" in finding["detail"]


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: becoming another user needs it (sudo)")
def test_doctor_reports_an_inaccessible_data_directory(served: Served, tmp_path: Path) -> None:
    """It used to end in a traceback if the user may not read the directory."""
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *AGORA, "doctor", "--json"]
    environment = os.environ | {
        "AGORA_URL": served.url,
        "AGORA_DATA_DIR": str(foreign / "data"),
        "HOME": "/nonexistent",
    }
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    if run.returncode == 126 or "No module named" in run.stderr or "Permission denied" in run.stderr:
        pytest.skip("another user cannot read this installation: clone it below a directory that everyone may enter")
    states = {finding["subject"]: finding["state"] for finding in map(json.loads, run.stdout.splitlines())}
    assert states["data directory"] == "fail"
    assert "Traceback" not in run.stderr


def test_port_of_a_degraded_server_is_recognized_as_agora() -> None:
    degraded = Finding("warn", "server", "is degraded"), Finding("ok", "credential", "accepted")
    assert has_agora_answered(degraded)
    assert not has_agora_answered([Finding("warn", "server", "No Agora server answers")])


def test_serve_names_an_unusable_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refusal = _refused(["--port", "0", "--events-port", "0", "--data-dir", str(tmp_path / "file" / "data")])
    assert f"The data directory {tmp_path}/file/data cannot be written: Not a directory" in refusal


@pytest.mark.parametrize("options", [("--port", "99999"), ("--store", "oracle://x"), ("--config", "/nowhere.toml")])
def test_serve_refuses_invalid_settings_without_a_traceback(options: tuple[str, str], tmp_path: Path) -> None:
    _refused([*options, "--data-dir", str(tmp_path)])


def test_serve_refuses_a_locked_directory_and_an_occupied_port(served: Served, tmp_path: Path) -> None:
    locked = _refused(["--port", "0", "--events-port", "0", "--data-dir", str(served.data_dir)])
    assert "another Agora server" in locked
    taken = _refused(["--port", served.url.rsplit(":", 1)[1], "--data-dir", str(tmp_path)])
    assert "--port" in taken


def _refused(options: list[str]) -> str:
    done = subprocess.run([*AGORA, "serve", *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr
    return done.stderr


def test_contract_is_exported(agora: Agora, tmp_path: Path) -> None:
    agora("contract", "export", "-o", str(tmp_path / "contract.json"))
    written = json.loads((tmp_path / "contract.json").read_text())
    assert {"agora.messaging.send", "agora.agent.register"} <= {each["name"] for each in written["operations"]}


INTERRUPTED = """
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "agora.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from agora.cli import main
main()
"""


def test_ctrl_c_during_import_shows_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, "agents"], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (130, "")


CLIENT = """
import sys
from agora.cli.app import build_application
try:
    build_application()(sys.argv[1:])
except SystemExit:
    pass
heavy = {"agora.server", "agora.store", "starlette", "uvicorn", "asyncpg"} & sys.modules.keys()
assert not heavy, heavy
"""


CLIENT_COMMANDS = [["--help"], ["call", "query.agents"], ["doctor"], ["task", "list"], ["workflow", "list"]]


@pytest.mark.parametrize("words", CLIENT_COMMANDS)
def test_client_command_imports_no_server_code(words: list[str], served: Served, tmp_path: Path) -> None:
    # doctor opens the local database, if there is one
    environment = os.environ | {"AGORA_URL": served.url, "AGORA_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, *words], capture_output=True, text=True, env=environment, timeout=30
    )
    assert done.returncode == 0, done.stderr
