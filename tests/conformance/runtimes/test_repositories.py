"""Git repositories as sources: fetching, credentials, limits, and hostile repositories."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from agora.runtimes.builds.git import Repositories, parse_allowed_url
from agora.runtimes.builds.tree import Bounds
from agora.runtimes.errors import SourceRefused, SourceUnavailable
from agora.runtimes.spec import Git
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_kit import ProcessKit, text, until
from tests.stream_server import serve_streams

RUNS_ON = RunsOn.NO_STORE

FOREVER = "exec sleep 1000"
NewKit: TypeAlias = Callable[..., ProcessKit]


@asynccontextmanager
async def git_server(
    root: Path, token: str | None = None, on_refs: Callable[[], object] = lambda: None
) -> AsyncIterator[str]:
    """Serve repositories over HTTP with git's own server side. Yields the URL. With a token, access requires it. on_refs:
    called before each client reads the references."""
    backend = Path(subprocess.run(["git", "--exec-path"], capture_output=True, check=True, text=True).stdout.strip())
    expected = base64.b64encode(f"x-access-token:{token}".encode()).decode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split()
        fields = {name.lower(): value.strip() for line in head[1:] if line for name, value in [line.split(":", 1)]}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        if token is not None and fields.get("authorization") != f"Basic {expected}":
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        elif target.startswith("/moved"):
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /plain.git/info/refs\r\nContent-Length: 0\r\n\r\n")
        else:
            path, _, query = target.partition("?")
            if path.endswith("/info/refs"):
                on_refs()
            process = await asyncio.create_subprocess_exec(
                backend / "git-http-backend",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={
                    "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                    "REQUEST_METHOD": method, "CONTENT_TYPE": fields.get("content-type", ""), "PATH": os.defpath,
                    "GIT_PROTOCOL": fields.get("git-protocol", ""), "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": fields.get("content-encoding", ""), "GIT_CONFIG_COUNT": "1",
                    "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                },
            )  # fmt: skip
            answer, _ = await process.communicate(body)
            status = re.search(rb"^Status: (.*?)\r\n", answer)
            writer.write(b"HTTP/1.1 " + (status[1] if status else b"200 OK") + b"\r\nConnection: close\r\n" + answer)
        await writer.drain()
        writer.close()

    async with serve_streams(serve) as port:
        yield f"http://127.0.0.1:{port}"


def git(directory: Path, *arguments: str) -> str:
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"], "HOME": str(directory)}
    people = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], env=identity | people, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plain.git``: main prints one; the branch dev prints two and has a subdirectory. ``evil.git`` tries to connect
    to another host."""
    if shutil.which("git") is None:
        pytest.skip("no git: apt-get install git")
    root = tmp_path_factory.mktemp("repositories")
    work = root / "plain.git"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    (work / "say").write_text("one\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    git(work, "tag", "-a", "v1", "-m", "v1")
    git(work, "checkout", "-qb", "dev")
    (work / "say").write_text("two\n")
    (work / "part").mkdir()
    (work / "part" / "say").write_text("part\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "two")
    git(work, "checkout", "-q", "main")
    evil = root / "evil.git"
    evil.mkdir()
    git(evil, "init", "-q", "-b", "main")
    (evil / "passwd").symlink_to("/etc/passwd")
    (evil / "up").symlink_to("..")
    git(evil, "add", ".")
    git(evil, "commit", "-qm", "evil")
    return root


class TestRepositories:
    async def test_branch_is_built_and_its_commit_reported(self, new_kit: NewKit, repositories: Path) -> None:
        kit = new_kit(private_networks=True)
        async with git_server(repositories) as url:
            said = {}
            for branch, part in ((None, None), ("dev", None), ("dev", "part"), ("v1", None)):
                spec = kit.spec("cat say; exit 0", source=Git(f"{url}/plain.git", branch, part))
                build = await kit.engine.build(spec)
                handle = await kit.engine.start(spec, build)
                await until(kit.engine, handle, "exited")
                said[branch, part] = await text(kit.engine, handle)
                assert build.commit == git(repositories / "plain.git", "rev-parse", f"{branch or 'main'}^{{commit}}")
                work = kit.options.root / "instances" / spec.instance_id / "work"
                assert not (work / ".git").exists()
        assert said == {(None, None): "one\n", ("dev", None): "two\n", ("dev", "part"): "part\n", ("v1", None): "one\n"}

    async def test_known_commit_is_not_fetched_again(self, new_kit: NewKit, repositories: Path) -> None:
        kit = new_kit(private_networks=True)
        async with git_server(repositories) as url:
            spec = kit.spec("cat say", source=Git(f"{url}/plain.git"), build="echo building")
            first, again = await kit.engine.build(spec), await kit.engine.build(spec)
        assert (first.cached, again.cached, again.key) == (False, True, first.key)
        same = kit.spec("cat say", files={"say": "one\n"}, build="echo building")
        assert (await kit.engine.build(same)).key == first.key

    async def test_concurrent_builds_of_two_directories_of_a_commit_are_different(
        self, new_kit: NewKit, tmp_path: Path, repositories: Path
    ) -> None:
        """One repository holds several agents; the second build begins while the first one runs."""
        kit, go_on = new_kit(private_networks=True), tmp_path / "go-on"
        command = f"echo begun; until [ -e {go_on} ]; do sleep 0.01; done"
        async with git_server(repositories) as url:
            builds = []
            for part in (None, "part"):
                spec = kit.spec("cat say; exit 0", source=Git(f"{url}/plain.git", "dev", part), build=command)
                lines: asyncio.Queue[str] = asyncio.Queue()
                builds.append((spec, asyncio.ensure_future(kit.engine.build(spec, lines.put_nowait))))
                await lines.get()
            go_on.touch()
            said = []
            for spec, building in builds:
                handle = await kit.engine.start(spec, await building)
                await until(kit.engine, handle, "exited")
                said.append(await text(kit.engine, handle))
        assert said == ["two\n", "part\n"]

    async def test_push_between_look_up_and_fetch_is_not_taken_for_the_earlier_commit(
        self, new_kit: NewKit, tmp_path: Path
    ) -> None:
        """The branch is set back after the push; the program of the earlier commit runs then."""
        work, kit, clients = tmp_path / "served" / "moving.git", new_kit(private_networks=True), itertools.count(1)
        work.mkdir(parents=True)
        git(work, "init", "-q", "-b", "main")
        commits = []
        for words in ("one\n", "two\n"):
            (work / "say").write_text(words)
            git(work, "add", ".")
            git(work, "commit", "-qm", "say")
            commits.append(git(work, "rev-parse", "HEAD"))
        git(work, "reset", "-q", "--hard", commits[0])

        def push_after_the_look_up() -> None:
            if next(clients) == 2:
                git(work, "reset", "-q", "--hard", commits[1])

        said = []
        async with git_server(tmp_path / "served", on_refs=push_after_the_look_up) as url:
            for _ in range(2):
                spec = kit.spec("cat say; exit 0", source=Git(f"{url}/moving.git"))
                build = await kit.engine.build(spec)
                handle = await kit.engine.start(spec, build)
                await until(kit.engine, handle, "exited")
                said.append((build.commit, await text(kit.engine, handle)))
                git(work, "reset", "-q", "--hard", commits[0])
        assert said == [(commits[1], "two\n"), (commits[0], "one\n")]

    async def test_token_gives_access_to_a_private_repository_and_is_never_shown(
        self, new_kit: NewKit, tmp_path: Path, repositories: Path
    ) -> None:
        kit = new_kit(private_networks=True)
        async with git_server(repositories, token="s3cret-token") as url:
            spec = kit.spec(FOREVER, source=Git(f"{url}/plain.git", token="s3cret-token"))
            assert (await kit.engine.build(spec)).commit
            with pytest.raises(SourceUnavailable) as caught:
                await kit.engine.build(kit.spec(FOREVER, source=Git(f"{url}/plain.git", token="wrong-token")))
        assert "wrong-token" not in str(caught.value)
        assert "s3cret" not in repr(spec)
        found = subprocess.run(["grep", "-rl", "s3cret-token", str(tmp_path)], capture_output=True, check=False)
        assert found.stdout == b""

    async def test_repository_with_billions_of_files_is_refused(self, new_kit: NewKit, tmp_path: Path) -> None:
        """Ten levels of trees with ten entries each; every level is stored once."""
        work = tmp_path / "served" / "bomb.git"
        work.mkdir(parents=True)
        git(work, "init", "-q", "-b", "main")
        (work / "file").write_text("x")
        kind, name = "100644 blob", git(work, "hash-object", "-w", "file")
        for _ in range(10):
            (work / "entries").write_text("".join(f"{kind} {name}\t{number}\n" for number in range(10)))
            with open(work / "entries") as entries:
                made = subprocess.run(["git", "-C", work, "mktree"], stdin=entries, capture_output=True, check=True)
            kind, name = "040000 tree", made.stdout.decode().strip()
        git(work, "update-ref", "refs/heads/main", git(work, "commit-tree", "-m", "bomb", name))
        kit = new_kit(private_networks=True)
        async with git_server(tmp_path / "served") as url:
            with pytest.raises(SourceRefused, match="has more than 500000 files"):
                await kit.engine.build(kit.spec(FOREVER, source=Git(f"{url}/bomb.git")))
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    @pytest.mark.parametrize("bounds", [Bounds(files=1), Bounds(size=7)])
    async def test_size_of_repository_files_is_limited(
        self, tmp_path: Path, repositories: Path, bounds: Bounds
    ) -> None:
        within = Bounds(files=2, size=9)
        environment = {"PATH": os.environ["PATH"]}
        async with git_server(repositories) as url:
            source = Git(f"{url}/plain.git", "dev")
            await Repositories(environment, private=True, bounds=within).fetch_source(source, tmp_path / "a", print)
            with pytest.raises(SourceRefused, match="has more than"):
                await Repositories(environment, private=True, bounds=bounds).fetch_source(source, tmp_path / "b", print)
        assert (tmp_path / "a" / "part" / "say").read_text() == "part\n"
        assert os.listdir(tmp_path / "b") == [".git"]

    async def test_missing_repository_or_branch_is_reported(self, new_kit: NewKit, repositories: Path) -> None:
        kit = new_kit(private_networks=True)
        async with git_server(repositories) as url:
            for source in (Git(f"{url}/none.git"), Git(f"{url}/plain.git", "none"), Git(f"{url}/moved.git")):
                with pytest.raises(SourceUnavailable):
                    await kit.engine.build(kit.spec(FOREVER, source=source))
            for part in ("none", "../..", "/etc", "say"):
                with pytest.raises(SourceRefused):
                    await kit.engine.build(kit.spec(FOREVER, source=Git(f"{url}/plain.git", "dev", part)))
            with pytest.raises(SourceRefused):
                await kit.engine.build(kit.spec(FOREVER, source=Git(f"{url}/evil.git")))
        assert sorted(os.listdir(kit.options.root / "builds")) == ["commits", "index"]

    @pytest.mark.parametrize(
        "url",
        [
            "http://github.com/a/b", "git://github.com/a/b", "ssh://git@github.com/a/b", "git@github.com:a/b",
            "file:///etc", "/etc", "ext::sh -c touch% /tmp/x", "--upload-pack=touch /tmp/x", "https://", "",
            "https://user:pass@github.com/a/b", "https://token@github.com/a/b", "https://localhost/a", "https://a/b",
            "https://127.0.0.1/a", "https://10.0.0.1/a", "https://[::1]/a", "https://2130706433/a", "https://0x7f.1/a",
            "https://169.254.169.254/latest", "https://host.internal/a", "https://github.com/a b", "https://x.com/a?b",
            "https://x.com/a#b", "https://x.com/a\n--x", "https://x.com:99999/a", "https://[::ffff:127.0.0.1]/a",
        ],
    )  # fmt: skip
    async def test_forbidden_urls_are_refused(self, kit: ProcessKit, url: str) -> None:
        with pytest.raises(SourceRefused):
            parse_allowed_url(url)
        with pytest.raises(SourceRefused):
            await kit.engine.build(kit.spec(FOREVER, source=Git(url)))

    @pytest.mark.parametrize(
        "branch", ["--upload-pack=x", "-b", "a..b", "a b", "a\nb", "", "/a", "a@{1}", "a:b", "x" * 300, "a^{}"]
    )
    async def test_invalid_branch_names_are_refused(self, new_kit: NewKit, branch: str) -> None:
        kit = new_kit(private_networks=True)
        with pytest.raises(SourceRefused):
            await kit.engine.build(kit.spec(FOREVER, source=Git("http://127.0.0.1:9/x", branch)))

    async def test_host_name_that_resolves_to_a_private_address_is_refused(self) -> None:
        async def inside(_host: str, _port: int) -> Sequence[str]:
            return ["93.184.216.34", "10.0.0.7"]

        with pytest.raises(SourceRefused, match=r"10\.0\.0\.7"):
            await Repositories({"PATH": os.defpath}, resolver=inside).resolve_commit(Git("https://git.example/x"))

    async def test_connection_uses_the_checked_address(self, tmp_path: Path) -> None:
        """A stub of git records its arguments."""
        fake = tmp_path / "git"
        fake.write_text("#!/bin/sh\nenv | grep GIT_CONFIG; exit 1\n")
        fake.chmod(0o755)

        async def outside(_host: str, _port: int) -> Sequence[str]:
            return ["93.184.216.34", "2606:2800::1"]

        with pytest.raises(SourceUnavailable) as caught:
            await Repositories({"PATH": f"{tmp_path}:{os.defpath}"}, resolver=outside).resolve_commit(
                Git("https://git.example/x")
            )
        assert "git.example:443:93.184.216.34,[2606:2800::1]" in str(caught.value)
