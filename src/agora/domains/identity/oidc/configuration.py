"""The settings of single sign-on: trusted issuers, clients, audiences and roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final
from urllib.parse import urlsplit

from agora.clock import SECOND
from agora.core.scopes import ROLES
from agora.net.egress_policy import is_loopback_host
from agora.settings import ConfigurationError, Settings
from agora.value_classes import value_class

__all__ = ["TENANT", "Issuer", "Trust"]

TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@value_class
class Issuer:
    """A provider. tenant: of all its users; None if a claim names it."""

    url: str
    tenant: str | None


@value_class
class Trust:
    """The validated settings of single sign-on.

    issuers: people sign in at the first. client_id, cli_client_id: our clients there. audiences: of tokens for this server;
    strict: whether only the audience counts, not the client that a token was issued to. roles: from the provider's
    role, or ``/group``, to ours. skew: microseconds.
    """

    issuers: tuple[Issuer, ...]
    client_id: str
    client_secret: str = field(repr=False)
    cli_client_id: str
    audiences: frozenset[str]
    strict: bool
    roles: Mapping[str, str]
    default_role: str | None
    tenant_claim: tuple[str, ...]
    scope: str
    skew: int
    password: bool

    @property
    def client_ids(self) -> frozenset[str]:
        """Ids of our clients."""
        return frozenset(filter(None, (self.client_id, self.cli_client_id)))

    @classmethod
    def from_settings(cls, settings: Settings) -> Trust | None:
        """Create from settings; None without a provider. Raises ConfigurationError."""
        issuers = tuple(_parse_issuers(settings))
        if not issuers:
            return None
        client = settings.oidc_client_id or settings.keycloak_client_id
        secret = settings.oidc_client_secret.get_secret_value() or settings.keycloak_client_secret.get_secret_value()
        audiences = settings.oidc_audience or _list_default_audiences(settings, client)
        if not audiences:
            raise ConfigurationError(
                "oidc_issuers: set the audience of their tokens, too: oidc_client_id, oidc_audience or public_url"
            )
        return cls(
            issuers,
            client,
            secret,
            # A client with a secret is confidential: a command line cannot use it.
            settings.oidc_cli_client_id or ("" if secret else client),
            frozenset(audiences),
            bool(settings.oidc_audience),
            _parse_roles(settings.oidc_roles),
            None if settings.oidc_default_role == "none" else settings.oidc_default_role,
            tuple(filter(None, settings.oidc_tenant_claim.split("."))),
            settings.oidc_scope,
            int(settings.oidc_clock_skew * SECOND),
            {"on": True, "off": False}.get(settings.oidc_password_login, bool(settings.keycloak_url)),
        )


def _list_default_audiences(settings: Settings, client: str) -> tuple[str, ...]:
    """Default audiences of this server: its clients, and its addresses."""
    base = settings.public_url.rstrip("/")
    addresses = (base, f"{base}/", f"{base}/mcp") if base else ()
    return tuple(filter(None, (client, settings.oidc_cli_client_id, *addresses)))


def _parse_issuers(settings: Settings) -> Iterable[Issuer]:
    realm, url = settings.keycloak_realm, settings.keycloak_url.rstrip("/")
    if bool(realm) != bool(url):
        raise ConfigurationError("keycloak_url and keycloak_realm belong together: set both, or neither")
    urls = [f"{url}/realms/{realm}"] if url else []
    unique = set()
    for text in (*urls, *settings.oidc_issuers):
        issuer = _parse_issuer(text)
        if issuer.url in unique:
            raise ConfigurationError(f"oidc_issuers: {issuer.url} is listed twice")
        unique.add(issuer.url)
        yield issuer


def _parse_issuer(text: str) -> Issuer:
    """Parse ``URL`` or ``TENANT=URL``. A trailing slash is part of the issuer's name and is kept."""
    tenant, equals, url = text.partition("=")
    if not equals or "/" in tenant:
        tenant, url = "", text
    if tenant and not TENANT.fullmatch(tenant):
        raise ConfigurationError(f"oidc_issuers: {tenant!r} is not a tenant; write TENANT=URL or URL")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"oidc_issuers: {url!r} is no URL") from None
    if not host or parts.query or parts.fragment or parts.username is not None or not url.isprintable():
        raise ConfigurationError(
            f"oidc_issuers: {url!r} is not the URL of a provider, such as https://sso.example/realms/x"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        raise ConfigurationError(f"oidc_issuers: {url} must be https; plain http is allowed only on this machine")
    return Issuer(url, tenant or None)


def _parse_roles(entries: Iterable[str]) -> Mapping[str, str]:
    roles = {}
    for entry in entries:
        name, _, role = entry.rpartition("=")
        if not name or role not in ROLES:
            raise ConfigurationError(f"oidc_roles: {entry!r} is not NAME=ROLE with a role of {', '.join(ROLES)}")
        roles[name.strip()] = role
    return roles
