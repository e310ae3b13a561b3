"""Build contexts: an archive of a source's files, with the source's own Dockerfile or a generated one."""

from __future__ import annotations

import io
import os
import posixpath
import re
import shlex
import stat
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from agora.runtimes.errors import InvalidSpec
from agora.runtimes.spec import BuildConfig
from agora.value_classes import value_class

from .commands import BuildCommand

__all__ = ["BuildContext", "build_command_context", "build_dockerfile_context", "list_base_images", "write_context"]

SCRIPT_NAME = ".agora-build"
#: the tree is read-only for everyone; files written by the build command are part of the image
RECIPE_TEMPLATE = """FROM {base}
USER 0:0
WORKDIR /app
COPY tree/ /app/
"""
COMMAND_TEMPLATE = f"""COPY {SCRIPT_NAME} /{SCRIPT_NAME}
RUN ["/bin/sh", "/{SCRIPT_NAME}"]
"""
IGNORE_FILE = ".dockerignore"
MAX_PATTERNS = 1000
MAX_PATTERN_CHARACTERS = 1024  #: the time to compile a pattern grows with the square of its length
MAX_IGNORE_BYTES = 262_144
# fmt: off
INSTRUCTIONS = frozenset({
    "add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label", "maintainer", "onbuild",
    "run", "shell", "stopsignal", "user", "volume", "workdir",
})
# fmt: on
#: another escape character, a here-document, control characters, and spaces that parsers treat differently
UNSUPPORTED_SYNTAX = re.compile(r"#\s*escape\s*=|<<|[^\S \t\r\n]|[\x00-\x08\x0e-\x1f]", re.IGNORECASE)
LINE_CONTINUATION = re.compile(r"\\[ \t]*$")
MAX_RECIPE_BYTES = 1_048_576
MAX_MATCH_SECONDS = 60.0  #: of all paths and patterns together
#: stars, and the text between them, in which escaped characters and classes may hold a star
PATTERN_PIECE = re.compile(r"\*\*/|\*\*|\*|(?:\\.|\[(?:\\.|[^\]\\]){1,128}\]|[^*])+", re.DOTALL)
PATTERN_CHARACTER = re.compile(r"\\.|\[(?:\\.|[^\]\\]){1,128}\]|.", re.DOTALL)
MAX_DOUBLE_STARS = 2  #: of one pattern: the time to match a path grows with its length to the power of them


@value_class
class BuildContext:
    """The files of a build. directory: its files are put below ``prefix``.

    ignore_patterns: the last one that matches a file decides whether it is left out. never_ignored: names of files that
    are not left out. extra_files: names and contents of additional files.
    """

    directory: Path
    prefix: str = ""
    ignore_patterns: Sequence[tuple[re.Pattern[str], bool]] = ()
    never_ignored: frozenset[str] = frozenset()
    extra_files: tuple[tuple[str, bytes], ...] = ()


def build_dockerfile_context(source: Path, command: BuildCommand) -> BuildContext:
    """Build the context of a source with its own Dockerfile. Raises InvalidSpec if there is none."""
    directory = (source / command.context).resolve()
    file = (directory / command.file).resolve()
    if not directory.is_relative_to(source.resolve()) or not directory.is_dir():
        raise InvalidSpec([f"build_config.build_command: the source has no directory {command.context!r}"])
    if not file.is_relative_to(source.resolve()) or not file.is_file():
        raise InvalidSpec([f"build_config.build_command: the source has no file {command.file!r} to build by"])
    if not file.is_relative_to(directory):
        raise InvalidSpec(["build_config.build_command: the Dockerfile must be in the build directory"])
    return BuildContext(
        directory,
        ignore_patterns=_read_ignore_file(directory / IGNORE_FILE),
        never_ignored=frozenset({command.file, IGNORE_FILE}),
    )


