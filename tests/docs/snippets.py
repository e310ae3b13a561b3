"""Executable documentation: fenced blocks are executed with a real server, and their output is compared.

The info string of a block determines how it is treated::

    python                a separate program; must succeed
    typescript            the same, run by Node on the SDK's sources
    rust,no_run           compiled by `make test-rust`, as documentation tests of the crate
    python file=echo.py   saved under that name for later blocks; must compile (TypeScript: no check)
    output                output of the preceding program
    console               lines beginning with "$ " are run by bash, the others are their output
    console fails         the same; the last command ends with an error
    bash                  run by bash as it stands
    toml                  an agora.toml; must be valid settings
    json                  must be JSON
    text                  neither run nor checked
    LANGUAGE no-run WHY   not run, for the reason given

A page's blocks run in order, in one directory, with one shell and one server, which appears at http://127.0.0.1:8080.
``<!-- server: host=0.0.0.0 -->`` gives it other settings.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from agora.runtimes.process import orphans
from agora.server.app import App
from agora.settings import Settings
from tests.harness import make_settings, running
from tests.processes import node_executable

__all__ = ["LANGUAGES", "Block", "Page", "SnippetFailure", "blocks_of", "check", "matches", "opened", "run_page"]

LANGUAGES = ("python", "typescript", "rust,no_run", "output", "console", "bash", "toml", "json", "text")
ROOT = Path(__file__).parents[2]
DOCUMENTED_URL = "127.0.0.1:8080"
SECONDS = 60
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
SERVER = re.compile(r"<!--\s*server:\s*(.*?)\s*-->")
NORMALISED = (
    (re.compile(r"\b([a-z]{2,5})_[0-9a-f]{32}\b"), r"\1_ID"),
    (re.compile(r"\b(agt|agfy|enr|adm)_[A-Za-z0-9_.-]{8,}"), r"\1_TOKEN"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "TIME"),
)


class SnippetFailure(AssertionError):
    """A block of a page is wrong."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: line, language, rest of its info string, text."""

    path: Path
    line: int
    language: str
    options: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.path.name}:{self.line}"

    @property
    def exempt(self) -> bool:
        """Whether it is not run here; the reason follows ``no-run``."""
        return self.language in ("text", "rust,no_run") or self.options.startswith("no-run ")

    def option(self, name: str) -> str | None:
        found = re.search(rf"(?:^|\s){name}=(\S+)", self.options)
        return found[1] if found else None


def blocks_of(path: Path, text: str) -> list[Block]:
    """List the fenced blocks of a page in order."""
    found = []
    for match in FENCE.finditer(text):
        language, _, options = match[1].strip().partition(" ")
        found.append(Block(path, text.count("\n", 0, match.start()) + 1, language, options.strip(), match[2]))
    return found


def matches(expected: str, actual: str) -> bool:
    """Whether an output matches a page: ``...`` matches any text, on a separate line any lines."""
    pattern = ""
    for line in _normal(expected).splitlines():
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += "[^\n]*".join(map(re.escape, line.rstrip().split("..."))) + r"[ \t]*\n"
    text = "".join(line.rstrip() + "\n" for line in _normal(actual).splitlines())
    return re.fullmatch(pattern, text) is not None


def _normal(text: str) -> str:
    for pattern, replacement in NORMALISED:
        text = pattern.sub(replacement, text)
    return text.strip("\n")


def check(block: Block) -> None:
    """Refuse a block without a known treatment."""
    if block.language not in LANGUAGES:
        raise SnippetFailure(f"{block.place}: {block.language or 'no language'!r}; use one of {', '.join(LANGUAGES)}")
    if block.options.strip() == "no-run":
        raise SnippetFailure(f"{block.place}: no-run needs a reason")


