"""Reads the work, does it, says what was done."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from modelinfra.fetcher.archives import unpack
from modelinfra.fetcher.checks import MANIFEST, FetchError, compare_names, manifest_of, safe_path, verify
from modelinfra.fetcher.stores import Listing, RemoteFile, listing, named

_AT_ONCE = 4
_STAGING = ".model-fetch"
_MARK = ".model-fetched"
_MIB = 2**20


def fetch(work: Mapping[str, Any], token: str, say: Callable[[str], None]) -> None:
    """Bring the model to `work["to"]`, verified. What is there from the same work is left as it is. Raises FetchError."""
    began = time.monotonic()
    uri, to = work["uri"], Path(work["to"])
    where = named(uri)
    mark = to / _MARK
    wanted = hashlib.sha256(json.dumps({**work, "to": ""}, sort_keys=True).encode()).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        say(f"{where} is in {to} already")
        return
    staging = to / _STAGING
    try:
        shutil.rmtree(staging, ignore_errors=True)
        tree, parts = staging / "tree", staging / "parts"
        tree.mkdir(parents=True)
        parts.mkdir()
        count, size = _bring(work, where, token, tree, parts, say)
        earlier = mark.is_file()
        # From here on nobody takes the folder for complete, and the next fetch knows that what it finds is not its own.
        mark.write_text("")
        if earlier:
            _remove_all(to, but=(staging, mark))
        _publish(tree, to)
        mark.write_text(wanted)
    except OSError as error:
        raise FetchError(
            f"{to} cannot be written",
            f"{error.strerror or error}",
            "Raise the endpoint's ephemeral storage, or let the fetcher's user write there",
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    seconds = time.monotonic() - began
    say(
        f"fetched {where}: {count} files, {size / _MIB:.1f} MiB in {seconds:.1f} s, {size / _MIB / max(seconds, 1e-3):.1f} MiB/s"
    )


def _bring(
    work: Mapping[str, Any], where: str, token: str, tree: Path, parts: Path, say: Callable[[str], None]
) -> tuple[int, int]:
    found = listing(work["uri"], token)
    if found.remark:
        say(f"{where} is {found.remark}")
    files = _chosen(found, work.get("only", ""), where)
    _check_room(files, parts, where)
    places = {file.name: (parts / str(index) if file.unpack else tree / file.name) for index, file in enumerate(files)}

    def one(file: RemoteFile) -> Mapping[str, str]:
        target = places[file.name]
        target.parent.mkdir(parents=True, exist_ok=True)
        known = file.fetch(target)
        size = target.stat().st_size
        if file.size is not None and size != file.size:
            raise FetchError(
                f"{file.name} of {where} has {size} bytes", f"{file.size} were announced", "Store the file again"
            )
        return known

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        known = dict(zip(places, pool.map(one, files), strict=True))
    size = sum(place.stat().st_size for place in places.values())
    archives = [file for file in files if file.unpack]
    alone = "" if archives and not found.one else _alone(work, found, [file.name for file in files])
    manifest = _manifest(work, found, tree, where, alone)
    for file in files:
        name, place, listed = file.name, places[file.name], manifest.get(file.name, "")
        expected, by = ({"sha256": listed}, MANIFEST) if listed else (known[name], "the store")
        if name == alone:
            expected, by = {"sha256": work["sha256"]}, "`model.sha256`"
        kind = verify(place, name, expected, by)
        if listed and listed != expected["sha256"]:
            verify(place, name, {"sha256": listed}, MANIFEST)
        verified = f"{kind} of {by} verified" if kind else "only its size is known"
        say(f"{name}: {place.stat().st_size} bytes, {verified}")
    for file in archives:
        unpack(places[file.name], tree, file.name)
        places[file.name].unlink()
    if archives:
        _verify_unpacked(work, found, tree, where, say)
    needed = work.get("file", "")
    if needed and not (tree / needed).is_file():
        there = ", ".join(sorted(_names(tree))[:5]) or "nothing"
        raise FetchError(f"there is no {needed} in {where}", f"it holds {there}", "Correct `model.file`")
    _check_name(work, tree, where)
    for name in (_STAGING, _MARK):
        if os.path.lexists(tree / name):
            raise FetchError(
                f"{where} holds {name}",
                "the fetcher keeps its own files under this name",
                "Store the file under another name",
            )
    return len(files), size


def _check_name(work: Mapping[str, Any], tree: Path, where: str) -> None:
    """Of one of several models: that the file which names it gives it the name by which clients ask, and says what it must besides. A server
    that serves others, too, would be ready without it."""
    file, wanted = work.get("nameIn", ""), work.get("name", "")
    if not file:
        return
    try:
        said = dict(json.loads((tree / file).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        reason = "the server knows the model by this file, and it is missing or no JSON"
        raise FetchError(f"{file} of {where} cannot be read", reason, "Store it with the model") from None
    if said.get("name") != wanted:
        reason = f"clients ask for {wanted!r}"
        raise FetchError(f"{file} of {where} names the model {said.get('name')!r}", reason, "Correct one of the two")
    for key in work.get("besides", ()):
        if not said.get(key):
            raise FetchError(f"{file} of {where} says no {key}", "the server would leave the model out", "Add it")


def _alone(work: Mapping[str, Any], found: Listing, names: list[str]) -> str:
    """The file that `sha256` is the digest of: the source itself, or the only one that is asked for. Empty where it is that of the list."""
    others = [name for name in names if name != MANIFEST]
    alone = found.one or (work.get("only") and len(others) == 1)
    return others[0] if work.get("sha256") and alone else ""


def _chosen(found: Listing, only: str, where: str) -> list[RemoteFile]:
    files = [
        file
        for file in found.files
        if file.unpack or not only or fnmatch.fnmatchcase(file.name, only) or file.name == MANIFEST
    ]
    if not any(file.name != MANIFEST for file in files):
        there = ", ".join(sorted(file.name for file in found.files)[:5]) or "nothing"
        raise FetchError(
            f"there is no {only or 'file'} in {where}", f"it holds {there}", "Correct the address or `model.file`"
        )
    for file in files:
        if not file.unpack:
            safe_path(file.name, where)
    names = {file.name for file in files}
    if len(names) != len(files):
        raise FetchError(f"{where} has two files of one name", "one would overwrite the other", "Rename one of them")
    folders = {parent.as_posix() for file in files if not file.unpack for parent in PurePosixPath(file.name).parents}
    for both in sorted(folders & {file.name for file in files if not file.unpack}):
        raise FetchError(
            f"{both} of {where} is a file and a folder", "a disk has no place for both", "Rename one of them"
        )
    return files


def _check_room(files: list[RemoteFile], folder: Path, where: str) -> None:
    needed, free = sum(file.size or 0 for file in files), shutil.disk_usage(folder).free
    if needed > free:
        raise FetchError(
            f"{where} does not fit on the disk",
            f"it has {needed} bytes, and {free} are free",
            "Raise the endpoint's ephemeral storage",
        )


def _manifest(work: Mapping[str, Any], found: Listing, tree: Path, where: str, alone: str) -> dict[str, str]:
    """What SHA256SUMS says of the files that were chosen; empty where there is none."""
    path, asked, only = tree / MANIFEST, work.get("sha256", ""), work.get("only", "")
    if found.one:
        return {}
    if not path.is_file():
        if asked and not alone and not any(file.unpack for file in found.files):
            raise _no_manifest(where)
        return {}
    listed = _listed(path, "" if alone else asked, where)
    listed = {name: digest for name, digest in listed.items() if not only or fnmatch.fnmatchcase(name, only)}
    compare_names(listed, _names(tree), where)
    return listed


def _verify_unpacked(
    work: Mapping[str, Any], found: Listing, tree: Path, where: str, say: Callable[[str], None]
) -> None:
    path, asked = tree / MANIFEST, "" if found.one else work.get("sha256", "")
    alone = _alone(work, found, _names(tree)) if asked else ""
    if alone:
        verify(tree / alone, alone, {"sha256": asked}, "`model.sha256`")
        say(f"{alone}: sha256 of `model.sha256` verified")
    if not path.is_file():
        if asked and not alone:
            raise _no_manifest(where)
        return
    listed = _listed(path, "" if alone else asked, where)
    compare_names(listed, _names(tree), where)
    for name, digest in listed.items():
        verify(tree / name, name, {"sha256": digest}, MANIFEST)
    say(f"{len(listed)} unpacked files: sha256 of {MANIFEST} verified")


def _listed(path: Path, asked: str, where: str) -> dict[str, str]:
    if asked:
        verify(path, MANIFEST, {"sha256": asked}, "`model.sha256`")
    return manifest_of(path.read_text(encoding="utf-8-sig", errors="replace"), where)


def _no_manifest(where: str) -> FetchError:
    return FetchError(
        f"there is no {MANIFEST} in {where}",
        "`model.sha256` is the digest of that list where the model is more than one file and `model.file` names none alone",
        f"Store {MANIFEST} with the model, or remove `model.sha256`",
    )


def _names(tree: Path) -> list[str]:
    return [path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir() or path.is_symlink()]


def _publish(tree: Path, to: Path) -> None:
    """Into place, readable by the server, which is another user. Renames only: a reader never sees half a file."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    for path in tree.iterdir():
        target = to / path.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        path.replace(target)


