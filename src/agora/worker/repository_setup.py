"""The set-up script of a repository, and the worker owner's consent to run it.

The script is ``.agora/setup.sh`` of the commit that a worktree starts from. Anyone who can change the repository can
change it, and it runs unattended: so the worker runs only a script that its owner has reviewed and accepted, byte for
byte. Consent is stored as a digest per codebase; a changed script needs a new consent.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from agora_sdk.private_file import lock_file, replace_json

__all__ = ["SETUP_FILE", "SetupConsent", "escape_controls", "read_accepted_setup", "read_setup"]

SETUP_FILE = ".agora/setup.sh"
MAX_SETUP_BYTES = 65_536
GIT_SECONDS = 20


def read_setup(checkout: Path) -> str | None:
    """Read the committed set-up script of a checkout; None without one. Raises ValueError if it is not text, or too
    long."""
    # From the commit, not from the directory: a new worktree does not contain uncommitted files.
    command = ["git", "-C", str(checkout), "show", f"HEAD:{SETUP_FILE}"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"{SETUP_FILE} of {checkout} cannot be read: {error}") from error
    if result.returncode != 0:
        return None
    if len(result.stdout) > MAX_SETUP_BYTES:
        raise ValueError(f"{SETUP_FILE} of {checkout} is longer than {MAX_SETUP_BYTES} bytes.")
    try:
        script = result.stdout.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{SETUP_FILE} of {checkout} is not UTF-8.") from error
    if "\0" in script:
        raise ValueError(f"{SETUP_FILE} of {checkout} contains a null character.")
    return script


def escape_controls(script: str) -> str:
    """Escape control characters of the script, which could hide a part of it in a terminal."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1] for character in script
    )


class SetupConsent:
    """Scripts accepted by the worker's owner: a digest per codebase, in a file of the worker's state directory."""

    def __init__(self, state: Path) -> None:
        self._path = state / "trusted-setups.json"

    def covers(self, codebase: Path, script: str) -> bool:
        """Whether the owner accepted exactly this script for the codebase."""
        return self._read_digests().get(str(codebase)) == _digest_script(script)

    def grant(self, codebase: Path, script: str) -> None:
        """Store the owner's consent to the script; it replaces an earlier one of the codebase."""
        with lock_file(str(self._path)):
            replace_json(str(self._path), self._read_digests() | {str(codebase): _digest_script(script)})

    def _read_digests(self) -> dict[str, str]:
        try:
            digests = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return digests if isinstance(digests, dict) else {}


def read_accepted_setup(state: Path, codebase: Path, worktree: Path) -> str | None:
    """Read the set-up script for a worktree of the codebase; None without one. Raises ValueError if the owner has not
    accepted it."""
    script = read_setup(worktree)
    if script is not None and not SetupConsent(state).covers(codebase, script):
        raise ValueError(
            f"The worker's owner has not accepted {SETUP_FILE} of this repository as it is now. Read it, then start the worker "
            "once with --trust-setup; or give it a --setup command."
        )
    return script


def _digest_script(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
