"""Errors of a failed start, reported to whoever started the server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agora.server.process import run_server
from agora.settings import ConfigurationError, Settings
from agora.store.port import StoreFailure
from tests.harness import make_settings, restored_logging
from tests.processes import spawn_tethered


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [
        ("signing.key", b"", ConfigurationError),
        ("admin-token", b"\xff" * 50, ConfigurationError),
        ("agora.db", b"no database at all" * 500, StoreFailure),
    ],
)
def test_damaged_file_is_named_by_the_error(tmp_path: Path, file: str, content: bytes, kind: type[Exception]) -> None:
    settings = make_settings(tmp_path)
    (tmp_path / file).write_bytes(content)
    with restored_logging(), pytest.raises(kind, match=file.replace(".", r"\.")):
        run_server(settings)


@pytest.mark.parametrize("tokens", ["secret123", "ci:", ":secret123", "ci:secret123:boss", "ci:secret123,oops"])
def test_unreadable_static_tokens_are_refused_with_an_explanation(tokens: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Settings.load_settings(environ={"A2A_AUTH_TOKENS": tokens})
    said = "auth_tokens (from the environment): write name:token,name2:token2, or name:token:admin"
    assert str(refused.value) == said


def test_missing_extra_is_named_without_a_traceback(tmp_path: Path) -> None:
    start = "import sys; sys.modules['asyncpg'] = None; from agora.cli import main; main()"
    arguments = ("serve", "--data-dir", str(tmp_path), "--port", "0", "--store", "postgresql://x@127.0.0.1:1/x")
    ended = subprocess.run([sys.executable, "-c", start, *arguments], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].endswith("pip install 'agora-server[postgres]'")


def test_json_log_contains_only_json_lines(tmp_path: Path) -> None:
    arguments = ("serve", "--data-dir", str(tmp_path), "--port", "0", "--events-port", "0", "--log-format", "json")
    command = [sys.executable, "-m", "agora.cli", *arguments]
    with spawn_tethered(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if json.loads(line)["event"].startswith("admin "):  # the last line
                break
        server.terminate()
        said, rest = server.communicate(timeout=60)
    assert said == ""
    assert all("timestamp" in json.loads(line) for line in rest.splitlines())
