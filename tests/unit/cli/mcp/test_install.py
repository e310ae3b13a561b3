"""``agora mcp install``: the entry in the configuration file of each client."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agora.cli.app import build_application
from agora.cli.mcp import json_edit as json_members
from agora.cli.mcp import toml_edit as toml_tables
from agora.cli.mcp.mcp_clients import MCP_CLIENTS
from agora_sdk.credentials import Credential, Credentials
from agora_sdk.errors import InvalidRequest

Run = Callable[..., Any]
REMOTE = "https://agora.example.com"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``agora mcp ...`` with an empty home and project."""
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "project")
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "AGORA_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(build_application(), ["mcp", *words])
        assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
        return result

    return run


def entry_of(client: str, text: str, name: str = "agora") -> Any:
    found: Any = tomllib.loads(text) if client == "codex" else json.loads(text)
    for key in (*MCP_CLIENTS[client].keys, name):
        found = found[key]
    return found


@pytest.mark.parametrize("client", MCP_CLIENTS)
def test_entry_with_a_command_for_every_client(run: Run, client: str) -> None:
    entry = entry_of(client, run("install", client, "--toolsets", "messaging").stdout)
    words = entry["command"] if client == "opencode" else [entry["command"], *entry["args"]]
    assert words[-3:] == ["mcp", "--toolsets", "messaging"]
    assert Path(words[0]).is_absolute() or words[0] == "agora"
    assert "env" not in entry
    assert "environment" not in entry


@pytest.mark.parametrize("client", [host.name for host in MCP_CLIENTS.values() if host.http])
def test_entry_with_a_url_for_every_supporting_client(run: Run, client: str) -> None:
    entry = entry_of(
        client, run("install", client, "--transport", "http", "--names", "dots", "--toolsets", "all").stdout
    )
    address = {"url", "serverUrl", "httpUrl"} & entry.keys()
    assert [entry[key] for key in address] == ["http://127.0.0.1:8080/mcp?names=dots&toolsets=all"]
    assert "headers" not in entry
    assert "AGORA_TOKEN" not in str(entry)


