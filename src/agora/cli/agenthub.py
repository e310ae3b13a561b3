"""Compatibility commands and flags of AgentHub.

Each maps to an ``agora`` command. Differences are reported on stderr.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from .arguments import build_argument_error, parse_document, parse_value
from .command_class import Application
from .dashboard import print_dashboard
from .instance_views import print_instance, print_instances, print_market
from .instances import execute_and_print, print_result, require_confirmation
from .manifest_file import CONTAINER_TEMPLATE, PROGRAM_TEMPLATE, read_manifest
from .manifests import deploy_agent, write_new_file
from .projection import SETTINGS
from .serving import serve as run
from .session import Connection, Session, open_session
from .tables import TABLES

__all__ = ["build_application", "main"]

Key = Annotated[
    str | None, typer.Option("--api-key", help="API key; default: AGORA_TOKEN, else the stored credential.")
]
Server = Annotated[
    str | None, typer.Option("--server-url", help="Server URL; default: AGORA_URL, else http://127.0.0.1:8080.")
]
Config = Annotated[str, typer.Option("--config", help="The agent's manifest, YAML or JSON.")]
Database = Annotated[
    str | None, typer.Option("--database-url", help="Not needed: the server stores registrations itself.", hidden=True)
]
Category = Annotated[str | None, typer.Option(help="Only this category.")]
Instance = Annotated[str, typer.Argument(help="Id of the instance.", metavar="INSTANCE")]
Agent = Annotated[str, typer.Argument(help="Id or name of the agent.", metavar="AGENT")]

SERVING, DEVELOPERS, CUSTOMERS = "Server", "For developers of agents", "For customers"
START_SECONDS = 60.0  #: seconds to wait for a new instance
#: fields of a manifest without a counterpart in a registration; they are stored in the agent's metadata
METADATA_FIELDS = (
    "version",
    "author",
    "license",
    "endpoints",
    "pricing",
    "documentation_url",
    "repository_url",
    "requirements",
)


def main() -> None:
    """Entry point of ``agenthub``."""
    build_application()()


def build_application() -> typer.Typer:
    """Build the command line."""
    help_text = "AgentHub's commands for an Agora server. Each is an 'agora' command under another name."
    app = Application(
        name="agenthub",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings=SETTINGS,
        help=help_text,
    )
    for panel, functions in (
        (SERVING, (serve, check_connection)),
        (DEVELOPERS, (example_config, register_agent, register_docker_agent, list_agents, agent_info)),
        (CUSTOMERS, (marketplace_discover, instance_create, instance_list, instance_details, instance_execute)),
        (CUSTOMERS, (instance_pause, instance_resume, instance_terminate, dashboard)),
    ):
        for function in functions:
            # Not called test_connection, which pytest would collect.
            name = "test-connection" if function is check_connection else function.__name__.replace("_", "-")
            app.command(name, rich_help_panel=panel, context_settings=SETTINGS)(function)
    return app


def _open_session(key: str | None, url: str | None, database: str | None = None) -> AbstractContextManager[Session]:
    """Open a session for one command that reports errors."""
    if database is not None:
        _print_note("--database-url has no effect: the server stores registrations itself.")
    return open_session(Connection(url=url, token=key))


def _print_note(text: str) -> None:
    typer.echo(f"Note: {text}", err=True)


# -- the server ------------------------------------------------------------------------------------


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API; default: 8080.")] = None,
    database_url: Annotated[str | None, typer.Option(help="postgresql://... or sqlite:///FILE.")] = None,
    require_auth: Annotated[bool | None, typer.Option("--require-auth/--no-auth", hidden=True)] = None,
    cors: Annotated[bool, typer.Option("--cors/--no-cors", hidden=True)] = True,
    reload: Annotated[bool, typer.Option("--reload", hidden=True)] = False,
    workers: Annotated[int, typer.Option(hidden=True)] = 1,
    enable_docker: Annotated[bool, typer.Option("--enable-docker", hidden=True)] = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the server. 'agora serve' has more settings."""

    if require_auth is False and host not in (None, "127.0.0.1", "localhost"):
        _print_note("--no-auth is not supported: except on a loopback address, every caller needs a credential.")
    if reload or workers != 1:
        _print_note("--reload and --workers are not supported: the server is one process.")
    if enable_docker:
        _print_note("--enable-docker is not needed: Docker is used if it is available.")
    store = database_url
    if store is not None and store.startswith("sqlite:///") and not store.startswith("sqlite:////"):
        # AgentHub reads three slashes as a relative path, as SQLAlchemy does.
        store = f"sqlite:///{Path(store.removeprefix('sqlite:///')).absolute()}"
    run(host=host, port=port, store=store, log_level=log_level, auth_required=require_auth or None)


