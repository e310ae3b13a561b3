"""Archives of instance state, including hostile ones."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from agora.runtimes import bounded_archives
from agora.runtimes.bounded_archives import RESERVED_DISK_FRACTION, iterate_bounded_members, open_archive
from agora.runtimes.builds.tree import Bounds, copy_tree
from agora.runtimes.docker.state_archives import pack_state
from agora.runtimes.errors import SourceRefused, StartFailed
from agora.runtimes.process.archives import pack_archive, unpack_archive
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.NO_STORE


def test_archive_round_trips(tmp_path: Path) -> None:
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
def test_paths_out_of_the_directory_are_refused(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (tmp_path / "secret").write_text("x")
    with tarfile.open(tmp_path / "file", "w") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(b"x") if info.isreg() else None)
    (tmp_path / "state").mkdir()
    with pytest.raises((ValueError, OSError)):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert sorted(os.listdir(tmp_path)) == ["file", "secret", "state"]
    assert not any(path.name in ("link", "out") for path in (tmp_path / "state").rglob("*"))


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("inner", tarfile.SYMTYPE, "inner2"))
        archive.addfile(member("inner/planted"), io.BytesIO(b"x"))
    refuse_by_both_engines(tmp_path / "file", "leads through a link")


def test_state_directory_itself_is_not_replaced(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member(".", tarfile.SYMTYPE, "elsewhere"))
    refuse_by_both_engines(tmp_path / "file", "is not a regular file")


@pytest.mark.parametrize(("first", "target"), [("file", "../secret"), ("file", "/etc/passwd"), ("inner", "inner/file")])
def test_hard_links_stay_inside(tmp_path: Path, first: str, target: str) -> None:
    (tmp_path / "secret").write_text("x")
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member(first, tarfile.SYMTYPE, "."))
        archive.addfile(member("planted", tarfile.LNKTYPE, target))
    refuse_by_both_engines(tmp_path / "file", "leads out of the archive|leads through a link")


def test_hard_link_to_a_symbolic_link_cannot_lead_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("a/b/file"), io.BytesIO(b"x"))
        archive.addfile(member("a/b/top", tarfile.SYMTYPE, "../.."))
        archive.addfile(member("top", tarfile.LNKTYPE, "a/b/top"))
    (tmp_path / "state").mkdir()
    with pytest.raises(ValueError, match="leads out of its directory"):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert not (tmp_path / "state" / "top").is_symlink()


def test_links_of_a_container_may_lead_out_of_its_state(tmp_path: Path) -> None:
    """A virtual environment in the state contains such a link, and its backup must be restorable."""
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("venv/bin/python", tarfile.SYMTYPE, "/usr/bin/python3"))
    packed = io.BytesIO()
    pack_state(packed, "", str(tmp_path / "file"))
    with tarfile.open(fileobj=packed) as archive:
        assert archive.getmember("state/venv/bin/python").linkname == "/usr/bin/python3"


@pytest.mark.parametrize("last", [("planted", tarfile.SYMTYPE, "secret"), ("planted", tarfile.LNKTYPE, "inner/file")])
def test_no_link_is_created_through_a_chain_of_links(tmp_path: Path, last: tuple[str, bytes, str]) -> None:
    """The text of each target stays inside, but the second leads out through the first."""
    name, kind, target = last
    with tarfile.open(tmp_path / "file", "w") as archive:
        archive.addfile(member("inner/file"), io.BytesIO(b"x"))
        archive.addfile(member("inner/here", tarfile.SYMTYPE, "."))
        archive.addfile(member("inner/out", tarfile.SYMTYPE, "here/../.."))
        archive.addfile(member(f"inner/out/{name}", kind, target))
    (tmp_path / "state").mkdir()
    with pytest.raises(ValueError, match=r"leads out of its directory|leads through a link"):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert sorted(os.listdir(tmp_path)) == ["file", "state"]


def write_header(file: Path, name: str, size: int, kind: bytes = tarfile.REGTYPE, times: int = 1) -> None:
    """Write an archive of headers whose content is missing or zeros."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    file.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) * times))


def refuse_by_both_engines(file: Path, reason: str) -> None:
    (file.parent / "state").mkdir()
    with pytest.raises(ValueError, match=reason):
        unpack_archive(file, file.parent / "state")
    with pytest.raises(StartFailed, match=reason):
        pack_state(io.BytesIO(), "", str(file))
    assert not list((file.parent / "state").iterdir())


def test_file_larger_than_the_disk_is_refused_before_writing(tmp_path: Path) -> None:
    write_header(tmp_path / "file", "bomb", 1 << 50)
    refuse_by_both_engines(tmp_path / "file", r"has 1125899906842624 bytes, and \d+ of the disk can be used")


def test_sparse_file_is_refused(tmp_path: Path) -> None:
    write_header(tmp_path / "file", "holes", 0, tarfile.GNUTYPE_SPARSE)
    refuse_by_both_engines(tmp_path / "file", "is a sparse file")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_oversized_header_is_not_read(tmp_path: Path, kind: bytes) -> None:
    write_header(tmp_path / "file", "long", 1 << 40, kind)
    refuse_by_both_engines(tmp_path / "file", "a header of more than")


@pytest.mark.parametrize("size", [-512, -1024, -(1 << 40)])
def test_negative_size_does_not_repeat_an_entry(tmp_path: Path, size: int) -> None:
    write_header(tmp_path / "file", "again", size)
    refuse_by_both_engines(tmp_path / "file", "a negative size")


def test_consecutive_headers_are_limited(tmp_path: Path) -> None:
    write_header(tmp_path / "file", "x", 0, tarfile.GNUTYPE_LONGNAME, times=20_000)
    refuse_by_both_engines(tmp_path / "file", "too many headers in a row")


def test_number_of_entries_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_archives, "MAX_ENTRIES", 3)
    write_header(tmp_path / "file", ".", 0, tarfile.DIRTYPE, times=4)
    refuse_by_both_engines(tmp_path / "file", "more than 3 entries")


def test_no_link_leads_out_through_another_one(tmp_path: Path) -> None:
    """By its text the second link stays in ``a/b``; through the first it leads out."""
    source = tmp_path / "source"
    (source / "a" / "b").mkdir(parents=True)
    (source / "a" / "b" / "top").symlink_to("../..")
    (source / "out").symlink_to("a/b/top/../secret")
    (tmp_path / "secret").write_text("x")
    assert (source / "out").read_text() == "x"
    with pytest.raises(SourceRefused, match="points out of the source"):
        copy_tree(source, tmp_path / "copy", Bounds())
    pack_archive(source, tmp_path / "file")
    (tmp_path / "state").mkdir()
    with pytest.raises(ValueError, match="leads out"):
        unpack_archive(tmp_path / "file", tmp_path / "state")
    assert not (tmp_path / "state" / "out").is_symlink()


def test_many_small_files_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (10, 100):
        with tarfile.open(tmp_path / f"{count}.tar", "w") as archive:
            for number in range(count):
                member = tarfile.TarInfo(f"file-{number}")
                member.size = 1000
                archive.addfile(member, io.BytesIO(bytes(1000)))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=usage.total // RESERVED_DISK_FRACTION))
    with open_archive(tmp_path / "10.tar") as archive:
        assert len(list(iterate_bounded_members(archive, tmp_path))) == 10  # a full disk still accepts a small backup
    with open_archive(tmp_path / "100.tar") as archive, pytest.raises(ValueError, match="stays free"):
        list(iterate_bounded_members(archive, tmp_path))
