"""Signed credentials: created with the server's key and verified without reading the store.

An agent token is ``agt_`` + base64url(JSON payload) + ``.`` + base64url(HMAC-SHA256). The same agent and
generation always give the same token, so nothing secret is ever stored; raising the generation ends
every token before it. A task token is ``job_`` + the same, of what it holds for. Keys (``agfy_``, ``enr_``) are derived from the key's id in the same way, and only
their digest is stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path

from pydantic_core import from_json, to_json

from agora.net.atomic_files import create_file_once
from agora.settings import ConfigurationError
from agora.value_classes import value_class

__all__ = ["TASK_TOKEN_PREFIX", "AgentClaims", "Signer", "TaskClaims", "load_or_create_secret"]

TASK_TOKEN_PREFIX = "job_"  # noqa: S105  (how a task token begins)
PREFIXES = {"api_key": "agfy_", "enrolment": "enr_"}
MAX_CREDENTIAL_CHARACTERS = 2048
MIN_SECRET_BYTES = 32


@value_class
class AgentClaims:
    """Claims of an agent token."""

    tenant: str
    agent_id: str
    generation: int


@value_class
class TaskClaims:
    """Claims of a task token, valid while this holder works on this attempt of the task. worker: may be None."""

    tenant: str
    task_id: str
    holder: str
    worker: str | None
    attempt: int
    scopes: tuple[str, ...]


def _encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode_base64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _encode_credential(text: str) -> bytes:
    # Lone surrogates, which a JSON string may contain, are encoded too: such a credential is refused like any other.
    return text.encode("utf-8", "surrogatepass")


class Signer:
    """Creates and verifies credentials with a secret of at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _compute_mac(self, purpose: str, text: str) -> str:
        return _encode_base64url(hmac.digest(self._secret, _encode_credential(f"{purpose}\0{text}"), "sha256"))

    def _has_valid_mac(self, purpose: str, payload: str, signature: str) -> bool:
        # As bytes: compare_digest raises TypeError for a text with other than ASCII characters, as a forged token may
        # have.
        return hmac.compare_digest(self._compute_mac(purpose, payload).encode(), _encode_credential(signature))

    def sign_agent_token(self, tenant: str, agent_id: str, generation: int) -> str:
        payload = _encode_base64url(to_json([tenant, agent_id, generation]))
        return f"agt_{payload}.{self._compute_mac('agent', payload)}"

    def verify_agent_token(self, token: str) -> AgentClaims | None:
        """Return the claims of a valid token, else None."""
        # The signature is checked before the payload is decoded: nothing of a forged token is parsed.
        payload, _, signature = token.removeprefix("agt_").partition(".")
        if not self._has_valid_mac("agent", payload, signature):
            return None
        try:
            tenant, agent_id, generation = from_json(_decode_base64url(payload))
        except (ValueError, binascii.Error):
            return None
        return AgentClaims(tenant, agent_id, generation)

    def sign_task_token(
        self, tenant: str, task_id: str, holder: str, worker: str | None, attempt: int, scopes: Sequence[str]
    ) -> str:
        """Create the credential of a task's program. Deterministic."""
        payload = _encode_base64url(to_json([tenant, task_id, holder, worker, attempt, list(scopes)]))
        return f"{TASK_TOKEN_PREFIX}{payload}.{self._compute_mac('task', payload)}"

    def verify_task_token(self, token: str) -> TaskClaims | None:
        """Return the claims of a valid token, else None."""
        payload, _, signature = token.removeprefix(TASK_TOKEN_PREFIX).partition(".")
        if not self._has_valid_mac("task", payload, signature):
            return None
        tenant, task_id, holder, worker, attempt, scopes = from_json(_decode_base64url(payload))  # ours, so well formed
        return TaskClaims(tenant, task_id, holder, worker, attempt, tuple(scopes))

    def sign_session_token(self, tenant: str, session_id: str) -> str:
        """Create the credential of a browser session. It begins with ``ses_``, like ``session_id``."""
        payload = _encode_base64url(to_json([tenant, session_id]))
        return f"ses_{payload}.{self._compute_mac('session', payload)}"

    def verify_session_token(self, token: str) -> tuple[str, str] | None:
        """Return tenant and session of a valid token, else None."""
        payload, _, signature = token.removeprefix("ses_").partition(".")
        if not self._has_valid_mac("session", payload, signature):
            return None
        tenant, session_id = from_json(_decode_base64url(payload))  # ours, so well formed
        return tenant, session_id

    def derive_key(self, tenant: str, token_id: str, kind: str) -> str:
        """Create the API key or enrolment token of an id."""
        return PREFIXES[kind] + self._compute_mac(kind, f"{tenant}\0{token_id}")

    def derive_encryption_key(self, purpose: str) -> bytes:
        """Derive a 32-byte encryption key for one purpose."""
        return hmac.digest(self._secret, f"encryption\0{purpose}".encode(), "sha256")

    def compute_digest(self, credential: str) -> bytes:
        """Digest of a key, as stored."""
        return hashlib.sha256(_encode_credential(credential)).digest()


def load_or_create_secret(path: Path, *, make: str = "") -> str:
    """Load a secret from a file (mode 0600), created on first use: ``make`` and 43 random characters.

    Raises ConfigurationError for a file that cannot be read, or is too short to be safe.
    """
    try:
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        return _create_secret_file(path, make)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    if len(secret) < MIN_SECRET_BYTES or not secret.isascii():
        raise ConfigurationError(f"{path} is damaged: restore it, or remove it to get a new one (old tokens then end).")
    return secret.decode()


def _create_secret_file(path: Path, make: str) -> str:
    secret = make + secrets.token_urlsafe(32)
    try:
        create_file_once(path, f"{secret}\n".encode())
    except OSError as error:
        raise ConfigurationError(f"{path} does not exist and cannot be created: {error.strerror}.") from None
    # Read back: create_file_once keeps the file of the first of two servers, whose secret both must use.
    return path.read_text("ascii").strip()
