"""Codebases that the server asks a worker to adopt: accepted paths, and cloning."""

from __future__ import annotations

import asyncio
import base64
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agora.worker.adoption import ClonePolicy, adopt_or_decline_codebase, clone_repository, require_adoptable_path
from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient
from agora_sdk.contract.codebases import CodebaseCredential
from agora_sdk.errors import Conflict
from tests.blackbox.coding_worker import create_repository

LOCAL = ClonePolicy(private_networks=True, protocols=("file", "git", "http"))


def test_only_paths_below_the_roots_are_accepted(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "api").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    assert require_adoptable_path(str(root / "api"), [root]) == root / "api"
    for name in ("api", str(outside), str(root / "link"), str(root / "missing"), str(root / "../outside")):
        with pytest.raises(ValueError, match=r"no directory|absolute"):
            require_adoptable_path(name, [root])
    with pytest.raises(ValueError, match="no directory"):
        require_adoptable_path(str(root / "api"), [])


async def test_repository_is_cloned_once_and_only_over_https(tmp_path: Path) -> None:
    source = create_repository(tmp_path / "source")
    subprocess.run(["git", "branch", "other"], cwd=source, check=True)
    path, url = tmp_path / "clones" / "cb_1", f"file://{source}"
    for forbidden in (
        url,
        f"ext::sh -c touch% {tmp_path}/made",
        str(source),
        "http://example.com/a",
        "git@example.com:a",
    ):
        with pytest.raises(ValueError, match="is not allowed: the URL begins with https"):
            await clone_repository(forbidden, path, ClonePolicy(private_networks=True))
    assert not path.exists()
    assert not (tmp_path / "made").exists()
    await clone_repository(url, path, LOCAL, branch="other", token="ghp_secret")
    assert (path / "README").exists()
    assert "ghp_secret" not in (path / ".git/config").read_text()
    (path / "README").write_text("changed")
    await clone_repository(url, path, LOCAL)
    assert (path / "README").read_text() == "changed", "existing content is kept"
    with pytest.raises(ValueError, match="failed"):
        await clone_repository(url, tmp_path / "clones" / "cb_2", LOCAL, branch="missing")


async def test_killed_clone_is_repeated(tmp_path: Path) -> None:
    source, path = create_repository(tmp_path / "source"), tmp_path / "clones" / "cb_1"
    connected, released = asyncio.Event(), asyncio.Event()

    async def keep_waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await released.wait()
        writer.close()

    async with await asyncio.start_server(keep_waiting, "127.0.0.1", 0) as server:
        url = f"git://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
        clone = asyncio.create_task(clone_repository(url, path, LOCAL))
        await connected.wait()
        clone.cancel()  # kills git, which has created the repository's directory by now
        with pytest.raises(asyncio.CancelledError):
            await clone
        released.set()
    assert list(path.parent.rglob(".git"))
    await clone_repository(f"file://{source}", path, LOCAL)
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
            await clone_repository(url, tmp_path / "cb_1", LOCAL, token="ghp_secret")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "10.1.2.3", "169.254.169.254", "0x7f.1", "git.internal", "intranet"]
)
async def test_private_addresses_are_not_connected_to(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match=r"not a public host.*--clone-private-networks"):
        await clone_repository(f"https://{host}/api", tmp_path / "cb_1", ClonePolicy())


async def test_names_at_private_addresses_are_not_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    connected = asyncio.Event()

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host == "missing.example.com":
            raise OSError(None, "Name or service not known")
        return ["93.184.216.34", "127.0.0.1"]

    async def note_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        writer.close()

    policy = ClonePolicy(resolver=resolve)
    async with await asyncio.start_server(note_connection, "127.0.0.1", 0) as server:
        url = f"https://git.example.com:{server.sockets[0].getsockname()[1]}/api"
        with pytest.raises(ValueError, match=r"is at 127\.0\.0\.1, which is not a public.*--clone-private-networks"):
            await clone_repository(url, tmp_path / "cb_1", policy)
    assert not connected.is_set()
    with pytest.raises(ValueError, match="is not found: Name or service"):
        await clone_repository("https://missing.example.com/api", tmp_path / "cb_1", policy)


