"""``agora agent register --config`` and ``agora agent example``: agents that are registered with what they are made of."""

from __future__ import annotations

import sys
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.agents import Agents
from agora_sdk.contract.deployments import Deployments

from .projection import escape, project
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.deployments import RegisteredDeployable

__all__ = ["PASSWORD", "deploy", "example", "register", "save", "validate"]

PASSWORD = "AGORA_REGISTRY_PASS"  # noqa: S105  (the name of a variable)


def deploy(
    session: Session,
    manifest: dict[str, Any],
    docker_image: str | None = None,
    user: str | None = None,
    password: str | None = None,
    registry: str | None = None,
) -> RegisteredDeployable:
    """Register an agent with its manifest; as a container image, if one is named."""
    if docker_image is None:
        return session.as_operator(lambda client: client.deployment.register(manifest))
    if (user is None) != (password is None):
        missing = "--registry-pass, or its variable " + PASSWORD if password is None else "--registry-user"
        raise typer.BadParameter(f"a registry needs both a user and a password: give {missing}")
    credentials: Any = None
    if user is not None:
        credentials = {"username": user, "password": password, "registry": registry}
    return session.as_operator(lambda client: client.deployment.register_docker(docker_image, manifest, credentials))


def save(path: Path, text: str) -> None:
    """Write a file, or leave with what is in the way."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None


def _option(name: str, help: str, **settings: Any) -> Parameter:
    option = typer.Option(help=help, show_default=False, **settings)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])


def _register(
    session: Session,
    operation: Operation,
    arguments: dict[str, Any],
    config: str | None,
    docker_image: str | None,
    registry_user: str | None,
    registry_pass: str | None,
    registry_url: str | None,
) -> None:
    if config is None:
        if docker_image or registry_user or registry_url:
            raise typer.BadParameter("an image is registered with a manifest: give --config, too")
        if not arguments["agent_name"]:
            raise typer.BadParameter("give the agent's name, or --config with a manifest")
        session.out.result(session.client.agent.register(**arguments))
        return
    if beside := [name for name, value in arguments.items() if value not in ("", None)]:
        raise typer.BadParameter(f"{', '.join(beside)}: the manifest says it; write it there, or leave --config out")
    from .manifest_file import read

    made = deploy(session, read(config), docker_image, registry_user, registry_pass, registry_url)
    _show(session, made)


def _show(session: Session, made: RegisteredDeployable) -> None:
    if session.out.json:
        session.out.result(made)
        return
    from .instance_views import price

    session.out.say(made.message, "green")
    cost = price(made.pricing) if made.pricing else None
    session.out.fields({"agent": made.agent_id, "revision": made.revision, "runs with": made.engines, "price": cost})


register = project(
    Agents.operations["register"],
    {"agent_name": ""},
    run=_register,
    more=(
        _option("config", "A manifest, YAML or JSON (- for standard input), so that instances can be run of it."),
        _option("docker_image", "With --config: the container image that it is."),
        _option("registry_user", "User of the image's registry."),
        _option("registry_pass", "Password of the image's registry.", envvar=PASSWORD),
        _option("registry_url", "The registry, where the image does not name it."),
    ),
)
register.__doc__ = (
    escape(Agents.operations["register"].description)
    + "\n\nWith --config it is registered with what it is made of, so that instances of it can be run:"
    + " 'agora agent example' prints a manifest."
)


def _validate(session: Session, operation: Operation, arguments: dict[str, Any], config: str | None) -> None:
    from .manifest_file import read

    if (config is None) == (not arguments["manifest"]):
        raise typer.BadParameter("give a manifest: --config FILE, or its fields")
    found = session.client.deployment.validate(read(config) if config is not None else arguments["manifest"])
    if session.out.json:
        session.out.result(found)
    elif found.valid:
        session.out.say(f"{found.agent_name} can be registered; it runs with: {', '.join(found.engines)}", "green")
    else:
        session.out.table(
            found.faults, [("field", lambda fault: fault.field), ("is wrong", lambda fault: fault.message)]
        )
    if not found.valid:
        raise typer.Exit(2)


validate = project(
    Deployments.operations["validate"],
    {"manifest": {}},
    run=_validate,
    more=(_option("config", "The manifest, YAML or JSON; - for standard input."),),
)
validate.__doc__ = escape(Deployments.operations["validate"].description)


@client_command
def example(
    session: Session,
    docker: Annotated[bool, typer.Option("--docker", help="Of an agent that is a container image.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
) -> None:
    """Print an example of a manifest, with which an agent is registered so that instances of it can be run."""
    from .manifest_file import CONTAINER, PROGRAM

    text = CONTAINER if docker else PROGRAM
    if output is None:
        sys.stdout.write(text)
        return
    save(output, text)
    session.out.say(f"{output} written; register it with: agora agent register --config {output}")
