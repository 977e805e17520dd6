"""Whatever an archive holds, nothing of it lies outside its folder, and nothing in it is a device."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelinfra.fetcher.archives import unpack
from modelinfra.fetcher.checks import FetchError, manifest_of, safe_path

PARTS = st.one_of(st.sampled_from(["..", ".", "", "a", "b", "~", "\\", "c:", "a\\..\\b"]), st.text(max_size=4))
NAMES = st.builds("/".join, st.lists(PARTS, min_size=1, max_size=4))


def packed(folder: Path, *entries: tarfile.TarInfo) -> Path:
    path = folder / "archive.tar"
    with tarfile.open(path, "w") as tar:
        for entry in entries:
            tar.addfile(entry, io.BytesIO(b"x" * entry.size) if entry.isfile() else None)
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return found


@pytest.mark.parametrize(
    "evil",
    [
        entry("/etc/x"),
        entry("../x"),
        entry("a/../../x"),
        entry("link", tarfile.SYMTYPE, "/etc"),
        entry("link", tarfile.SYMTYPE, "../.."),
        entry("hard", tarfile.LNKTYPE, "../../x"),
        entry("null", tarfile.CHRTYPE),
        entry("pipe", tarfile.FIFOTYPE),
        entry(".wh.a"),
    ],
    ids=lambda found: f"{found.name} {found.linkname}",
)
def test_a_tar_with_something_evil_is_refused(evil: tarfile.TarInfo, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "folder"
    folder.mkdir(parents=True)
    with pytest.raises(FetchError):
        unpack(packed(tmp_path, evil), folder, "archive.tar")


def test_a_link_that_stays_inside_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    unpack(packed(tmp_path, entry("a"), entry("b", tarfile.SYMTYPE, "a")), folder, "archive.tar")
    assert (folder / "b").read_bytes() == b"x"


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(FetchError, match="it is neither a file nor a folder"):
        unpack(path, tmp_path, "archive.zip")


def test_an_archive_larger_than_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path, entry("a"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 0})())
    with pytest.raises(FetchError, match="does not fit on the disk"):
        unpack(path, tmp_path, "archive.tar")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(FetchError, match="cannot be unpacked"):
        unpack(path, tmp_path, "archive.tar")


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def test_a_tar_whose_last_file_is_a_zip_is_still_a_tar(tmp_path: Path) -> None:
    weights = io.BytesIO()
    with zipfile.ZipFile(weights, "w") as inner:
        inner.writestr("archive/data.pkl", b"x")
    files = {"model-settings.json": b"{}", "model.pt": weights.getvalue()}
    path, folder = tmp_path / "m.tar", tmp_path / "folder"
    path.write_bytes(tar_of(files))
    folder.mkdir()
    unpack(path, folder, "m.tar")
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == files


def broken_checksum(packed: bytes) -> bytes:
    # The last eight bytes of a gzip file are the CRC-32 and the length of what was packed.
    return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]


MODEL_TAR = tar_of({"a.bin": b"a" * 600, "b.bin": b"b"})
ONE_FILE = 512 + 1024


@pytest.mark.parametrize(
    "body",
    [
        broken_checksum(gzip.compress(MODEL_TAR)),
        gzip.compress(MODEL_TAR)[:-8],
        gzip.compress(MODEL_TAR)[:10] + b"\xff" * 100,
        lzma.compress(MODEL_TAR)[:-40] + b"\0" * 40,
        MODEL_TAR[:ONE_FILE] + b"x" + MODEL_TAR[ONE_FILE + 1 :],
        MODEL_TAR[:ONE_FILE],
        MODEL_TAR[: ONE_FILE + 100],
    ],
    ids=["checksum", "no checksum", "deflate", "xz", "second header", "cut between files", "cut in a header"],
)
def test_an_archive_that_is_broken_anywhere_is_refused(body: bytes, tmp_path: Path) -> None:
    path, folder = tmp_path / "m.tar.gz", tmp_path / "folder"
    path.write_bytes(body)
    folder.mkdir()
    with pytest.raises(FetchError, match=r"m\.tar\.gz cannot be unpacked"):
        unpack(path, folder, "m.tar.gz")


def test_a_disk_that_is_full_is_not_the_archives_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    with pytest.raises(OSError, match="No space left"):
        unpack(packed(tmp_path, entry("a")), tmp_path, "archive.tar")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(derandomize=True, suppress_health_check=list(HealthCheck), max_examples=200)
@given(names=st.lists(NAMES, max_size=4), zipped=st.booleans())
def test_no_name_in_an_archive_leads_out_of_its_folder(
    names: list[str], zipped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("archive")
    folder = root / "deep" / "folder"
    folder.mkdir(parents=True)
    path = root / "archive"
    try:
        if zipped:
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    archive.writestr(zipfile.ZipInfo(name or "x"), "x")
        else:
            path = packed(root, *(entry(name) for name in names))
    except (ValueError, UnicodeEncodeError):
        return
    with contextlib.suppress(FetchError):
        unpack(path, folder, "archive")
    outside = [each for each in root.rglob("*") if each.is_file() and folder not in each.parents and each != path]
    assert outside == []


@given(name=NAMES)
def test_a_safe_path_is_relative_and_has_no_way_up(name: str) -> None:
    try:
        found = Path(safe_path(name, "it"))
    except FetchError:
        return
    assert not found.is_absolute()
    assert ".." not in found.parts


def test_a_line_that_is_no_digest_and_path_is_told_with_its_number() -> None:
    with pytest.raises(FetchError, match="line 2 of SHA256SUMS in s3://a/b cannot be read"):
        manifest_of(f"{'0' * 64}  a\nb c\n", "s3://a/b")


def test_digests_are_read_in_both_modes_of_coreutils() -> None:
    assert manifest_of(f"{'0' * 64}  ./a b\n{'1' * 64} *c\n", "x") == {"a b": "0" * 64, "c": "1" * 64}
