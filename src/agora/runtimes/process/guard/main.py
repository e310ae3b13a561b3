"""The guard: daemonise, start the program, and wait until all of its processes have ended."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import ctypes
import fcntl
import os
import resource
import select
import sys
import time

from . import procfs, segments

RESOURCE_LIMITS = (
    ("data", resource.RLIMIT_DATA),
    ("file", resource.RLIMIT_FSIZE),
    ("processes", resource.RLIMIT_NPROC),
)
PR_SET_CHILD_SUBREAPER = 36
READ_BYTES = 65_536
LEFTOVER_SECONDS = 2.0  # seconds for remaining processes after the program has exited by itself
KILL_INTERVAL_SECONDS = 0.05  # seconds between two rounds of killing
#: seconds between checks of the limits: near a limit or while usage grows; doubling up to the second while it is stable
ALERT, RELAXED = 0.25, 4.0


class Guard:
    """The guard of one instance. options: passed by the engine; see ``launch.py`` beside this package."""

    def __init__(self, options: dict[str, str], command: str) -> None:
        self.options = options
        self.command = command
        self.generation = os.path.join(options["directory"], "generations", options["generation"])
        self.memory = int(options.get("memory", "0"))
        self.pids = int(options.get("pids", "0"))
        self.program = 0
        self.ended = False
        self.reason = ""
        self.deadline: float | None = None  # when it is killed; None: no end was requested
        self.look = ALERT
        self.due = 0.0  # time of the next check
        self.seen = (0, 0)  # bytes and processes at the last check

    # -- start ---------------------------------------------------------------------------------------------------

    def begin(self) -> str:
        """Start the program, once per generation. Returns the reason if it was not started, or an empty string."""
        lock = os.open(os.path.join(self.options["directory"], "lock"), os.O_RDWR)
        # A record lock: the kernel drops it with this process, and the program does not inherit it. The instance is
        # guarded if and only if it is locked.
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return "held"
        # Under the lock: an engine that writes ``stop`` is either noticed here, or finds the lock held and asks the
        # guard.
        if os.path.exists(os.path.join(self.generation, "stop")):
            return "stopped"
        if os.path.exists(os.path.join(self.generation, "state.json")):
            return "started"
        # Orphaned descendants become children of the guard, so that none escapes its accounting and killing.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._install_signals()
        self.output, theirs = os.pipe()
        # Descendants may hold the pipe open without writing: the loop must never block on it.
        os.set_blocking(self.output, False)
        self.log = segments.SegmentWriter(
            os.path.join(self.options["directory"], "logs"),
            int(self.options["segment"]),
            int(self.options["segments"]),
        )
        me = procfs.read_process(os.getpid())
        started = me.started if me is not None else 0
        # Before the fork: it tells the engine which guard to ask, and prevents a second start of this generation.
        self._write_file(
            "state.json",
            f'{{"version": 1, "pid": {os.getpid()}, "started": {started}, "boot": "{procfs.BOOT_ID}",'
            f' "began": {time.time_ns() // 1000}}}',
        )
        self.program = os.fork()
        if not self.program:
            self._exec_program_in_child(theirs)
        os.close(theirs)
        return ""

    def _install_signals(self) -> None:
        """Let signals wake the loop; handlers do nothing else."""
        self.wake, writing = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        # The mask is inherited: signals that the starting thread blocked would never arrive.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _exec_program_in_child(self, output: int) -> None:
        """Set up the child process and execute the program."""
        try:
            # The pipe is shared with the guard: a signal to the child would wake the guard's loop.
            signal.set_wakeup_fd(-1)
            # Ignored signals stay ignored after execve, and the guard ignores several.
            for number in range(1, signal.NSIG):
                if number not in (signal.SIGKILL, signal.SIGSTOP):
                    try:
                        signal.signal(number, signal.SIG_DFL)
                    # The C library reserves some numbers (32 and 33 in glibc).
                    except (OSError, ValueError):
                        continue
            # Own session and group: killpg reaches the program and its group, and never the guard.
            os.setsid()
            os.dup2(output, 1)
            os.dup2(output, 2)
            self._apply_limits()
            os.chdir(self.options["work"])
            os.umask(0o077)
            os.execve("/bin/sh", ["sh", "-c", self.command], os.environ)  # noqa: S606
        except BaseException as error:
            os.write(2, f"It cannot be started: {error}\n".encode())
        os._exit(127)

    def _apply_limits(self) -> None:
        options = self.options
        if "cgroup" in options:
            with open(os.path.join(options["cgroup"], "cgroup.procs"), "w") as file:
                # 0 is the writing process (cgroup v2).
                file.write("0")
        if "cpus" in options:
            os.sched_setaffinity(0, {int(cpu) for cpu in options["cpus"].split(",")})
        for name, which in RESOURCE_LIMITS:
            if name in options:
                hard_limit = resource.getrlimit(which)[1]
                limit = (
                    int(options[name]) if hard_limit == resource.RLIM_INFINITY else min(int(options[name]), hard_limit)
                )
                resource.setrlimit(which, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")  # the kernel kills the program rather than the server
        except OSError:
            return  # it may be read-only in a container

    # -- lifecycle -----------------------------------------------------------------------------------------------

    def run_until_exit(self) -> None:
        """Forward output, handle signals and enforce limits until the program and all its descendants have exited."""
        poll = select.poll()
        poll.register(self.output, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            ready = dict(poll.poll(self._compute_poll_timeout()))
            if self.wake in ready:
                self._handle_signals()
            # At its end a pipe is always ready: left registered, it would make the loop spin.
            if self.output in ready and self._pump_output() == 0:
                poll.unregister(self.output)
            # A wake-up for output alone does not read /proc: the end of a process is announced by SIGCHLD.
            only_output = self.output in ready and self.wake not in ready and self.deadline is None
            if not only_output and not self._reap_children():
                break
            self._enforce_limits()
        # Output written before the last process died is still in the pipe.
        while self._pump_output() > 0:
            pass

    def _compute_poll_timeout(self) -> int | None:
        """Compute the milliseconds until the next action."""
        waits = []
        if self.deadline is not None:
            # A process may have forked while the others were killed: killing repeats at this interval until none is
            # left.
            waits.append(max(self.deadline - time.monotonic(), KILL_INTERVAL_SECONDS))
        if self.memory or self.pids:
            waits.append(max(self.due - time.monotonic(), 0.0))
        return round(min(waits) * 1000) + 1 if waits else None

    def _handle_signals(self) -> None:
        if signal.SIGTERM in os.read(self.wake, 4096):
            try:
                with open(os.path.join(self.generation, "stop")) as file:
                    grace = float(file.read())
            except (OSError, ValueError):
                grace = 0.0  # its files are missing, or the request is not the engine's: no grace
            self._request_end("stopped", grace)

    def _request_end(self, reason: str, grace: float) -> None:
        """Send SIGTERM once to the program's group, and resume paused processes so that they receive it."""
        deadline = time.monotonic() + grace
        if self.deadline is not None:
            # A second request may shorten the grace, never lengthen it.
            self.deadline = min(self.deadline, deadline)
            return
        self.deadline = deadline
        self.reason = self.reason or reason
        self._signal_group(signal.SIGTERM)
        if self.ended:
            self._signal_all_processes(signal.SIGTERM)
        self._signal_all_processes(signal.SIGCONT)

    def _signal_group(self, number: int) -> None:
        """Signal the whole group atomically, which a fork cannot outrun. The group is certainly the program's: the
        program is reaped last, so its pid is not reused."""
        try:
            os.killpg(self.program, number)
        except ProcessLookupError:
            os.kill(self.program, number)  # it does not have its own group yet

    def _signal_all_processes(self, number: int) -> None:
        for process in procfs.list_process_tree(os.getpid())[1:]:
            procfs.send_signal(process, number)

    def _pump_output(self) -> int:
        """Move output to the log. Returns the number of bytes, 0 at the end, -1 if none is available."""
        try:
            data = os.read(self.output, READ_BYTES)
        except BlockingIOError:
            return -1
        self.log.write(data)
        if 0 < len(data) < READ_BYTES // 4 and not self.ended:
            time.sleep(0.005)  # writing line by line would cost a wake-up per line
        return len(data)

    def _reap_children(self) -> bool:
        """Reap ended processes except the program. Returns False if no process is left."""
        while True:
            other_pids = [pid for pid in procfs.list_child_pids(os.getpid()) if pid != self.program]
            if not sum(os.waitpid(pid, os.WNOHANG)[0] for pid in other_pids):
                break  # otherwise there may be orphaned children
        # WNOWAIT leaves a zombie: its pid, and therefore the id of the signalled group, is not reused.
        if not self.ended and os.waitid(os.P_PID, self.program, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            self.ended = True
            if self.deadline is None:
                self._request_end("exited", LEFTOVER_SECONDS)
        return not self.ended or bool(other_pids)

    def _enforce_limits(self) -> None:
        """Enforce the limits and the deadline."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._signal_group(signal.SIGKILL)
            # processes that have left the group: none may fork while the others are killed
            self._signal_all_processes(signal.SIGSTOP)
            self._signal_all_processes(signal.SIGKILL)
        elif (self.memory or self.pids) and time.monotonic() >= self.due:
            self._enforce_usage_limits()
            self.due = time.monotonic() + self.look

    def _enforce_usage_limits(self) -> None:
        """Compare the usage with the limits."""
        child_pids = procfs.list_child_pids(os.getpid())
        used = count = 0
        for pid in child_pids:  # grows during iteration
            count += 1
            used += _measure_private_bytes(pid) if self.memory else 0
            child_pids.extend(procfs.list_child_pids(pid))
        if (self.memory and used > self.memory) or (self.pids and count > self.pids):
            self.reason = self.reason or ("memory" if self.memory and used > self.memory else "pids")
            self.deadline = time.monotonic()
            self._enforce_limits()
        # Half of a limit, or a growth by a sixteenth since the last look, asks for the short interval.
        is_near_limit = used * 2 > self.memory > 0 or count * 2 > self.pids > 0
        grown = count > self.seen[1] or (used - self.seen[0]) * 16 > self.memory > 0
        self.look = ALERT if is_near_limit or grown else min(self.look * 2, RELAXED)
        self.seen = (used, count)

    # -- exit ----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Record the exit."""
        status = os.waitpid(self.program, 0)[1]
        # The kernel's kill looks like any SIGKILL in the status; only the group tells the reason.
        if "cgroup" in self.options and _was_killed_for_memory(self.options["cgroup"]):
            self.reason = "memory"
        code = str(os.WEXITSTATUS(status)) if os.WIFEXITED(status) else "null"
        number = str(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else "null"
        # After waitpid: only reaped children are counted.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._write_file(
            "exit.json",
            f'{{"code": {code}, "signal": {number}, "reason": "{self.reason}", "at": {time.time_ns() // 1000},'
            f' "cpu_seconds": {used.ru_utime + used.ru_stime}}}',
        )

    def _write_file(self, name: str, text: str) -> None:
        path = os.path.join(self.generation, name)
        # Written atomically: the engine may read it at any time, and the host may lose power.
        with open(path + ".new", "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)


def _was_killed_for_memory(group: str) -> bool:
    """Whether the kernel killed processes of a group because of their memory."""
    lines = (procfs.read_proc_file(os.path.join(group, "memory.events")) or b"").split(b"\n")
    return any(line.startswith(b"oom_kill ") and line != b"oom_kill 0" for line in lines)


def _measure_private_bytes(pid: int) -> int:
    """Return the private resident memory of a process in bytes."""
    line = procfs.read_proc_file(f"/proc/{pid}/statm")
    if not line:
        return 0
    resident, shared = line.split()[1:3]
    # Pages of shared libraries would otherwise count once per process.
    return (int(resident) - int(shared)) * procfs.PAGE_BYTES


def main() -> None:
    options = dict(argument.split("=", 1) for argument in sys.argv[1:-1])
    reading, writing = os.pipe()
    if os.fork():  # the engine waits only for the parent process
        os.close(writing)
        word = os.read(reading, 100)
        sys.stdout.write(word.decode() or "broken")
        sys.stdout.flush()
        os._exit(0)
    os.close(reading)
    # A session of its own: signals to the server's terminal or group do not end the guard.
    os.setsid()
    guard = Guard(options, sys.argv[-1])
    refusal = guard.begin()
    os.write(writing, (refusal or "begun").encode())
    os.close(writing)
    if refusal:
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    guard.run_until_exit()
    guard.end()
    os._exit(0)


main()