def test_entries_have_the_documented_format_of_each_client(run: Run) -> None:
    def http(client: str) -> Any:
        return entry_of(
            client, run("install", client, "--transport", "http", "--url", REMOTE, "--toolsets", "task").stdout
        )

    url = f"{REMOTE}/mcp?view=model&toolsets=task"

    def token(variable: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {variable}"}

    assert http("claude-code") == {"type": "http", "url": url, "headers": token("${AGORA_TOKEN}")}
    assert http("cursor") == {"url": url, "headers": token("${env:AGORA_TOKEN}")}
    assert http("vscode") == {"type": "http", "url": url, "headers": token("${env:AGORA_TOKEN}")}
    assert http("windsurf") == {"serverUrl": url, "headers": token("${env:AGORA_TOKEN}")}
    assert http("gemini") == {"httpUrl": url, "headers": token("${AGORA_TOKEN}")}
    assert http("opencode") == {"type": "remote", "url": url, "headers": token("{env:AGORA_TOKEN}")}
    assert http("codex") == {"url": url, "bearer_token_env_var": "AGORA_TOKEN"}
    assert run("install", "opencode").stdout.startswith('{\n  "mcp": {\n    "servers": {\n      "agora": {')
    assert entry_of("opencode", run("install", "opencode").stdout)["type"] == "local"


@pytest.mark.parametrize("client", ["zed", "cline", "generic"])
def test_no_token_is_written_to_a_file(run: Run, client: str) -> None:
    refused = run("install", client, "--transport", "http", "--url", REMOTE, exit_code=2)
    assert "--transport stdio" in refused.stderr.replace("\n", " ")
    entry = entry_of(client, run("install", client, "--url", REMOTE, "--agent", "Me").stdout)
    assert entry["args"][:5] == ["mcp", "--url", REMOTE, "--agent", "Me"]


def test_token_variable_is_referenced_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_TOKEN", "agt_secret")
    assert entry_of("cursor", run("install", "cursor").stdout)["env"] == {"AGORA_TOKEN": "${env:AGORA_TOKEN}"}
    assert entry_of("codex", run("install", "codex").stdout)["env_vars"] == ["AGORA_TOKEN"]
    desktop = run("install", "claude-desktop")
    assert "env" not in entry_of("claude-desktop", desktop.stdout)
    assert "AGORA_TOKEN" in desktop.stderr
    for client in MCP_CLIENTS:
        result = run("install", client)
        assert "agt_secret" not in result.stdout + result.stderr


def test_configured_locations_are_passed_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_DATA_DIR", "/var/lib/agora")
    monkeypatch.setenv("AGORA_URL", REMOTE)
    entry = entry_of("codex", run("install", "codex").stdout)
    assert entry["env"] == {"AGORA_DATA_DIR": "/var/lib/agora"}
    assert entry["args"][1:3] == ["--url", REMOTE]


@pytest.mark.parametrize("client", MCP_CLIENTS)
def test_every_client_gets_the_model_view(run: Run, client: str) -> None:
    entry = entry_of(client, run("install", client).stdout)
    assert (entry["command"] if client == "opencode" else entry["args"])[-1] == "mcp"
    if MCP_CLIENTS[client].http:
        entry = entry_of(client, run("install", client, "--transport", "http").stdout)
        (address,) = (entry[key] for key in ("url", "serverUrl", "httpUrl") if key in entry)
        assert address.endswith("/mcp?view=model")


def test_client_with_a_tool_limit_gets_a_warning(run: Run) -> None:
    whole = run("install", "cursor", "--view", "full")
    assert entry_of("cursor", whole.stdout)["args"][-4:] == ["--view", "full", "--names", "underscore"]
    assert "at most 40 tools" in whole.stderr
    assert "at most" not in run("install", "cursor", "--view", "full", "--toolsets", "task").stderr
    assert "at most" not in run("install", "claude-code", "--view", "full").stderr


def test_view_is_selected_as_in_the_url(run: Run) -> None:
    options = ["--tools", "agora_agent_get", "--readonly"]
    assert entry_of("cursor", run("install", "cursor", *options).stdout)["args"][-3:] == options
    address = run("install", "cursor", "--transport", "http", *options).stdout
    assert entry_of("cursor", address)["url"].endswith("/mcp?view=model&tools=agora_agent_get&readonly=true")


def test_missing_credential_is_reported(run: Run) -> None:
    assert "agora register Me" in run("install", "cursor", "--agent", "Me").stderr
    Credentials().keep("http://127.0.0.1:8080", "default", "Me", Credential("agent_1", "agt_1"))
    assert "agora register" not in run("install", "cursor", "--agent", "Me").stderr


def test_write_creates_the_file_and_is_idempotent(run: Run, tmp_path: Path) -> None:
    file = tmp_path / ".cursor" / "mcp.json"
    assert f"{file} written" in run("install", "cursor", "--write", "--name", "market").stdout.replace("\n", "")
    assert entry_of("cursor", file.read_text(), "market")["args"][0] == "mcp"
    assert "already" in run("install", "cursor", "--write", "--name", "market").stdout
    assert [path.name for path in file.parent.iterdir()] == ["mcp.json"]


def test_other_content_of_the_file_is_unchanged(run: Run, tmp_path: Path) -> None:
    file = tmp_path / ".config" / "zed" / "settings.json"
    file.parent.mkdir(parents=True)
    before = (
        '// Zed settings\n{\n    /* look */ "theme": "One", // dark\n    "context_servers": {\n'
        '        "other": { "command": "x", "args": [], }, // mine\n    },\n    "url": "http://a//b, }",\n}\n'
    )
    file.write_text(before)
    file.chmod(0o640)
    run("install", "zed", "--write")
    after = file.read_text()
    added = after
    for line in before.splitlines():
        assert line in after
        added = added.replace(line + "\n", "", 1)
    assert added.startswith('        "agora": {\n            "command": ')
    assert added.endswith("\n        }\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (file.parent / "settings.json.bak").read_text() == before
    run("install", "zed", "--write", "--agent", "Me")
    assert (file.parent / "settings.json.bak2").read_text() == after
    found = json_members.parse_json(file.read_text(), comments=True)
    assert found["context_servers"]["agora"]["args"][1:3] == ["--agent", "Me"]
    assert found["context_servers"]["other"] == {"command": "x", "args": []}
    assert found["url"] == "http://a//b, }"


def test_symbolic_link_to_the_file_is_kept(run: Run, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}\r\n")
    file = tmp_path / ".gemini" / "settings.json"
    file.parent.mkdir()
    file.symlink_to(real)
    run("install", "gemini", "--write")
    assert file.is_symlink()
    written = real.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > 3
    assert entry_of("gemini", written.decode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{nonsense", "not valid JSON"),
        ('{"mcpServers": {}, // mine\n}', "a comment in line 1"),
        ('{"a": 1,\n "mcpServers": {},}', "a trailing comma in line 2"),
        ("[]", "not a JSON object"),
        ('{"mcpServers": []}', "'agora' is not an object"),
        (b"\xff\xfe", "cannot be changed"),
    ],
)
def test_unreadable_file_is_refused_with_the_reason(
    run: Run, tmp_path: Path, content: str | bytes, reason: str
) -> None:
    file = tmp_path / ".cursor" / "mcp.json"
    file.parent.mkdir()
    before = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(before)
    refused = run("install", "cursor", "--write", exit_code=2).stderr.replace("\n", " ")
    assert reason in refused
    assert "was not changed" in refused or "cannot be changed" in refused
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["mcp.json"]


CODEX = """# mine
model = "o9"

[mcp_servers.agora]
command = "old"
[mcp_servers.agora.env]
A = "1"

[mcp_servers.other] # another
command = "x"
text = '''
[not a table]
'''
"""


def test_codex_table_is_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text(CODEX)
    run("install", "codex", "--write")
    after = file.read_text()
    assert tomllib.loads(after)["mcp_servers"]["agora"].keys() == {"command", "args"}
    for kept in ("# mine\n", "[mcp_servers.other] # another\n", "[not a table]\n"):
        assert kept in after
    assert "old" not in after
    run("install", "codex", "--write", "--name", "two.three")
    assert tomllib.loads(file.read_text())["mcp_servers"].keys() == {"agora", "two.three", "other"}
    assert file.read_text().startswith(after)
    file.write_text('mcp_servers = {agora = {command = "x"}}\n')
    assert "changed safely" in run("install", "codex", "--write", exit_code=2).stderr.replace("\n", " ")
    file.write_text("[[[")
    assert "not valid TOML" in run("install", "codex", "--write", exit_code=2).stderr.replace("\n", " ")


def test_scope_selects_the_file(run: Run, tmp_path: Path) -> None:
    run("install", "claude-code", "--write")
    assert entry_of("claude-code", Path(".mcp.json").read_text())["type"] == "stdio"
    run("install", "claude-code", "--write", "--scope", "user")
    assert entry_of("claude-code", (tmp_path / ".claude.json").read_text())
    run("install", "generic", "--write", "--file", "mine.json")
    assert entry_of("generic", Path("mine.json").read_text())
    assert "--file" in run("install", "generic", "--write", exit_code=2).stderr
    assert "project" in run("install", "windsurf", "--scope", "project", exit_code=2).stderr
    assert "commands only" in run("install", "claude-desktop", "--transport", "http", exit_code=2).stderr
    assert "claude-code" in run("install", "emacs", exit_code=2).stderr


def test_list_shows_file_and_installation_status(run: Run, tmp_path: Path) -> None:
    run("install", "vscode", "--write")
    run("install", "windsurf", "--write", "--transport", "http")
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor" / "mcp.json").write_text("{")
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini" / "settings.json").write_text('{"mcpServers": {"other": {"command": "x"}}}')
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    states = {(row["client"], row["scope"]): row["state"] for row in rows}
    assert states["vscode", "project"] == states["windsurf", "user"] == "entered"
    assert states["cursor", "user"] == "unreadable"
    assert states["gemini", "user"] == "not entered"
    assert states["zed", "user"] == "no file"
    assert {row["client"] for row in rows} == set(MCP_CLIENTS)
    assert "mcp_config.json" in run("list").stdout


def test_file_locations_on_macos() -> None:
    assert "Application Support/Claude" in str(MCP_CLIENTS["claude-desktop"].config_file("user", "darwin"))
    assert str(MCP_CLIENTS["zed"].config_file("user", "darwin")).endswith(".config/zed/settings.json")


names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(
    document=st.dictionaries(names, values, max_size=4),
    servers=st.dictionaries(names, values, max_size=3),
    name=names,
    indent=st.sampled_from([None, 0, 1, 4, "\t"]),
)
@pytest.mark.long
def test_any_json_document_keeps_other_content(document: Any, servers: Any, name: str, indent: Any) -> None:
    document["mcp"] = {"servers": servers}
    text = json.dumps(document, indent=indent)
    changed = json_members.set_json_member(text, ("mcp", "servers", name), {"command": "agora", "args": []})
    document["mcp"]["servers"][name] = {"command": "agora", "args": []}
    assert json.loads(changed) == document
    assert json_members.set_json_member(changed, ("mcp", "servers", name), {"command": "agora", "args": []}) == changed


@given(name=names.filter(lambda name: name.isprintable()), value=st.text(max_size=8).filter(str.isprintable))
def test_any_table_name_is_found(name: str, value: str) -> None:
    entry = {"command": value, "args": [value], "env": {name: value}}
    text = toml_tables.set_toml_table(CODEX, ("mcp_servers", name), entry)
    assert tomllib.loads(text)["mcp_servers"][name] == entry
    assert (
        tomllib.loads(text)["mcp_servers"]["other"] == tomllib.loads(CODEX)["mcp_servers"]["other"] or name == "other"
    )


def test_table_that_would_parse_differently_is_not_written() -> None:
    with pytest.raises(InvalidRequest):
        toml_tables.set_toml_table(
            'text = """\n[mcp_servers.agora]\n"""\n[mcp_servers]\nagora = 1\n', ("mcp_servers", "agora"), {}
        )


PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "mcp-clients.md"
SHOWN = re.findall(r"<!-- install: ([^\n]+) -->\n```(?:json|toml)[^\n]*\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("words", "shown"), SHOWN, ids=[words for words, _ in SHOWN])
def test_documentation_shows_the_written_entries(run: Run, words: str, shown: str) -> None:
    printed = run("install", *words.split()).stdout
    here = entry_of(words.split()[0], printed).get("command", "agora")
    assert printed.replace(json.dumps(here if isinstance(here, str) else here[0]), '"agora"') == shown


def test_documentation_names_every_client() -> None:
    named = {words.split()[0] for words, _ in SHOWN}
    assert named >= set(MCP_CLIENTS) - {"cline", "generic"}
    text = PAGE.read_text("utf-8")
    for host in MCP_CLIENTS.values():
        assert f"| `{host.name}` |" in text
        assert host.project is None or f"`{host.project}`" in text


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_entry_for_a_virtual_server(run: Run, client: str) -> None:
    entry = entry_of(client, run("install", client, "--server", "desk").stdout)
    assert entry["args"][-2:] == ["--server", "desk"]
    entry = entry_of(client, run("install", client, "--server", "desk", "--transport", "http").stdout)
    assert entry["url"] == "http://127.0.0.1:8080/mcp/servers/desk"


@pytest.mark.parametrize("words", [["--server", "desk", "--view", "full"], ["--server", "../admin"], ["--server", ""]])
def test_virtual_server_option_is_validated(run: Run, words: list[str]) -> None:
    run("install", "claude-code", *words, exit_code=2)
    run(*words, exit_code=2)
