"""Create .venv and keep it in sync with the lock files. Usage: environment.py [server|test]

A stamp in .venv records the installed set, so that a second run does nothing. Needs only Python's standard library; it
must parse on an old Python, too, to report that a newer one is needed.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
CANDIDATES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
SOURCES = ("sdk/python", ".")


def main(wanted):
    """Install the wanted set: 'server' runs Agora, 'test' also tests it."""
    if wanted not in ("server", "test"):
        sys.exit("Usage: environment.py [server|test]")
    stamp = os.path.join(VENV, "installed-" + wanted)
    state = fingerprint(wanted)
    if os.path.exists(PYTHON) and any(read(path) == state for path in (stamp, covering(wanted))):
        return
    if not os.path.exists(PYTHON):
        create()
    install(wanted)
    with open(stamp, "w") as out:
        out.write(state)


def covering(wanted):
    """Return the stamp of the set that includes the wanted one."""
    return os.path.join(VENV, "installed-test" if wanted == "server" else "installed-" + wanted)


def fingerprint(wanted):
    """Compute a fingerprint of all inputs of the environment; the same for both sets."""
    digest = hashlib.sha256()
    names = ["requirements/build.txt", "requirements/server.txt", "requirements/test.txt"]
    for name in [*names, *(source + "/pyproject.toml" for source in SOURCES)]:
        with open(os.path.join(ROOT, name), "rb") as text:
            digest.update(text.read())
    digest.update(ROOT.encode())
    return digest.hexdigest()


def read(path):
    if not os.path.exists(path):
        return None
    with open(path) as text:
        return text.read()


def create():
    interpreter = find_python()
    say("Creating .venv with " + interpreter)
    made = subprocess.run([interpreter, "-m", "venv", "--clear", VENV])
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("Python's venv module is incomplete. On Debian or Ubuntu: apt install python3-venv")


def find_python():
    """Find the first sufficiently new Python: the one in PYTHON, the running one, then by name."""
    given = os.environ.get("PYTHON")
    found = [shutil.which(name) for name in ([given] if given else []) + [sys.executable, *CANDIDATES]]
    for path in found:
        if path and recent(path):
            return path
    needed = ".".join(map(str, OLDEST))
    running = sys.version.split()[0]
    sys.exit(
        "Agora needs Python " + needed + " or newer; this is " + running + ".\n"
        "Install one (apt install python" + needed + " python" + needed + "-venv), or name it: "
        "make up PYTHON=/path/to/python" + needed
    )


def recent(path):
    check = "import sys; sys.exit(sys.version_info < " + repr(OLDEST) + ")"
    return subprocess.run([path, "-c", check]).returncode == 0


def install(wanted):
    say("Installing the packages of requirements/" + wanted + ".txt")
    files = [os.path.join(ROOT, "requirements", name + ".txt") for name in ("build", wanted)]
    if os.environ.get("LOCKED", "1") == "0":
        pip(*pins(files))
    else:
        pip("--require-hashes", *(part for path in files for part in ("-r", path)))
    say("Installing Agora from this folder")
    editable = [part for source in SOURCES for part in ("-e", "./" + source)]
    pip("--no-deps", "--no-build-isolation", *editable)


def pins(paths):
    """Read the versions of lock files without their hashes."""
    lines = [line.split(" \\")[0].strip() for path in paths for line in (read(path) or "").splitlines()]
    return sorted({line for line in lines if "==" in line and not line.startswith(("#", "--"))})


def pip(*arguments):
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit(
            "The packages could not be installed (pip's own message is above).\n"
            "If your package index serves files of its own making, their hashes differ: make up LOCKED=0"
        )


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "server")
