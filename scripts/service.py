"""Start, stop and show the server of this folder. Usage: service.py up|down|logs

State is in the data directory (AGORA_DATA_DIR): ``server.pid`` and ``server.log``. Needs only Python's
standard library.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.environ.get("AGORA_DATA_DIR") or os.path.join(ROOT, "data")
PID, LOG = os.path.join(DATA, "server.pid"), os.path.join(DATA, "server.log")
AGORA = os.path.join(ROOT, ".venv", "bin", "agora")
PATIENCE = 60.0


def running():
    """Return the process id of the server started here, or None."""
    try:
        with open(PID) as file:
            pid = int(file.read().split()[0])
        with open("/proc/%d/cmdline" % pid, "rb") as command:
            return pid if b"agora" in command.read() else None
    except (OSError, ValueError, IndexError):
        return None


def told():
    """Return the address of the server started here, which may differ from the current environment's."""
    with open(PID) as file:
        return file.read().split()[-1]


def url():
    host = os.environ.get("AGORA_HOST", "127.0.0.1")
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return "http://%s:%s" % (shown, os.environ.get("AGORA_PORT", "8080"))


def ready():
    try:
        with urllib.request.urlopen(url() + "/ready", timeout=2) as answer:
            return answer.status == 200
    except (OSError, http.client.HTTPException):  # HTTPException: for an invalid address
        return False


def said(since):
    """Return the server's output after a position of its log."""
    with open(LOG, encoding="utf-8", errors="replace") as log:
        log.seek(since)
        return log.read().strip()


def up():
    if running():
        print("Agora runs already: %s (process %d). 'make down' stops it." % (told(), running()))
        return 0
    if ready():
        print(
            "Another server answers at %s: stop it, or choose another port: AGORA_PORT=8090 make up" % url(),
            file=sys.stderr,
        )
        return 1
    os.makedirs(DATA, exist_ok=True)
    log = open(LOG, "ab")  # noqa: SIM115 - the server keeps it open
    since = log.tell()
    server = subprocess.Popen(
        [AGORA, "serve", "--data-dir", DATA], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
    )
    with open(PID, "w") as file:
        file.write("%d %s" % (server.pid, url()))
    deadline = time.monotonic() + PATIENCE
    while not ready() or server.poll() is not None:
        if server.poll() is not None or time.monotonic() > deadline:
            os.unlink(PID)
            print(said(since) or "The server did not start; see %s" % LOG, file=sys.stderr)
            if server.poll() is None:
                server.terminate()
            return 1
        time.sleep(0.05)
    print(said(since))
    print("  log       %s ('make logs' follows it, 'make down' stops the server)" % LOG)
    return 0


def down():
    pid = running()
    if pid is None:
        print("No server that 'make up' started is running.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while running() and time.monotonic() < deadline:
        time.sleep(0.05)
    if running():
        print("The server has not stopped yet (process %d)." % pid, file=sys.stderr)
        return 1
    os.unlink(PID)
    print("Stopped.")
    return 0


def logs():
    if os.path.exists(LOG):
        os.execvp("tail", ["tail", "-n", "50", "-F", LOG])
    print("There is no log yet: 'make up' starts the server.")
    return 1


if __name__ == "__main__":
    jobs = {"up": up, "down": down, "logs": logs}
    if len(sys.argv) != 2 or sys.argv[1] not in jobs:
        sys.exit("Usage: service.py up|down|logs")
    sys.exit(jobs[sys.argv[1]]())
