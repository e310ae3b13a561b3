"""Observation of instances. Each observation reads /proc once per process of an instance, and nothing else."""

from __future__ import annotations

import os
import signal
import time

from agora.runtimes.port import Handle, Observation, ProcessExit, Usage

from .guard import procfs
from .records import InstanceDirectory

__all__ = ["observe_instance", "pause_processes", "resume_processes"]

STOP_SECONDS = 5.0  # seconds for processes to stop


def observe_instance(instance: InstanceDirectory, handle: Handle) -> Observation:
    """Observe a generation. /proc takes precedence, because a program can change its files."""
    data = handle.data
    started_at = int(data.get("began", 0)) or None
    if data.get("boot") == procfs.BOOT_ID:
        processes = procfs.list_process_tree(int(data["pid"]))
        is_same_process = processes and processes[0].started == data["started"] and not processes[0].is_dead
        if is_same_process and procfs.has_start_variables(
            processes[0].pid, [f"AGORA_INSTANCE={handle.instance_id}".encode()]
        ):
            return _build_running_observation(processes, started_at)
        _reap_zombies(processes)
    exit = instance.read_exit(handle.generation)  # written before the guard ends
    if exit is not None:
        return Observation("exited", started_at, exit[0], Usage(cpu_seconds=exit[1]))
    if not instance.generation_directory(handle.generation).exists():
        return Observation("absent")
    return Observation("exited", started_at, ProcessExit(reason="lost"))


def _build_running_observation(processes: list[procfs.Process], began: int | None) -> Observation:
    alive = [process for process in processes[1:] if not process.is_dead]
    # Without the guard's own CPU time; that of processes which it has reaped is in its ``waited``.
    ticks = processes[0].waited + sum(process.ticks + process.waited for process in processes[1:])
    pages = sum(process.pages for process in alive)
    usage = Usage(ticks / procfs.TICKS_PER_SECOND, pages * procfs.PAGE_BYTES, len(alive))
    paused = bool(alive) and all(process.is_stopped for process in alive)
    return Observation("paused" if paused else "running", began, None, usage)


def _reap_zombies(processes: list[procfs.Process]) -> None:
    """Reap guards if this process is the init process of a container and has inherited them."""
    for process in processes[:1]:
        if process.is_dead and process.parent == os.getpid():
            try:
                os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                return


def pause_processes(guard: int) -> bool:
    """Pause all descendants of a guard, parents first. Returns whether all are stopped.

    Processes forked in the meantime are found in the next round, until no running process can fork. A parent in
    vfork(2) cannot stop before its child has executed another program: a child that was stopped too early is resumed
    briefly.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        processes = procfs.list_process_tree(guard)[1:]
        running = [process for process in processes if not process.is_dead and not process.is_stopped]
        if not running:
            return True
        blocked_pids = {process.pid for process in running if process.state == "D"}
        for process in processes:
            if process.is_stopped and process.parent in blocked_pids:
                procfs.send_signal(process, signal.SIGCONT)
        for process in running:
            procfs.send_signal(process, signal.SIGSTOP)
        time.sleep(0.001)
    return False


def resume_processes(guard: int) -> bool:
    """Resume all descendants of a guard, children first. Returns whether any of them runs."""
    for process in reversed(procfs.list_process_tree(guard)[1:]):
        if process.is_stopped:
            procfs.send_signal(process, signal.SIGCONT)
    return any(not process.is_dead and not process.is_stopped for process in procfs.list_process_tree(guard)[1:])
