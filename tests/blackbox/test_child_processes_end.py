"""No process outlives the test run that started it, even if the run is killed and cannot clean up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.polling import poll_until
from tests.processes import MARK, spawn_tethered
from tests.reaper import Mark, find_processes

#: a test that starts a process of each kind and then hangs, as in a run interrupted twice by Ctrl+C
HANGING_TEST = """
import os, subprocess, sys, time
from pathlib import Path
from tests.blackbox.server import ServerProcess
from tests.postgres import postgres_server
from tests.processes import MARK
from tests.valkey import valkey_server

DAEMON = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(1000)"

def test_hangs(tmp_path, postgres_server, valkey_server):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "main.py").write_text("import time; time.sleep(1000)")
    server = ServerProcess(tmp_path / "data", instance_sources=str(programs)).start()
    manifest = {
        "name": "Sleeper",
        "directory": str(programs),
        "build_config": {"type": "custom", "start_command": f"exec {sys.executable} -S main.py"},
        "pricing": {"type": "per_request", "price": 0.01},
    }
    os.chdir(programs)
    (programs / "agent.yaml").write_text(__import__("json").dumps(manifest))
    made = server.run_cli("agent", "register", "--config", "agent.yaml", token=server.admin_token)
    assert made.returncode == 0, made.stdout + made.stderr
    made = server.run_cli("instance", "create", "Sleeper", "--wait", "60", token=server.admin_token)
    assert made.returncode == 0, made.stdout + made.stderr
    subprocess.run([sys.executable, "-c", DAEMON], check=True)
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open(os.environ["READY"], "w") as ready:
        ready.write(f"{os.environ[MARK]} {valkey_server.process.pid}")
    time.sleep(1000)  # until it is killed, which is under test
"""

#: a test with a task that cannot be cancelled, as some clients of brokers swallow cancellation while they reconnect
UNCANCELLABLE_TEST = """
import asyncio, os
from tests import processes

processes.INTERRUPTED_SECONDS = 1.0

async def go_on():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with open(os.environ["READY"], "a") as ready:
                ready.write(" cancelled")

async def test_hangs():
    task = asyncio.create_task(go_on())
    processes.spawn_tethered(["sleep", "1000"])
    with open(os.environ["READY"], "w") as ready:
        ready.write(f"{os.environ[processes.MARK]} 0")
    await task
"""


def _commands(pids: list[int]) -> str:
    lines = []
    for pid in pids:
        try:
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _start_run(tmp_path: Path, text: str) -> tuple[subprocess.Popen[bytes], str, int]:
    """Start pytest with a test that hangs, and wait until it does. Returns its process and its output."""
    test, ready, run_directory = tmp_path / "test_hanging.py", tmp_path / "ready", tmp_path / "run"
    test.write_text(text)
    plugins = [word for name in ("tests.conftest", "pytest_asyncio.plugin", "pytest_timeout") for word in ("-p", name)]
    command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", "-c", "pyproject.toml"]
    run = spawn_tethered(
        [*command, "--rootdir", str(tmp_path), "--basetemp", str(run_directory), str(test)],
        env=os.environ | {"READY": str(ready), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )

    def kill_and_read() -> str:
        run.kill()
        return f"the run says that it is ready:\n{run.communicate()[0].decode()}"

    def is_ready() -> bool:
        return run.poll() is not None or (ready.exists() and " " in ready.read_text())

    poll_until(is_ready, kill_and_read, 120)
    assert run.poll() is None, kill_and_read()
    mark, pid = ready.read_text().split()
    return run, mark, int(pid)


def test_interrupted_run_ends_despite_uncancellable_tasks(tmp_path: Path) -> None:
    run, mark, _ = _start_run(tmp_path, UNCANCELLABLE_TEST)
    marks = [Mark(f"{MARK}={mark}".encode())]
    assert "sleep 1000" in _commands(list(find_processes(marks)))
    run.send_signal(signal.SIGINT)
    poll_until(lambda: "cancelled" in (tmp_path / "ready").read_text(), "the test takes no notice")
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130
    poll_until(lambda: not list(find_processes(marks)), "what the test has started has ended")


def test_killed_run_leaves_no_process(tmp_path: Path) -> None:
    run, mark, broker = _start_run(tmp_path, HANGING_TEST)
    run_directory = tmp_path / "run"
    marks = [Mark(f"{MARK}={mark}".encode()), Mark(f"{run_directory}/".encode())]
    commands = _commands([*find_processes(marks), broker])
    for part in ("agora.cli serve", "postgres", "valkey", "time.sleep(1000)", "sleep 1000", "main.py"):
        assert part in commands, commands
    run.send_signal(signal.SIGKILL)
    run.communicate()

    def survivors() -> list[int]:
        return [*find_processes(marks), *filter(_is_running, [broker])]

    poll_until(lambda: not survivors(), lambda: f"all have ended but {_commands(survivors())}")


def test_reused_directory_name_belongs_to_the_next_run(tmp_path: Path) -> None:
    """A run that leaves no files leaves its directory name to the next run."""
    directory = tmp_path / "run"
    directory.mkdir()
    marks = [Mark(f"{directory}/".encode())]
    own = spawn_tethered(["sleep", "1000"], cwd=directory)
    assert list(find_processes(marks)) == [own.pid]
    directory.rmdir()
    directory.mkdir()
    other = spawn_tethered(["sleep", "1000"], cwd=directory, env=os.environ | {"HOME": f"{directory}/home"})
    try:
        assert list(find_processes(marks)) == [own.pid]
    finally:
        for process in (own, other):
            process.kill()
            process.wait()
