"""The engine-independent specification of an instance.

The fields of :class:`BuildConfig` are those of an agent's manifest (``build_config``). A Spec can be validated without
other data; :func:`list_spec_errors` lists all its errors at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from agora.value_classes import value_class

__all__ = [
    "BuildConfig",
    "BuildType",
    "Directory",
    "Git",
    "Health",
    "Image",
    "Limits",
    "Port",
    "Source",
    "Spec",
    "find_declared_port",
    "list_spec_errors",
    "parse_cpu_cores",
    "parse_memory_bytes",
]

BuildType: TypeAlias = Literal["python", "npm", "docker", "custom"]

MAX_COMMAND_CHARACTERS = 8_192
MAX_VALUE_CHARACTERS = 32_768
MAX_VARIABLES = 256
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
PORT_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}")
HEALTH_PATH = re.compile(r"/[!-~]{0,499}")
BYTES_BY_UNIT = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
QUANTITY = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([bkmgt]?)(?:ib?|b)?", re.IGNORECASE)
CORES = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(m?)")
#: ports in a start command: ``--port 8000``, ``-p 8000:8000``, ``PORT=8000``, ``0.0.0.0:8000``
PORT_IN_COMMAND = re.compile(r"(?:--port[= ]|-p[= ]?(?:\d+:)?|\bPORT=|:)(\d{2,5})(?![\d.:])")
#: variables that would change the guard of an instance, or that the engine sets
RESERVED_VARIABLE = re.compile(
    r"AGORA_(ENGINE|INSTANCE|GENERATION|INSTALLATION|BUILD)|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT"
)


@value_class
class BuildConfig:
    """Build and start commands of a program: ``build_config`` of an agent manifest.

    build_command: run once in the source's copy by ``/bin/sh``; None or empty: no build.
    start_command: run by ``/bin/sh`` for each instance. env_vars: variables of both.
    """

    type: BuildType
    start_command: str | None = None
    build_command: str | None = None
    env_vars: Mapping[str, str] = field(default_factory=dict)


@value_class
class Directory:
    """A directory on the engine's host; it must be in one of the roots that the operator allows."""

    path: str


@value_class
class Git:
    """A repository. branch: or tag; None: the default branch. directory: subdirectory to use. token: for private
    ones."""

    url: str
    branch: str | None = None
    directory: str | None = None
    token: str | None = field(default=None, repr=False)


@value_class
class Image:
    """A container image. user, password: of its registry."""

    reference: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


Source: TypeAlias = Directory | Git | Image


@value_class
class Limits:
    """Resource limits of an instance; None: unlimited.

    memory: bytes, of all its processes. cpu: cores. pids: processes. disk: bytes of one file (process), or of all
    written data (containers, if the engine supports it).
    """

    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    disk: int | None = None

    @classmethod
    def from_texts(
        cls,
        memory: str | int | None = None,
        cpu: str | float | None = None,
        pids: int | None = None,
        disk: str | int | None = None,
    ) -> Limits:
        """Parse limits such as ``"512M"`` and ``"0.5"``. Raises ValueError."""
        return cls(
            None if memory is None else parse_memory_bytes(memory),
            None if cpu is None else parse_cpu_cores(cpu),
            pids,
            None if disk is None else parse_memory_bytes(disk),
        )


@value_class
class Port:
    """A port on which the program listens.

    number: the declared port (``--port 8000``). A container keeps it, and it is mapped. A process shares the host's
    ports, so the number is replaced, as a whole word, in start_command and the environment by the allocated one. None:
    the program reads it from the variable. variable: environment variable with the port.
    """

    name: str = "http"
    number: int | None = None
    variable: str = "PORT"


@value_class
class Health:
    """Health check of an instance. path: must answer GET with 2xx or 3xx at the first port.

    listens: without a path, whether the first port must accept connections; otherwise a running instance is healthy.
    timeout: seconds.
    """

    path: str | None = None
    timeout: float = 5.0
    listens: bool = False

    @property
    def has_probe(self) -> bool:
        """Whether there is a check beyond that the program runs."""
        return self.path is not None or self.listens


@value_class
class Spec:
    """Specification of an instance.

    generation: counts the starts of an instance; a generation is started at most once. tenant: of the instance, stored
    as a label. env: overrides build_config's, such as the instance's token. labels: stored by the engine and returned
    by ``list_instances``. co_location: name of a group that shares host and network. restore: a file created by ``backup`` with
    the initial state.
    """

    instance_id: str
    generation: int
    tenant: str
    build_config: BuildConfig
    source: Source
    limits: Limits = Limits()
    ports: tuple[Port, ...] = (Port(),)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    health: Health = Health()
    co_location: str | None = None
    restore: str | None = None


def parse_memory_bytes(text: str | int) -> int:
    """Parse bytes such as ``"512M"``, ``"1.5g"``, ``"1Gi"`` or 1024; units are powers of 1024, as in Docker.

    Raises ValueError.
    """
    match = QUANTITY.fullmatch(str(text).strip())
    if match is None or isinstance(text, bool):
        raise ValueError(f"{str(text)[:50]!r} is not an amount such as '512M' or '1G'")
    return int(float(match[1]) * BYTES_BY_UNIT[match[2].lower()])


