"""Credentials: stored results of registration, for later use.

A JSON file that only its owner can read, with one entry per server, tenant and agent name.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

from .errors import AgoraError
from .private_file import lock_file, replace_json

__all__ = ["Credential", "Credentials", "server_key"]


_Servers: TypeAlias = dict[str, dict[str, dict[str, dict[str, str]]]]


@dataclass(frozen=True, slots=True)
class Credential:
    """An agent's identity on one server."""

    agent_id: str
    token: str = field(repr=False)


class Credentials:
    """The file of credentials: ``AGORA_CREDENTIALS``, or ``~/.config/agora/credentials.json``."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        location = path or os.environ.get("AGORA_CREDENTIALS") or "~/.config/agora/credentials.json"
        self.path = os.path.abspath(os.path.expanduser(os.fspath(location)))

    def __repr__(self) -> str:
        return f"Credentials({self.path!r})"

    def find(self, url: str, tenant: str, name: str) -> Credential | None:
        """Find the stored credential of an agent by its name."""
        entry = self._read_servers().get(server_key(url), {}).get(tenant, {}).get(name)
        return Credential(entry["agent_id"], entry["token"]) if entry else None

    def keep(self, url: str, tenant: str, name: str, credential: Credential) -> None:
        """Store a credential, replacing an earlier one of the same name."""
        with lock_file(self.path):
            # Read under the lock: an entry that another process has stored meanwhile must not be lost.
            servers = self._read_servers()
            agents = servers.setdefault(server_key(url), {}).setdefault(tenant, {})
            agents[name] = {"agent_id": credential.agent_id, "token": credential.token}
            replace_json(self.path, {"servers": servers})

    def forget(self, url: str, tenant: str, name: str) -> None:
        """Remove a credential; no-op if there is none."""
        with lock_file(self.path):
            servers = self._read_servers()
            if servers.get(server_key(url), {}).get(tenant, {}).pop(name, None):
                replace_json(self.path, {"servers": servers})

    def _read_servers(self) -> _Servers:
        """Read the entries by server, tenant and name."""
        try:
            with open(self.path, encoding="utf-8") as file:
                servers: _Servers = json.load(file)["servers"]
            entries = (e for tenants in servers.values() for names in tenants.values() for e in names.values())
            # Checked here, so that a damaged file is reported with its path, and not as a TypeError of a later call.
            if all(isinstance(entry["agent_id"] + entry["token"], str) for entry in entries):
                return servers
            raise TypeError
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AgoraError(
                f"The credentials file {self.path} cannot be read ({type(error).__name__}).",
                fix="Repair it, or move it away and register again.",
            ) from None


def server_key(url: str) -> str:
    """Normalize a server's address: ``localhost`` equals ``127.0.0.1``."""
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in ("localhost", "::1") else (parts.hostname or "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"
