"""Commands for users: log in at an identity provider, log out, show the current user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from agora_sdk.errors import AgoraError, NotFound
from agora_sdk.login import Login as StoredLogin

from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.auth import AuthConfiguration, Login
    from agora_sdk.login import Logins

__all__ = ["login", "logout", "whoami"]

DEFAULT_LIFETIME = 60.0  #: assumed lifetime of a token if the provider does not report one


@client_command
def login(
    session: Session,
    username: Annotated[
        str | None, typer.Option(help="Log in with name and password, if the server allows it.")
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Use a browser on this machine even if a device code is possible.")
    ] = False,
) -> None:
    """Log in as an SSO user, with a code that you confirm in any browser or with a browser on this machine."""
    url, logins = session.client.url, _get_login_store(session)
    # First of all: the calls below would try to renew a login that has ended, and fail.
    logins.remove_login(url)
    configuration = session.client.auth.configuration()
    if not configuration.enabled:
        raise NotFound(
            f"{url} has no identity provider.",
            fix="Use a token (--token, AGORA_TOKEN), or let the operator set oidc_issuers.",
        )
    if username is not None:
        password = typer.prompt("Password", hide_input=True)
        # No client id: the tokens belong to the server's own client.
        _store_login_and_greet(session, session.client.auth.login(username, password), None)
    else:
        _log_in_at_provider(session, configuration, browser=browser)


def _log_in_at_provider(session: Session, configuration: AuthConfiguration, *, browser: bool) -> None:
    from .identity_provider import Grant, log_in_at_provider

    assert configuration.issuer is not None, "a server with providers names the first"
    grant: Grant = log_in_at_provider(
        configuration.issuer,
        configuration.client_id,
        configuration.scope or "openid",
        session.out.print_note,
        browser=browser,
    )
    # Asked before storing: a token that this server does not accept must not replace anything.
    client = session.client.with_options(token=grant.access_token)
    me = client.auth.userinfo()
    expires = time.time() + (grant.expires_in or DEFAULT_LIFETIME)
    _store_tokens(
        session, me.username or me.name, grant.access_token, grant.refresh_token, expires, configuration.client_id
    )
    _print_greeting(session, me.name, me.role)


def _store_login_and_greet(session: Session, grant: Login, client_id: str | None) -> None:
    expires = time.time() + (grant.expires_in or DEFAULT_LIFETIME)
    _store_tokens(session, grant.user.username, grant.access_token, grant.refresh_token, expires, client_id)
    _print_greeting(session, grant.user.name or grant.user.username, grant.user.role)


def _store_tokens(
    session: Session, username: str, access: str, refresh: str | None, expires: float, client_id: str | None
) -> None:
    _get_login_store(session).store_login(
        session.client.url, StoredLogin(username, access, refresh, expires, client_id)
    )


def _print_greeting(session: Session, name: str, role: str | None) -> None:
    if session.out.json:
        session.out.print_json({"name": name, "role": role, "url": session.client.url})
        return
    session.out.print_text(f"Logged in to {session.client.url} as {name}, {_describe_role(role)}", "green")


def _describe_role(role: str | None) -> str:
    return f"with the role {role}" if role else "the user has no role there yet; an operator can assign one"


@client_command
def logout(session: Session) -> None:
    """Log out: end the session at the server and, if possible, at the identity provider."""

    url, logins = session.client.url, _get_login_store(session)
    stored = logins.find(url)
    if stored is None:
        session.out.print_text(f"No user is logged in to {url}")
        return
    outcome = "Logged out"
    try:
        session.client.auth.userinfo()  # renews the login if due
        # A renewal may have rotated the refresh token, and the old one no longer ends the session.
        stored = logins.find(url) or stored
        client = session.client.with_options(token=stored.access_token)
        client.auth.logout(stored.refresh_token, stored.client_id)
    except AgoraError as error:
        outcome = f"Logged out on this machine; the server could not be notified ({error.detail})"
    # Also after a failure: whoever logs out wants no credential left on this machine.
    logins.remove_login(url)
    session.out.print_text(f"{outcome}: {stored.username} at {url}")


@client_command
def whoami(session: Session) -> None:
    """Show your identity, role and scopes at the server."""
    me = session.client.auth.userinfo()
    if session.out.json:
        session.out.print_result(me)
        return
    fields = {
        "name": me.name,
        "id": me.id,
        "kind": me.kind,
        "role": me.role,
        "email": me.email,
        "tenant": me.tenant,
        "scopes": ", ".join(me.scopes) or "none",
        "until": me.expires_at,
    }
    session.out.print_fields({name: value for name, value in fields.items() if value is not None})


def _get_login_store(session: Session) -> Logins:
    logins: Logins = session.client._session.identity.logins
    return logins
