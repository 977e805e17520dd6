"""Unpacks archives that may have been made by anybody."""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Self

from modelinfra.fetcher.checks import FetchError, safe_path

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_CHUNK = 2**20


def unpack(archive: Path, folder: Path, name: str) -> None:
    """Unpack a .tar, .tar.gz or .zip archive into a folder.

    name: the archive's, for messages. Raises FetchError for an archive that is broken, is larger than the disk, or holds anything
    that would lie outside the folder: absolute paths, `..`, links that lead out, devices. OSError when the disk is full.
    """
    try:
        # By its start: the end of a zip is also found in a tar whose last file is one, as weights of PyTorch and NumPy are.
        with archive.open("rb") as file:
            start = file.read(4)
        if start in _ZIP_STARTS:
            _unzip(archive, folder, name)
        else:
            _untar(archive, folder, name)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise FetchError(
            f"{name} cannot be unpacked", str(error) or type(error).__name__, "Pack the model anew"
        ) from None


class _Header(tarfile.TarInfo):
    """tarfile takes a header that is broken or missing for the end of the archive, and the files after it would be lost silently."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tar)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # typeshed leaves it out
            raise  # The mark at the end.
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} where a file or the end should be") from None


def _untar(archive: Path, folder: Path, name: str) -> None:
    with tarfile.open(archive, "r:*", tarinfo=_Header) as tar:
        for member in tar:
            if member.isdir() and member.name in (".", "./"):
                continue
            member.name = safe_path(member.name.removeprefix("./").rstrip("/"), name)
            if Path(member.name).name.startswith(".wh."):
                raise FetchError(
                    f"{name} removes files of a layer below it",
                    "only what layers add can be fetched",
                    "Pack the model into one layer",
                )
            _room_for(member.size, folder, name)
            # The filter refuses links that lead out, devices and pipes, and takes owners and dangerous modes away.
            tar.extract(member, folder, filter="data")
        # The checksum of what was packed comes last, and is compared when the end is read.
        while tar.fileobj is not None and tar.fileobj.read(_CHUNK):
            pass


def _unzip(archive: Path, folder: Path, name: str) -> None:
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            target = folder / safe_path(member.filename.rstrip("/"), name)
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise FetchError(
                    f"{name} holds {member.filename!r}", "it is neither a file nor a folder", "Pack plain files"
                )
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            _room_for(member.file_size, folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Reads no more than the size that was just compared with the disk.
            with packed.open(member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, _CHUNK)


def _room_for(size: int, folder: Path, name: str) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise FetchError(
            f"{name} does not fit on the disk",
            f"the next file has {size} bytes, and {free} are free",
            "Raise the endpoint's ephemeral storage",
        )
