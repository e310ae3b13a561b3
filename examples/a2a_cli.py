"""Send a message to an A2A agent. Equivalent to ``agora a2a URL --message TEXT``.

Usage: python examples/a2a_cli.py URL --message TEXT
"""

from __future__ import annotations

import sys

from agora.cli.app import build_application

if __name__ == "__main__":
    build_application()(["a2a", *sys.argv[1:]], prog_name="agora")
