"""Worker profiles: allowed contents of a file, and their effect on options."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agora.worker.opencode_server import build_attach_command
from agora.worker.options import WorkerOptions
from agora.worker.permissions import Approval
from agora.worker.profiles import apply_profile, load_profiles

GOOD = f"""
profiles:
  careful:
    agent: {sys.executable} agent.py
    model: anthropic/claude
    permissions: none
    check: make test
    environment: {{A: "1"}}
    mcp_servers:
      - {{name: docs, url: "https://docs.example.com/mcp", headers: {{Authorization: Bearer x}}}}
      - {{name: files, command: mcp-files, args: [--read-only], environment: {{B: b}}}}
  quick: {{model: small}}
"""


def test_profile_changes_the_named_options(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text(GOOD)
    profiles = load_profiles(file)
    options = WorkerOptions(
        name="w", codebases=(), agent_name="own", agent_command=("own",), agent_environment={"C": "c"}, state=tmp_path
    )
    careful = apply_profile(options, profiles["careful"])
    assert careful.agent_command == (sys.executable, "agent.py")
    assert (careful.model, careful.approval, careful.check) == ("anthropic/claude", Approval.NONE, "make test")
    assert careful.agent_environment == {"A": "1"}, "not what another agent is started with"
    assert careful.mcp_servers == (
        {
            "type": "http",
            "name": "docs",
            "url": "https://docs.example.com/mcp",
            "headers": [{"name": "Authorization", "value": "Bearer x"}],
        },
        {"name": "files", "command": "mcp-files", "args": ["--read-only"], "env": [{"name": "B", "value": "b"}]},
    )
    quick = apply_profile(options, profiles["quick"])
    assert (quick.agent_name, quick.model, quick.approval) == ("own", "small", Approval.SAFE)
    assert quick.agent_environment == {"C": "c"}


BAD = {
    "nothing": "an object 'profiles'",
    "[": "not YAML",
    "profiles: {}": "1 to 50",
    "profiles: {a/b: {}}": "not a profile name",
    "profiles: {a: 7}": "is not an object",
    "profiles: {a: {colour: red}}": "no field 'colour'",
    "profiles: {a: {permissions: some}}": "all, safe, none",
    "profiles: {a: {model: 7}}": "model is a text",
    "profiles: {a: {environment: {A: 7}}}": "quote numbers",
    "profiles: {a: {environment: {1x: b}}}": "1x",
    "profiles: {a: {mcp_servers: {x: y}}}": "is a list",
    "profiles: {a: {mcp_servers: [{name: x}]}}": "name and url",
    "profiles: {a: {mcp_servers: [{name: x, command: y, url: z}]}}": "name and command",
    "profiles: {a: {mcp_servers: [{name: x, command: y, args: [7]}]}}": "args",
}


@pytest.mark.parametrize("text", BAD)
def test_invalid_profile_error_has_its_position(tmp_path: Path, text: str) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=BAD[text]):
        load_profiles(file)
    with pytest.raises(ValueError, match="missing"):
        load_profiles(tmp_path / "missing")


def test_running_opencode_is_attached() -> None:
    assert build_attach_command({}) is None
    assert build_attach_command({"OPENCODE_HOST": "10.0.0.2"}) == (
        "opencode run --attach http://10.0.0.2:4096 --dir {directory} {prompt}"
    )
    assert "http://localhost:9777 " in str(build_attach_command({"OPENCODE_PORT": "9777"}))
    for bad in ({"OPENCODE_HOST": "a b"}, {"OPENCODE_HOST": "-x"}, {"OPENCODE_PORT": "0"}, {"OPENCODE_PORT": "x"}):
        with pytest.raises(ValueError, match="OPENCODE_"):
            build_attach_command(bad)
