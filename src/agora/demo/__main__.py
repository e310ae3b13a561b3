"""``python -m agora.demo``: runs the demo without the other CLI commands."""

from __future__ import annotations

import argparse

from . import main
from .participants import ROLES


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agora.demo", description="Run several real agents and show what they did.")
    parser.add_argument("--url", help="a running server; else AGORA_URL, else one of the demo's own")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=ROLES,
        help="run the demo without this agent; may be repeated",
    )
    return parser.parse_args()


if __name__ == "__main__":
    options = _parse_arguments()
    raise SystemExit(main(options.url, without=options.without))