class Page:
    """A running page: its directory, shell and server address."""

    def __init__(self, directory: Path, shell: asyncio.subprocess.Process, address: str, env: dict[str, str]) -> None:
        self.directory, self.address = directory, address
        self._shell, self._env = shell, env
        self._printed = ""

    async def run(self, block: Block) -> None:
        """Run or check one block. Raises SnippetFailure."""
        check(block)
        if block.exempt:
            return
        match block.language:
            case "python":
                compile(block.text, block.place, "exec")
                await self._program(block, ".py", sys.executable)
            case "typescript":
                await self._program(block, ".ts", node_executable())
            case "output":
                _compare(block, block.text, self._printed)
            case "console":
                await self._console(block)
            case "bash":
                await self._command(block, block.text)
            case "toml":
                (self.directory / "agora.toml").write_text(block.text, "utf-8")
                Settings.load_settings(self.directory / "agora.toml", environ={})
            case "json":
                json.loads(block.text)

    def _here(self, text: str) -> str:
        return text.replace(DOCUMENTED_URL, self.address)

    async def _program(self, block: Block, suffix: str, interpreter: str) -> None:
        name = block.option("file")
        file = self.directory / (name or f"program_{block.line}{suffix}")
        file.write_text(self._here(block.text), "utf-8")
        if name:
            return
        process = await asyncio.create_subprocess_exec(
            interpreter,
            str(file),
            cwd=self.directory,
            env=self._env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SnippetFailure(f"{block.place}: not over after {SECONDS:.0f} s") from None
        if process.returncode:
            raise SnippetFailure(f"{block.place}: ended with {process.returncode}\n{err.decode()}")
        self._printed = out.decode().replace(self.address, DOCUMENTED_URL)

    async def _console(self, block: Block) -> None:
        steps = list(_steps(block))
        for number, (command, expected) in enumerate(steps, 1):
            fails = block.options == "fails" and number == len(steps)
            _compare(block, expected, await self._command(block, command, fails=fails), command)

    async def _command(self, block: Block, command: str, *, fails: bool = False) -> str:
        """Run a command and return its output. Raises SnippetFailure for the wrong exit status."""
        mark = f"--{os.urandom(8).hex()}--"
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{{ {self._here(command)}\n}} </dev/null\nprintf '\\n{mark} %d\\n' $?\n".encode())
        await self._shell.stdin.drain()
        printed = b""
        try:
            async with asyncio.timeout(SECONDS):
                while mark.encode() not in (line := await self._shell.stdout.readline()):
                    if not line:
                        raise SnippetFailure(f"{block.place}: the shell ended at: {command}\n{printed.decode()}")
                    printed += line
        except TimeoutError:
            raise SnippetFailure(f"{block.place}: no end after {SECONDS:.0f} s: {command}") from None
        code, text = int(line.split()[-1]), printed.decode().replace(self.address, DOCUMENTED_URL)
        if bool(code) != fails:
            raise SnippetFailure(f"{block.place}: exit code {code} of: {command}\n{text}")
        return text


def _steps(block: Block) -> Iterator[tuple[str, str]]:
    """Yield commands of a console block with their output; a command continues after a final backslash."""
    command, output = "", list[str]()
    for line in block.text.splitlines():
        if command.endswith("\\"):
            command += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            if command:
                yield command, "\n".join(output)
            command, output = line[2:], []
        elif command:
            output.append(line)
        elif line.strip():
            raise SnippetFailure(f"{block.place}: output before any command")
    if not command:
        raise SnippetFailure(f"{block.place}: no line begins with '$ '")
    yield command, "\n".join(output)


def _compare(block: Block, expected: str, actual: str, command: str = "the program") -> None:
    if not matches(expected, actual):
        raise SnippetFailure(f"{block.place}: {command}\n--- the page says\n{expected}\n--- it printed\n{actual}")


@contextlib.asynccontextmanager
async def opened(directory: Path, **overrides: str) -> AsyncIterator[Page]:
    """Run a server, and a shell that uses it."""
    work, data = directory / "work", directory / "data"
    work.mkdir(parents=True)
    (work / "node_modules" / "@agora").mkdir(parents=True)
    (work / "node_modules" / "@agora" / "sdk").symlink_to(ROOT / "sdk" / "typescript")
    (work / "package.json").write_text('{"type": "module"}', "utf-8")
    async with running(App(make_settings(data, **overrides))) as server:
        env = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "AGORA_URL": server.url,
            "AGORA_CREDENTIALS": str(directory / "credentials.json"),
            "AGORA_DATA_DIR": str(data),
            "NODE_OPTIONS": "--conditions=@agora/source",
        }
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "--norc",
            cwd=work,
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Page(work, shell, server.url.removeprefix("http://"), env)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)  # the shell and its background processes
            await shell.communicate()


def end_instances(data: Path) -> None:
    """Terminate instances left running by a stopped server."""
    host = data / "host-id"
    if host.exists():
        orphans.kill_processes_with_variables([f"AGORA_INSTALLATION={host.read_text().strip()}".encode()])


async def run_page(path: Path, text: str, directory: Path) -> int:
    """Run every block of a page. Returns the number of blocks run or checked. Raises SnippetFailure."""
    blocks = blocks_of(path, text)
    for block in blocks:
        check(block)
    wanted = [block for block in blocks if not block.exempt]
    if not wanted:
        return 0
    given = SERVER.search(text)
    overrides = dict(pair.split("=", 1) for pair in given[1].split()) if given else {}
    try:
        async with opened(directory, **overrides) as page:
            for block in wanted:
                await page.run(block)
    finally:
        end_instances(directory / "data")
    return len(wanted)