def list_base_images(file: Path) -> list[str] | None:
    """List the images that a Dockerfile builds on or copies from, except its own stages.

    Returns None if only the engine can tell, because of a variable or syntax that is not parsed here. Raises InvalidSpec.
    """
    with open(file, "rb") as content:
        data = content.read(MAX_RECIPE_BYTES + 1)
    if len(data) > MAX_RECIPE_BYTES:
        raise InvalidSpec([f"build_config.build_command: the Dockerfile is larger than {MAX_RECIPE_BYTES} bytes"])
    recipe = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if UNSUPPORTED_SYNTAX.search(recipe):
        return None
    images: list[str] = []
    stages: list[str] = []
    for instruction in _list_instructions(recipe):
        name, *words = instruction.lower().split()
        if name not in INSTRUCTIONS:
            return None
        references = _list_image_references(instruction)
        if any("$" in reference for reference in references):
            return None
        images += [each for each in references if each != "scratch" and not _is_stage(each, stages)]
        if name == "from":
            # Added after its own reference was read: ``FROM a AS a`` builds on an image.
            stages.append(words[-1] if "as" in words else "")
    return images if stages else None


def _list_image_references(instruction: str) -> list[str]:
    """List the images or stages to which an instruction refers."""
    name, *words = instruction.split()
    if name.lower() == "from":
        return [word for word in words if not word.startswith("--")][:1]
    return [word.partition("=")[2] for word in words if word.lower().startswith("--from=")]


def _is_stage(reference: str, stages: Sequence[str]) -> bool:
    """Whether a reference is the name or the number of an earlier stage. stages: their names, lower case."""
    return reference.lower() in stages or (reference.isdecimal() and int(reference) < len(stages))


def _list_instructions(recipe: str) -> Iterator[str]:
    """Yield the instructions of a Dockerfile, each on one line, as the engine reads them.

    A comment ends with its line, even after a backslash; within a continued instruction, comments and empty lines are
    skipped.
    """
    instruction = ""
    for line in recipe.split("\n"):
        text = line.rstrip("\r")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        instruction += LINE_CONTINUATION.sub("", text)
        if not LINE_CONTINUATION.search(text):
            if instruction.strip():
                yield instruction
            instruction = ""
    if instruction.strip():
        yield instruction


def build_command_context(source: Path, base: str, config: BuildConfig) -> BuildContext:
    """Build the context of a source without a Dockerfile: its tree, and its build command as a script."""
    recipe = RECIPE_TEMPLATE.format(base=base)
    if not config.build_command:
        return BuildContext(source, "tree/", extra_files=(("Dockerfile", recipe.encode()),))
    lines = ["set -e", *(f"export {name}={shlex.quote(value)}" for name, value in config.env_vars.items())]
    lines += ["export PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HOME=/tmp"]
    lines += ["set +e", config.build_command]
    files = (("Dockerfile", (recipe + COMMAND_TEMPLATE).encode()), (SCRIPT_NAME, ("\n".join(lines) + "\n").encode()))
    return BuildContext(source, "tree/", extra_files=files)


def write_context(context: BuildContext, file: Path) -> None:
    """Write the archive. Files belong to root and are readable by all."""
    with tarfile.open(file, "w") as archive:
        if context.prefix:
            archive.addfile(_build_directory_member(context.prefix.rstrip("/")))
        for name, path in _walk_files(context):
            member = archive.gettarinfo(path, context.prefix + name)
            member.uid = member.gid = member.mtime = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            if member.isreg():
                with open(path, "rb") as file_content:
                    archive.addfile(member, file_content)
            else:
                archive.addfile(member)
        for name, data in context.extra_files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))


