"""Login from a terminal, with a real provider and a real server."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agora.cli import identity_provider as flows
from agora.cli.app import build_application
from agora.server.app import App
from agora_sdk import AgoraClient
from agora_sdk.errors import NotFound, PermissionDenied, Unauthenticated, UpstreamFailed
from agora_sdk.login import Login, Logins
from agora_sdk.private_file import try_lock_file
from tests.harness import Running, make_settings, running
from tests.oidc.browser import browse
from tests.oidc.issuer import issuing
from tests.oidc.provider import CLIENT, SECRET, provider
from tests.processes import TETHER, node_executable
from tests.stream_server import serve_streams

__all__ = ["provider"]


@pytest.fixture
async def served(tmp_path: Path, provider: str) -> AsyncIterator[Running]:
    url, _, realm = provider.rpartition("/realms/")
    keycloak = {"keycloak_url": url, "keycloak_realm": realm, "keycloak_client_id": CLIENT}
    settings = make_settings(
        tmp_path / "data", **keycloak, keycloak_client_secret=SECRET, oidc_cli_client_id="agora-cli"
    )
    async with running(App(settings)) as server:
        yield server


@pytest.fixture
def agora(served: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command line with the server."""
    monkeypatch.setenv("AGORA_URL", served.url)

    async def run(*words: str, exit_code: int = 0, typed: str | None = None) -> Any:
        result = await asyncio.to_thread(CliRunner().invoke, build_application(), list(words), typed)
        assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
        return result

    return run


class Person:
    """Reads the terminal's instructions, and follows them in a browser."""

    def __init__(self, name: str) -> None:
        self.name, self.said = name, ""

    def confirm(self, seconds: float) -> None:
        """Confirm the code instead of waiting."""
        assert seconds >= 1
        browse(self.said.split()[1], self.name)

    def note(self, text: str) -> None:
        self.said += text


def the_file() -> Logins:
    return Logins(os.environ["AGORA_CREDENTIALS"])


