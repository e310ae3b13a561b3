"""``agora worker``: run the coding worker, and check its requirements."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from agora.comma_lists import split_list
from agora_sdk.errors import InvalidRequest

from .garbage_collection import resume_garbage_collection
from .output import Output
from .session import exit_on_error

if TYPE_CHECKING:
    from agora.worker.codebases import Codebase
    from agora.worker.container_settings import ContainerSettings
    from agora.worker.options import WorkerOptions

__all__ = ["RunOptions", "detect_worker_options", "examine_worker", "run_worker", "show_disk_use"]

SERVER, WORK, AGENT = "Server", "Work", "Agent"
Server = Annotated[
    str | None,
    typer.Option(
        "--server", "--url", envvar=["A2A_SERVER_URL", "AGORA_URL"], help="The server.", rich_help_panel=SERVER
    ),
]
Codebases = Annotated[
    str, typer.Option(envvar="A2A_CODEBASES", help="Directories for jobs, as DIR[:NAME],...", rich_help_panel=WORK)
]
CONTAINER = "Containers, with --isolation docker"
State = Annotated[Path | None, typer.Option(help="Directory for worktrees.", rich_help_panel=WORK)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of ``agora worker run``."""

    server: Server = None
    token: Annotated[
        str | None,
        typer.Option("--token", help="Credential; default: AGORA_TOKEN, else the stored one.", rich_help_panel=SERVER),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            envvar=["A2A_WORKER_NAME", "A2A_WORKER_ID"],
            help="Name of the worker; default: worker-HOST.",
            rich_help_panel=SERVER,
        ),
    ] = None
    codebases: Codebases = "."
    auto_approve: Annotated[
        str,
        typer.Option(
            envvar="A2A_AUTO_APPROVE",
            help="Permissions granted without asking: all, safe (read, search, fetch, think) or none.",
            rich_help_panel=AGENT,
        ),
    ] = "safe"
    agent: Annotated[
        str | None,
        typer.Option(
            "--agent",
            help="opencode, claude, codex, gemini, a profile, or a command that speaks ACP; else the first that is logged in.",
            rich_help_panel=AGENT,
        ),
    ] = None
    model: Annotated[str | None, typer.Option(help="Model for the agent.", rich_help_panel=AGENT)] = None
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            help="Name of the account at the model provider. Its usage limit applies to all workers with that name. "
            "Default: derived from the agent's credential.",
            rich_help_panel=AGENT,
        ),
    ] = None
    command: Annotated[
        str | None,
        typer.Option(
            help="Command of a tool without ACP, such as 'mytool {prompt}', instead of --agent.", rich_help_panel=AGENT
        ),
    ] = None
    profiles: Annotated[
        Path | None,
        typer.Option(
            envvar="AGORA_WORKER_PROFILES",
            help="YAML with profiles (agent, model, permissions, MCP servers, environment) that a job may choose.",
            rich_help_panel=AGENT,
        ),
    ] = None
    local_sessions: Annotated[
        bool,
        typer.Option(
            help="Report all OpenCode sessions of this machine with their messages to the server, including those not "
            "started by a job.",
            rich_help_panel=AGENT,
        ),
    ] = False
    codebase_roots: Annotated[
        str | None,
        typer.Option(
            help="DIR,...: directories below which others may register codebases; default: your home directory; '' for "
            "none.",
            rich_help_panel=WORK,
        ),
    ] = None
    tools: Annotated[
        bool,
        typer.Option(
            help="Offer the marketplace's tools to agents, limited to what a job's creator allows.",
            rich_help_panel=AGENT,
        ),
    ] = True
    max_concurrent_tasks: Annotated[
        int, typer.Option("--max-concurrent-tasks", min=1, max=100, help="Jobs at once.", rich_help_panel=WORK)
    ] = 4
    labels: Annotated[str, typer.Option(help="Labels of the worker, separated by commas.", rich_help_panel=SERVER)] = ""
    once: Annotated[bool, typer.Option("--once", help="Stop after one job.", rich_help_panel=WORK)] = False
    isolation: Annotated[
        str,
        typer.Option(
            "--isolation",
            help="worktree (a git worktree and branch per job), docker (a worktree and a container) or none.",
            rich_help_panel=WORK,
        ),
    ] = "worktree"
    docker_image: Annotated[
        str | None, typer.Option(help="Image with the agent and the tools that jobs need.", rich_help_panel=CONTAINER)
    ] = None
    docker_network: Annotated[
        str, typer.Option(help="none, bridge or a network's name.", rich_help_panel=CONTAINER)
    ] = "bridge"
    docker_memory: Annotated[int, typer.Option(min=16, help="Megabytes of memory.", rich_help_panel=CONTAINER)] = 4096
    docker_cpus: Annotated[float, typer.Option(min=0.01, help="Processor cores.", rich_help_panel=CONTAINER)] = 2.0
    docker_pids: Annotated[int, typer.Option(min=2, help="Processes at most.", rich_help_panel=CONTAINER)] = 512
    check: Annotated[
        str | None,
        typer.Option(
            help="Command that must succeed for a job to pass, such as 'make test'; runs in the worktree.",
            rich_help_panel=WORK,
        ),
    ] = None
    setup: Annotated[
        str | None,
        typer.Option(
            help="Command that prepares a new worktree, instead of the repository's .agora/setup.sh.",
            rich_help_panel=WORK,
        ),
    ] = None
    trust_setup: Annotated[
        bool,
        typer.Option(
            "--trust-setup",
            help="Accept the current .agora/setup.sh of the repositories. A changed script must be accepted again.",
            rich_help_panel=WORK,
        ),
    ] = False
    state: State = None
    park_seconds: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds an agent waits for a permission before its process is stopped.", rich_help_panel=AGENT
        ),
    ] = 900.0
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds for jobs to finish after SIGTERM.", rich_help_panel=WORK)
    ] = 30.0
    lease_seconds: Annotated[
        int,
        typer.Option(
            min=5, max=3600, help="Seconds until a dead worker's job is given to another worker.", rich_help_panel=WORK
        ),
    ] = 60
    worktree_days: Annotated[
        float, typer.Option(min=0, help="Age at which merged worktrees are removed.", rich_help_panel=WORK)
    ] = 14.0
    worktree_megabytes: Annotated[
        int,
        typer.Option(min=0, help="Size beyond which a codebase's merged worktrees are removed.", rich_help_panel=WORK),
    ] = 10_000
    clone_megabytes: Annotated[
        int,
        typer.Option(
            min=1, help="Largest repository that others may ask the worker to clone (git_url).", rich_help_panel=WORK
        ),
    ] = 10_000
    clone_private_networks: Annotated[
        bool,
        typer.Option(
            "--clone-private-networks",
            help="Clone repositories also from private and loopback addresses.",
            rich_help_panel=WORK,
        ),
    ] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also log the agent's log output.")] = False