def check_connection(
    url: Annotated[str | None, typer.Option("--url", help="The server.")] = None,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """Check the connection to a server."""
    with _open_session(api_key, url or server_url) as session:
        summary = session.client.query.marketplace()
        session.out.print_text(f"{session.client.url} answers: {summary.agents_total} agents", "green")


# -- agents ----------------------------------------------------------------------------------------


def _print_registered(session: Session, agent_id: str, name: str, **more: str) -> None:
    session.out.print_text("Agent registered", "green")
    session.out.print_line(f"Agent ID: {agent_id}")
    session.out.print_line(f"Name: {name}")
    for heading, value in more.items():
        session.out.print_line(f"{heading.replace('_', ' ')}: {value}")


def register_agent(
    config: Config,
    database_url: Database = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="URL of the agent, if it does not run on this machine.")
    ] = None,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """Register an agent from its manifest. If the manifest names a program, instances of it can be run."""
    with _open_session(api_key, server_url, database_url) as session:
        manifest = read_manifest(config)
        runs_here = any(name in manifest for name in ("directory", "repository", "docker_image", "build_config"))
        if endpoint_url is None and runs_here:
            registered = deploy_agent(session, manifest)
            _print_registered(session, registered.agent_id, registered.name)
        else:
            _register_remote(session, manifest, endpoint_url)


def _register_remote(session: Session, manifest: dict[str, Any], url: str | None) -> None:
    """Register an agent that runs elsewhere: its profile and price."""

    capabilities, price = manifest.get("capabilities") or [], manifest.get("pricing")
    if price is not None and not isinstance(price, dict):
        raise build_argument_error("pricing", "give it parts, such as {type: per_request, price: 0.01}")
    if isinstance(capabilities, list):
        capabilities = [part.get("name") if isinstance(part, dict) else part for part in capabilities]
    registered = session.client.agent.register(
        manifest.get("name") or "",
        capabilities,
        description=manifest.get("description") or "",
        category=manifest.get("category") or "",
        tags=manifest.get("tags") or [],
        endpoints={"http": url} if url else {},  # type: ignore[dict-item]
        metadata={name: manifest[name] for name in METADATA_FIELDS if name in manifest},
    )
    if price is not None:
        price_fields = {"agent_id": registered.agent_id} | {
            name: value for name, value in price.items() if name != "agent_id"
        }
        # Prices are set by operators; the registration itself needs no such right.
        session.call_as_operator(lambda client: client.billing.set_price(**price_fields))
    _print_registered(session, registered.agent_id, registered.agent_name)