def _build_directory_member(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _walk_files(context: BuildContext) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of all files of a directory, parents first. Raises InvalidSpec if matching takes too long."""
    last_matches = {".": -1}  # of each directory
    seconds = 0.0
    for path, names, files in os.walk(context.directory):
        names.sort()
        within = os.path.relpath(path, context.directory)
        for name in sorted([*names, *files]):
            relative = posixpath.normpath(posixpath.join(within, name))
            began = time.monotonic()
            last_match = _find_last_match(relative, context.ignore_patterns, last_matches[within])
            seconds += time.monotonic() - began
            if seconds > MAX_MATCH_SECONDS:
                raise InvalidSpec(
                    [
                        f"build_config.build_command: matching {IGNORE_FILE} takes more than {MAX_MATCH_SECONDS:g} s: "
                        "use fewer patterns, fewer '**' or fewer files"
                    ]
                )
            last_matches[relative] = last_match
            if relative in context.never_ignored or last_match < 0 or not context.ignore_patterns[last_match][1]:
                yield relative, os.path.join(path, name)


def _find_last_match(name: str, patterns: Sequence[tuple[re.Pattern[str], bool]], inherited: int) -> int:
    """Return the index of the last pattern that matches a path or one of its parents, which decides; -1 for none.

    inherited: that of the parent.
    """
    for index in range(len(patterns) - 1, inherited, -1):
        if patterns[index][0].fullmatch(name):
            return index
    return inherited


def _read_ignore_file(file: Path) -> Sequence[tuple[re.Pattern[str], bool]]:
    """Read the patterns of a ``.dockerignore`` in order."""
    try:
        # A link could lead to a device, and an open of a pipe would wait.
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as content:
            if not stat.S_ISREG(os.fstat(content.fileno()).st_mode):
                raise InvalidSpec([f"build_config.build_command: {IGNORE_FILE} is not a file"])
            data = content.read(MAX_IGNORE_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InvalidSpec([f"build_config.build_command: {IGNORE_FILE} cannot be read: {error.strerror}"]) from None
    if len(data) > MAX_IGNORE_BYTES:
        raise InvalidSpec([f"build_config.build_command: {IGNORE_FILE} is larger than {MAX_IGNORE_BYTES} bytes"])
    patterns: list[tuple[re.Pattern[str], bool]] = []
    for line in data.decode("utf-8-sig", "replace").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if len(text) > MAX_PATTERN_CHARACTERS:
            raise InvalidSpec(
                [
                    f"build_config.build_command: {IGNORE_FILE}: a pattern has more than {MAX_PATTERN_CHARACTERS} "
                    f"characters: {text[:100]!r}"
                ]
            )
        out = not text.startswith("!")
        plain = posixpath.normpath("/" + text.lstrip("!").strip()).lstrip("/")
        if plain:
            patterns.append((re.compile(_compile_pattern(plain)), out))
        # Not cut off: a file that the last pattern excludes may be a secret.
        if len(patterns) > MAX_PATTERNS:
            raise InvalidSpec([f"build_config.build_command: {IGNORE_FILE} has more than {MAX_PATTERNS} patterns"])
    return patterns


def _compile_pattern(pattern: str) -> str:
    """Compile a pattern of Go's ``filepath.Match``, with ``**`` for any directories, to a regular expression.

    ``[a-z]``, ``[^a-z]`` and ``\\*`` stand for one character. A ``*`` and the text up to the next star are an atomic
    group: the first place of the text suffices, and without backtracking the time to match is not exponential in the
    number of stars. Raises InvalidSpec for too many ``**``, and for an empty range such as ``[z-a]``.
    """
    pieces = re.findall(PATTERN_PIECE, re.sub(r"(\*\*/)+", "**/", re.sub(r"\*{2,}", "**", pattern)))
    if sum(piece.startswith("**") for piece in pieces) > MAX_DOUBLE_STARS:
        raise InvalidSpec(
            [f"build_config.build_command: {IGNORE_FILE}: {pattern[:100]!r} has over {MAX_DOUBLE_STARS} '**'"]
        )
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        if piece == "**/":
            parts.append("(?:[^/]+/)*")
        elif piece == "**":
            parts.append(".*")
        elif piece == "*":
            text, following = [*pieces[index + 1 : index + 3], "", ""][:2]
            # Its text is at the end of the name or of a directory, not at the first place.
            is_last = not following or (following == "**/" and not text.endswith("/"))
            parts.append("[^/]*" if is_last else "(?>[^/]*?")
        else:
            fixed = "".join(map(_compile_character, re.findall(PATTERN_CHARACTER, piece)))
            opened = bool(parts) and parts[-1].startswith("(?>")
            parts.append(fixed + ")" if opened else fixed)
    compiled = "".join(parts)
    try:
        re.compile(compiled)
    except re.error:
        raise InvalidSpec(
            [f"build_config.build_command: {IGNORE_FILE}: {pattern[:100]!r} has an empty range"]
        ) from None
    return compiled


def _compile_character(text: str) -> str:
    """Compile what stands for one character: ``?``, a class, an escaped character or the character itself."""
    if text == "?":
        return "[^/]"
    if len(text) > 2 and text[0] == "[":
        is_negated = text.startswith("[^") and len(text) > 3
        # A hyphen stays: between two characters it is a range, as in Go.
        members = re.findall(r"\\.|.", text[1 + is_negated : -1], re.DOTALL)
        inside = "".join(each if each == "-" else re.escape(each.removeprefix("\\") or each) for each in members)
        return f"(?!/)[{'^' if is_negated else ''}{inside}]"
    return re.escape(text[1:] if len(text) == 2 else text)