def run_worker(**options: Any) -> None:
    """Run coding jobs with a coding agent in the codebases of this machine, until Ctrl-C."""
    run_options = RunOptions(**options)
    _configure_logging(logging.DEBUG if run_options.verbose else logging.INFO)
    with exit_on_error(Output()):
        try:
            worker_options = detect_worker_options(run_options)
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        _ask_to_accept_setups(worker_options, is_accepted=run_options.trust_setup)
        _serve_worker(worker_options, run_options.server, run_options.token)


# typer reads the options from the signature and the annotations.
run_worker.__annotations__ = get_type_hints(RunOptions, include_extras=True)
run_worker.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=run_worker.__annotations__[field.name],
        )
        for field in fields(RunOptions)
    ]
)


def detect_worker_options(chosen: RunOptions) -> WorkerOptions:
    """Build the options of the worker, with what is found on this machine: codebases, agent, OpenCode server.

    Raises ValueError for an invalid option, or without an agent."""
    from agora.worker import options as values
    from agora.worker.adoption import ClonePolicy
    from agora.worker.opencode_server import build_attach_command
    from agora.worker.opencode_sessions import find_opencode_database
    from agora.worker.permissions import Approval
    from agora.worker.profiles import apply_profile, load_profiles

    isolation = values.parse_choice("--isolation", chosen.isolation, values.Isolation)
    is_contained = isolation is values.Isolation.DOCKER
    # The simplest mistakes first: an agent is looked for only if the rest is valid.
    codebases = _inspect_codebases(chosen.codebases, is_contained=is_contained)
    container = _build_container_settings(chosen) if is_contained else None
    profiles = load_profiles(chosen.profiles, isolation) if chosen.profiles else {}
    profile = profiles.get(chosen.agent or "")
    command = chosen.command
    # A running OpenCode server, named by its environment variables, has precedence over an installed agent.
    if command is None and chosen.agent is None and not is_contained:
        command = build_attach_command(os.environ)
    if command is not None and not command.split():
        raise ValueError("--command is empty: give a command line, or an --agent.")
    agent = None if command else values.choose_agent(profile.agent if profile else chosen.agent, isolation)
    options = values.WorkerOptions(
        name=chosen.name or values.build_default_worker_name(),
        codebases=codebases,
        agent_name=agent.name if agent else (command or "").split()[0],
        agent_command=agent.command if agent else None,
        agent_environment=agent.environment if agent else {},
        command=command,
        offers_tools=chosen.tools,
        approval=values.parse_choice("--auto-approve", chosen.auto_approve, Approval),
        provider_account=chosen.account or (agent.derive_account_name(os.environ, Path.home()) if agent else None),
        model=chosen.model,
        max_concurrent_tasks=chosen.max_concurrent_tasks,
        labels=split_list(chosen.labels),
        once=chosen.once,
        isolation=isolation,
        container=container,
        check=chosen.check,
        setup=chosen.setup,
        state=chosen.state or values.get_state_directory(),
        park_seconds=chosen.park_seconds,
        drain_seconds=chosen.drain_seconds,
        lease_seconds=chosen.lease_seconds,
        worktree_days=chosen.worktree_days,
        worktree_megabytes=chosen.worktree_megabytes,
        clone_policy=ClonePolicy(chosen.clone_private_networks, chosen.clone_megabytes),
        profiles=profiles,
        codebase_roots=_parse_roots(chosen.codebase_roots),
        opencode_database=find_opencode_database(os.environ, Path.home()) if chosen.local_sessions else None,
    )
    # Last: what the profile names replaces the options of the command line.
    return apply_profile(options, profile) if profile else options


