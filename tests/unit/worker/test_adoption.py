"""Codebases that the server asks a worker to adopt: accepted paths, and cloning."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest

from agora.worker.adoption import clone_repository, inspect_path
from tests.blackbox.coding_worker import create_repository


def test_only_paths_below_the_roots_are_accepted(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "api").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    assert inspect_path(str(root / "api"), [root]) == root / "api"
    for name in ("api", str(outside), str(root / "link"), str(root / "missing"), str(root / "../outside")):
        with pytest.raises(ValueError, match=r"no directory|absolute"):
            inspect_path(name, [root])
    with pytest.raises(ValueError, match="no directory"):
        inspect_path(str(root / "api"), [])


async def test_repository_is_cloned_once_and_only_over_https(tmp_path: Path) -> None:
    source = create_repository(tmp_path / "source")
    subprocess.run(["git", "branch", "other"], cwd=source, check=True)
    path, url = tmp_path / "clones" / "cb_1", f"file://{source}"
    with pytest.raises(ValueError, match="not allowed"):
        await clone_repository(url, path)
    assert not path.exists()
    await clone_repository(url, path, branch="other", token="ghp_secret", protocols="file")
    assert (path / "README").exists()
    assert "ghp_secret" not in (path / ".git/config").read_text()
    (path / "README").write_text("changed")
    await clone_repository(url, path, protocols="file")
    assert (path / "README").read_text() == "changed", "existing content is kept"
    with pytest.raises(ValueError, match="failed"):
        await clone_repository(url, tmp_path / "clones" / "cb_2", branch="missing", protocols="file")


async def test_killed_clone_is_repeated(tmp_path: Path) -> None:
    source, path = create_repository(tmp_path / "source"), tmp_path / "clones" / "cb_1"
    connected, released = asyncio.Event(), asyncio.Event()

    async def keep_waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await released.wait()
        writer.close()

    async with await asyncio.start_server(keep_waiting, "127.0.0.1", 0) as server:
        url = f"git://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
        clone = asyncio.create_task(clone_repository(url, path, protocols="git"))
        await connected.wait()
        clone.cancel()  # kills git, which has created the repository's directory by now
        with pytest.raises(asyncio.CancelledError):
            await clone
        released.set()
    assert list(path.parent.rglob(".git"))
    await clone_repository(f"file://{source}", path, protocols="file")
    assert (path / "README").exists()
    assert list(path.parent.iterdir()) == [path]


async def test_token_is_masked_in_both_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    header = base64.b64encode(b"x-access-token:ghp_secret").decode()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert header.encode() in request
        body = f"ghp_secret as {header} is revoked".encode()  # git prints it
        head = f"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
        with pytest.raises(ValueError, match=r"\*\*\* as \*\*\* is revoked"):
            await clone_repository(url, tmp_path / "cb_1", token="ghp_secret", protocols="http")
