"""Creation of a virtual environment with pip: the result of ``python -m venv`` in a twentieth of its time.

Run by the interpreter that builds use: ``python -I seed.py DIRECTORY``. The wheel of pip that is bundled with Python is
unpacked where pip would install it, instead of starting pip to install itself.
"""

from __future__ import annotations

import ensurepip
import sys
import venv
import zipfile
from pathlib import Path

#: works even if the interpreter's path is too long, or has a space, for a line beginning with ``#!``
SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""


def seed_environment(directory: Path) -> None:
    """Create the environment. Raises ImportError if Python has no ensurepip."""
    wheels = sorted(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
    venv.create(directory, symlinks=True, with_pip=not wheels)
    if not wheels:  # a distribution's own layout: use its method
        return
    with zipfile.ZipFile(wheels[-1]) as wheel:
        wheel.extractall(next(directory.glob("lib/python*/site-packages")))
    for name in ("pip", "pip3"):
        script = directory / "bin" / name
        script.write_text(SCRIPT.format(python=directory / "bin" / "python"))
        script.chmod(0o755)


if __name__ == "__main__":
    try:
        seed_environment(Path(sys.argv[1]))
    except ImportError:
        sys.exit("This Python has no ensurepip: install the package that brings it (python3-venv).")