async def test_redirects_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    requests = list[bytes]()

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere/info/refs\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
        with pytest.raises(ValueError, match="Give the URL that the server redirects to"):
            await clone_repository(url, tmp_path / "cb_1", LOCAL)
    assert [request.split()[1].partition(b"?")[0] for request in requests] == [b"/api/info/refs"]


async def test_large_repository_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = create_repository(tmp_path / "source")
    clones = tmp_path / "clones"
    (source / "noise").write_bytes(random.Random(1).randbytes(3_000_000))
    _commit_all(source, "does not compress")
    (source / "noise").unlink()
    _commit_all(source, "only in the history")
    with pytest.raises(ValueError, match=r"more than 2 MB or 500000 files.*--clone-megabytes"):
        await clone_repository(f"file://{source}", clones / "cb_1", replace(LOCAL, megabytes=2))
    assert list(clones.iterdir()) == []
    await clone_repository(f"file://{source}", clones / "cb_1", replace(LOCAL, megabytes=4))


@pytest.mark.parametrize("limits", [{"megabytes": 2}, {"files": 3}])
async def test_small_history_of_large_files_is_refused_and_leaves_nothing(
    tmp_path: Path, limits: Mapping[str, int]
) -> None:
    source = create_repository(tmp_path / "source")
    for name in "abc":
        (source / name).write_bytes(b"\0" * 1_000_000)
    _commit_all(source, "compresses well")
    with pytest.raises(ValueError, match=r"more than .* files"):
        await clone_repository(f"file://{source}", tmp_path / "clones/cb_1", replace(LOCAL, **limits))
    assert list((tmp_path / "clones").iterdir()) == []


async def test_clone_uses_neither_settings_nor_credentials_of_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, home = create_repository(tmp_path / "source"), tmp_path / "home"
    home.mkdir()
    (source / ".gitattributes").write_text("README filter=spy\n")
    _commit_all(source, "runs a filter of the owner")
    (home / ".gitconfig").write_text(
        f'[filter "spy"]\nsmudge = touch {home}/filtered; cat\n[credential]\nhelper = "!touch {home}/asked; :"\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    await clone_repository(f"file://{source}", tmp_path / "clones/cb_1", LOCAL)
    async with await asyncio.start_server(ask, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
        with pytest.raises(ValueError, match="failed"):
            await clone_repository(url, tmp_path / "clones/cb_2", LOCAL)
    assert [path.name for path in home.iterdir()] == [".gitconfig"]


async def test_empty_repository_is_cloned(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "source")], check=True)
    await clone_repository(f"file://{tmp_path}/source", tmp_path / "clones/cb_1", LOCAL)
    assert (tmp_path / "clones/cb_1/.git").is_dir()


class Server:
    """The server's side of a registration: a repository to clone, and an answer to the confirmation."""

    def __init__(self, url: str, error: AgoraError | None) -> None:
        self.codebase = self
        self._url, self._error = url, error
        self.reasons = list[str]()

    async def read_credential(self, codebase_id: str, *_: Any) -> CodebaseCredential:
        return CodebaseCredential(codebase_id=codebase_id, git_url=self._url, branch=None, token=None)

    async def confirm(self, *_: Any, **__: Any) -> None:
        if self._error is not None:
            raise self._error

    async def decline(self, codebase_id: str, task_id: str, fencing_token: int, reason: str) -> None:
        self.reasons.append(reason)


async def test_clone_that_the_server_does_not_accept_is_deleted(tmp_path: Path) -> None:
    source, clones = create_repository(tmp_path / "source"), tmp_path / "clones"
    payload = {"codebase_id": "cb_1", "git_url": "given with the credential", "name": "api"}
    run = cast("TaskRun", SimpleNamespace(payload=payload, task_id="task_1", fencing_token=1))

    async def adopt(error: AgoraError | None) -> Server:
        server = Server(f"file://{source}", error)
        await adopt_or_decline_codebase(run, cast("AgoraClient", server), "worker_1", [], clones, LOCAL)
        return server

    assert (await adopt(Conflict("The worker has 200 codebases."))).reasons
    assert list(clones.iterdir()) == []
    assert (await adopt(None)).reasons == []
    assert (await adopt(Conflict("It was confirmed already."))).reasons
    assert [path.name for path in clones.iterdir()] == ["cb_1"], "it is in use"


def _commit_all(repository: Path, message: str) -> None:
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", message]):
        subprocess.run(["git", *words], cwd=repository, check=True)
