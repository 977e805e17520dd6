"""Whatever an archive holds, nothing of it lies outside its folder, and nothing in it is a device."""

from __future__ import annotations

import contextlib
import io
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


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=200)
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
