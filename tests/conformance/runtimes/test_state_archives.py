"""Archives of state, and those that a stranger might hand in."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from agora.runtimes.process.archives import pack_archive, unpack_archive
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.NO_STORE


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "d" / "empty").mkdir(parents=True)
    (state / "d" / "f").write_bytes(b"\0\xff")
    (state / "run").write_text("#!/bin/sh\n")
    (state / "run").chmod(0o755)
    (state / "link").symlink_to("d/f")
    (state / "hollow").symlink_to("nowhere")
    os.link(state / "d" / "f", state / "twin")
    os.mkfifo(state / "pipe")
    pack_archive(state, tmp_path / "file")
    (tmp_path / "again").mkdir()
    unpack_archive(tmp_path / "file", tmp_path / "again")
    again = tmp_path / "again"
    assert sorted(path.relative_to(again).as_posix() for path in again.rglob("*")) == [
        "d", "d/empty", "d/f", "hollow", "link", "run", "twin",
    ]  # fmt: skip
    assert (again / "link").read_bytes() == (again / "twin").read_bytes() == b"\0\xff"
    assert os.access(again / "run", os.X_OK)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("/etc/out")],
        [member("a/../../out")],
        [member("link", tarfile.SYMTYPE, "../..")],
        [member("link", tarfile.SYMTYPE, "/etc")],
        [member("link", tarfile.LNKTYPE, "../secret")],
        [member("device", tarfile.CHRTYPE)],
        [member("pipe", tarfile.FIFOTYPE)],
    ],
)
def test_what_leads_out_is_refused(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (tmp_path / "secret").write_text("x")
    with tarfile.open(tmp_path / "file", "w") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(b"x") if info.isreg() else None)
    (tmp_path / "state").mkdir()
    with pytest.raises((ValueError, OSError)):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert sorted(os.listdir(tmp_path)) == ["file", "secret", "state"]
    assert not any(path.name in ("link", "out") for path in (tmp_path / "state").rglob("*"))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("inner", tarfile.SYMTYPE, "inner2"))
        archive.addfile(member("inner/planted"), io.BytesIO(b"x"))
    (tmp_path / "state").mkdir()
    with pytest.raises(OSError, match="exists"):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert not (tmp_path / "state" / "inner2").exists()


@pytest.mark.parametrize("last", [("planted", tarfile.SYMTYPE, "secret"), ("planted", tarfile.LNKTYPE, "inner/file")])
def test_no_link_is_created_through_a_chain_of_links(tmp_path: Path, last: tuple[str, bytes, str]) -> None:
    """Each target stays inside by its text, but the second leads out through the first."""
    name, kind, target = last
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("inner/file"), io.BytesIO(b"x"))
        archive.addfile(member("inner/here", tarfile.SYMTYPE, "."))
        archive.addfile(member("inner/out", tarfile.SYMTYPE, "here/../.."))
        archive.addfile(member(f"inner/out/{name}", kind, target))
    (tmp_path / "state").mkdir()
    with pytest.raises(ValueError, match="leads through a link"):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert sorted(os.listdir(tmp_path)) == ["file", "state"]
