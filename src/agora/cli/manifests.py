"""``agora agent register --config`` and ``agora agent example``: register agents from a manifest."""

from __future__ import annotations

import sys
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.agents import Agents
from agora_sdk.contract.deployments import Deployments

from .instance_views import format_price
from .manifest_file import CONTAINER_TEMPLATE, PROGRAM_TEMPLATE, read_manifest
from .projection import build_operation_function
from .session import Session, client_command
from .tables import build_attribute_columns

if TYPE_CHECKING:
    from agora_sdk.contract.deployments import RegisteredDeployable

__all__ = ["PASSWORD", "deploy_agent", "example", "register", "validate", "write_new_file"]

PASSWORD = "AGORA_REGISTRY_PASS"  # noqa: S105  (the name of a variable)


def deploy_agent(
    session: Session,
    manifest: dict[str, Any],
    docker_image: str | None = None,
    user: str | None = None,
    password: str | None = None,
    registry: str | None = None,
) -> RegisteredDeployable:
    """Register an agent with its manifest, or with a container image if one is given."""
    if docker_image is None:
        return session.call_as_operator(lambda client: client.deployment.register(manifest))
    if (user is None) != (password is None):
        missing = "--registry-pass, or its variable " + PASSWORD if password is None else "--registry-user"
        raise typer.BadParameter(f"a registry needs both a user and a password: give {missing}")
    credentials: Any = None
    if user is not None:
        credentials = {"username": user, "password": password, "registry": registry}
    return session.call_as_operator(
        lambda client: client.deployment.register_docker(docker_image, manifest, credentials)
    )


def write_new_file(path: Path, text: str) -> None:
    """Write a file; print an error and exit if that fails."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None


def _build_text_option(name: str, help: str, **settings: Any) -> Parameter:
    option = typer.Option(help=help, show_default=False, **settings)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])


def _register_agent(
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
        # registry_pass is not examined here: its variable may be set in the environment for other commands.
        if docker_image or registry_user or registry_url:
            raise typer.BadParameter("an image is registered with a manifest: give --config, too")
        if not arguments["agent_name"]:
            raise typer.BadParameter("give the agent's name, or --config with a manifest")
        session.out.print_result(session.client.agent.register(**arguments))
        return
    # Not merged: two sources for a field would leave open which of them wins.
    if beside := [name for name, value in arguments.items() if value not in ("", None)]:
        raise typer.BadParameter(f"{', '.join(beside)}: defined by the manifest; write it there, or omit --config")

    registered = deploy_agent(session, read_manifest(config), docker_image, registry_user, registry_pass, registry_url)
    _print_registered(session, registered)


def _print_registered(session: Session, registration: RegisteredDeployable) -> None:
    if session.out.json:
        session.out.print_result(registration)
        return

    session.out.print_text(registration.message, "green")
    cost = format_price(registration.pricing) if registration.pricing else None
    session.out.print_fields(
        {
            "agent": registration.agent_id,
            "revision": registration.revision,
            "runs with": registration.engines,
            "price": cost,
        }
    )


register = build_operation_function(
    Agents.operations["register"],
    {"agent_name": ""},
    run=_register_agent,
    more=(
        _build_text_option(
            "config", "Deployment manifest, YAML or JSON (- for standard input), from which instances can be run."
        ),
        _build_text_option("docker_image", "With --config: the container image."),
        _build_text_option("registry_user", "User name for the image registry."),
        _build_text_option("registry_pass", "Password for the image registry.", envvar=PASSWORD),
        _build_text_option("registry_url", "Registry, if the image does not name it."),
    ),
)
register.__doc__ = (
    f"{register.__doc__}\n\nWith --config it is registered with its manifest, so that instances of it can be run: "
    "'agora agent example' prints a manifest."
)


def _validate_manifest(session: Session, operation: Operation, arguments: dict[str, Any], config: str | None) -> None:
    if (config is None) == (not arguments["manifest"]):
        raise typer.BadParameter("give a manifest: --config FILE, or its fields")
    validation = session.client.deployment.validate(
        read_manifest(config) if config is not None else arguments["manifest"]
    )
    if session.out.json:
        session.out.print_result(validation)
    elif validation.valid:
        session.out.print_text(
            f"{validation.agent_name} can be registered; it runs with: {', '.join(validation.engines)}", "green"
        )
    else:
        session.out.print_table(validation.faults, build_attribute_columns("field problem=message"))
    if not validation.valid:
        raise typer.Exit(2)


validate = build_operation_function(
    Deployments.operations["validate"],
    {"manifest": {}},
    run=_validate_manifest,
    more=(_build_text_option("config", "The manifest, YAML or JSON; - for standard input."),),
)


@client_command
def example(
    session: Session,
    docker: Annotated[
        bool, typer.Option("--docker", help="Example of an agent that runs from a container image.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
) -> None:
    """Print an example manifest."""

    text = CONTAINER_TEMPLATE if docker else PROGRAM_TEMPLATE
    if output is None:
        sys.stdout.write(text)
        return
    write_new_file(output, text)
    session.out.print_text(f"{output} written; register it with: agora agent register --config {output}")