def parse_cpu_cores(text: str | float) -> float:
    """Parse cores such as ``"0.5"``, ``"500m"`` or 2. Raises ValueError."""
    match = CORES.fullmatch(str(text).strip())
    if match is None or isinstance(text, bool):
        raise ValueError(f"{str(text)[:50]!r} is not a number of cores such as '0.5'")
    return float(match[1]) / (1000 if match[2] else 1)


def find_declared_port(config: BuildConfig) -> int | None:
    """Find the declared port of a program: ``env_vars.PORT``, or the one in its start command."""
    declared = str(config.env_vars.get("PORT", ""))
    if not declared.isdecimal():
        match = PORT_IN_COMMAND.search(config.start_command or "")
        declared = match[1] if match else ""
    number = int(declared) if declared else 0
    return number if 0 < number < 65_536 else None


def list_spec_errors(spec: Spec) -> list[str]:
    """List all errors of a specification, each ``"field: message"``; empty if there are none."""
    return [
        *_find_name_errors(spec),
        *_find_command_errors(spec),
        *_find_variable_errors(spec),
        *_find_port_errors(spec),
        *_find_limit_errors(spec.limits),
    ]


def _find_name_errors(spec: Spec) -> Iterator[str]:
    if not NAME.fullmatch(spec.instance_id):
        yield "instance_id: 1 to 80 letters, digits, '_' and '-', beginning with a letter or digit"
    if not 0 < spec.generation < 2**31:
        yield "generation: a number from 1"
    if spec.co_location is not None and not NAME.fullmatch(spec.co_location):
        yield "co_location: 1 to 80 letters, digits, '_' and '-', beginning with a letter or digit"
    if len(spec.labels) > 64 or any(len(k) > 100 or len(v) > 1000 for k, v in spec.labels.items()):
        yield "labels: at most 64, names of 100 and values of 1,000 characters"


def _find_command_errors(spec: Spec) -> Iterator[str]:
    config = spec.build_config
    if config.type not in ("python", "npm", "docker", "custom"):
        yield "build_config.type: one of python, npm, docker, custom"
    if not config.start_command and config.type != "docker":
        yield "build_config.start_command: say how the program is started"
    for name in ("start_command", "build_command"):
        command = getattr(config, name) or ""
        if len(command) > MAX_COMMAND_CHARACTERS or "\0" in command:
            yield f"build_config.{name}: at most {MAX_COMMAND_CHARACTERS} characters without NUL"
    if isinstance(spec.source, Image) and config.type != "docker":
        yield "source: an image needs build_config.type docker"


def _find_variable_errors(spec: Spec) -> Iterator[str]:
    for section, variables in (("build_config.env_vars", spec.build_config.env_vars), ("env", spec.env)):
        if len(variables) > MAX_VARIABLES:
            yield f"{section}: at most {MAX_VARIABLES} variables"
        for name, value in variables.items():
            if not VARIABLE.fullmatch(name) or RESERVED_VARIABLE.fullmatch(name):
                yield f"{section}: {name[:50]!r} cannot be the name of a variable"
            elif "\0" in value or len(value) > MAX_VALUE_CHARACTERS:
                yield f"{section}.{name}: at most {MAX_VALUE_CHARACTERS} characters without NUL"


def _find_port_errors(spec: Spec) -> Iterator[str]:
    if len(spec.ports) > 16:
        yield "ports: at most 16"
    if len({port.name for port in spec.ports}) < len(spec.ports):
        yield "ports: each needs a different name"
    for port in spec.ports:
        if not PORT_NAME.fullmatch(port.name):
            yield f"ports: {port.name[:50]!r} is not a name: lower-case letters, digits and '-', at most 15"
        if port.number is not None and not 0 < port.number < 65_536:
            yield f"ports.{port.name}: from 1 to 65535"
        if not VARIABLE.fullmatch(port.variable) or RESERVED_VARIABLE.fullmatch(port.variable):
            yield f"ports.{port.name}: {port.variable[:50]!r} cannot be the name of a variable"
    yield from _find_health_errors(spec)


def _find_health_errors(spec: Spec) -> Iterator[str]:
    if spec.health.path is not None:
        if not HEALTH_PATH.fullmatch(spec.health.path):
            yield "health.path: begins with '/', at most 500 printable characters, no spaces"
        if not spec.ports:
            yield "health.path: needs a port"
    if not 0 < spec.health.timeout <= 60:
        yield "health.timeout: up to 60 seconds"


def _find_limit_errors(limits: Limits) -> Iterator[str]:
    if limits.memory is not None and not 16 * 1024**2 <= limits.memory < 2**48:
        yield "limits.memory: at least 16M"
    if limits.cpu is not None and not 0.01 <= limits.cpu <= 4096:
        yield "limits.cpu: from 0.01 to 4096 cores"
    if limits.pids is not None and not 1 <= limits.pids <= 1_000_000:
        yield "limits.pids: from 1 to 1000000"
    if limits.disk is not None and not 1024**2 <= limits.disk < 2**48:
        yield "limits.disk: at least 1M"
