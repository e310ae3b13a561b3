"""Serving of agent cards: signed, cacheable, and readable by clients of 1.0 and 0.3.

A request of A2A 1.0 (by its ``A2A-Version``) gets the card of 1.0 only; others also get the members of 0.3. The first
signature covers the card of 1.0, which clients of 1.0 read in both cases; a second one covers the whole document, for
clients that verify all of it. Only cards with a known URL of this server are signed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json, to_json

from agora.comma_lists import split_list
from agora.core.call import Caller
from agora.protocols.http import Scope, Send, read_header
from agora.settings import Settings
from agora.wire.a2a import v03_cards as legacy_cards
from agora_sdk.errors import InternalError

from . import versions
from .ai_catalog import AiCatalog
from .ard_registry import search_entries
from .http_request import is_own_url
from .operations import A2AOperations
from .routes import ARD_PATH, JWKS_PATH
from .signatures import CardSigner

__all__ = ["Cards"]

MAX_AGE_SECONDS: Final = 60  #: seconds for which a card may be cached
MAX_CACHED_DOCUMENTS: Final = 1000  #: maximum number of documents with a recorded age
# Safe for all pages: browsers send no cookies with such a request, and a page with a token has what the token shows.
ALLOW_ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")


class Cards:
    """Serves cards, the catalog of cards, and the signing key."""

    def __init__(self, operations: A2AOperations, signer: CardSigner, settings: Settings) -> None:
        self._operations, self._signer, self._settings = operations, signer, settings
        self._catalog = AiCatalog(operations, settings)
        self._first_served: dict[bytes, datetime] = {}

    async def send_card(self, agent: str | None, base_url: str, caller: Caller, scope: Scope, send: Send) -> None:
        """Send an agent's card. Raises an AgoraError."""
        arguments = {"base_url": base_url} | ({"agent": agent} if agent is not None else {})
        card = from_json(await self._operations.invoke_operation("agora.a2a.card", caller, arguments))
        if self._settings.a2a_grpc_port and self._settings.a2a_grpc_on_cards:
            card["supportedInterfaces"] = [*card["supportedInterfaces"], self._build_grpc_interface(agent, base_url)]
        # An unknown version is no error here: a card is what tells a client the supported ones.
        current = versions.read_named_version(scope) == versions.CURRENT
        document = self.build_signed_card(card, base_url, current=current)
        await self._send_cacheable(scope, send, document, public=caller.kind == "anonymous")

    def _build_grpc_interface(self, agent: str | None, base_url: str) -> dict[str, str]:
        """Build the gRPC interface of an agent, identified by its tenant."""
        grpc_address = f"{urlsplit(base_url).hostname or 'localhost'}:{self._settings.a2a_grpc_port}"
        address = self._settings.a2a_grpc_url or grpc_address
        interface = {"url": address, "protocolBinding": "GRPC", "protocolVersion": versions.CURRENT}
        return interface if agent is None else interface | {"tenant": agent}

    def build_signed_card(self, card: dict[str, Any], base_url: str, *, current: bool) -> dict[str, Any]:
        """Build the document of a card: signed if its URL is known to be this server's, and with the members of 0.3
        unless the client uses 1.0. Raises InternalError if the key cannot be read."""
        # The Host header is the caller's: a signature over a foreign URL would vouch for somebody else's server.
        if not is_own_url(base_url, self._settings):
            return card if current else legacy_cards.add_legacy_card_members(card)
        bare = {member: value for member, value in card.items() if member != "signatures"}
        jku = base_url + JWKS_PATH
        try:
            signatures = [self._signer.sign_card(bare, jku)]
            document = bare if current else legacy_cards.add_legacy_card_members(bare)
            if not current:
                signatures.append(self._signer.sign_card(document, jku))
        except (OSError, ValueError) as error:
            raise InternalError("The card could not be signed.", fix="Check the key in the data directory.") from error
        return {**document, "signatures": [*signatures, *card.get("signatures", ())]}

    async def send_ai_catalog(self, base_url: str, caller: Caller, scope: Scope, send: Send) -> None:
        """Send the AI Catalog: see :mod:`.ai_catalog`."""
        document = await self._catalog.build_catalog(base_url, caller)
        await self._send_cacheable(scope, send, document, public=caller.kind == "anonymous")

    async def search_catalog(self, base_url: str, caller: Caller, body: bytes) -> dict[str, Any]:
        """Search the AI Catalog: see :mod:`.ard_registry`. Raises InvalidRequest."""
        document = await self._catalog.build_catalog(base_url, caller)
        return search_entries(document["entries"], body, base_url + ARD_PATH)

    async def send_jwks(self, scope: Scope, send: Send) -> None:
        """Send the key set (RFC 7517)."""
        await self._send_cacheable(scope, send, {"keys": [self._signer.public_jwk]}, public=True)

    async def _send_cacheable(self, scope: Scope, send: Send, document: dict[str, Any], *, public: bool) -> None:
        """Send a document with cache headers and an entity tag."""
        # Signatures of ES256 are random: with them, the same card would have another tag on each server.
        content = {member: value for member, value in document.items() if member != "signatures"}
        tag = b'W/"%b"' % hashlib.sha256(to_json(content)).hexdigest()[:32].encode()
        control = b"%b, max-age=%d" % (b"public" if public else b"private", MAX_AGE_SECONDS)
        headers = [
            (b"etag", tag),
            (b"last-modified", self._get_or_set_last_modified(tag)),
            (b"cache-control", control),
            # A cache must not give a stranger the card that a credential shows, nor a client of 0.3 the card of 1.0.
            (b"vary", b"A2A-Version, Authorization, X-API-Key"),
            (b"x-content-type-options", b"nosniff"),
            ALLOW_ANY_ORIGIN,
        ]
        if_none_match = read_header(scope, b"if-none-match") or ""
        if if_none_match.strip() == "*" or tag.decode() in split_list(if_none_match):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = to_json(document)
        length = (b"content-length", str(len(body)).encode())
        kind = (b"content-type", b"application/json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind, length, *headers]})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    def _get_or_set_last_modified(self, tag: bytes) -> bytes:
        """Return the time when a document with this tag was first served, and record it; a later time than the true
        one costs one request."""
        # Bounded: each Host header of a client makes another document.
        if len(self._first_served) >= MAX_CACHED_DOCUMENTS:
            self._first_served.clear()
        since = self._first_served.setdefault(tag, datetime.now(UTC))
        return format_datetime(since, usegmt=True).encode()
