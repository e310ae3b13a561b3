"""Build, check and test the crate agora-sdk with the installed toolchain. Usage: test_rust.py [--long]

Compilation takes most of the time, so it is done once: without TLS, which is a third of the dependencies, and by
Clippy's driver, which lints while compiling. ``--long`` adds the default features and every other combination of them,
TLS with a real server, the documentation and its examples, and the oldest Rust that the crate supports. Without cargo
nothing is tested, which is an error with AGORA_REQUIRE=all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
CRATE = ROOT / "sdk" / "rust"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", CRATE / "target"))
INTEROP = ("tests/interop", "-k", "rust", "-q", "--no-header")
#: Clippy replaces rustc for the crate itself; it reads its arguments from a variable, with this separator
CLIPPY_SEPARATOR = "__CLIPPY_HACKERY__"
LINTED = {
    "RUSTC_WORKSPACE_WRAPPER": "clippy-driver",
    "CLIPPY_ARGS": f"-D{CLIPPY_SEPARATOR}warnings{CLIPPY_SEPARATOR}",
}


def cargo(*arguments: str, toolchain: str | None = None, **environment: str) -> None:
    """Run cargo on the crate and print its duration. Raises CalledProcessError."""
    command = ["cargo", *([f"+{toolchain}"] if toolchain else []), *arguments]
    begun = time.monotonic()
    subprocess.run(command, cwd=CRATE, env={**os.environ, **environment}, check=True)
    print(f"== {' '.join(command)}: {time.monotonic() - begun:.0f} s", flush=True)


def check_oldest_rust(packages: Sequence[Mapping[str, str | None]], oldest: str) -> None:
    """Check that no dependency requires a newer Rust than the crate. Raises ValueError."""
    newer = [
        f"{package['name']} {package['version']} ({version})"
        for package in packages
        if (version := package["rust_version"]) and _parts(version) > _parts(oldest)
    ]
    if newer:
        raise ValueError(f"for a newer Rust than {oldest}: {', '.join(newer)}")


def _parts(version: str) -> tuple[int, ...]:
    """Parse ``1.85`` as ``1.85.0``, which is equivalent."""
    numbers = tuple(map(int, version.split(".")))
    # Tuples of unequal length compare as unequal.
    return numbers + (0,) * (3 - len(numbers))


def test(*, long: bool) -> None:
    """Run all tests of the crate."""
    cargo("fmt", "--check")
    test_without_tls()
    run_interop()
    cargo("publish", "--locked", "--quiet", "--dry-run", "--no-verify", "--allow-dirty")
    oldest = str(tomllib.loads((CRATE / "Cargo.toml").read_text("utf-8"))["package"]["rust-version"])
    metadata = [
        "cargo",
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]
    answer = subprocess.run(metadata, cwd=CRATE, check=True, capture_output=True).stdout
    check_oldest_rust(json.loads(answer)["packages"], oldest)
    if long:
        test_features()
        cargo("doc", "--locked", "--quiet", "--no-deps", "--all-features", RUSTDOCFLAGS="-D warnings")
        test_oldest_rust(f"{oldest}.0")
        cargo("publish", "--locked", "--quiet", "--dry-run", "--allow-dirty")


def test_without_tls() -> None:
    """Compile the crate, its examples and its tests once, with Clippy, and run the tests."""
    plain = ("--locked", "--quiet", "--no-default-features")
    cargo("build", *plain, "--examples", "--test", "suite", **LINTED)
    cargo("test", *plain, "--test", "suite", "--", "--test-threads", "4", **LINTED)


def test_features() -> None:
    """Compile every combination of features without warnings; run the tests with all of them, and with the system's
    TLS."""
    clippy = ("clippy", "--locked", "--quiet", "--all-targets", "--no-default-features")
    for features in ("", "rustls", "native-tls", "rustls,blocking", "rustls,native-tls,blocking"):
        cargo(*clippy, "--features", features, "--", "-D", "warnings")
    threads = ("--", "--test-threads", "4")
    cargo("test", "--locked", "--quiet", "--all-features", *threads)
    plain = ("test", "--locked", "--quiet", "--no-default-features", "--features", "native-tls")
    cargo(*plain, "--test", "suite", "--examples", *threads)


def test_oldest_rust(version: str) -> None:
    """Compile all targets with the oldest Rust, which rustup installs if missing."""
    install = ("rustup", "toolchain", "install", version, "--profile", "minimal", "--no-self-update")
    subprocess.run(install, check=True)
    cargo("check", "--locked", "--quiet", "--all-targets", toolchain=version)


def run_interop() -> None:
    """Run the interop matrix with the agents of the crate."""
    environment = {**os.environ, "AGORA_RUST_PARTY": str(TARGET / "debug" / "examples" / "interop_party")}
    subprocess.run([sys.executable, "-m", "pytest", *INTEROP], cwd=ROOT, env=environment, check=True)


def main(arguments: Sequence[str]) -> int:
    """Run the tests. Returns the exit code."""
    if shutil.which("cargo") is None:
        print("There is no cargo: the Rust crate is not tested.", file=sys.stderr)
        # Machines without Rust can still run the whole test suite; AGORA_REQUIRE=all demands everything.
        return 1 if os.environ.get("AGORA_REQUIRE") == "all" else 0
    with tempfile.TemporaryDirectory(prefix="agora-rust-") as directory:
        os.environ["TMPDIR"] = directory  # servers of the tests leave their data in it
        try:
            test(long="--long" in arguments)
        except subprocess.CalledProcessError as error:
            return error.returncode or 1
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
