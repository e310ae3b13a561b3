"""Connect an MCP client that uses standard input and output, such as Cline, to a remote Agora server.

examples/cline_mcp_config_example.json is its configuration. ``agora mcp install`` writes the configuration of each known client.
"""

from __future__ import annotations

import argparse
import os
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", default="http://127.0.0.1:8080/mcp", help="URL of the server's MCP endpoint")
    endpoint = parser.parse_args().endpoint
    server = endpoint.split("/mcp")[0].rstrip("/")  # CodeTether's endpoint was /mcp/v1/rpc
    command = [sys.executable, "-m", "agora.cli", "mcp"]
    os.execve(sys.executable, command, os.environ | {"AGORA_URL": server})  # noqa: S606 - replaces this process


if __name__ == "__main__":
    main()
