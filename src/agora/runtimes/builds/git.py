"""Repositories as sources. git must not prompt, run code of a repository, or connect to other addresses."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from agora.net.egress_policy import AddressRefused, Resolve, is_evidently_private, resolve_host
from agora.net.git_fetching import (
    CONFIGURATION,
    build_git_variables,
    build_size_check_command,
    encode_basic_credentials,
    exceeds_size_limits,
    resolve_pinned_connection_options,
)
from agora.runtimes.errors import SourceRefused, SourceUnavailable
from agora.runtimes.port import Progress
from agora.runtimes.spec import Git
from agora.value_classes import value_class

from .command import Command, CommandResult, CommandTimeout
from .tree import Bounds

__all__ = ["Checkout", "Repositories", "parse_allowed_url"]

REFERENCE = re.compile(r"(?!.*(\.\.|@\{|//|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
COMMIT = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)")
MAX_CHECKOUT = Bounds(files=500_000, size=8 << 30)  #: of a whole repository, of which a directory may be built


@value_class
class Checkout:
    """A fetched source. commit: the one that was fetched."""

    directory: Path
    commit: str


@value_class
class Repositories:
    """Fetches repositories. private: whether http and private addresses are allowed too. timeout: seconds per command.
    bounds: of a repository's files.

    environment: environment variables for git, such as the CA certificates of this host.
    """

    environment: Mapping[str, str]
    private: bool = False
    timeout: float = 300.0
    bounds: Bounds = MAX_CHECKOUT
    resolver: Resolve = resolve_host

    async def resolve_commit(self, source: Git) -> str:
        """Resolve a branch to its current commit. Raises SourceRefused, SourceUnavailable."""
        lines: list[str] = []
        names = ["HEAD"]
        if source.branch is not None:  # git's own precedence; the commit of an annotated tag precedes the tag
            names = [f"refs/heads/{source.branch}", f"refs/tags/{source.branch}^{{}}", f"refs/tags/{source.branch}"]
        await self._run_git(source, Path(tempfile.gettempdir()), lines.append, "ls-remote", "--", source.url, *names)
        commits = {match[2]: match[1] for line in lines if (match := COMMIT.fullmatch(line))}
        for name in names:
            if name in commits:
                return commits[name]
        raise SourceUnavailable(f"{source.url} has no branch or tag {source.branch or 'HEAD'!r}.")

    async def fetch_source(self, source: Git, target: Path, progress: Progress) -> Checkout:
        """Clone a branch's newest commit into a new directory; return the requested subdirectory.

        The commit may be newer than the one that was resolved before. Raises SourceRefused, SourceUnavailable.
        """
        branch = ["--branch", source.branch] if source.branch else []
        await self._run_git(
            source, target.parent, progress, "clone", "--quiet", "--depth=1", "--single-branch", "--no-tags",
            "--no-recurse-submodules", "--template=", "--no-checkout", *branch, "--", source.url, str(target),
        )  # fmt: skip
        # Separate from the clone, and after its measurement: the checkout is what can grow without limit.
        commit = await self._check_out(source, target, progress)
        if source.directory is None:
            return Checkout(target, commit)
        return Checkout(await asyncio.to_thread(_require_source_directory, target, source.directory), commit)

    async def _run_git(self, source: Git, directory: Path, progress: Progress, *arguments: str) -> None:
        options = (
            CONFIGURATION | {"transfer.fsckObjects": "true"} | await self._check_source_and_resolve_connection(source)
        )
        secrets = _list_source_secrets(source)
        if source.token:
            options["http.extraHeader"] = f"Authorization: Basic {secrets[1]}"
        command = Command(
            ["git", *arguments], directory, self._build_git_variables(options), self.timeout, secrets,
        )  # fmt: skip
        result = await self._run_command(source, command, progress)
        if result.code:
            words = " ".join(result.output.split())[-500:]
            raise SourceUnavailable(
                f"{source.url} cannot be fetched: {words}", fix="Check its URL, its branch and its token."
            )

    async def _check_out(self, source: Git, target: Path, progress: Progress) -> str:
        """Write the files of a cloned commit, unless they are too many or too large. Returns the commit."""
        variables = self._build_git_variables(CONFIGURATION)
        words = build_size_check_command(self.bounds.files, self.bounds.size)
        measure = Command(words, target, variables, self.timeout)
        if exceeds_size_limits((await self._run_command(source, measure, progress)).code):
            raise SourceRefused(
                f"{source.url} has more than {self.bounds.files} files or {self.bounds.size} bytes.",
                fix="Leave out files that are not part of the program.",
            )
        check_out = Command(["git", "reset", "--quiet", "--hard", "HEAD"], target, variables, self.timeout)
        result = await self._run_command(source, check_out, progress)
        if result.code:
            raise SourceUnavailable(f"{source.url} cannot be written: {' '.join(result.output.split())[-500:]}")
        lines: list[str] = []
        find_commit = Command(["git", "rev-parse", "HEAD"], target, variables, self.timeout)
        result = await self._run_command(source, find_commit, lines.append)
        if result.code or not lines:
            raise SourceUnavailable(f"{source.url} has no commit: {' '.join(result.output.split())[-500:]}")
        return lines[-1]

    async def _run_command(self, source: Git, command: Command, progress: Progress) -> CommandResult:
        try:
            return await command.run_command(progress)
        except CommandTimeout:
            raise SourceUnavailable(f"{source.url} did not answer in {self.timeout:g} seconds.") from None

    def _build_git_variables(self, options: Mapping[str, str]) -> dict[str, str]:
        return dict(self.environment) | build_git_variables(options)

    async def _check_source_and_resolve_connection(self, source: Git) -> dict[str, str]:
        """Check a URL's addresses, and pin git to the checked ones."""
        parts = parse_allowed_url(source.url, private=self.private)
        if source.branch is not None and not REFERENCE.fullmatch(source.branch):
            raise SourceRefused(f"{source.branch[:100]!r} is not the name of a branch or tag.")
        if self.private:
            return {"protocol.http.allow": "always"} if parts.scheme == "http" else {}
        host, port = str(parts.hostname), parts.port or 443
        try:
            return await resolve_pinned_connection_options(host, port, self.environment, self.resolver)
        except AddressRefused as error:
            raise _build_private_address_error(str(error)) from None
        except OSError as error:
            raise SourceUnavailable(f"{host} is not found: {error.strerror}.") from None


