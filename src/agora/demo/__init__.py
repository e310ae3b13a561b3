"""The demo: several real agents, each a process of its own, meet and work on a server and are watched doing so.

What belongs here: a cast of agents that use nothing but the SDK (:mod:`.cast`), the data they work on
(:mod:`.records`), a program that is run as instances (:mod:`.hosted`), the processes they run in (:mod:`.stage`), what
is expected of them (:mod:`.plot`), and the report (:mod:`.report`). The server is one that runs, or a process started
for the occasion (:mod:`.venue`); what it does is only seen from outside.
"""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["main"]


def main(url: str | None = None, *, without: Collection[str] = ()) -> int:
    """Run the demo and print what happened; answers the exit code.

    url: a running server; else ``AGORA_URL`` or the default address if a server is ready there, else one
    of its own on a free port with a temporary data directory. without: roles to leave out, to see what the
    demo then misses. 0 if everything expected was observed, 1 if something was not, 2 if it could not begin,
    128 and the signal's number if it was interrupted.
    """
    from .director import run_demo

    return run_demo(url, without)
