"""Identity: credentials stored by registration, and the credential sent with each call."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.credentials import Credential, Credentials
from agora_sdk.errors import InvalidRequest, NameTaken, Unauthenticated
from agora_sdk.login import Login, Logins
from agora_sdk.session import STORED_CREDENTIAL_PAUSES
from agora_sdk.transport import BlockingTransport
from tests.unit.sdk.scripted_server import AGENT_ID, Wire, agent_answer, page

URL = "http://127.0.0.1:8080"


@pytest.fixture(autouse=True)
def _pages(wire: Wire) -> None:
    wire.answer("/agora/query/agents", page("agents", []))


def tokens(wire: Wire, path: str = "/agora/query/agents") -> list[str | None]:
    return [seen.token for seen in wire.of(path)]


def test_registration_stores_and_uses_the_token(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/register", agent_answer())
    client.query.agents()
    client.register("Ada")
    client.query.agents()
    assert tokens(wire) == [None, "agt_secret"]
    assert (client.agent_id, client.agent_name) == (AGENT_ID, "Ada")
    path = Path(os.environ["AGORA_CREDENTIALS"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["servers"][wire.url]["default"]["Ada"]["token"] == "agt_secret"


def test_re_registration_sends_the_stored_token(wire: Wire) -> None:
    wire.answer("/agents/register", agent_answer(), agent_answer(token=None, created=False))
    for _ in range(2):
        with AgoraClient(wire.url) as client:
            client.register("Ada")
            client.query.agents()
    assert tokens(wire, "/agents/register") == [None, "agt_secret"]
    assert tokens(wire) == ["agt_secret", "agt_secret"]


def test_stored_token_of_a_reset_server_is_replaced(wire: Wire) -> None:
    Credentials().keep(wire.url, "default", "Ada", Credential("agent_old", "agt_old"))
    wire.answer("/agents/register", Unauthenticated("ended"), agent_answer())
    with AgoraClient(wire.url) as client:
        client.register("Ada")
    assert tokens(wire, "/agents/register") == ["agt_old", None]
    found = Credentials().find(wire.url, "default", "Ada")
    assert found == Credential(AGENT_ID, "agt_secret")


def test_taken_name_is_a_conflict_and_stores_nothing(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/register", NameTaken("The name belongs to another agent."))
    with pytest.raises(NameTaken):
        client.register("Ada")
    assert client.agent_id is None
    assert not Path(os.environ["AGORA_CREDENTIALS"]).exists()


def test_credential_that_another_process_stores_during_the_last_pause_is_used(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pause(self: BlockingTransport, seconds: float) -> None:
        if seconds == STORED_CREDENTIAL_PAUSES[-1]:
            Credentials().keep(wire.url, "default", "Ada", Credential(AGENT_ID, "agt_secret"))

    monkeypatch.setattr(BlockingTransport, "pause", pause)
    wire.answer("/agents/register", NameTaken("The name belongs to another agent."), agent_answer())
    with AgoraClient(wire.url, mode="sync") as client:
        client.register("Ada")
    assert tokens(wire, "/agents/register") == [None, "agt_secret"]


def test_stored_identity_is_selected_by_name(wire: Wire) -> None:
    Credentials().keep(wire.url, "default", "Ada", Credential(AGENT_ID, "agt_secret"))
    with AgoraClient(wire.url, agent="Ada") as client:
        client.query.agents()
        assert client.agent_id == AGENT_ID
    assert tokens(wire) == ["agt_secret"]


def test_unknown_identity_never_becomes_the_operator(wire: Wire) -> None:
    with AgoraClient(wire.url, agent="Nobody") as client, pytest.raises(Unauthenticated, match="Register it first"):
        client.query.agents()
    assert not wire.requests


def test_identities_are_stored_by_server_tenant_and_name(wire: Wire) -> None:
    store = Credentials()
    store.keep(wire.url, "default", "Ada", Credential("a", "agt_1"))
    store.keep(wire.url, "other", "Ada", Credential("b", "agt_2"))
    store.keep("https://elsewhere/agora/", "default", "Ada", Credential("c", "agt_3"))
    with AgoraClient(wire.url, agent="Ada", tenant="other") as client:
        client.query.agents()
    assert tokens(wire) == ["agt_2"]
    assert store.find("https://elsewhere:443/agora", "default", "Ada") == Credential("c", "agt_3")
    port = wire.url.rpartition(":")[2]
    assert store.find(f"http://localhost:{port}", "default", "Ada") == Credential("a", "agt_1")


def test_explicit_credential_takes_precedence(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    Credentials().keep(wire.url, "default", "Ada", Credential(AGENT_ID, "agt_secret"))
    monkeypatch.setenv("AGORA_TOKEN", "agfy_environment")
    for client in (
        AgoraClient(wire.url, token="agfy_given", agent="Ada"),
        AgoraClient(wire.url, agent="Ada"),
        AgoraClient(wire.url, agent="Nobody"),
        AgoraClient(wire.url).with_options(token="agfy_copy"),
    ):
        with client:
            client.query.agents()
    assert tokens(wire) == ["agfy_given", "agt_secret", "agfy_environment", "agfy_copy"]


@pytest.mark.parametrize(
    ("given", "stored", "sent"),
    [
        ("enr_1", None, "enr_1"),
        ("enr_1", "agt_kept", "agt_kept"),
        ("agt_given", "agt_kept", "agt_given"),
    ],
)
def test_credential_used_for_registration(wire: Wire, given: str, stored: str | None, sent: str) -> None:
    if stored:
        Credentials().keep(wire.url, "default", "Ada", Credential(AGENT_ID, stored))
    wire.answer("/agents/register", agent_answer(created=given != "agt_given"))
    with AgoraClient(wire.url, token=given) as client:
        client.register("Ada")
        client.query.agents()
    assert tokens(wire, "/agents/register") == [sent]
    assert tokens(wire) == ["agt_secret"]


def test_one_client_may_register_several_agents(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    bob = agent_answer(agent_name="Bob", token="agt_bob")
    wire.answer("/agents/register", agent_answer(), bob)
    with AgoraClient(wire.url, token="enr_1") as client:
        client.register("Ada")
        registration = client.register("Bob")
        client.query.agents()
        client.as_agent(registration).query.agents()
        client.as_agent("Bob").with_options(timeout=5).query.agents()
        with pytest.raises(Unauthenticated, match="Register it first"):
            client.as_agent("Nobody")
    assert tokens(wire, "/agents/register") == ["enr_1", "enr_1"]
    assert tokens(wire) == ["agt_secret", "agt_bob", "agt_bob"]
    assert "client.as_agent('Bob') acts as Bob" in caplog.text


def test_agent_token_determines_the_clients_identity(wire: Wire) -> None:
    wire.answer("/agents/register", agent_answer(agent_name="Bob", token="agt_bob"))
    with AgoraClient(wire.url, token="agt_ada") as client:
        client.register("Bob")
        client.query.agents()
    assert tokens(wire) == ["agt_ada"]


def test_credential_of_a_deregistered_agent_is_deleted(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/register", agent_answer())
    wire.answer("/agents/Ada", {"agent_id": AGENT_ID, "status": "retired"})
    client.register("Ada")
    client.agent.deregister("Ada")
    client.query.agents()
    assert tokens(wire) == [None]
    assert Credentials().find(wire.url, "default", "Ada") is None


def test_file_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    credentials = Credentials(tmp_path / "file" / "credentials.json")
    with pytest.raises(AgoraError, match=r"The file .*credentials\.json cannot be written"):
        credentials.keep("http://localhost", "default", "Ada", Credential(AGENT_ID, "agt_secret"))


def test_registration_works_without_writable_storage(
    wire: Wire, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    wire.answer("/agents/register", agent_answer())
    with AgoraClient(wire.url, credentials=tmp_path / "file" / "credentials.json") as client:
        client.register("Ada")
        client.query.agents()
    assert tokens(wire) == ["agt_secret"]
    assert "could not be kept" in caplog.text


@pytest.mark.parametrize(
    "text", ['{"servers": ', "[]", '{"servers": {"a": []}}', '{"servers": {"a": {"b": {"c": {}}}}}']
)
def test_damaged_file_is_named_and_unchanged(wire: Wire, text: str) -> None:
    path = Path(os.environ["AGORA_CREDENTIALS"])
    path.write_text(text)
    with AgoraClient(wire.url, agent="Ada") as client, pytest.raises(AgoraError, match="cannot be read") as caught:
        client.query.agents()
    assert str(path) in str(caught.value)
    assert path.read_text() == text


def test_tokens_are_absent_from_repr_and_logs(
    wire: Wire, client: AgoraClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1, "agora_sdk")
    wire.answer("/agents/register", agent_answer(token="agt_hidden"))
    client.register("Ada")
    session = client._session
    shown: list[Any] = [
        client,
        session.identity,
        session.identity._find_current_credential(),
        session.options,
        Credentials(),
    ]
    assert "agt_hidden" not in "".join(map(repr, shown)) + caplog.text
    assert "Ada" in repr(client)


def test_threads_and_processes_can_store_concurrently(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "credentials.json"

    def keep(number: int) -> None:
        Credentials(path).keep(URL, "default", f"Agent{number}", Credential(f"id{number}", f"agt_{number}"))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(Credentials(path).find(URL, "default", f"Agent{n}") for n in range(16))
    assert sorted(each.name for each in path.parent.iterdir()) == ["credentials.json", "credentials.json.lock"]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("token", ["a\nb", "clé", "two words", "a\x00"])
def test_token_unsuitable_for_a_header_is_refused(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="The token contains characters"):
        AgoraClient(URL, token=token)
    with pytest.raises(InvalidRequest, match="The tenant contains characters"):
        AgoraClient(URL, tenant=token)
    if "\x00" not in token:  # which no environment variable can contain
        monkeypatch.setenv("AGORA_TOKEN", token)
        with pytest.raises(InvalidRequest, match="AGORA_TOKEN contains characters"):
            AgoraClient(URL)


def test_line_ends_around_a_token_are_ignored(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    AgoraClient(wire.url, token=" agfy_1\r\n").query.agents()
    monkeypatch.setenv("AGORA_TOKEN", "agfy_2\n")
    AgoraClient(wire.url).query.agents()
    assert tokens(wire) == ["agfy_1", "agfy_2"]


REFRESH = "/v1/auth/refresh"
#: A program without disk space, which makes a call for each line of its input.
CALLS_WITHOUT_DISK_SPACE = """
import resource, signal, sys
from agora_sdk import AgoraClient
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with AgoraClient() as client:
    for line in sys.stdin:
        client.query.agents()
