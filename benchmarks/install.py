"""Size of an installation: packages and megabytes of a new environment with the default dependencies."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _size(directory: Path) -> float:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "venv"
        venv.create(home, with_pip=True)
        packages = next((home / "lib").glob("python*")) / "site-packages"
        empty, before = _size(packages), {entry.name for entry in packages.glob("*.dist-info")}
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for what in (["-r", "requirements/server.txt"], ["--no-deps", "./sdk/python", "."]):
            subprocess.run([*pip, *what], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
        added = {entry.name for entry in packages.glob("*.dist-info")} - before
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        print(f"default install on Python {python}: {len(added)} packages, {_size(packages) - empty:.1f} MB")


if __name__ == "__main__":
    main()
