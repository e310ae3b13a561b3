"""Environment variables of instances and builds: an allow-list, so that none of the server's secrets leak."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from agora.runtimes.spec import Spec

from . import orphans
from .options import Options
from .records import InstanceDirectory

__all__ = ["build_environment", "build_instance_environment", "build_start_command"]


def build_environment(options: Options, spec: Spec, attempt: Path) -> dict[str, str]:
    """Build the variables of a build's commands. Download caches are shared by all builds of this host."""
    cache = options.root / "cache"
    return {
        **options.inherited_variables(),
        **_build_common_variables(options, attempt),
        "HOME": str(attempt / "home"),
        "TMPDIR": str(attempt / "tmp"),
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONNOUSERSITE": "1",
        "npm_config_cache": str(cache / "npm"),
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
        **spec.build_config.env_vars,
        "AGORA_ENGINE": orphans.ENGINE,
        "AGORA_INSTALLATION": options.installation,
        "AGORA_BUILD": attempt.name,
    }


def build_instance_environment(
    options: Options, spec: Spec, instance: InstanceDirectory, build: Path, ports: Mapping[str, int]
) -> dict[str, str]:
    """Build the variables of an instance's program."""
    port_by_declared_number = {port.number: ports[port.name] for port in spec.ports if port.number is not None}
    return {
        **_build_common_variables(options, build),
        "HOME": str(instance.state),
        "TMPDIR": str(instance.tmp),
        "HOST": "127.0.0.1",
        "AGORA_STATE_DIR": str(instance.state),
        **{name: _replace_ports(value, port_by_declared_number) for name, value in spec.build_config.env_vars.items()},
        # Reversed: of several ports with the same variable, the first counts.
        **{port.variable: str(ports[port.name]) for port in reversed(spec.ports)},
        **spec.env,
        "AGORA_ENGINE": orphans.ENGINE,
        "AGORA_INSTALLATION": options.installation,
        "AGORA_INSTANCE": spec.instance_id,
        "AGORA_GENERATION": str(spec.generation),
    }


def build_start_command(spec: Spec, ports: Mapping[str, int]) -> str:
    """Return the start command with declared ports replaced by the allocated ones."""
    port_by_declared_number = {port.number: ports[port.name] for port in spec.ports if port.number is not None}
    return _replace_ports(spec.build_config.start_command or "", port_by_declared_number)


def _build_common_variables(options: Options, build: Path) -> dict[str, str]:
    variables = {"PATH": options.path, "LANG": "C.UTF-8"}
    environment = build / "env"
    if environment.is_dir():
        variables["VIRTUAL_ENV"] = str(environment)
        variables["PATH"] = f"{environment / 'bin'}{os.pathsep}{options.path}"
    return variables


def _replace_ports(text: str, port_by_declared_number: Mapping[int, int]) -> str:
    if not port_by_declared_number:
        return text
    words = "|".join(str(number) for number in port_by_declared_number)
    return re.sub(rf"(?<![\w.])({words})(?![\w.])", lambda match: str(port_by_declared_number[int(match[1])]), text)