"""


@contextmanager
def calling_without_disk_space(wire: Wire) -> Iterator[subprocess.Popen[str]]:
    """Run the program as a person whose login is due at every call. Its streams are pipes, which no limit affects."""
    Logins(Credentials().path).store_login(wire.url, Login("ada", "access-0", "refresh-0", expires_at=0))
    user = {"id": "user_1", "subject": "ada", "username": "ada"}
    for number in (1, 2):
        renewed = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 1}
        wire.answer(REFRESH, {**renewed, "user": user})
    with subprocess.Popen(
        [sys.executable, "-c", CALLS_WITHOUT_DISK_SPACE],
        env={**os.environ, "AGORA_URL": wire.url},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def make_call(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("call\n")
    program.stdin.flush()


def test_renewed_login_that_cannot_be_stored_is_used_from_memory(wire: Wire) -> None:
    """A refresh token is valid once: with the one in the file, the login would end."""
    with calling_without_disk_space(wire) as program:
        make_call(program)
        make_call(program)
        _, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors
    assert "could not be stored" in errors
    assert "refresh-" not in errors
    assert [seen.body["refresh_token"] for seen in wire.of(REFRESH)] == ["refresh-0", "refresh-1"]
    assert tokens(wire) == ["access-1", "access-2"]


def test_login_is_renewed_although_its_file_cannot_be_locked(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    logins = Logins(Credentials().path)
    logins.store_login(wire.url, Login("ada", "access-0", "refresh-0", expires_at=0))
    os.unlink(f"{logins.path}.lock")
    os.mkdir(f"{logins.path}.lock")
    user = {"id": "user_1", "subject": "ada", "username": "ada"}
    wire.answer(REFRESH, {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 900, "user": user})
    AgoraClient(wire.url).query.agents()
    assert tokens(wire) == ["access-1"]
    assert logins.path in caplog.text
    assert "refresh-" not in caplog.text


def test_stored_login_of_another_program_replaces_the_one_in_memory(wire: Wire) -> None:
    with calling_without_disk_space(wire) as program:
        make_call(program)
        wire.wait_for(lambda: len(tokens(wire)) == 1)
        Logins(Credentials().path).store_login(
            wire.url, Login("ada", "access-new", "refresh-new", expires_at=time.time() + 900)
        )
        make_call(program)
        _, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors
    assert tokens(wire) == ["access-1", "access-new"]
