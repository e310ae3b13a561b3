"""Container configuration: program, environment, and limits. Pure functions of a specification.

A container shares nothing with the host except a port published at a loopback address: no mounts, no devices, no
namespaces of
the host, no capabilities, no way to gain privileges. Its root file system is read-only; it writes to ``/tmp`` (memory),
and to a volume that holds ``$AGORA_STATE_DIR``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from agora.runtimes.container_urls import HOST_NAME
from agora.runtimes.errors import InvalidSpec
from agora.runtimes.spec import Image, Port, Spec
from agora.value_classes import value_class

from .commands import RunCommand, is_docker, parse_build_command, parse_run_command_or_none
from .labels import ResourceLabels
from .options import Options

__all__ = [
    "STATE_PATH",
    "VOLUME_PATH",
    "ContainerProgram",
    "build_container_config",
    "build_container_environment",
    "choose_container_program",
]

#: mount point of the volume; the state is a directory below it, so that its owner can be set
VOLUME_PATH = "/var/lib/agora"
STATE_PATH = f"{VOLUME_PATH}/state"
DEFAULT_PORT = 8080  #: default port of a program that declares none
BUILD_USER = "1000:1000"  #: user of images built without a Dockerfile


@value_class
class ContainerProgram:
    """Program of a container. ports: inside, by name. Absent parts are those of the image.

    is_built_without_dockerfile: whether the image was built without a Dockerfile, so that no user owns files in it.
    """

    ports: Mapping[str, int]
    entrypoint: Sequence[str] | None = None
    command: Sequence[str] | None = None
    directory: str | None = None
    user: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    is_built_without_dockerfile: bool = False


def choose_container_program(spec: Spec) -> ContainerProgram:
    """Choose the program for a specification's start command. Raises InvalidSpec."""
    is_built = spec.build_config.type != "docker"
    run = None if is_built else parse_run_command_or_none(spec.build_config)
    container_ports = _choose_container_ports(spec.ports, run)
    if run is not None:
        _require_same_image(spec, run)
        return ContainerProgram(
            container_ports,
            [run.entrypoint] if run.entrypoint else None,
            run.arguments or None,
            run.directory,
            run.user,
            run.variables,
            run.memory,
            run.cpu,
            run.pids,
        )
    command = spec.build_config.start_command
    if not command:
        return ContainerProgram(container_ports)
    # a single stream, so that the order of the output is preserved
    shell = ["/bin/sh", "-c", f"exec 2>&1\n{command}"]
    return replace(
        ContainerProgram(container_ports, shell, is_built_without_dockerfile=is_built),
        user=BUILD_USER if is_built else None,
        directory="/app" if is_built else None,
    )


def build_container_environment(spec: Spec, program: ContainerProgram, installation: str) -> dict[str, str]:
    """Build the variables of a container, in addition to those of its image."""
    base_environment = {"HOME": STATE_PATH, "TMPDIR": "/tmp"} if program.is_built_without_dockerfile else {}  # noqa: S108 - in the container
    return {
        **base_environment,
        "HOST": "0.0.0.0",  # noqa: S104 - of the container; the host publishes it at one address
        "AGORA_STATE_DIR": STATE_PATH,
        **program.variables,
        **spec.build_config.env_vars,
        **{port.variable: str(program.ports[port.name]) for port in reversed(spec.ports)},
        **spec.env,
        "AGORA_ENGINE": "docker",  # the process engine leaves processes of containers alone
        "AGORA_INSTALLATION": installation,
        "AGORA_INSTANCE": spec.instance_id,
        "AGORA_GENERATION": str(spec.generation),
    }


