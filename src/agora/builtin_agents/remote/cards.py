"""Agent cards of remote agents: discovery, parsing, and signature verification (A2A 1.0, section 8)."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from pydantic_core import from_json

from agora.net.http_client import build_request_target
from agora.wire.a2a import v03_cards as legacy_cards
from agora.wire.a2a.canonical_json import encode_signed_content
from agora_sdk.errors import AgoraError

from . import wire
from .client import OriginClient
from .errors import RemoteError
from .wire import A2ARequest

__all__ = ["fetch_verified_card", "is_valid_signature"]

MAX_CARD_BYTES: Final = 1024 * 1024  #: bytes of a card
MAX_KEY_SET_BYTES: Final = 262_144  #: bytes of a key set
# Each may cost a request for its key.
MAX_SIGNATURES: Final = 5
# Servers answer an unknown path not only with 404, but also with errors about the method or the media type.
ABSENT_STATUSES: Final = frozenset({400, 404, 405, 406, 410})
WELL_KNOWN: Final = ("/.well-known/agent-card.json", "/.well-known/agent.json")
HEADERS: Final = {"accept": "application/json", "a2a-version": "1.0"}


def _generate_card_urls(url: str) -> Iterator[str]:
    """Yield the URLs where a card may be. url: of the card, of the agent, or of its host."""
    parts = urlsplit(url)
    if parts.path.endswith(".json"):
        yield url
        return
    base = parts._replace(query="", fragment="").geturl().rstrip("/")
    root = parts._replace(path="", query="", fragment="").geturl()
    yield from dict.fromkeys(card_url + path for card_url, path in itertools.product((base, root), WELL_KNOWN))
    yield url


async def fetch_verified_card(origin_client: OriginClient, url: str) -> dict[str, Any]:
    """Fetch an agent's card in the form of A2A 1.0, with absolute URLs. Raises RemoteError.

    The card is rejected if signatures were checked and none is valid; only verified signatures are kept.
    """
    document, card_url = await _fetch_card(origin_client, url)
    try:
        card = _resolve_urls(legacy_cards.card_to_v1(document), card_url)
    except AgoraError as error:
        raise RemoteError(f"Its card cannot be read: {error.detail}") from None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RemoteError(f"Its card cannot be read ({type(error).__name__}).") from None
    verified = await _list_verified_signatures(origin_client, document, card_url)
    card.pop("signatures", None)
    return card | ({"signatures": verified} if verified else {})


async def _fetch_card(origin_client: OriginClient, url: str) -> tuple[dict[str, Any], str]:
    """Fetch the first card at one of the candidate URLs. Returns the document and its URL."""
    for card_url in _generate_card_urls(url):
        document = await _fetch_json_or_none(origin_client, card_url, MAX_CARD_BYTES)
        if isinstance(document, dict) and "name" in document and ("skills" in document or "capabilities" in document):
            return document, card_url
    raise RemoteError("There is no agent card at this address.")


async def _fetch_json_or_none(origin_client: OriginClient, url: str, limit: int) -> Any:
    """Fetch JSON from a URL of the client's origin. None if there is no such document."""
    reply = await origin_client.send_request(A2ARequest("GET", build_request_target(url), HEADERS))
    try:
        if reply.status in ABSENT_STATUSES:
            # A connection can be reused only after the body has been read.
            await origin_client.read_body(reply, limit)
            return None
        body = await origin_client.read_body(reply, limit)
        if reply.status >= 300:
            raise wire.build_http_error(reply.status, body)
        try:
            return wire.parse_json(body)
        except RemoteError:
            # Some servers answer unknown paths with a page and the status 200.
            if reply.headers.get("content-type", "").startswith("text/html"):
                return None
            raise
    finally:
        reply.close()


def _resolve_urls(card: dict[str, Any], card_url: str) -> dict[str, Any]:
    """Resolve relative interface URLs. A card fetched over https may not name http interfaces (no downgrade)."""
    secure = urlsplit(card_url).scheme == "https"
    interfaces = []
    for entry in card.get("supportedInterfaces") or ():
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            continue
        url = urljoin(card_url, entry["url"])
        if url.startswith("https://") or (url.startswith("http://") and not secure):
            interfaces.append(entry | {"url": url})
    return card | {"supportedInterfaces": interfaces}