def _remove_all(folder: Path, but: tuple[Path, ...]) -> None:
    """Take away what an earlier fetch left."""
    for path in folder.iterdir():
        if path in but:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def main() -> int:
    """Exit code 0 when the model is there."""
    os.umask(0o022)
    try:
        # All of it is read before the first model is fetched: a mistake in the last one costs no transfer.
        for work in list(_works(os.environ.get("MODELINFRA_FETCH", ""))):
            token = os.environ.get(work.pop("token", "MODELINFRA_FETCH_TOKEN"), "")
            fetch(work, token, lambda line: print(f"model-fetch: {line}", flush=True))
    except FetchError as error:
        print(f"model-fetch: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        # Never its text nor a traceback: both may quote the token, or the query of an address.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        print(f"model-fetch: the fetcher itself failed: {type(error).__name__} at {place}.", file=sys.stderr)
        return 1
    return 0


def _works(text: str) -> Iterator[dict[str, Any]]:
    """One model, or each of several."""
    try:
        work = json.loads(text)
    except ValueError:
        work = None
    remedy = "Write it as `modelinfra.fetcher` says"
    if not isinstance(work, dict):
        raise FetchError("MODELINFRA_FETCH is not a JSON object", "it says what is to be fetched", remedy)
    for each in work.get("models", [work]):
        for key in ("uri", "to"):
            if not each.get(key):
                raise FetchError("the work is not complete", f"`{key}` is missing", remedy)
        yield each


if __name__ == "__main__":
    raise SystemExit(main())
