"""What is served: the server's row, the model and the budgets that follow from both. No resource is registered here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import Input

from modelinfra.catalog.layouts.found import FoundModel
from modelinfra.catalog.model_directory import ModelDirectory, ModelDirectoryError, measure
from modelinfra.catalog.servers import ModelServer, assumed_bytes, memory_need_mib, startup_budget_seconds
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.server import row_of
from modelinfra.options.sources import source_of
from modelinfra.platforms.collector_config import ADDRESSES
from modelinfra.platforms.remote_model import RemoteModel, remote_model


@dataclass(frozen=True)
class ServedModel:
    """A model behind a server, with everything that is known before anything runs.

    server: its row, with this model's name and file in command and environment. shared_memory_because: why this model needs shared
    memory, if it does.
    At most one of `directory` (the model that the image is built from) and `remote` (a model at an address) is set; with neither the
    model is in `image`, a ready one.
    """

    server: ModelServer
    model: str
    directory: ModelDirectory | None
    image: Input[str] | None
    size_bytes: int | None
    startup_seconds: int
    memory_mib: int
    longest_request_seconds: int
    shared_memory_because: str = ""
    remote: RemoteModel | None = None
    samples: tuple[Mapping[str, Any], ...] = ()
    """Predictions that new replicas must answer before traffic moves to them."""

    @property
    def predict_path(self) -> str:
        """Path of a prediction at the server, with a leading slash."""
        return self.server.predict_path(self.model)

    @property
    def fetched(self) -> bool:
        """Whether replicas fetch the model when they start."""
        return self.remote is not None and not self.remote.baked

    @property
    def health_path(self) -> str:
        """Answers 200 when this model is loaded; the server's own health says nothing of a model that it did not find."""
        return self.server.model_readiness_path(self.model)

    def assumptions(self) -> Iterator[str]:
        """What had to be assumed, in words for the preview."""
        if self.size_bytes is None:
            yield f"size not given, {self.server.assumed_model_gib} GiB assumed"


def served_model(options: Any, project_directory: Path, endpoint: str) -> ServedModel:
    """Find the model of validated endpoint options and compute its budgets. endpoint: its name, which a model at an address has, too.

    Raises ModelProblemError when the directory is no model of this server, or not the one of `sha256`.
    """
    server = row_of(options.server)
    if options.tracing is not None:
        server = server.tracing(**ADDRESSES)
    source = options.model
    uri = source if isinstance(source, str) else getattr(source, "uri", None)
    directory: ModelDirectory | None = None
    remote: RemoteModel | None = None
    if uri is None:
        found = FoundModel(source.name)
    elif (place := source_of(uri)).kind != "local":
        remote = remote_model(place, source)
        found = FoundModel(getattr(source, "name", None) or endpoint, remote.file or "")
    else:
        sha256 = getattr(source, "sha256", None)
        directory, found = _directory(server, Path(project_directory, uri), uri, sha256, source)
    size = directory.bytes if directory else getattr(source, "size", None)
    fetch = remote.seconds(assumed_bytes(server, size)) if remote else 0
    return ServedModel(
        server=server.serving(found),
        model=found.name,
        directory=directory,
        image=options.image,
        size_bytes=size,
        startup_seconds=options.startup_budget or startup_budget_seconds(server, size) + fetch,
        memory_mib=memory_need_mib(server, size),
        longest_request_seconds=options.longest_request or server.longest_request_seconds,
        shared_memory_because=found.shared_memory_because,
        remote=remote,
    )


class ModelProblemError(ValueError):
    """The model cannot be served; `problem` says why, with a path relative to the endpoint."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def _directory(
    server: ModelServer, path: Path, uri: str, sha256: str | None, source: Any
) -> tuple[ModelDirectory, FoundModel]:
    where = "model" if isinstance(source, str) else "model.uri"
    try:
        directory = measure(path)
        assert server.layout is not None, "the options' rules ask for an image"
        found = server.layout.check(path, server.model_directory)
    except ModelDirectoryError as error:
        raise ModelProblemError(Problem(where, f"{error.fact}: {error.reason}", f"{error.remedy}.", uri)) from None
    if sha256 is not None and sha256 != directory.sha256:
        reason = f"the content of {uri} ({shown_bytes(directory.bytes)}) has the digest {directory.sha256}"
        raise ModelProblemError(
            Problem("model.sha256", reason, "Restore the model, or write that digest if the change is meant.", sha256)
        )
    return directory, found
