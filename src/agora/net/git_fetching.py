"""Rules for git when it fetches a repository that somebody else has named: it must not prompt, run code of the
repository, use credentials of this machine's user, or connect to other addresses.

The runtimes fetch sources of agents by them, the coding worker the codebases that it is asked to clone.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping

from .egress_policy import Resolve, resolve_host, resolve_public_addresses

__all__ = [
    "CONFIGURATION",
    "build_git_variables",
    "build_size_check_command",
    "encode_basic_credentials",
    "exceeds_size_limits",
    "resolve_pinned_connection_options",
]

#: disables what a repository or a server could make git do beyond fetching
CONFIGURATION = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "credential.helper": "",
    # A redirect would lead past the check of the address.
    "http.followRedirects": "false",
    # Other protocols run commands (ext) or read files of this host (file).
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "submodule.recurse": "false",
    "gc.auto": "0",
}
#: Counts the files of a commit and their bytes, and stops above the limits: a repository of 15 KB can name billions of
#: files, each by a tree that is stored once.
_MEASURE = """git ls-tree -r --long HEAD |
awk '{ n++; s += $4 } n > '"$1"' || s > '"$2"' { big = 1; exit } END { exit (big ? 3 : 0) }'"""
_OVER_BOUNDS_EXIT_CODE = 3  #: its exit code


def build_git_variables(options: Mapping[str, str]) -> dict[str, str]:
    """Build git's variables: options are passed in them because arguments, which may hold a token, are visible to all
    users."""
    variables = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        # Asked for a password, the program "true" answers nothing: git fails instead of waiting for a person.
        "GIT_ASKPASS": "true",
        # LFS would fetch from an address that the repository names, and that nobody has checked.
        "GIT_LFS_SKIP_SMUDGE": "1",
        # No .netrc and no settings of this machine's user.
        "HOME": "/nonexistent",
        "GIT_CONFIG_COUNT": str(len(options)),
    }
    for number, (name, value) in enumerate(options.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


async def resolve_pinned_connection_options(
    host: str, port: int, environment: Mapping[str, str], resolver: Resolve = resolve_host
) -> dict[str, str]:
    """Check a host's addresses, and pin git to the checked ones. Raises AddressRefused, OSError.

    environment: that of git. Behind a proxy nothing is checked: it resolves the name, and keeping it from internal
    addresses is up to its operator.
    """
    if any(environment.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")):
        return {}
    addresses = await resolve_public_addresses(host, port, resolver)
    # Pinned: between the check and git's own look-up, the name's owner could change the address (DNS rebinding).
    return {"http.curloptResolve": f"{host}:{port}:{','.join(map(_bracket_address, addresses))}"}


def build_size_check_command(files: int, size: int) -> list[str]:
    """Build a command that measures the files of the cloned commit before they are written; see
    :func:`exceeds_size_limits`. size: bytes."""
    return ["/bin/sh", "-c", _MEASURE, "sh", str(files), str(size)]


def exceeds_size_limits(exit_code: int) -> bool:
    """Whether the measuring command has counted more than its limits."""
    return exit_code == _OVER_BOUNDS_EXIT_CODE


def encode_basic_credentials(token: str) -> str:
    """Encode a token as Basic credentials, which git's servers accept."""
    return b64encode(f"x-access-token:{token}".encode()).decode()


def _bracket_address(address: str) -> str:
    return f"[{address}]" if ":" in address else address
