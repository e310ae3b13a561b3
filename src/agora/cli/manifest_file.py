"""Agent manifest files (YAML or JSON), and example manifests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["CONTAINER_TEMPLATE", "PROGRAM_TEMPLATE", "read_document", "read_manifest", "read_yaml_or_json_file"]

PROGRAM_TEMPLATE = """\
# An agent that runs from its source. Register it with:  agora agent register --config agent.yaml
name: Example Agent
description: An example agent
category: utility
version: 1.0.0
tags: [example, demo]
capabilities:
  - name: greeting
  - name: calculation

# Where its source is: a directory (relative to this file), or a git repository. The server has to be allowed to run
# it: put it into `sources` in the server's data directory, or name it in the setting instance_sources.
directory: .
# repository: {url: https://github.com/company/agent, branch: main}

# type: python, npm, docker or custom. The program listens at $PORT.
build_config:
  type: python
  build_command: pip install -r requirements.txt
  start_command: uvicorn main:app --host 127.0.0.1 --port 8000
  env_vars:
    PYTHONUNBUFFERED: "1"

# An instance works if this answers GET with 2xx.
health: /health
endpoints:
  - {path: /greet, method: POST, description: Greet a user}
  - {path: /calculate, method: POST, description: Perform a calculation}

host_requirements:
  min_memory_mb: 256
  min_cpu_cores: 0.25
limits: {memory: 512M, cpu: "0.5"}
max_instances: 10
# Variables that customers may set for their own instances.
configurable: [LANGUAGE]

pricing:
  type: per_request
  price: 0.01
  currency: USD
"""
CONTAINER_TEMPLATE = """\
# An agent that is a container image. Register it with:
#   agora agent register --config agent.yaml --docker-image myrepo/agent:v1.0
name: Example Docker Agent
description: An example agent that runs in a container
category: utility
version: 1.0.0
runtime: managed
protocol: HTTP
tags: [example, demo]
capabilities:
  - name: greeting
  - name: calculation
docker_image: myrepo/agent:v1.0

# Where the program in the container listens.
port: 8000
health: /health
endpoints:
  - {path: /process, method: POST, description: Process data}

host_requirements:
  min_memory_mb: 512
  min_cpu_cores: 0.5
limits: {memory: 512M, cpu: "0.5"}
max_instances: 10
configurable: [LANGUAGE]

pricing:
  type: per_request
  price: 0.01
  currency: USD
"""


def read_manifest(source: str) -> dict[str, Any]:
    """Read a manifest from a file, or from standard input if source is ``-``. Makes its directory absolute.

    Raises InvalidRequest.
    """
    document = read_yaml_or_json_file(source)
    if not isinstance(document, dict):
        raise _build_manifest_error(source, "is not a manifest: fields with values are expected")
    # The server has another working directory than this process, and the file may be anywhere.
    if isinstance(document.get("directory"), str) and source != "-":
        document["directory"] = str((Path(source).parent / document["directory"]).resolve())
    return document


def read_yaml_or_json_file(source: str) -> Any:
    """Read a YAML or JSON file, or standard input if source is ``-``. Raises InvalidRequest."""
    return read_document(
        source, lambda text: _parse_yaml(source, text), lambda problem: _build_manifest_error(source, problem)
    )


def read_document(
    source: str,
    parse_yaml: Callable[[str], Any],
    build_error: Callable[[str], InvalidRequest],
    stdin: TextIO | None = None,
) -> Any:
    """Read a JSON file, if its name ends with ``.json``, or a YAML file, or standard input if source is ``-``.

    build_error: builds the error that is raised, of its description. stdin: None for that of the process.
    """
    try:
        text = (stdin or sys.stdin).read() if source == "-" else Path(source).read_text("utf-8")
    except OSError as error:
        raise build_error(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise build_error("is not UTF-8 text") from None
    if not source.endswith(".json"):
        return parse_yaml(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise build_error(f"is not JSON: {error}") from None


def _parse_yaml(source: str, text: str) -> Any:
    import yaml

    # Imported late: JSON manifests do without PyYAML, and the command starts faster.
    from agora.bounded_yaml import load_yaml

    try:
        document = load_yaml(text)
        json.dumps(document)  # dates and similar YAML values are not valid JSON
    except yaml.YAMLError as error:
        raise _build_manifest_error(source, f"is not YAML: {error}") from None
    # TypeError: a date or a set. ValueError: a circular alias.
    except (TypeError, ValueError) as error:
        raise _build_manifest_error(
            source, f"contains a value that JSON does not support ({error}): put it into quotes"
        ) from None
    return document


def _build_manifest_error(source: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{source} {message}.", errors=[field_error(source, message)])
