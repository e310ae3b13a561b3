"""Access to a cluster: address and credentials from a kubeconfig, or from the Pod that the server runs in."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agora.runtimes.errors import EngineUnavailable
from agora.value_classes import value_class

__all__ = ["Access", "load_access"]

ACCOUNT_DIRECTORY = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CREDENTIALS_FIX = "Give the context a user with a token, a tokenFile or a client certificate."


@value_class
class Access:
    """server: URL. namespace: of the context. token_file: read again for each request, because its tokens expire."""

    server: str
    namespace: str
    ssl_context: ssl.SSLContext | None
    token: str | None = None
    token_file: Path | None = None

    def read_bearer_token(self) -> str | None:
        return self.token_file.read_text("ascii").strip() if self.token_file is not None else self.token


def load_access(config: str, context: str = "") -> Access:
    """Load the access. Raises EngineUnavailable, which names what is missing."""
    try:
        return (
            _load_access_in_cluster()
            if config == "in-cluster"
            else _load_access_from_file(Path(config).expanduser(), context)
        )
    except EngineUnavailable:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ssl.SSLError) as error:
        raise EngineUnavailable(
            f"The cluster's configuration {config} cannot be used: {type(error).__name__}: {error}.",
            fix="Check the settings kubernetes and kubernetes_context.",
        ) from error


def _load_access_in_cluster() -> Access:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise EngineUnavailable(
            "The server does not run in a cluster.", fix="Name a kubeconfig in the setting kubernetes."
        )
    address = f"[{host}]" if ":" in host else host
    ssl_context = ssl.create_default_context(cafile=str(ACCOUNT_DIRECTORY / "ca.crt"))
    namespace = (ACCOUNT_DIRECTORY / "namespace").read_text("ascii").strip()
    return Access(f"https://{address}:{port}", namespace, ssl_context, token_file=ACCOUNT_DIRECTORY / "token")


def _load_access_from_file(path: Path, context: str) -> Access:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {error}") from None
    context_name = context or document["current-context"]
    context_entry = _require_named_entry(document, "contexts", context_name)["context"]
    cluster = _require_named_entry(document, "clusters", context_entry["cluster"])["cluster"]
    user = _require_named_entry(document, "users", context_entry["user"]).get("user") or {}
    for name in ("exec", "auth-provider"):
        if name in user:
            raise EngineUnavailable(
                f"The user of the context {context_name} signs in with {name}, which is not supported.",
                fix=CREDENTIALS_FIX,
            )
    if cluster.get("insecure-skip-tls-verify"):
        raise EngineUnavailable(
            "The cluster's certificate is not to be checked.", fix="Give its certificate-authority."
        )
    ssl_context = (
        _create_ssl_context(path.parent, cluster, user) if str(cluster["server"]).startswith("https:") else None
    )
    file = user.get("tokenFile")
    return Access(
        str(cluster["server"]).rstrip("/"),
        str(context_entry.get("namespace") or "default"),
        ssl_context,
        user.get("token"),
        path.parent / file if file else None,
    )


def _create_ssl_context(base: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = _read_bytes(base, cluster, "certificate-authority")
    ssl_context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    certificate, key = _read_bytes(base, user, "client-certificate"), _read_bytes(base, user, "client-key")
    if certificate and key:
        with (
            tempfile.NamedTemporaryFile() as file
        ):  # ssl reads only files; this one is private, and deleted immediately
            file.write(certificate + b"\n" + key)
            file.flush()
            ssl_context.load_cert_chain(file.name)
    return ssl_context


def _read_bytes(base: Path, credentials: Mapping[str, Any], name: str) -> bytes | None:
    """Read data that a kubeconfig contains (``...-data``), or names as a file."""
    if data := credentials.get(f"{name}-data"):
        return base64.b64decode(data)
    return (base / credentials[name]).read_bytes() if credentials.get(name) else None


def _require_named_entry(document: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    for each in document.get(kind) or ():
        if each.get("name") == name:
            entry: Mapping[str, Any] = each
            return entry
    raise EngineUnavailable(f"The kubeconfig has no {kind[:-1]} {name!r}.", fix="Check the setting kubernetes_context.")
