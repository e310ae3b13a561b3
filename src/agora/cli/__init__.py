"""The command line: parses arguments, calls the SDK, prints results.

Commands are generated from the contract (:mod:`.projection`), except some that are written by hand for convenience.
Client commands import only the SDK. Expensive imports are inside the commands that need them.
"""

from __future__ import annotations

import codecs
import io
import json
import sys

from .garbage_collection import postpone_garbage_collection

__all__ = ["main"]

INTERRUPTED_EXIT_CODE = 130  #: exit code after Ctrl-C, as of a shell


def main() -> None:
    """Entry point of ``agora``."""
    try:
        _run_command_line()
    except KeyboardInterrupt:  # Ctrl-C during imports; running commands exit in the same way
        raise SystemExit(INTERRUPTED_EXIT_CODE) from None


def _run_command_line() -> None:
    _escape_unencodable_output()
    postpone_garbage_collection()
    if sys.argv[1:2] == ["mcp"]:  # a client waits for it to start: the other commands are not loaded
        from .mcp import group

        group()(sys.argv[2:], prog_name="agora mcp")
    from .app import build_application

    build_application()()


def _escape_unencodable_output() -> None:
    r"""Write characters that the locale's encoding lacks as ``\uXXXX``, because a name of any language may occur in any
    output. This form is also valid in JSON, where such characters occur only in strings."""

    def escape(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        return json.dumps(error.object[error.start : error.end])[1:-1], error.end

    codecs.register_error("agora.json_escape", escape)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="agora.json_escape")
