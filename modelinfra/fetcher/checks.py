"""What is known of a file's content before it is there, and whether it holds."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

MANIFEST = "SHA256SUMS"
"""`<SHA-256 in hexadecimal>  <relative path>` on each line, as sha256sum of the coreutils writes it."""

_CHUNK = 4 * 2**20


class FetchError(Exception):
    """The model cannot be fetched: `what` is wrong, `why`, and what to do about it. Holds no token and no query of an address."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(" ".join(f"{what}: {why}. {remedy}.".split()))


def safe_path(name: str, whence: str) -> str:
    """A relative path that stays below the folder that it is put into. Raises FetchError for any other."""
    parts, why = name.split("/"), ""
    if ".." in parts:
        why = "this name leads out of the model's folder"
    elif "\\" in name or "\0" in name:
        why = "this name has a backslash or a NUL, which not every system takes for a part of it"
    elif {"", "."} & set(parts):
        why = "a part of this name is empty or a single dot, or it begins with a slash"
    if why:
        raise FetchError(f"{whence} holds {name!r}", why, "Store the file under another name")
    return str(PurePosixPath(name))


def verify(path: Path, name: str, expected: Mapping[str, str], whose: str) -> str:
    """The kind of checksum that was compared, the strongest of `expected`; empty when there is none. Raises FetchError."""
    for kind in ("sha256", "sha1", "git", "crc32", "md5"):
        if kind in expected:
            found = _digest(path, kind)
            if found != expected[kind]:
                raise FetchError(
                    f"{name} is not what {whose} says",
                    f"its {kind} is {found}, and {expected[kind]} was expected",
                    "Store the file again, or correct the checksum if the change is meant",
                )
            return kind
    return ""


def of_s3(kind: str, value: str) -> dict[str, str]:
    """A checksum as S3 writes it (base64), in the form of `verify`."""
    return {kind: base64.b64decode(value).hex()}


def manifest_of(text: str, where: str) -> dict[str, str]:
    """Relative path -> SHA-256. Raises FetchError for a line that is none of the format."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r"([0-9A-Fa-f]{64}) [ *](.+)", line)
        if match is None:
            raise FetchError(
                f"line {number} of {MANIFEST} in {where} cannot be read",
                "a line is a SHA-256 in hexadecimal, two spaces and a relative path",
                f"Write it with `find . -type f ! -name {MANIFEST} -exec sha256sum {{}} + > {MANIFEST}`",
            )
        found[safe_path(match[2].removeprefix("./"), f"{MANIFEST} in {where}")] = match[1].lower()
    return found


def compare_names(listed: Iterable[str], present: Iterable[str], where: str) -> None:
    """Raises FetchError unless the manifest lists exactly what is there."""
    missing, extra = sorted(set(listed) - set(present)), sorted(set(present) - set(listed) - {MANIFEST})
    if missing:
        raise FetchError(
            f"{_some(missing)} of {MANIFEST} is not in {where}",
            "the model is not whole",
            "Store what is missing; a half-finished upload looks like this",
        )
    if extra:
        raise FetchError(
            f"{_some(extra)} in {where} is not in {MANIFEST}",
            "what is not listed is not verified",
            f"Write {MANIFEST} anew, or remove the file",
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        if kind == "crc32":
            value = 0
            while chunk := file.read(_CHUNK):
                value = zlib.crc32(chunk, value)
            return f"{value:08x}"
        # A git blob's id is the SHA-1 of a header with the length, and the content.
        start = b"blob %d\0" % path.stat().st_size if kind == "git" else b""
        digest = hashlib.new("sha1" if kind == "git" else kind, start, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()