def _configure_logging(level: int) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    for logger in ("agora.worker", "agora_sdk"):
        logging.getLogger(logger).setLevel(level)


def _build_container_settings(chosen: RunOptions) -> ContainerSettings:
    """Build the settings of the containers of jobs. Raises ValueError."""
    from agora.worker.container_settings import ContainerSettings, validate_container_settings

    return validate_container_settings(
        ContainerSettings(
            image=chosen.docker_image or "",
            network=chosen.docker_network,
            memory_megabytes=chosen.docker_memory,
            cpus=chosen.docker_cpus,
            pids=chosen.docker_pids,
        )
    )


def _inspect_codebases(codebases: str, *, is_contained: bool) -> list[Codebase]:
    """Parse the directories of the worker, and add the home directory as the global codebase. Raises ValueError."""
    from agora.worker.codebases import GLOBAL, Codebase, inspect_codebases

    places = inspect_codebases(codebases)
    if not places:
        raise ValueError("--codebases names no directory.")
    # Mounting the home directory would defeat the isolation of a container.
    if not is_contained and GLOBAL not in {directory.name for directory in places}:
        places.append(Codebase(GLOBAL, Path.home(), None, is_git=False))
    return places


def _parse_roots(text: str | None) -> list[Path]:
    """Parse the directories below which others may register codebases."""
    names = [str(Path.home())] if text is None else split_list(text)
    return [Path(name).expanduser() for name in names]


def _ask_to_accept_setups(options: WorkerOptions, *, is_accepted: bool) -> None:
    """Show each set-up script that the owner has not accepted yet, and store the answer.

    None is run if ``--setup`` names another one, or if jobs share the checkout.
    """
    from agora.worker.options import Isolation
    from agora.worker.repository_setup import SETUP_FILE, SetupConsent, escape_controls, read_setup

    if options.setup is not None or options.isolation is Isolation.NONE:
        return
    out, consent = Output(), SetupConsent(options.state)
    for codebase in options.codebases:
        try:
            script = read_setup(codebase.path) if codebase.is_git else None
        except ValueError as error:  # jobs in this codebase fail; those in others do not
            out.print_text(str(error), "red")
            continue
        if script is None or consent.covers(codebase.path, script):
            continue
        out.print_text(f"{codebase.path} has a set-up command for new worktrees, {SETUP_FILE}:", "yellow")
        out.print_text(escape_controls(script))
        if is_accepted or (sys.stdin.isatty() and typer.confirm("Accept it until it changes?")):
            consent.grant(codebase.path, script)
            out.print_text("Accepted.", "green")
        else:
            out.print_text("Not accepted: jobs in this codebase fail. To accept it: --trust-setup", "red")


