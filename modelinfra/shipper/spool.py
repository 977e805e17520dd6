"""What S3 did not take yet, on disk: bounded, the oldest goes first. Only what is masked comes here."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_SUFFIX: Final = ".jsonl.gz"


@dataclass(frozen=True)
class Parcel:
    """A file that waits. records: lines in it."""

    path: Path
    records: int

    @property
    def key(self) -> str:
        """Of its object, below the prefix: partitioned by when it was closed (UTC), as Athena, Spark and pandas read it."""
        stamp = datetime.strptime(self.path.name.partition("-")[0], "%Y%m%dT%H%M%SZ")
        return f"date={stamp:%Y-%m-%d}/hour={stamp:%H}/{self.path.name}"


class Spool:
    """A directory of parcels. most: bytes of all of them. lost: is told how many records were dropped."""

    def __init__(self, directory: str, most: int, lost: Callable[[int], None]) -> None:
        self._directory, self._most, self._lost = Path(directory), most, lost
        self._replica, self._count = uuid.uuid4().hex[:12], 0

    def add(self, content: bytes, records: int, now: datetime) -> None:
        """Keep what is to be shipped; where there is no room, the oldest goes. What the disk does not take is lost, and counted."""
        self._count += 1
        name = f"{now:%Y%m%dT%H%M%SZ}-{self._replica}-{self._count:06}-{records}{_SUFFIX}"
        unfinished = self._directory / f"{name}.part"
        try:
            for parcel in self._too_many(len(content)):
                self.remove(parcel)
                self._lost(parcel.records)
            unfinished.write_bytes(content)
            unfinished.rename(self._directory / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            self._lost(records)

    def parcels(self) -> list[Parcel]:
        """The oldest first; also those of a process before this one in the same replica."""
        found = sorted(each for each in os.listdir(self._directory) if each.endswith(_SUFFIX))
        return [Parcel(self._directory / each, int(each.removesuffix(_SUFFIX).rpartition("-")[2])) for each in found]

    def remove(self, parcel: Parcel) -> None:
        """It is shipped, or given up."""
        parcel.path.unlink(missing_ok=True)

    def _too_many(self, more: int) -> list[Parcel]:
        parcels = self.parcels()
        sizes = [_size(each) for each in parcels]
        gone = 0
        while gone < len(parcels) and sum(sizes[gone:]) + more > self._most:
            gone += 1
        return parcels[:gone]


def _size(parcel: Parcel) -> int:
    try:
        return parcel.path.stat().st_size
    except FileNotFoundError:  # shipped meanwhile
        return 0
