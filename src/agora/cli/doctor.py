"""``agora doctor``: checks for problems of this installation, with a fix for each."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from agora.settings import ConfigurationError, Settings
from agora_sdk.errors import AgoraError, ServerUnreachable, Unauthenticated

from .session import Session, client_command
from .tables import build_attribute_columns

if TYPE_CHECKING:
    from agora_sdk import AgoraClient

__all__ = ["doctor", "has_agora_answered"]

MINIMUM_SQLITE = (3, 35, 0)
MAX_CLOCK_SKEW_SECONDS = 60.0
MAX_WORKERS = 200
RENEWAL_DAYS = 14  #: days before its end at which renewal of a certificate is due
CONNECT_SECONDS = 3.0
MIN_FREE_BYTES = 256 * 1_048_576  #: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of a check: ok, warn or fail, and the fix."""

    state: str
    subject: str
    detail: str
    fix: str = ""


def _check_python() -> Finding:
    return Finding("ok", "python", sys.version.split()[0])


def _check_sqlite() -> Finding:
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        return Finding("fail", "sqlite", sqlite3.sqlite_version, "Use a Python built with SQLite 3.35 or newer.")
    return Finding("ok", "sqlite", sqlite3.sqlite_version)


def _load_settings() -> tuple[Settings, list[Finding]]:
    """Load the settings of the server. If they are invalid, return the defaults and the errors."""
    try:
        return Settings.load_settings(), []
    except ConfigurationError as error:
        fix = "Correct it at its source; then 'agora serve' starts."
        return Settings(), [Finding("fail", "configuration", str(error), fix)]


def _check_directory(settings: Settings) -> Iterator[Finding]:
    """Check that the server can write its data directory and read its files."""
    directory, choose = settings.data_dir, "Choose another: AGORA_DATA_DIR."
    ancestor = directory
    while not os.path.exists(ancestor):  # unlike Path.exists, no error without permission
        ancestor = ancestor.parent
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK | os.X_OK):
        yield Finding("fail", "data directory", f"{directory} cannot be written", choose)
        return
    lock = directory / "agora.lock"
    inaccessible = [path.name for path in _list_own_files(settings) if not os.access(path, os.R_OK | os.W_OK)]
    if inaccessible:
        detail = f"{directory}: {', '.join(inaccessible)} cannot be read and written by this user"
        yield Finding("fail", "data directory", detail, "Run the server as their owner, or chown them.")
        return
    # By the lock and not by its file, which a killed server leaves behind.
    if lock.exists() and _is_locked(str(lock)):
        yield Finding("ok", "data directory", f"{directory} is in use by a running server")
    else:
        yield Finding("ok", "data directory", f"{directory}" + ("" if directory.exists() else " (will be created)"))
    free = shutil.disk_usage(ancestor).free
    if free < MIN_FREE_BYTES:
        detail = f"{free / 1_048_576:,.0f} MB are free in {ancestor}"
        yield Finding("warn", "disk", detail, "Free some space: a server with a full disk refuses to store anything.")


def _list_own_files(settings: Settings) -> Iterator[Path]:
    """Yield existing files that the server reads and writes."""
    names = ("agora.db", "agora.db-wal", "agora.db-shm", "agora.lock")
    for path in (
        *(settings.data_dir / name for name in names),
        settings.secrets_dir / "signing.key",
        settings.secrets_dir / "admin-token",
    ):
        if os.path.exists(path):
            yield path


def _check_database(settings: Settings) -> Iterator[Finding]:
    """Check that the database can be opened, and its migration status; skipped if it does not exist yet."""
    if not settings.store and not os.path.exists(settings.data_dir / "agora.db"):
        return
    from agora.store.databases import database_url, read_database_status
    from agora.store.port import StoreFailure

    try:
        database = asyncio.run(
            read_database_status(database_url(settings.store, settings.data_dir), connect_seconds=CONNECT_SECONDS)
        )
    except (StoreFailure, ModuleNotFoundError) as error:
        fix = "Until it can be read, 'agora serve' does not start: restore a backup, or set AGORA_STORE to another database."
        yield Finding("fail", "database", str(error), fix)
        return
    if database.exists:
        pending = f"; the next start applies {len(database.pending)} migrations" if database.pending else ""
        yield Finding("ok", "database", f"{database.applied} migrations applied{pending}")


def _check_certificate(settings: Settings) -> Iterator[Finding]:
    """Check the server's TLS certificate and key, if configured."""
    if settings.tls_cert is None and settings.tls_key is None:
        return
    from agora.net.tls import CertificateError, TlsFiles, load_certificate

    try:
        files = TlsFiles.from_settings(settings)
        assert files is not None
        certificate = load_certificate(files)
    except CertificateError as error:
        yield Finding(
            "fail", "certificate", str(error), "Then 'agora serve' starts; SIGHUP has a running server read it."
        )
        return
    days, until = certificate.compute_days_left(), f"{certificate.expires:%Y-%m-%d}"
    detail = f"for {', '.join(certificate.names) or 'no name'}, until {until}"
    renew = "Renew it and send the server SIGHUP."
    if days < 0:
        yield Finding("fail", "certificate", f"{detail}: it has expired", renew)
    elif days < RENEWAL_DAYS:
        yield Finding("warn", "certificate", f"{detail}: {days} days are left", renew)
    elif not certificate.names:
        yield Finding("fail", "certificate", detail, "Request one with a subjectAltName: clients check nothing else.")
    else:
        yield Finding("ok", "certificate", detail)


