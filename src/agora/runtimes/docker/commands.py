"""Parser of the ``docker build`` and ``docker run`` commands of manifests.

No command is run: images are built and containers created through the engine's API. Options that would weaken the
isolation
(mounts, the host's network, devices, privileges) are refused by name.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agora.runtimes.errors import InvalidSpec
from agora.runtimes.spec import BuildConfig, parse_cpu_cores, parse_memory_bytes

__all__ = ["BuildCommand", "RunCommand", "list_command_errors", "parse_build_command", "parse_run_command_or_none"]

BUILD_VALUES = {"-t": "tag", "--tag": "tag", "-f": "file", "--file": "file", "--target": "target"} | {
    "--build-arg": "argument",
    "--platform": "",
    "--progress": "",
    "--label": "",
}
BUILD_FLAGS = frozenset({"--no-cache", "--pull", "--rm", "--force-rm", "-q", "--quiet"})
RUN_VALUES = {"-p": "port", "--publish": "port", "--expose": "", "-e": "variable", "--env": "variable"} | {
    "--name": "",
    "--restart": "",
    "--label": "",
    "-l": "",
    "--pull": "",
    "-m": "memory",
    "--memory": "memory",
    "--cpus": "cpu",
    "--pids-limit": "pids",
    "--entrypoint": "entrypoint",
    "-w": "directory",
    "--workdir": "directory",
    "-u": "user",
    "--user": "user",
}
RUN_FLAGS = frozenset({"-d", "--detach", "--rm", "-i", "--interactive", "-t", "--tty", "--init", "--read-only"})
SHELL_CHARACTERS = frozenset("();<>|&")
ATTACHED_VALUE_OPTIONS = (
    "-p",
    "-e",
    "-t",
    "-f",
    "-m",
    "-w",
    "-u",
    "-l",
)  #: options whose value may follow without a space


@dataclass(slots=True)
class BuildCommand:
    """A parsed ``docker build``. context: part of the source. file: of the Dockerfile, in the context."""

    tag: str | None = None
    file: str = "Dockerfile"
    target: str | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    context: str = "."


@dataclass(slots=True)
class RunCommand:
    """A parsed ``docker run``. arguments: beyond the image. ports: of the container. memory: bytes."""

    image: str | None = None
    arguments: list[str] = field(default_factory=list)
    entrypoint: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    directory: str | None = None
    user: str | None = None
    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None


def list_command_errors(config: BuildConfig) -> list[str]:
    """Find all errors in the commands of build_config type docker."""
    errors: list[str] = []
    for parse in (parse_build_command, parse_run_command_or_none):
        try:
            parse(config)
        except InvalidSpec as error:
            errors += error.errors
    return errors


def parse_build_command(config: BuildConfig) -> BuildCommand:
    """Parse build_command; without one, the Dockerfile at the top is used. Raises InvalidSpec."""
    build = BuildCommand()
    if not (config.build_command or "").strip():
        return build
    parser = _CommandParser("build_config.build_command", config.build_command or "", ("docker", "build"))
    for option, value in parser.parse_options(BUILD_VALUES, BUILD_FLAGS):
        match BUILD_VALUES.get(option):
            case "tag":
                build.tag = value
            case "file":
                build.file = value
            case "target":
                build.target = value
            case "argument":
                name, equals, content = value.partition("=")
                if not equals:
                    parser.add_error(f"--build-arg {name} needs a value: {name}=...")
                build.arguments[name] = content
    if len(parser.rest) != 1:
        parser.add_error("name one directory to build, such as '.'")
    else:
        build.context = parser.rest[0]
    if not _is_within_source(build.context) or not _is_within_source(build.file):
        parser.add_error("the directory and the Dockerfile are in the source, so their paths begin there")
    parser.raise_errors()
    build.context = posixpath.normpath(build.context)
    build.file = _build_path_in_context(build)
    return build


def parse_run_command_or_none(config: BuildConfig) -> RunCommand | None:
    """Parse a start_command ``docker run ...``; None if it is another command, or none. Raises InvalidSpec."""
    command = (config.start_command or "").strip()
    if not is_docker(command):
        return None
    run = RunCommand()
    parser = _CommandParser("build_config.start_command", command, ("docker", "run"))
    for option, value in parser.parse_options(RUN_VALUES, RUN_FLAGS):
        try:
            _store_option(run, RUN_VALUES.get(option) or "", value)
        except ValueError as error:
            parser.add_error(f"{option} {value}: {error}")
    if not parser.rest:
        parser.add_error("name the image")
    parser.raise_errors()
    run.image, *run.arguments = parser.rest
    return run


def _split_words(command: str) -> Iterator[str]:
    parser = shlex.shlex(command, posix=True, punctuation_chars=True)
    parser.whitespace_split = True
    # A '#' is an ordinary character in an argument; as a comment it would silently drop the rest.
    parser.commenters = ""
    return parser


def is_docker(command: str) -> bool:
    """Whether a command calls Docker's own program."""
    return command.split()[:1] == ["docker"]