def build_container_config(
    options: Options, labels: ResourceLabels, spec: Spec, build: tuple[str, str], ports: Mapping[str, int], gateway: str
) -> dict[str, Any]:
    """Build the configuration to create a container with.

    build: reference of the image, and its key. ports: published, by name. gateway: address of the host for containers.
    """
    program, network = choose_container_program(spec), labels.network_name(spec.co_location)
    container_ports = [f"{program.ports[port.name]}/tcp" for port in spec.ports]
    published = [[{"HostIp": options.publish, "HostPort": str(ports[port.name])}] for port in spec.ports]
    variables = build_container_environment(spec, program, labels.installation)
    config: dict[str, Any] = {
        "Image": build[0],
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Labels": labels.container_labels(spec, ports, options.publish, build[1]),
        "ExposedPorts": {port: {} for port in container_ports},
        "Healthcheck": {"Test": ["NONE"]},  # health is probed from outside, as with every engine
        "HostConfig": {
            **_build_host_config(options, spec, program),
            "PortBindings": dict(zip(container_ports, published, strict=True)),
            "NetworkMode": network,
            "ExtraHosts": [f"{HOST_NAME}:{gateway}"],
            "Mounts": [_build_state_volume_mount(labels, spec)],
            "LogConfig": {
                "Type": "local",
                "Config": {"max-size": str(max(options.log_size // 2, 65_536)), "max-file": "2", "compress": "false"},
            },
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [spec.instance_id]}}},
    }
    program_options = {
        "Entrypoint": program.entrypoint,
        "Cmd": program.command,
        "WorkingDir": program.directory,
        "User": program.user,
    }
    return config | {name: value for name, value in program_options.items() if value is not None}


def _build_host_config(options: Options, spec: Spec, program: ContainerProgram) -> dict[str, Any]:
    """Limits and security options."""
    limits = spec.limits
    memory, cpu = limits.memory or program.memory or 0, limits.cpu or program.cpu or 0.0
    ulimits = [{"Name": "core", "Soft": 0, "Hard": 0}]
    if limits.disk is not None:
        ulimits.append({"Name": "fsize", "Soft": limits.disk, "Hard": limits.disk})
    scratch = {"/tmp": f"rw,nosuid,nodev,mode=1777,size={options.scratch}"}  # noqa: S108
    return {
        "Init": True,  # reaps remaining processes of the program, and forwards an early SIGTERM
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": options.read_only,
        "Tmpfs": scratch | {"/run": "rw,nosuid,nodev,noexec,mode=1777,size=8388608"},
        "PidsLimit": limits.pids or program.pids or options.pids,
        "Memory": memory,
        "MemorySwap": memory,  # as much as memory: no swap
        "NanoCpus": round(cpu * 1e9),
        "Ulimits": ulimits,
        "IpcMode": "private",
        "OomScoreAdj": 500,  # killed before the server when the host runs out of memory
        "RestartPolicy": {"Name": "no"},
    }


def _build_state_volume_mount(labels: ResourceLabels, spec: Spec) -> dict[str, Any]:
    options = {"NoCopy": True, "Labels": labels.instance_labels(spec.instance_id)}
    return {
        "Type": "volume",
        "Source": labels.volume_name(spec.instance_id),
        "Target": VOLUME_PATH,
        "VolumeOptions": options,
    }


def _choose_container_ports(ports: Sequence[Port], run: RunCommand | None) -> dict[str, int]:
    """Choose the program's ports: declared ones, else those of ``docker run -p``, else from 8080."""
    declared = list(run.ports) if run is not None else []
    ports_by_name: dict[str, int] = {}
    for index, port in enumerate(ports):
        number = port.number or (declared[index] if index < len(declared) else DEFAULT_PORT + index)
        # Two declarations of one port inside would be published as two ports of the same program.
        if number in ports_by_name.values():
            raise InvalidSpec([f"ports.{port.name}: {number} is another port's, too"])
        ports_by_name[port.name] = number
    return ports_by_name


def _require_same_image(spec: Spec, run: RunCommand) -> None:
    """Raise InvalidSpec unless ``docker run`` names the built image, or the image that is the source."""
    if isinstance(spec.source, Image):
        expected: str | None = spec.source.reference
    else:
        command = spec.build_config.build_command or ""
        expected = parse_build_command(spec.build_config).tag if is_docker(command) else None
    if (
        expected is not None
        and run.image is not None
        and _append_default_tag(run.image) != _append_default_tag(expected)
    ):
        raise InvalidSpec([f"build_config.start_command: it runs {run.image}, but the available image is {expected}"])


def _append_default_tag(reference: str) -> str:
    has_tag = "@" in reference or ":" in reference.rsplit("/", 1)[-1]
    return reference if has_tag else f"{reference}:latest"
