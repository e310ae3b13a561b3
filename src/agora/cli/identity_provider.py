"""Login at an identity provider from a terminal: the device flow (RFC 8628), else a browser on this machine.

With a browser, it uses the authorization code flow with PKCE and a redirect to a local port (RFC 8252).
No client secret is needed, because the client is public.
"""

from __future__ import annotations

import hmac
import json
import math
import secrets
import time
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from agora.core.pkce import compute_pkce_challenge
from agora_sdk.errors import (
    AgoraError,
    DeadlineExceeded,
    NotFound,
    PermissionDenied,
    UpstreamFailed,
    UpstreamUnavailable,
)

__all__ = ["Grant", "log_in_at_provider", "parse_grant"]

TIMEOUT_SECONDS: Final = 10.0
MAX_RESPONSE_BYTES: Final = 524_288
LOGIN_SECONDS: Final = 600.0  #: time for a person to confirm
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
LOGIN_COMPLETE_PAGE: Final = (
    b"<!doctype html><meta charset=utf-8><title>Agora</title><p>You may close this page and go back to the terminal."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens issued by the provider."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float | None


def log_in_at_provider(
    issuer: str,
    client_id: str | None,
    scope: str,
    print_line: Callable[[str], None],
    *,
    browser: bool = False,
    pause: Callable[[float], None] = time.sleep,
    open_browser: Callable[[str], Any] = webbrowser.open,
) -> Grant:
    """Fetch the tokens of a person. print_line: prints instructions. pause: sleeps. open_browser: opens a URL in a browser.

    Raises PermissionDenied if the person refuses, DeadlineExceeded, UpstreamFailed, NotFound if no flow is supported.
    """
    if client_id is None:
        raise NotFound(
            "The server has no client id for programs.",
            fix="Let the operator set oidc_cli_client_id to a public client, or use --username.",
        )
    configuration = _fetch_provider_metadata(issuer)
    if not browser and (endpoint := configuration.get("device_authorization_endpoint")):
        return _log_in_by_device_code(
            _require_secure_url(endpoint, issuer),
            _read_token_endpoint(configuration, issuer),
            client_id,
            scope,
            print_line,
            pause,
        )
    if endpoint := configuration.get("authorization_endpoint"):
        return _log_in_by_browser(
            _require_secure_url(endpoint, issuer),
            _read_token_endpoint(configuration, issuer),
            client_id,
            scope,
            print_line,
            open_browser,
        )
    raise NotFound(
        f"{issuer} has neither a device authorization endpoint nor one for browsers.",
        fix="Use --username if the server accepts passwords, or a token of the server.",
    )


def _fetch_provider_metadata(issuer: str) -> dict[str, Any]:
    url = f"{_require_secure_url(issuer, issuer).rstrip('/')}/.well-known/openid-configuration"
    status, configuration = _request_json("GET", url)
    # OpenID Connect Discovery 1.0, section 4.3: the issuer in the document must be the requested one.
    if status != 200 or configuration.get("issuer") != issuer:
        raise UpstreamFailed(f"{issuer} has no valid metadata of an identity provider ({status}).")
    return configuration


def _read_token_endpoint(configuration: Mapping[str, Any], issuer: str) -> str:
    return _require_secure_url(configuration.get("token_endpoint"), issuer)


def _require_secure_url(url: Any, issuer: str) -> str:
    """Check a URL of the provider: https, or a local one if the provider is local."""
    parts = urlsplit(url if isinstance(url, str) else "")
    host = parts.hostname or ""
    local = parts.scheme == "http" and (host in ("localhost", "::1") or host.startswith("127."))
    if host and (parts.scheme == "https" or (local and urlsplit(issuer).scheme == "http")):
        return str(url)
    raise UpstreamFailed(f"{url!r} is not a valid login address.", fix="Identity providers must use https.")


def _request_json(method: str, url: str, form: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    remote = urlsplit(url).scheme == "https"
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=remote, verify=remote) as client,
            client.stream(method, url, data=form, headers={"accept": "application/json"}) as answer,
        ):
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > MAX_RESPONSE_BYTES:
                    raise UpstreamFailed(f"{url} answers more than {MAX_RESPONSE_BYTES} bytes.")
            document = json.loads(body)
            return answer.status_code, document if isinstance(document, dict) else {}
    except httpx.HTTPError as error:
        raise UpstreamUnavailable(f"{url} does not answer ({type(error).__name__}).", retry_after=5) from None
    except ValueError:
        # The page of a gateway whose server is restarting.
        if answer.status_code in (502, 503, 504):
            raise UpstreamUnavailable(f"{url} does not answer ({answer.status_code}).", retry_after=5) from None
        raise UpstreamFailed(f"{url} does not return JSON.") from None


