"""Discovery of an upstream's authorization server (RFC 9728, then RFC 8414 or OpenID Connect Discovery).

All input is untrusted: each URL is checked, the metadata must be about the upstream, and the authorization
server's metadata must name the requested issuer.
"""

from __future__ import annotations

from typing import Any, Final

from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    build_protected_resource_metadata_discovery_urls,
    issuers_match,
)
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url
from pydantic import ValidationError

from agora_sdk.errors import UpstreamFailed

from .authorization import AuthorizationServer
from .challenge import Challenge
from .http import OAuthHttpClient

__all__ = ["discover_server"]

PKCE_METHOD: Final = "S256"
OFFLINE_SCOPE: Final = "offline_access"


async def discover_server(http: OAuthHttpClient, url: str, challenge: Challenge | None) -> AuthorizationServer:
    """Discover the authorization server for an upstream's URL. Raises UpstreamFailed, UpstreamUnavailable."""
    resource = await _find_resource(http, url, challenge)
    issuer = str(resource.authorization_servers[0]) if resource is not None else None
    metadata = await _find_metadata(http, url, issuer)
    # MCP authorization requires PKCE: without it, a stolen code could be redeemed by anybody.
    if PKCE_METHOD not in (metadata.code_challenge_methods_supported or ()):
        raise UpstreamFailed(f"The authorization server {metadata.issuer} does not support PKCE with S256.")
    registration, revocation = metadata.registration_endpoint, metadata.revocation_endpoint
    return AuthorizationServer(
        issuer=str(metadata.issuer),
        authorization_endpoint=http.require_allowed_endpoint(
            str(metadata.authorization_endpoint), "authorization endpoint"
        ),
        token_endpoint=http.require_allowed_endpoint(str(metadata.token_endpoint), "token endpoint"),
        registration_endpoint=http.require_allowed_endpoint(str(registration), "registration endpoint")
        if registration
        else None,
        revocation_endpoint=http.require_allowed_endpoint(str(revocation), "revocation endpoint")
        if revocation
        else None,
        resource=str(resource.resource) if resource is not None else resource_url_from_server_url(url),
        scopes=tuple((resource.scopes_supported if resource is not None else None) or ()),
        # The default of RFC 8414, section 2.
        methods=tuple(metadata.token_endpoint_auth_methods_supported or ("client_secret_basic",)),
        offline=OFFLINE_SCOPE in (metadata.scopes_supported or ()),
        names_issuer=metadata.authorization_response_iss_parameter_supported is True,
        takes_client_documents=metadata.client_id_metadata_document_supported is True,
    )


async def _find_resource(
    http: OAuthHttpClient, url: str, challenge: Challenge | None
) -> ProtectedResourceMetadata | None:
    """Find the metadata of the protected resource; None if there are none (an upstream of 2025-03-26)."""
    metadata_url = challenge.metadata if challenge is not None else None
    for place in build_protected_resource_metadata_discovery_urls(metadata_url, url):
        status, document = await http.get_json(http.require_allowed_endpoint(place, "metadata URL"))
        # An outage must not look like an upstream without metadata, whose own origin would be asked next.
        if status == 429 or status >= 500:
            raise UpstreamFailed(f"{place} answered {status}.", fix="Try again in a moment.")
        metadata = _read_resource(document) if status == 200 else None
        if metadata is None:
            continue
        # RFC 9728, section 3.3: otherwise tokens for another resource could be obtained and sent here.
        if not check_resource_allowed(resource_url_from_server_url(url), str(metadata.resource)):
            raise UpstreamFailed(f"The metadata at {place} are about another resource: {metadata.resource}.")
        return metadata
    return None


async def _find_metadata(http: OAuthHttpClient, url: str, issuer: str | None) -> OAuthMetadata:
    """Find the metadata of an authorization server. issuer: None for the upstream's own origin."""
    places = build_oauth_authorization_server_metadata_discovery_urls(issuer, url)
    expected = issuer or places[0].removesuffix("/.well-known/oauth-authorization-server")
    for metadata_url in places:
        status, document = await http.get_json(http.require_allowed_endpoint(metadata_url, "authorization server"))
        if status >= 500:
            raise UpstreamFailed(f"{metadata_url} answered {status}.", fix="Try again in a moment.")
        if status != 200:
            continue
        metadata = _read_metadata(document, metadata_url)
        # Compared exactly if the issuer was named; the fallback's expected value is only derived from the origin.
        same = issuers_match(str(metadata.issuer), expected) if issuer is None else str(metadata.issuer) == expected
        if not same:  # RFC 8414, section 3.3: otherwise a server could impersonate another one
            raise UpstreamFailed(f"The metadata at {metadata_url} are those of another issuer: {metadata.issuer}.")
        return metadata
    raise UpstreamFailed(
        f"No authorization server is known for {url}.",
        fix="Does the upstream serve /.well-known/oauth-protected-resource?",
    )


def _read_resource(document: Any) -> ProtectedResourceMetadata | None:
    try:
        return ProtectedResourceMetadata.model_validate(document)
    except ValidationError:
        return None


def _read_metadata(document: Any, metadata_url: str) -> OAuthMetadata:
    try:
        return OAuthMetadata.model_validate(document)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, detail["loc"]))
        raise UpstreamFailed(f"The metadata at {metadata_url} are not valid: {where}: {detail['msg']}.") from None
