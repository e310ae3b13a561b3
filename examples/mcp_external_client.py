"""Connects an MCP client that starts programs, such as Cline, to a marketplace that stands elsewhere: MCP over standard input and output.

The configuration is examples/cline_mcp_config_example.json. ``agora mcp install`` writes one for each client that it knows.
"""

from __future__ import annotations

import argparse
import os
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--endpoint", default="http://127.0.0.1:8080/mcp", help="address of the marketplace's MCP endpoint"
    )
    endpoint = parser.parse_args().endpoint
    server = endpoint.split("/mcp")[0].rstrip("/")  # CodeTether's endpoint was /mcp/v1/rpc
    command = [sys.executable, "-m", "agora.cli", "mcp"]
    os.execve(sys.executable, command, os.environ | {"AGORA_URL": server})  # noqa: S606 - this program becomes it


if __name__ == "__main__":
    main()