def _is_locked(path: str) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def has_agora_answered(server: Iterable[Finding]) -> bool:
    """Whether an Agora server answered, healthy or not; only then can a credential be checked."""
    return any(finding.subject == "credential" for finding in server)


def _check_ports(settings: Settings, *, reachable: bool) -> Iterator[Finding]:
    """Check the ports. An occupied main port is correct only if a server answers; the events port is optional."""
    for name, port, problem in (
        ("AGORA_PORT", settings.port, "fail"),
        ("AGORA_EVENTS_PORT", settings.events_port, "warn"),
    ):
        if not port:  # 0: any free port, or none
            continue
        with socket.socket() as probe:
            # As the server does: connections in TIME_WAIT do not occupy a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                if reachable:
                    yield Finding("ok", f"port {port}", "in use, and a server answers")
                else:
                    yield Finding(problem, f"port {port}", "in use by another program", f"Choose another: {name}.")
            else:
                yield Finding("ok", f"port {port}", "free")


def _check_server(session: Session) -> Iterator[Finding]:
    # Without retries: a server that does not answer at once is the finding.
    client = session.client.with_options(retries=0, timeout=5)
    try:
        health = client.admin.health()
    except ServerUnreachable as error:
        url = session.connection.url or os.environ.get("AGORA_URL")
        yield Finding("fail" if url else "warn", "server", error.detail, error.fix or "")
        return
    except Unauthenticated as error:
        yield Finding("ok", "server", f"{client.url} answers")
        yield Finding("fail", "credential", error.detail, error.fix or "Register again, or ask for a new token.")
        return
    except AgoraError as error:
        yield Finding("fail", "server", error.detail, error.fix or "")
        return
    state = {"healthy": "ok", "degraded": "warn", "paused": "warn", "halted": "warn"}.get(health.status, "fail")
    advice = "" if state == "ok" else f"{client.url}/health/detail says why."
    if health.stopped is not None:
        advice += " 'agora admin resume' lifts the halt."
    yield Finding(state, "server", f"{client.url} is {health.status}, version {health.version}", advice)
    skew = abs((datetime.now(UTC) - health.timestamp).total_seconds())
    is_skewed = skew > MAX_CLOCK_SKEW_SECONDS
    yield Finding(
        "warn" if is_skewed else "ok", "clock", f"{skew:.1f} s from the server's", "Use NTP." if is_skewed else ""
    )
    try:
        # The health is answered whatever the credential is worth: only another operation checks it.
        client.query.agents(limit=1)
    except AgoraError as error:
        yield Finding("fail", "credential", error.detail, error.fix or "")
    else:
        yield Finding("ok", "credential", "accepted")
    yield from _check_hosts(client)
    yield from _check_workers(client)


def _check_workers(client: AgoraClient) -> Iterator[Finding]:
    """Check for coding workers whose version differs from the server's."""
    try:
        workers = client.worker.list(online_only=True, limit=MAX_WORKERS).workers
    except AgoraError:
        return  # a caller that may not list workers has none to upgrade
    for worker in workers:
        if worker.upgrade:
            detail = f"{worker.worker_name} runs version {worker.version}, the server {worker.upgrade}"
            fix = f"Upgrade it on its machine, then: agora worker drain {worker.worker_id}"
            yield Finding("warn", "worker", detail, fix)


def _check_hosts(client: AgoraClient) -> Iterator[Finding]:
    """Check for limits that engines do not enforce; skipped if the caller may not list hosts."""
    try:
        hosts = client.host.list(limit=50).hosts
    except AgoraError:
        return
    for host in hosts:
        for engine, ways in sorted(host.limits.items()):
            gaps = [LIMIT_GAPS[name, way] for name, way in sorted(ways.items()) if (name, way) in LIMIT_GAPS]
            gaps += [f"{name} is not limited" for name, way in sorted(ways.items()) if way == "none"]
            if gaps:
                fix = "Delegate a control group to the server, or use the engine docker: docs/how-to/engines.md."
                yield Finding("warn", f"limits of {engine} on {host.name}", "; ".join(gaps), fix)


#: gaps in the enforcement of a limit, by limit and method
LIMIT_GAPS = {
    ("cpu", "affinity"): "cpu_limit supports only whole cores, not fractions such as 0.2",
    ("disk", "rlimit"): "disk_limit applies to each file, not to the total",
}


def _format_result(finding: Finding) -> str:
    # A third wide column would leave each too narrow for an address or a path on a usual terminal.
    return f"{finding.detail}\nfix: {finding.fix}" if finding.fix else finding.detail


@client_command
def doctor(session: Session) -> None:
    """Check this machine and the connection to the server, with a fix for each problem."""
    settings, problem = _load_settings()
    server = list(_check_server(session))
    ports = _check_ports(settings, reachable=has_agora_answered(server))
    findings = [
        _check_python(),
        _check_sqlite(),
        *problem,
        *_check_directory(settings),
        *_check_database(settings),
        *_check_certificate(settings),
        *ports,
        *server,
    ]
    if session.out.json:
        for finding in findings:
            session.out.print_json({name: getattr(finding, name) for name in Finding.__slots__})
    else:
        columns = build_attribute_columns("check=subject")
        session.out.print_table(findings, [("", attrgetter("state")), *columns, ("result", _format_result)])
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)