def parse_grant(answer: Mapping[str, Any]) -> Grant:
    access, refresh, expires_in = (answer.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not isinstance(access, str):
        raise _build_grant_error(answer)
    return Grant(
        access,
        refresh if isinstance(refresh, str) else None,
        expires_in if isinstance(expires_in, int | float) else None,
    )


def _build_grant_error(answer: Mapping[str, Any]) -> AgoraError:
    code = str(answer.get("error", "no token"))[:100]
    description = str(answer.get("error_description", ""))[:200]
    if code == "access_denied":
        return PermissionDenied("The login was refused.")
    if code == "expired_token":
        return DeadlineExceeded("The code was not confirmed in time.", fix="Start again: agora login.")
    return UpstreamFailed(f"The identity provider refuses: {code}{f' ({description})' if description else ''}.")


# -- with a code --------------------------------------------------------------------------------------


def _log_in_by_device_code(
    endpoint: str,
    token: str,
    client_id: str,
    scope: str,
    print_line: Callable[[str], None],
    pause: Callable[[float], None],
) -> Grant:
    status, authorization = _request_json("POST", endpoint, {"client_id": client_id, "scope": scope})
    code, user_code, verification_url = (
        authorization.get(name) for name in ("device_code", "user_code", "verification_uri")
    )
    if status != 200 or not all(isinstance(text, str) for text in (code, user_code, verification_url)):
        raise _build_grant_error(authorization)
    complete_url = authorization.get("verification_uri_complete")
    print_line(
        f"Open {complete_url if isinstance(complete_url, str) else verification_url} in a browser, and confirm the code {user_code}."
    )
    # 5 s is the default of RFC 8628, section 3.2.
    interval = _parse_seconds_or_default(authorization.get("interval"), 5.0)
    deadline = time.monotonic() + min(
        LOGIN_SECONDS, _parse_seconds_or_default(authorization.get("expires_in"), LOGIN_SECONDS)
    )
    form = {"grant_type": DEVICE_GRANT, "device_code": str(code), "client_id": client_id}
    while time.monotonic() < deadline:
        # Before the first request as well: nobody has confirmed the code yet, and an early request counts as too fast.
        pause(interval)
        try:
            _, answer = _request_json("POST", token, form)
        except UpstreamUnavailable:
            # RFC 8628, section 3.5: after a lost connection, clients go on less often.
            interval *= 2
            continue
        match answer.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                # RFC 8628, section 3.5.
                interval += 5
            case _:
                return parse_grant(answer)
    raise _build_grant_error({"error": "expired_token"})


def _parse_seconds_or_default(value: object, default: float) -> float:
    """Read a duration; providers may send it as text, or nothing that is one."""
    try:
        seconds = float(str(value))
    except ValueError:
        return default
    return seconds if 0 < seconds < math.inf else default


# -- with a browser -----------------------------------------------------------------------------------


class _Callback(HTTPServer):
    """Local HTTP server to which the provider redirects the browser."""

    # handle_request() returns at least this often, so that the deadline is checked.
    timeout = 1.0
    query: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Callback

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path != "/callback":
            self.send_error(404)
            return
        self.server.query = dict(parse_qsl(url.query))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(LOGIN_COMPLETE_PAGE)))
        self.end_headers()
        self.wfile.write(LOGIN_COMPLETE_PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        """Do nothing: the request contains the authorization code."""


def _log_in_by_browser(
    endpoint: str,
    token: str,
    client_id: str,
    scope: str,
    print_line: Callable[[str], None],
    open_browser: Callable[[str], Any],
) -> Grant:
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    # By address and not by name, with any free port (RFC 8252, sections 7.3 and 8.3).
    with _Callback(("127.0.0.1", 0), _Handler) as callback:
        callback_url = f"http://127.0.0.1:{callback.server_port}/callback"
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "scope": scope,
            "redirect_uri": callback_url,
            "state": state,
        }
        parameters |= {"code_challenge": compute_pkce_challenge(verifier), "code_challenge_method": "S256"}
        url = f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(parameters)}"
        print_line(f"Log in with the browser that opens, or open this yourself on this machine:\n{url}")
        # After the line is printed: a browser in the terminal blocks until it is left.
        open_browser(url)
        query = _wait_for_callback(callback, state)
    if "code" not in query:
        raise _build_grant_error(query)
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": callback_url,
        "client_id": client_id,
    }
    return parse_grant(_request_json("POST", token, form | {"code_verifier": verifier})[1])


def _wait_for_callback(callback: _Callback, state: str) -> Mapping[str, str]:
    """Wait for the provider's redirect; other requests are ignored."""
    deadline = time.monotonic() + LOGIN_SECONDS
    while time.monotonic() < deadline:
        callback.handle_request()
        query, callback.query = callback.query, None
        # Any page can make the browser call this port: only the answer to this login has the state (RFC 6749, section
        # 10.12).
        if query is not None and hmac.compare_digest(query.get("state", "").encode(), state.encode()):
            return query
    raise DeadlineExceeded("No user is logged in.", fix="Start again: agora login.")
