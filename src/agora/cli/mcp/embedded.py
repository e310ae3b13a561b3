"""The server started by a bridge: ``python -m agora.cli.mcp.embedded``.

It prints its address as one line on standard output, and stops when its standard input ends: with the bridge, even if
the bridge is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from agora.server.process import run_server
from agora.settings import ConfigurationError, Settings
from agora.store.port import StoreFailure
from agora.store.sqlite.directory_lock import DataDirectoryLocked

from .server_location import ADDRESS_FILE, LOCKED_EXIT_CODE

__all__ = ["main"]


def main() -> int:
    """Serve until standard input ends. Returns the exit code."""
    address_output = os.dup(1)
    # Standard output carries the address only: other output goes to the log.
    os.dup2(2, 1)
    threading.Thread(target=_stop_server_at_end_of_input, daemon=True).start()
    level = os.environ.get("AGORA_LOG_LEVEL") or "warning"
    try:
        settings = Settings.load_settings(host="127.0.0.1", port=0, events_port=0, shutdown_grace=1, log_level=level)
        file = settings.data_dir / ADDRESS_FILE
        with _publish_address(address_output, file) as print_line:
            return run_server(settings, print_line=print_line)
    except DataDirectoryLocked:
        return LOCKED_EXIT_CODE
    except (ConfigurationError, StoreFailure, OSError) as error:
        sys.stderr.write(f"agora mcp: {error}\n")
        return 2


@contextlib.contextmanager
def _publish_address(output: int, file: Path) -> Iterator[Callable[[str], None]]:
    """Publish the address of this server for the bridge and other bridges, and remove it at the end."""

    is_published = False

    def report_line(line: str) -> None:
        nonlocal is_published
        name, _, address = line.strip().partition(" ")
        if name == "REST":
            address = address.strip().rstrip("/")
            file.write_text(f"{address}\n", "ascii")
            os.write(output, f"{address}\n".encode())
            is_published = True

    try:
        yield report_line
    finally:
        # Otherwise the file is another server's.
        if is_published:
            file.unlink(missing_ok=True)


def _stop_server_at_end_of_input() -> None:
    # The pipe ends with the bridge, however that ends.
    while os.read(0, 1024):
        pass
    # The server stops in the same orderly way as at any other stop.
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
