"""Run pytest; failed tests are run again, alone, to distinguish flaky from broken tests. Both are failures.

    python scripts/run_tests.py [PYTEST OPTIONS]

The exit code is that of the first run.
"""

from __future__ import annotations

import compileall
import json
import os
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from _pytest.assertion import rewrite

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.processes import spawn_tethered

__all__ = ["compile_test_modules", "run_tests"]

ROOT = Path(__file__).parent.parent
FAILED = 1  # pytest's exit code for failed tests
INTERRUPTED_SECONDS = 60.0  # seconds for an interrupted run to finish its fixtures
#: a plugin that writes the ids of failed tests; in parallel runs, only the controlling process writes them
RECORDER = """
import json, os

failed = {}

def pytest_runtest_logreport(report):
    if report.failed:
        failed[report.nodeid] = True

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        with open(os.environ["FAILED_TESTS_FILE"], "w") as file:
            json.dump(list(failed), file)
"""


def run_tests(options: list[str]) -> int:
    """Run the tests, then the failed ones again; print which of them passed the second time. Returns the first exit
    code."""
    if Path.cwd() == ROOT:  # not in another test directory
        _compile_packages()
        compile_test_modules(ROOT / "tests")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "failed_tests_recorder.py").write_text(RECORDER)
        code, failed = _run_pytest(options, directory)
        if code == FAILED and failed:
            print("\n== The failed tests once more, each alone, to tell which are flaky.", flush=True)
            broken = [test for test in failed if _run_pytest(["-m", "", test], directory)[0] != 0]
            flaky = [test for test in failed if test not in broken]
            for title, tests in (("Flaky: failed, then passed alone", flaky), ("Broken: failed twice", broken)):
                if tests:
                    print(f"\n== {title}:", *tests, sep="\n     ")
    return code


def _compile_packages() -> None:
    """Write our packages' bytecode: the tests start hundreds of servers, and PYTHONDONTWRITEBYTECODE may be set."""
    for package in ("src", "sdk/python/src", "tests", "benchmarks", "scripts"):
        compileall.compile_dir(ROOT / package, quiet=1, workers=0)


def compile_test_modules(directory: Path) -> None:
    """Write the bytecode of test modules with pytest's assertion rewriting, if missing or stale.

    Otherwise each worker rewrites all of them: 10 s of CPU time each.
    """
    modules = [*directory.rglob("test_*.py"), *directory.rglob("conftest.py")]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_rewrite_assertions, modules, chunksize=16))


def _rewrite_assertions(module: Path) -> None:
    cache = rewrite.get_cache_dir(module) / (module.stem + rewrite.PYC_TAIL)
    if rewrite._read_pyc(module, cache) is not None:
        return
    source_hash, code = rewrite._rewrite_test(module, None)  # type: ignore[arg-type]  # default options
    cache.parent.mkdir(parents=True, exist_ok=True)
    draft = cache.with_name(f"{cache.name}.{os.getpid()}")
    with draft.open("wb") as file:
        rewrite._write_pyc_fp(file, source_hash, code)
    draft.replace(cache)


def _run_pytest(options: list[str], directory: str) -> tuple[int, list[str]]:
    """Run pytest. Returns its exit code, and the ids of the failed tests."""
    file = Path(directory, "failed.json")
    file.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, (directory, os.environ.get("PYTHONPATH"))))
    pytest = spawn_tethered(
        [sys.executable, "-m", "pytest", "-p", "failed_tests_recorder", *options],
        env=os.environ | {"PYTHONPATH": path, "FAILED_TESTS_FILE": str(file)},
    )
    try:
        code = pytest.wait()
    except KeyboardInterrupt:  # pytest has received it, too
        pytest.wait(INTERRUPTED_SECONDS)
        raise
    return code, json.loads(file.read_text()) if file.exists() else []


if __name__ == "__main__":
    # In the background, SIGINT is ignored and the children inherit that; tests of Ctrl+C send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run_tests(sys.argv[1:]))
