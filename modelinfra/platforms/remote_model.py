"""A model that lies elsewhere: what is fetched, and what is not certain about it."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import Input

from modelinfra.catalog.fetching import MIB_PER_SECOND, fetch_seconds
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.options.sources import Source

FETCHED_TO = "/model"
"""Where the fetcher's container sees the volume with the model."""


def work_of_several(remotes: Iterable[RemoteModel]) -> dict[str, Any]:
    """What the fetcher is told of several models."""
    return {"models": [each.work for each in remotes]}


@dataclass(frozen=True)
class RemoteModel:
    """baked: fetched while the image is built, else by each replica. where: the option that names the address, below the endpoint.

    folder: of one of several models, below the volume: its name. described: what its files must say of it, in the fetcher's words.
    """

    source: Source
    baked: bool
    where: str
    sha256: str | None = None
    file: str | None = None
    token: Input[str] | None = None
    kms_key_arn: Input[str] | None = None
    folder: str = ""
    described: Mapping[str, Any] = field(default_factory=dict)

    @property
    def work(self) -> dict[str, Any]:
        """What the fetcher is told (`modelinfra.fetcher`)."""
        work: dict[str, Any] = {
            "uri": self.source.uri,
            "to": f"{FETCHED_TO}/{self.folder}" if self.folder else FETCHED_TO,
        }
        work |= self.described
        if self.sha256 is not None:
            work["sha256"] = self.sha256
        if self.file is not None:
            # A split .gguf names its first part, and the server finds the others beside it.
            parts = re.sub(r"-\d{5}-of-(\d{5}\.gguf)$", r"-?????-of-\1", glob.escape(self.file))
            work |= {"file": self.file, "only": parts}
        return work

    def seconds(self, model_bytes: int) -> int:
        """How long a replica needs for it alone, before its server starts."""
        return 0 if self.baked else fetch_seconds({"": (self.source.kind, model_bytes)})

    def disk_bytes(self, model_bytes: int) -> int:
        """What it takes of a replica's disk: once as it is, twice where an archive or a layer lies beside what was unpacked from it."""
        unpacked = self.baked or self.source.archive or self.source.kind == "oci"
        return (2 if unpacked else 1) * model_bytes

    def notes(self, model_bytes: int, startup_budget: int | None) -> Iterator[str]:
        """How the model comes, and who decides what it is. startup_budget: seconds that the user gives the whole start, or None."""
        uri = self.source.uri
        if self.baked:
            yield f"model {uri} is baked into the image; the build fetches it, and fetches it anew when its address changes"
        else:
            seconds, speed = shown_seconds(self.seconds(model_bytes)), MIB_PER_SECOND[self.source.kind]
            allowed = (
                f"{seconds} allowed, at {speed} MiB/s"
                if startup_budget is None
                else f"{seconds} expected, at {speed} MiB/s; the whole start has {shown_seconds(startup_budget)}"
            )
            yield f"model {uri} is fetched by each replica before its server starts: {allowed}"
        if self.source.kind == "s3" and self.sha256 is None:
            yield f"nothing here says what {uri} holds: whoever may write there decides what is served (`model.sha256` would)"

    def warnings(self) -> Iterator[str]:
        """What may differ between two replicas."""
        moving = self.source.moving
        if moving:
            pinned = "a commit of 40 digits" if self.source.kind == "hf" else "the digest"
            yield f"'{moving}' of {self.source.uri} can move, so that two replicas may differ: write {pinned}"
        if self.source.kind == "https" and self.sha256 is None:
            yield f"of {self.source.uri} only the length is verified: give `model.sha256`"

    def unreachable(self, internet: bool) -> Iterator[Problem]:
        """Why no replica could fetch it, with a path relative to the endpoint. internet: whether their network has a way there."""
        if self.source.kind == "gs":
            reason = "on ECS nothing reads buckets of Google Cloud Storage"
            remedy = "Write s3://, hf:// or https://, or `platform` with one of type kubernetes."
            yield Problem(self.where, reason, remedy, self.source.uri)
            return
        if self.baked or internet or self.source.through_aws:
            return
        reason = "the network has no way to the internet, where a replica would fetch this model"
        remedy = f"Write `delivery: baked` below `{self.where.removesuffix('.uri')}` to have it fetched by the image build, or let the network have NAT."
        yield Problem(self.where, reason, remedy, self.source.uri)


def remote_model(
    source: Source, given: Any, where: str, *, folder: str = "", described: Mapping[str, Any] | None = None
) -> RemoteModel:
    """The model behind an address. given: validated `model` of an endpoint, text or a mapping."""
    if isinstance(given, str):
        return RemoteModel(source, baked=False, where=where, folder=folder, described=described or {})
    return RemoteModel(
        source,
        baked=given.delivery == "baked",
        where=where,
        folder=folder,
        described=described or {},
        sha256=given.sha256,
        file=getattr(given, "file", None),  # of a single model alone
        token=given.token,
        kms_key_arn=given.kms_key_arn,
    )
