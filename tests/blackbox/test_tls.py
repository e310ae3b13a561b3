"""The server's own TLS: HTTPS and WSS with a certificate that is replaced without dropping connections."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from websockets.asyncio.client import connect

from tests.blackbox.certificates import Authority
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    authority.issue(cert, key)
    authority.write_authority(directory / "authority.pem")
    server = ServerProcess(directory / "data", trust=authority.trust(), tls_cert=str(cert), tls_key=str(key)).start()
    yield server
    server.close()


def _serial_of(server: ServerProcess) -> int:
    """Return the serial number of the certificate in a new handshake."""
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        server.trust.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"").serial_number


def _attempt(port: int, version: ssl.TLSVersion, trust: ssl.SSLContext) -> str | None:
    """Return the version negotiated by a client with a maximum version; None if it is refused."""
    context = trust
    context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                return secure.version()
        except (ssl.SSLError, ConnectionError):
            return None


def test_https_urls_are_advertised(tls_server: ServerProcess) -> None:
    agent = tls_server.register("Secure")
    assert agent.get("/agora/query/agents?search=Secure")["agents"][0]["agent_id"] == agent.agent_id
    card = agent.get("/.well-known/agent-card.json")
    assert all(interface["url"].startswith("https://127.0.0.1:") for interface in card["supportedInterfaces"])
    cookies = tls_server.account().http.get("/v1/monitor/sign-in").headers.get_list("set-cookie")
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)


def test_untrusting_client_and_plain_http_fail(tls_server: ServerProcess) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{tls_server.url}/ready", verify=ssl.create_default_context(), trust_env=False)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{tls_server.port}/ready", trust_env=False)


async def test_wss_calls_and_events(tls_server: ServerProcess) -> None:
    agent = tls_server.register("Socketed")
    url = f"wss://127.0.0.1:{tls_server.port}/ws"
    headers = {"Authorization": f"Bearer {agent.token}"}
    # The library's synchronous client is not used: two of its threads share one TLS object, and a handshake hangs now
    # and then.
    async with connect(url, ssl=tls_server.trust, additional_headers=headers, proxy=None) as channel:
        await channel.send(json.dumps({"id": "1", "operation": "agora.query.agents", "arguments": {}}))
        while (frame := json.loads(await asyncio.wait_for(channel.recv(), 60))).get("id") != "1":
            pass
    assert "agents" in json.dumps(frame)


def test_old_versions_are_refused(tls_server: ServerProcess, authority: Authority) -> None:
    assert _attempt(tls_server.port, ssl.TLSVersion.TLSv1_2, authority.trust()) is None
    assert _attempt(tls_server.port, ssl.TLSVersion.TLSv1_3, authority.trust()) == "TLSv1.3"


def test_sighup_replaces_the_certificate_without_dropping_connections(
    tls_server: ServerProcess, authority: Authority
) -> None:
    cert, key = (Path(tls_server.settings[name]) for name in ("tls_cert", "tls_key"))
    before = _serial_of(tls_server)
    with httpx.Client(base_url=tls_server.url, verify=tls_server.trust, trust_env=False) as client:
        first = client.get("/ready").extensions["network_stream"].get_extra_info("socket").getsockname()
        after = authority.issue(cert, key)
        assert after != before
        assert _serial_of(tls_server) == before, "a file alone changes nothing"
        assert tls_server.process is not None
        tls_server.process.send_signal(signal.SIGHUP)
        poll_until(lambda: _serial_of(tls_server) == after, "the new certificate is shown")
        again = client.get("/ready").extensions["network_stream"].get_extra_info("socket").getsockname()
        assert first == again, "the connection that stood went on"

        authority.issue(cert, cert.with_name("other.pem"))  # a certificate that does not match the key
        tls_server.process.send_signal(signal.SIGHUP)
        poll_until(lambda: "is not the key of the certificate" in tls_server.log(), "the pair is refused")
        assert _serial_of(tls_server) == after
        assert client.get("/ready").status_code == 200


def test_tls_1_2_is_optional_and_doctor_reports_it(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    authority.issue(cert, key, days=5)
    pair = {"tls_cert": str(cert), "tls_key": str(key)}
    server = ServerProcess(tmp_path / "data", trust=authority.trust(), tls_min_version="1.2", **pair)
    request.addfinalizer(server.close)
    server.start()
    assert _attempt(server.port, ssl.TLSVersion.TLSv1_2, authority.trust()) == "TLSv1.2"

    authority.write_authority(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    advice = server.run_cli("doctor")
    assert re.search(r"warn\s+certificate", advice.stdout), advice.stdout
    assert "127.0.0.1" in advice.stdout
    assert re.search(r"ok\s+credential", advice.stdout), "the client trusts the authority"


def test_mismatched_certificate_and_key_prevent_the_start(tmp_path: Path, authority: Authority) -> None:
    cert, key, other = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "other.pem"
    authority.issue(cert, key)
    authority.issue(tmp_path / "unused.pem", other)
    answer = ServerProcess(tmp_path / "data").run_cli("serve", "--tls-cert", str(cert), "--tls-key", str(other))
    assert answer.returncode == 2
    assert f"tls_key: {other} is not the key of the certificate in {cert}" in re.sub(r"\s+", " ", answer.stderr)
