"""Single sign-on: providers, and what their people may do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator

from .section import Section, split_list

__all__ = ["SignOn"]


class SignOn(Section):
    """Of single sign-on."""

    oidc_issuers: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (),
        description="OpenID providers whose access tokens are taken, separated by commas, as URL or TENANT=URL; "
        "people sign in at the first. https, but on this machine.",
    )
    oidc_client_id: str = Field("", max_length=255, description="Client id of this server at the first provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its secret, where it is no public client.")
    oidc_cli_client_id: str = Field(
        "", max_length=255, description="Public client id for `agora login`; oidc_client_id if left out."
    )
    oidc_audience: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (),
        description="One of these has to be in the audience of a token; if left out, a client id, the public URL, or "
        "that of /mcp, or the token was issued to one of the clients.",
    )
    oidc_roles: Annotated[tuple[str, ...], Field(max_length=200)] = Field(
        ("admin=admin", "operator=operator", "viewer=viewer", "a2a-admin=admin", "a2a-user=user"),
        description="Which role of the provider is which here (admin, operator, viewer, user); /NAME is a group.",
    )
    oidc_default_role: Literal["none", "viewer", "user", "operator"] = Field(
        "none", description="Role of users to whom the provider assigns none of oidc_roles."
    )
    oidc_tenant_claim: str = Field(
        "",
        max_length=200,
        description="Claim that names the tenant of a person, for providers without TENANT=; dots lead into objects. "
        "Tokens without it are refused.",
    )
    oidc_scope: str = Field(
        "openid profile email", min_length=6, max_length=500, description="Scopes asked for when a person signs in."
    )
    oidc_clock_skew: float = Field(
        60.0, ge=0, le=600, description="Seconds that the clocks of providers may be off, for the times in tokens."
    )
    oidc_password_login: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether /v1/auth/login passes a name and a password on to the provider; auto: where keycloak_url "
        "is set.",
    )
    keycloak_url: str = Field(
        "",
        max_length=2000,
        description="URL of Keycloak; its realm keycloak_realm becomes the first of the oidc_issuers.",
    )
    keycloak_realm: str = Field("", max_length=255, description="Realm of Keycloak.")
    keycloak_client_id: str = Field("", max_length=255, description="As oidc_client_id.")
    keycloak_client_secret: SecretStr = Field(SecretStr(""), description="As oidc_client_secret.")
    user_concurrency: int = Field(
        0, ge=0, le=1_000_000, description="Tasks that a person may have waiting and running at once; 0 for no limit."
    )
    user_daily_jobs: int = Field(
        0, ge=0, le=1_000_000, description="Coding jobs that a person may ask for in a day (UTC); 0 for no limit."
    )

    @field_validator("oidc_issuers", "oidc_audience", "oidc_roles", mode="before")
    @classmethod
    def _split_lists(cls, value: Any) -> Any:
        return split_list(value)