def _store_option(command: RunCommand, field_name: str, value: str) -> None:
    """Convert an option's value and store it in a field of the command. Raises ValueError."""
    match field_name:
        case "port":
            inner = value.rsplit(":", 1)[-1].removesuffix("/tcp")
            if not inner.isdecimal() or not 0 < int(inner) < 65_536:
                raise ValueError("not a single TCP port")
            command.ports.append(int(inner))
        case "variable":
            name, equals, content = value.partition("=")
            if not equals:
                raise ValueError("variables of the server are not passed on; give a value")
            command.variables[name] = content
        case "memory":
            command.memory = parse_memory_bytes(value)
        case "cpu":
            command.cpu = parse_cpu_cores(value)
        case "pids":
            command.pids = int(value)
            if command.pids < 1:
                raise ValueError("not a number of processes")
        case "entrypoint" | "directory" | "user":
            setattr(command, field_name, value)


def _is_within_source(path: str) -> bool:
    plain = posixpath.normpath(path)
    return not posixpath.isabs(plain) and plain != ".." and not plain.startswith("../")


def _build_path_in_context(build: BuildCommand) -> str:
    """Build the Dockerfile's path as the engine expects it: relative to the context, not to the source."""
    file = posixpath.normpath(build.file)
    if file == "Dockerfile" or build.context == ".":
        return file
    return posixpath.relpath(file, build.context)


class _CommandParser:
    """Splits a command into options and other words; collects all errors."""

    def __init__(self, location: str, command: str, program: tuple[str, str]) -> None:
        self._location = location
        self._errors: list[str] = []
        self.rest: list[str] = []
        self._words: list[str] = []
        try:
            words = list(_split_words(command))
        except ValueError as error:
            self.add_error(f"cannot be read: {error}")
            self.raise_errors()
            return
        if tuple(words[:2]) != program:
            self.add_error(f"is to be '{' '.join(program)} ...', or left out")
            self.raise_errors()
        # Words of shell operators alone: within quotes the same characters are part of a word.
        if any(word and set(word) <= SHELL_CHARACTERS for word in words):
            self.add_error("it is not run by a shell: give one command, without ';', '&&' or redirections")
            self.raise_errors()
        self._words = words[2:]

    def add_error(self, problem: str) -> None:
        self._errors.append(f"{self._location}: {problem}")

    def raise_errors(self) -> None:
        if self._errors:
            raise InvalidSpec(self._errors)

    def parse_options(self, values: dict[str, str], flags: frozenset[str]) -> Sequence[tuple[str, str]]:
        """Parse the options before the first word that is not an option."""
        options: list[tuple[str, str]] = []
        words = list(self._words)
        while words and words[0].startswith("-") and words[0] != "-":
            word = words.pop(0)
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if (
                not word.startswith("--")
                and word[:2] in ATTACHED_VALUE_OPTIONS
                and len(word) > 2
                and word[:2] in values
            ):
                name, equals, value = word[:2], "=", word[2:]
            if name in values:
                if not equals and not words:
                    self.add_error(f"{name} needs a value")
                    break
                options.append((name, value if equals else words.pop(0)))
            elif not _are_flags(name, flags):
                self.add_error(f"{name} is not given to instances")
                if not equals and words and not words[0].startswith("-") and len(words) > 1:
                    words.pop(0)
        self.rest = words
        return options


def _are_flags(name: str, flags: frozenset[str]) -> bool:
    """Whether a word consists of known flags, also combined ones (``-it``)."""
    return name in flags or (name[:2] != "--" and all(f"-{letter}" in flags for letter in name[1:]))