def _serve_worker(options: WorkerOptions, server: str | None, token: str | None) -> None:
    """Run the worker until SIGTERM or SIGINT."""
    from agora.worker.execution import disable_git_hooks
    from agora.worker.models import discover_models
    from agora_sdk import AgoraClient
    from agora_sdk.agent import stop_on_signals

    try:
        from agora.worker.service import CodingWorker
    except ModuleNotFoundError as error:
        raise InvalidRequest(
            f"The worker needs the package {error.name}.", fix="Install it: pip install 'agora-server[coding]'."
        ) from error

    async def run_until_stopped() -> None:
        # The models of a container's agent are unknown to this machine.
        agent = options.agent_name if options.container is None else ""
        models = await discover_models(agent, os.environ, Path.home())
        client = AgoraClient(server, token=token, mode="async")
        worker = CodingWorker(replace(options, models=models), client)
        stop_on_signals(worker)
        try:
            await worker.serve()
        finally:
            await client.aclose()

    if options.container is not None:
        # Containers write to worktrees, whose hooks and monitors git on the host would run.
        disable_git_hooks(os.environ)
    resume_garbage_collection()
    asyncio.run(run_until_stopped())


def examine_worker(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    docker_image: Annotated[str | None, typer.Option(help="Image to test for --isolation docker.")] = None,
) -> None:
    """Check which coding agents are installed and logged in, how to install the others, and whether containers work."""
    from agora.worker.doctor import examine_machine

    out = Output(json=json)
    reports = examine_machine(os.environ, Path.home(), docker_image)
    if json:
        out.print_json([report.to_document() for report in reports])
        return
    for report in reports:
        tone = "green" if report.is_ready else "yellow" if report.is_installed else "red"
        out.print_text(f"{report.title}: {report.state}", tone)
        for hint in report.hints:
            out.print_text(f"  {hint}")


def show_disk_use(
    codebases: Codebases = ".",
    state: State = None,
    clean: Annotated[bool, typer.Option("--clean", help="Remove the removable worktrees.")] = False,
    worktree_days: Annotated[float, typer.Option(min=0, help="Age at which merged worktrees are removable.")] = 14.0,
    worktree_megabytes: Annotated[
        int, typer.Option(min=0, help="Size beyond which a codebase's merged worktrees are removable.")
    ] = 10_000,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the disk usage of job worktrees on this machine, what a clean-up would remove, and why the rest is kept."""
    from agora.worker.codebases import inspect_codebases
    from agora.worker.options import get_state_directory
    from agora.worker.worktree_cleaning import Limits, examine_worktrees, remove_excess_worktrees

    out = Output(json=json)
    root = (state or get_state_directory()) / "worktrees"
    limits = Limits(worktree_days * 86_400, worktree_megabytes * 1_000_000)
    rows: list[dict[str, object]] = []
    with exit_on_error(out):
        try:
            places = inspect_codebases(codebases)
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        for directory in places:
            uses = asyncio.run(examine_worktrees(directory, root, limits))
            removed = asyncio.run(remove_excess_worktrees(directory, root, limits)) if clean else []
            for use in uses:
                verdict = "removed" if use.job_id in removed else use.verdict
                rows.append({"codebase": directory.name, **use.to_document(), "verdict": verdict})
    if json:
        out.print_json(rows)
        return
    for row in rows:
        out.print_text(f"{row['codebase']}  {row['job_id']}  {int(str(row['bytes'])) / 1e6:.1f} MB  {row['verdict']}")
    total = sum(int(str(row["bytes"])) for row in rows)
    out.print_text(f"{len(rows)} worktrees, {total / 1e6:.1f} MB below {root}")