async def test_login_with_a_device_code(agora: Any, served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    otto = Person("otto")
    told = flows.log_in_at_provider

    def come_in(issuer: str, client: str | None, scope: str, say: Any, **options: Any) -> Any:
        return told(issuer, client, scope, otto.note, pause=otto.confirm, **options)

    monkeypatch.setattr(flows, "log_in_at_provider", come_in)
    done = await agora("login")
    assert "as otto, with the role operator" in done.stdout
    me = json.loads((await agora("whoami", "--json")).stdout)
    assert (me["username"], me["kind"], me["role"]) == ("otto", "user", "operator")
    path = Path(the_file().path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = the_file().find(served.url)
    assert kept is not None
    assert kept.access_token not in repr(kept)
    # An expired token is renewed, once for concurrent commands, and other programs use it too.
    the_file().store_login(served.url, Login(kept.username, kept.access_token, kept.refresh_token, 0, kept.client_id))
    clients = [AgoraClient(served.url) for _ in range(4)]
    found = await asyncio.gather(*(client.auth.userinfo() for client in clients))
    assert {one.id for one in found} == {me["id"]}
    fresh = the_file().find(served.url)
    assert fresh is not None
    assert fresh.refresh_token != kept.refresh_token
    for client in clients:
        await client.aclose()
    assert "Logged out: otto" in (await agora("logout")).stdout
    assert the_file().find(served.url) is None
    with pytest.raises(Unauthenticated):
        await served.app.authenticator.authenticate(fresh.access_token)
    assert "No user" in (await agora("logout")).stdout


async def test_login_with_a_code_in_the_typescript_sdk(served: Running) -> None:
    """An expiring token is renewed."""
    environment = {**os.environ, "AGORA_URL": served.url}
    program = [*TETHER, node_executable(), str(Path(__file__).with_name("typescript_login.ts"))]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*program, stdout=pipe, env=environment)
    assert process.stdout is not None
    await asyncio.to_thread(browse, json.loads(await process.stdout.readline()), "otto")
    lines = [json.loads(line) async for line in process.stdout]
    assert lines == [["otto", "user", "operator"], True, "unauthenticated"]
    assert await process.wait() == 0


async def test_logins_are_shared_with_the_typescript_sdk(agora: Any, served: Running) -> None:
    """A login in either language is valid in both; when it is due, one of several programs renews it."""
    program = [*TETHER, node_executable(), str(Path(__file__).with_name("typescript_shared_login.ts"))]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, env={**os.environ})
    clients = [AgoraClient(served.url) for _ in range(4)]

    async def take_step(step: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{step}\n".encode())
        answer: str = json.loads(await process.stdout.readline())
        return answer

    def end_access_token() -> Login:
        login = the_file().find(served.url)
        assert login is not None
        the_file().store_login(served.url, replace(login, expires_at=0))
        return login

    await agora("login", "--username", "uma", typed="uma-pw\n")
    assert await take_step("who") == "uma"
    for _ in range(3):
        login = end_access_token()
        # The provider revokes a refresh token that is used twice: then the next renewal fails.
        name, *users = await asyncio.gather(take_step("who"), *(client.auth.userinfo() for client in clients))
        assert {name, *(user.username for user in users)} == {"uma"}
        fresh = the_file().find(served.url)
        assert fresh is not None
        assert fresh.refresh_token != login.refresh_token
        assert not fresh.due

    assert await take_step("login otto") == "otto"
    assert stat.S_IMODE(Path(the_file().path).stat().st_mode) == 0o600
    assert json.loads((await agora("whoami", "--json")).stdout)["username"] == "otto"
    end_access_token()
    assert json.loads((await agora("whoami", "--json")).stdout)["username"] == "otto"
    assert await take_step("current") == "otto"
    await agora("login", "--username", "uma", typed="uma-pw\n")
    assert await take_step("current") == "unauthenticated"  # a session never becomes another person's
    assert await take_step("login otto") == "otto"
    assert await take_step("logout") == "out"
    assert the_file().find(served.url) is None
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0
    for client in clients:
        await client.aclose()


def test_renewal_blocks_programs_without_file_locks(tmp_path: Path) -> None:
    """While Python renews, ``logins.json.writing`` exists, and counts as abandoned no sooner than a renewal may take."""
    path = str(tmp_path / "logins.json")
    with try_lock_file(path, 30.0) as mine:
        assert mine
        assert Path(f"{path}.writing").stat().st_mtime > time.time() + 20
        with try_lock_file(path, 30.0) as second:
            assert not second
        assert Path(f"{path}.writing").exists()
    assert not Path(f"{path}.writing").exists()
    Path(f"{path}.writing").touch()  # held by a program without locks
    with try_lock_file(path, 30.0) as mine:
        assert not mine
    os.utime(f"{path}.writing", (0, 0))  # its process died
    tries = [enter_lock(path), enter_lock(path)]
    assert tries == [False, True]


def enter_lock(path: str) -> bool:
    with try_lock_file(path, 1.0) as mine:
        return mine


async def test_login_with_a_local_browser(provider: str, served: Running) -> None:
    vera = Person("vera")

    def show(url: str) -> None:
        threading.Thread(target=browse, args=(url, "vera"), daemon=True).start()

    come_in = functools.partial(
        flows.log_in_at_provider, provider, "agora-web", "openid profile", vera.note, open_browser=show
    )
    granted = await asyncio.to_thread(come_in, browser=True)
    assert "browser" in vera.said
    caller = await served.app.authenticator.authenticate(await _for_us(granted, served))
    assert caller.name == "vera"


async def _for_us(granted: flows.Grant, served: Running) -> str:
    """Check that the token was issued to a client unknown to the server, for another audience."""
    with pytest.raises(Unauthenticated, match="not for this server"):
        await served.app.authenticator.authenticate(granted.access_token)
    sign_on = served.app.sign_on
    assert sign_on is not None
    object.__setattr__(sign_on.trust, "audiences", frozenset({"account"}))
    return granted.access_token


async def test_login_with_a_password(agora: Any) -> None:
    done = await agora("login", "--username", "uma", typed="uma-pw\n")
    assert "as uma, with the role user" in done.stdout
    assert "uma-pw" not in done.stdout
    assert "uma" in (await agora("whoami")).stdout
    refused = await agora("login", "--username", "uma", exit_code=3, typed="wrong\n")
    assert "refuses" in refused.stderr


async def test_expired_login_is_reported(agora: Any, served: Running) -> None:
    for refresh in ("made-up", None):
        the_file().store_login(served.url, Login("otto", "eyJ.x.y", refresh, time.time() + 10, "agora-cli"))
        told = await agora("whoami", exit_code=3)
        assert "agora login" in told.stderr.replace("\n", " ")
    assert "Logged out on this machine" in (await agora("logout")).stdout


async def test_invalid_provider_metadata_is_refused(agora: Any) -> None:
    async with issuing() as issuer:
        come_in = functools.partial(flows.log_in_at_provider, issuer.url, "x", "openid", print)
        del issuer.document["authorization_endpoint"]
        with pytest.raises(NotFound, match="neither"):
            await asyncio.to_thread(come_in)
        issuer.document["device_authorization_endpoint"] = "http://evil.test/device"
        with pytest.raises(UpstreamFailed, match="not a valid login address"):
            await asyncio.to_thread(come_in)
        issuer.document["issuer"] = "https://evil.test"
        with pytest.raises(UpstreamFailed, match="metadata"):
            await asyncio.to_thread(come_in)
        with pytest.raises(NotFound, match="oidc_cli_client_id"):
            flows.log_in_at_provider(issuer.url, None, "openid", print)
    with pytest.raises(UpstreamFailed):
        flows.log_in_at_provider("http://sso.example.test/realms/x", "x", "openid", print)


@pytest.mark.parametrize("interval", ["soon", -1, "nan", [], None])
async def test_device_login_goes_on_after_a_failed_poll(interval: object) -> None:
    polls = iter([None, (503, b"<html>"), (400, {"error": "authorization_pending"}), (200, {"access_token": "token"})])
    url = ""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        answer: tuple[int, Any] | None
        if path == b"/token":
            answer = next(polls)
        elif path == b"/device":
            code = {"device_code": "d", "user_code": "u", "verification_uri": url}
            answer = (200, code | {"interval": interval, "expires_in": interval})
        else:
            endpoints = {"token_endpoint": f"{url}/token", "device_authorization_endpoint": f"{url}/device"}
            answer = (200, {"issuer": url} | endpoints)
        # None: the connection is closed without an answer.
        if answer is not None:
            body = answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (answer[0], len(body)) + body
            )
        writer.close()

    pauses: list[float] = []
    async with serve_streams(handle) as port:
        url = f"http://127.0.0.1:{port}"
        grant = await asyncio.to_thread(
            flows.log_in_at_provider, url, "x", "openid", lambda line: None, pause=pauses.append
        )
    assert (grant.access_token, pauses) == ("token", [5, 10, 20, 20])


def test_provider_errors_are_reported() -> None:
    for code, kind in (("access_denied", PermissionDenied), ("invalid_client", UpstreamFailed)):
        with pytest.raises(kind):
            flows.parse_grant({"error": code, "error_description": "no"})