# -- signatures ------------------------------------------------------------------------------------


async def _list_verified_signatures(
    origin_client: OriginClient, card: Mapping[str, Any], card_url: str
) -> list[dict[str, Any]]:
    """Return the signatures that verify. Raises RemoteError if keys were found but no signature verifies.

    Only keys at the card's own origin are fetched (``jku``): keys of other origins are not trusted.
    """
    entries = card.get("signatures")
    signatures = [item for item in entries if isinstance(item, dict)] if isinstance(entries, list) else []
    contents = _list_signed_contents(card)
    fitting, failing = [], 0
    for signature in signatures[:MAX_SIGNATURES]:
        key = await _fetch_key_or_none(origin_client, signature, card_url)
        if key is None:
            continue
        if any(is_valid_signature(signature, content, key) for content in contents):
            fitting.append(signature)
        else:
            failing += 1
    if failing and not fitting:
        raise RemoteError("The signature of its card is invalid: the card was modified.")
    return fitting


def _list_signed_contents(card: Mapping[str, Any]) -> list[bytes]:
    """List the documents that the signature may cover: the card, and the card without the members for 0.3 clients."""
    try:
        # An agent of 1.0 may add members for 0.3 clients after signing.
        return [encode_signed_content(card), encode_signed_content(legacy_cards.card_to_v1(dict(card)))]
    except (AgoraError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return []


async def _fetch_key_or_none(
    origin_client: OriginClient, signature: Mapping[str, Any], card_url: str
) -> dict[str, Any] | None:
    """Fetch the key that a signature names by its ``jku``; None if unavailable."""
    header = _decode_protected_header_or_empty(signature)
    jku = header.get("jku")
    if not isinstance(jku, str) or _split_origin_or_empty(jku) != _split_origin_or_empty(card_url):
        return None
    keys = await _fetch_json_or_none(origin_client, jku, MAX_KEY_SET_BYTES)
    entries = keys.get("keys") if isinstance(keys, dict) else None
    for key in entries if isinstance(entries, list) else ():
        if isinstance(key, dict) and key.get("kid") == header.get("kid"):
            return key
    return None


def _split_origin_or_empty(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", None, None


def _decode_protected_header_or_empty(signature: Mapping[str, Any]) -> dict[str, Any]:
    try:
        header = from_json(_decode_base64url(signature.get("protected")))
    except ValueError:
        return {}
    return header if isinstance(header, dict) else {}


def _decode_base64url(text: Any) -> bytes:
    """Decode base64url without padding. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("not text")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def is_valid_signature(signature: Mapping[str, Any], content: bytes, key: Mapping[str, Any]) -> bool:
    """Whether a JWS (RFC 7515) is valid for a content and key. Supported: ES256, RS256 and EdDSA."""
    payload = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    signed = f"{signature.get('protected')}.{payload}".encode()
    try:
        _verify_jws(
            str(_decode_protected_header_or_empty(signature).get("alg")),
            key,
            _decode_base64url(signature.get("signature")),
            signed,
        )
    except _list_verification_errors():
        return False
    return True


def _list_verification_errors() -> tuple[type[Exception], ...]:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    return InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, TypeError


def _verify_jws(algorithm: str, key: Mapping[str, Any], signature: bytes, signed: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    def parse_number(name: str) -> int:
        return int.from_bytes(_decode_base64url(key[name]), "big")

    kind = algorithm, key.get("kty"), key.get("crv")
    if kind == ("ES256", "EC", "P-256"):
        public = ec.EllipticCurvePublicNumbers(parse_number("x"), parse_number("y"), ec.SECP256R1()).public_key()
        # R and S of 32 bytes each (RFC 7518, section 3.4); the library expects DER.
        if len(signature) != 64:
            raise ValueError("not 64 bytes")
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    elif kind == ("EdDSA", "OKP", "Ed25519"):
        ed25519.Ed25519PublicKey.from_public_bytes(_decode_base64url(key["x"])).verify(signature, signed)
    elif kind[:2] == ("RS256", "RSA"):
        numbers = rsa.RSAPublicNumbers(parse_number("e"), parse_number("n"))
        numbers.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())
    else:
        raise ValueError("not known here")
