"""The demo: several real agents, each in its own process, work on a server; the demo checks and reports the results.

:mod:`.agents` are agents that use only the SDK, :mod:`.participants` names their roles, :mod:`.records` is their data,
:mod:`.hosted` a program that runs as instances, :mod:`.processes` starts the processes, :mod:`.scenarios` are the
expectations in order, :mod:`.report` prints the results. The server is a running one or a process of the demo
(:mod:`.server`); it is only observed from outside.
"""

from __future__ import annotations

from collections.abc import Collection

from .director import run_demo

__all__ = ["main"]


def main(url: str | None = None, *, without: Collection[str] = ()) -> int:
    """Run the demo and print the results; return the exit code.

    url: a running server; by default ``AGORA_URL`` or the default address if a server is ready there, else a new server
    on a free port with a temporary data directory. without: roles to leave out, to show what is then missing. Exit
    codes: 0: everything expected was observed; 1: something was not; 2: the demo could not begin; 128 plus the signal's
    number: it was interrupted.
    """
    return run_demo(url, without)
