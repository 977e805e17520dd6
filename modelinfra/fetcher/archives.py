"""Unpacks archives that may have been made by anybody."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

from modelinfra.fetcher.checks import FetchError, safe_path

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")


def unpack(archive: Path, folder: Path, name: str) -> None:
    """Unpack a .tar, .tar.gz or .zip archive into a folder.

    name: the archive's, for messages. Raises FetchError for an archive that is broken, is larger than the disk, or holds anything
    that would lie outside the folder: absolute paths, `..`, links that lead out, devices.
    """
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, folder, name)
        else:
            _untar(archive, folder, name)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise FetchError(
            f"{name} cannot be unpacked", str(error) or type(error).__name__, "Pack the model anew"
        ) from None


def _untar(archive: Path, folder: Path, name: str) -> None:
    with tarfile.open(archive, "r:*") as tar:
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
                shutil.copyfileobj(source, out, 2**20)


def _room_for(size: int, folder: Path, name: str) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise FetchError(
            f"{name} does not fit on the disk",
            f"the next file has {size} bytes, and {free} are free",
            "Raise the endpoint's ephemeral storage",
        )