def register_docker_agent(
    config: Config,
    docker_image: Annotated[str, typer.Option(help="The container image.")],
    database_url: Database = None,
    registry_user: Annotated[str | None, typer.Option(help="User name for the registry.")] = None,
    registry_pass: Annotated[
        str | None, typer.Option(help="Password for the registry.", envvar="AGORA_REGISTRY_PASS")
    ] = None,
    registry_url: Annotated[str | None, typer.Option(help="Registry, if the image does not name it.")] = None,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """Register an agent that runs from a container image."""
    with _open_session(api_key, server_url, database_url) as session:
        registered = deploy_agent(
            session, read_manifest(config), docker_image, registry_user, registry_pass, registry_url
        )
        _print_registered(session, registered.agent_id, registered.name, Docker_Image=docker_image)


def example_config(
    output: Annotated[Path, typer.Option("--output", help="File to write.")] = Path("example_agent.yaml"),
    docker: Annotated[
        bool, typer.Option("--docker", help="Example of an agent that runs from a container image.")
    ] = False,
) -> None:
    """Write an example manifest."""
    write_new_file(output, CONTAINER_TEMPLATE if docker else PROGRAM_TEMPLATE)
    typer.echo(f"{output} written")


def list_agents(
    database_url: Database = None,
    category: Category = None,
    limit: Annotated[int, typer.Option(help="Most agents.")] = 20,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """List agents."""

    with _open_session(api_key, server_url, database_url) as session:
        agents_page = session.client.query.agents(category=category, limit=limit)
        session.out.print_result(agents_page, TABLES["agents"])


def agent_info(agent_id: Agent, database_url: Database = None, api_key: Key = None, server_url: Server = None) -> None:
    """Show an agent."""
    with _open_session(api_key, server_url, database_url) as session:
        profile = dict(session.client.agent.get(agent_id))
        session.out.print_fields(profile | profile.pop("metadata"))


# -- marketplace -----------------------------------------------------------------------------------


def marketplace_discover(
    category: Category = None,
    name: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    limit: Annotated[int, typer.Option(help="Most agents.")] = 10,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """Discover agents, with price, availability and instances."""
    with _open_session(api_key, server_url) as session:
        print_market(session.out, session.client.instance.discover(category=category, name=name, limit=limit))


def dashboard(api_key: Key = None, server_url: Server = None) -> None:
    """Show a summary of instances and costs."""

    with _open_session(api_key, server_url) as session:
        print_dashboard(session)


# -- instances -------------------------------------------------------------------------------------


def instance_create(
    agent_id: Agent,
    api_key: Key = None,
    server_url: Server = None,
    config: Annotated[Path | None, typer.Option("--config", help="instance_config, as a JSON file.")] = None,
) -> None:
    """Create an instance of an agent."""

    with _open_session(api_key, server_url) as session:
        instance_config: Any = parse_document(f"@{config}") if config is not None else None
        instance = session.client.instance.create(agent_id, instance_config, wait=START_SECONDS)
        _print_instance(session, instance, "Instance created")
        if instance.status == "failed":
            raise typer.Exit(1)


def _print_instance(session: Session, instance: Any, message: str) -> None:
    session.out.print_text(message, "green")
    session.out.print_line(f"Instance ID: {instance.instance_id}")
    session.out.print_line(f"Agent ID: {instance.agent_id}")
    session.out.print_line(f"Status: {instance.status}")
    if instance.reason:
        session.out.print_line(f"Reason: {instance.reason}")


def instance_list(api_key: Key = None, server_url: Server = None) -> None:
    """List instances."""
    with _open_session(api_key, server_url) as session:
        page = session.client.instance.list()
        print_instances(session.out, page.instances)
        session.out.print_page_note(page)


def instance_details(instance_id: Instance, api_key: Key = None, server_url: Server = None) -> None:
    """Show an instance."""
    with _open_session(api_key, server_url) as session:
        print_result(session, session.client.instance.get(instance_id))


def instance_pause(instance_id: Instance, api_key: Key = None, server_url: Server = None) -> None:
    """Pause an instance; no running time is charged until it is resumed."""
    with _open_session(api_key, server_url) as session:
        instance = session.client.instance.pause(instance_id)
        _print_instance(session, instance, instance.message)


def instance_resume(instance_id: Instance, api_key: Key = None, server_url: Server = None) -> None:
    """Resume an instance."""
    with _open_session(api_key, server_url) as session:
        instance = session.client.instance.resume(instance_id)
        _print_instance(session, instance, instance.message)


def instance_terminate(
    instance_id: Instance,
    api_key: Key = None,
    server_url: Server = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Do not ask for confirmation.")] = False,
) -> None:
    """Terminate an instance permanently, and show its final bill."""
    require_confirmation(instance_id, confirm)
    with _open_session(api_key, server_url) as session:
        instance = session.client.instance.terminate(instance_id)
        _print_instance(session, instance, instance.message)
        print_instance(session.out, instance)


def instance_execute(
    instance_id: Instance,
    endpoint: Annotated[str, typer.Option(help="Path on the instance.")] = "/",
    parameters: Annotated[str, typer.Option(help="A JSON value, or @FILE.json.")] = "{}",
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 30.0,
    api_key: Key = None,
    server_url: Server = None,
) -> None:
    """Execute a request on an instance."""
    with _open_session(api_key, server_url) as session:
        execute_and_print(session, instance_id, endpoint, parse_value(parameters), "POST", timeout)
