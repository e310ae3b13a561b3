"""Settings for single sign-on: identity providers, roles and user limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from .section import CommaSeparated, Section

__all__ = ["SignOn"]


class SignOn(Section):
    """Settings for single sign-on."""

    oidc_issuers: Annotated[tuple[str, ...], Field(max_length=20), CommaSeparated] = Field(
        (),
        description="OpenID providers whose access tokens are accepted, as URL or TENANT=URL, separated by commas. "
        "Users log in at the first one. Must be https, except on this machine.",
    )
    oidc_client_id: str = Field("", max_length=255, description="Client id of this server at the first provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Client secret, unless it is a public client.")
    oidc_cli_client_id: str = Field(
        "", max_length=255, description="Public client id for `agora login`; default: oidc_client_id."
    )
    oidc_audience: Annotated[tuple[str, ...], Field(max_length=20), CommaSeparated] = Field(
        (),
        description="Accepted audiences of tokens. Default: a client id, the public URL, or the URL of /mcp; tokens "
        "issued to one of the clients are also accepted.",
    )
    oidc_roles: Annotated[tuple[str, ...], Field(max_length=200), CommaSeparated] = Field(
        ("admin=admin", "operator=operator", "viewer=viewer", "a2a-admin=admin", "a2a-user=user"),
        description="Mapping of provider roles to roles here (admin, operator, viewer, user); /NAME is a group.",
    )
    oidc_default_role: Literal["none", "viewer", "user", "operator"] = Field(
        "none", description="Role of users without any of oidc_roles."
    )
    oidc_tenant_claim: str = Field(
        "",
        max_length=200,
        description="Claim with the user's tenant, for providers without TENANT=; dots access nested objects. Tokens "
        "without the claim are rejected.",
    )
    oidc_scope: str = Field(
        "openid profile email", min_length=6, max_length=500, description="Scopes requested at login."
    )
    oidc_clock_skew: float = Field(60.0, ge=0, le=600, description="Allowed clock skew of providers, in seconds.")
    oidc_password_login: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Allow /v1/auth/login to pass name and password to the provider; auto: if keycloak_url is set.",
    )
    keycloak_url: str = Field(
        "",
        max_length=2000,
        description="URL of Keycloak; its realm keycloak_realm becomes the first of the oidc_issuers.",
    )
    keycloak_realm: str = Field("", max_length=255, description="Realm of Keycloak.")
    keycloak_client_id: str = Field("", max_length=255, description="Same as oidc_client_id.")
    keycloak_client_secret: SecretStr = Field(SecretStr(""), description="Same as oidc_client_secret.")
    user_concurrency: int = Field(
        0, ge=0, le=1_000_000, description="Maximum number of waiting and running tasks per user; 0: no limit."
    )
    user_daily_jobs: int = Field(
        0, ge=0, le=1_000_000, description="Maximum number of coding jobs per user and day (UTC); 0: no limit."
    )
