"""End-to-end encryption of payloads: JWE (RFC 7516), keys agreed by ECDH-ES (RFC 7518 section 4.6), AES-256-GCM.

The marketplace stores and routes payloads that it cannot read. The envelope is bound to the ciphertext as additional
authenticated data: sender, recipients, id, type, intent and the answered message, so a payload cannot be moved into
another message. Encryption does not authenticate the sender: the marketplace does.

Needs the extra ``agora-sdk[crypto]``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .credentials import server_key
from .errors import AgoraError, Undecipherable, UnknownKey
from .private_file import lock_file, replace_json

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey

__all__ = ["ENCRYPTED_KEY", "KeyRing", "decrypt", "encrypt", "new_key", "public"]

ENCRYPTED_KEY = "jwe"  #: the only member of an encrypted payload
CURVE = "X25519"
CONTENT_ENCRYPTION = "A256GCM"
DIRECT, WRAPPED = "ECDH-ES", "ECDH-ES+A256KW"  #: for one recipient; for several recipients
ALGORITHMS = [DIRECT, WRAPPED, CONTENT_ENCRYPTION]
MAX_KEYS_PER_AGENT = 20  #: limit of stored private keys per agent; the newest are kept

Key = dict[str, Any]


def _load_joserfc() -> Any:
    try:
        import joserfc.jwe
        import joserfc.jwk
    except ImportError:
        raise AgoraError(
            "Encryption needs the package joserfc.", fix="Install it with: pip install 'agora-sdk[crypto]'."
        ) from None
    return joserfc


def new_key() -> Key:
    """Generate a private key (JWK); its ``kid`` is its thumbprint (RFC 7638)."""
    jose = _load_joserfc()
    key = jose.jwk.OKPKey.generate_key(CURVE)
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def public(key: Mapping[str, Any]) -> Key:
    """Return the public part of a key."""
    return {name: key[name] for name in ("kty", "crv", "kid", "x", "y") if name in key}


def encrypt(payload: Mapping[str, Any], keys: Sequence[Mapping[str, Any]], bound: Mapping[str, Any]) -> dict[str, Any]:
    """Encrypt a payload for the holders of these public keys.

    bound: fields of the message that are not encrypted but must not be changed. Raises UnknownKey for an invalid key.
    """
    jose = _load_joserfc()
    algorithm = DIRECT if len(keys) == 1 else WRAPPED
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    # The additional authenticated data (RFC 7516, section 5.1, step 14) binds the ciphertext to its envelope.
    message = jose.jwe.GeneralJSONEncryption({"enc": CONTENT_ENCRYPTION}, plain, aad=_encode_canonical_bytes(bound))
    for key in keys:
        message.add_recipient({"alg": algorithm, "kid": key["kid"]}, _import_key(key))
    jwe: dict[str, Any] = jose.jwe.encrypt_json(message, None, algorithms=ALGORITHMS)
    for recipient in jwe["recipients"]:
        if not recipient.get("encrypted_key"):  # section 7.2.1: omitted if empty
            recipient.pop("encrypted_key", None)
    return {ENCRYPTED_KEY: jwe}


def decrypt(payload: Mapping[str, Any], keys: Sequence[Mapping[str, Any]], bound: Mapping[str, Any]) -> dict[str, Any]:
    """Decrypt a payload.

    Raises UnknownKey, naming the keys it was encrypted for, if none of these private keys is among them, and
    Undecipherable if it was changed, or belongs to another message.
    """
    jose = _load_joserfc()
    try:
        document = payload[ENCRYPTED_KEY]
        recipients = {str(recipient["header"]["kid"]): recipient for recipient in document["recipients"]}
    except (KeyError, TypeError):
        raise Undecipherable("The payload is not a JWE of this protocol.") from None
    own_key = next((key for key in keys if key["kid"] in recipients), None)
    if own_key is None:
        raise UnknownKey(
            f"The message was encrypted for {', '.join(sorted(recipients)) or 'nobody'}, and there is no such key here.",
            fix="Use the key ring it was made with, or ask for it again: the newest published key is used.",
            kids=sorted(recipients),
        )
    try:
        jwe = jose.jwe.decrypt_json(
            {**document, "recipients": [recipients[own_key["kid"]]]}, _import_key(own_key), algorithms=ALGORITHMS
        )
        plain = json.loads(jwe.plaintext)
    except (jose.errors.JoseError, ValueError, TypeError, KeyError):
        raise Undecipherable(
            "The message cannot be decrypted: it was changed on its way.", fix="Ask for it again."
        ) from None
    if jwe.aad != _encode_canonical_bytes(bound) or not isinstance(plain, dict):
        raise Undecipherable(
            "The payload belongs to another message: its envelope is not the one that its sender encrypted it for.",
            fix="Ask for it again.",
        )
    return plain


def _encode_canonical_bytes(bound: Mapping[str, Any]) -> bytes:
    return json.dumps(bound, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _import_key(key: Mapping[str, Any]) -> OKPKey | ECKey:
    jose = _load_joserfc()
    try:
        imported: OKPKey | ECKey = jose.jwk.JWKRegistry.import_key(
            {k: v for k, v in key.items() if k not in ("use", "alg")}
        )
    except (jose.errors.JoseError, ValueError, TypeError, KeyError):
        raise UnknownKey(f"The key {key.get('kid')!r} cannot be used.", kids=[key.get("kid")]) from None
    return imported


class KeyRing:
    """Private keys of agents: ``AGORA_KEYS``, else ``keys.json`` beside the credentials. Only its owner can read the
    file."""

    def __init__(self, credentials_path: str, path: str | os.PathLike[str] | None = None) -> None:
        keys_path = os.path.join(os.path.dirname(credentials_path), "keys.json")
        self.path = os.path.abspath(os.path.expanduser(os.fspath(path or os.environ.get("AGORA_KEYS") or keys_path)))

    def __repr__(self) -> str:
        return f"KeyRing({self.path!r})"

    def keys(self, url: str, tenant: str, agent_id: str) -> list[Key]:
        """Return an agent's private keys, newest first."""
        agent_keys: list[Key] = self._read_servers().get(server_key(url), {}).get(tenant, {}).get(agent_id, [])
        return agent_keys

    def add(self, url: str, tenant: str, agent_id: str, key: Key) -> None:
        """Store a new key; the oldest is dropped beyond the limit."""
        with lock_file(self.path):
            # Read under the lock: a lost private key would make messages for it unreadable.
            servers = self._read_servers()
            agents = servers.setdefault(server_key(url), {}).setdefault(tenant, {})
            agents[agent_id] = [key, *agents.get(agent_id, [])][:MAX_KEYS_PER_AGENT]
            replace_json(self.path, {"servers": servers})

    def _read_servers(self) -> dict[str, Any]:
        try:
            with open(self.path, encoding="utf-8") as file:
                servers: dict[str, Any] = json.load(file)["servers"]
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AgoraError(
                f"The key ring {self.path} cannot be read ({type(error).__name__}).",
                fix="Repair it, or move it away and publish a new key.",
            ) from None
        return servers