def _require_source_directory(target: Path, directory: str) -> Path:
    # Resolved, because a directory of the repository may be a link that leads out of it.
    part = (target / directory).resolve()
    if not part.is_relative_to(target.resolve()) or not part.is_dir():
        raise SourceRefused(f"The repository has no directory {directory[:200]!r}.")
    return part


def parse_allowed_url(url: str, *, private: bool = False) -> SplitResult:
    """Parse a repository's URL. Raises SourceRefused for one that must not be fetched."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SourceRefused("The repository's URL is not a URL.") from None
    allowed = ("https", "http") if private else ("https",)
    if parts.scheme not in allowed or not host or len(url) > 2000 or not url.isprintable() or " " in url:
        raise SourceRefused(f"A repository's URL begins with {' or '.join(f'{name}://' for name in allowed)}.")
    if parts.username is not None or parts.password is not None:
        raise SourceRefused("Credentials do not belong into the URL.", fix="Give a token beside it.")
    if parts.query or parts.fragment:
        raise SourceRefused("A repository's URL has no query and no fragment.")
    if not private and is_evidently_private(host):
        raise _build_private_address_error(f"{host} is a private or loopback address")
    return parts


def _build_private_address_error(detail: str) -> SourceRefused:
    return SourceRefused(
        f"{detail}.", fix="An operator allows private networks with the setting instance_private_networks."
    )


def _list_source_secrets(source: Git) -> Sequence[str]:
    if not source.token:
        return ()
    return (source.token, encode_basic_credentials(source.token))
