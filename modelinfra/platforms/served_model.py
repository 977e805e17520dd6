"""What is served: the server's row, its models and the budgets that follow from both. No resource is registered here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pulumi import Input

from modelinfra.catalog.fetching import fetch_seconds
from modelinfra.catalog.layouts.found import FoundModel, Layout
from modelinfra.catalog.model_directory import ModelDirectory, ModelDirectoryError, measure
from modelinfra.catalog.servers import ModelServer, assumed_bytes, memory_need_mib, startup_budget_seconds
from modelinfra.options.models import models_of
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.server import row_of
from modelinfra.options.sources import source_of
from modelinfra.platforms.collector_config import ADDRESSES
from modelinfra.platforms.remote_model import RemoteModel, remote_model


@dataclass(frozen=True)
class OneModel:
    """A model of a server. name: its name there. where: the option that says it, below the endpoint.

    At most one of `directory` (that the image is built from) and `remote` (a model at an address) is set; with neither the model is in
    a ready image. size_bytes: None where nobody said it; then counted_bytes is the server's ceiling. shared_memory_because: why this
    model needs shared memory, if it does. tenant: whose it is, on an endpoint that several share.
    """

    name: str
    where: str
    directory: ModelDirectory | None
    remote: RemoteModel | None
    size_bytes: int | None
    counted_bytes: int
    file: str = ""
    shared_memory_because: str = ""
    tenant: str | None = None

    @property
    def fetched(self) -> bool:
        """Whether replicas fetch it when they start."""
        return self.remote is not None and not self.remote.baked


@dataclass(frozen=True)
class ServedModel:
    """Models behind a server, with everything that is known before anything runs.

    server: its row, with the models' names and files in command and environment. models: one, or several by their names (`several`).
    """

    server: ModelServer
    models: tuple[OneModel, ...]
    several: bool
    image: Input[str] | None
    startup_seconds: int
    memory_mib: int
    longest_request_seconds: int
    samples: tuple[Mapping[str, Any], ...] = ()
    """Predictions that new replicas must answer before traffic moves to them."""

    @property
    def model(self) -> str:
        """Name of the model; of the first of several."""
        return self.models[0].name

    @property
    def remotes(self) -> tuple[RemoteModel, ...]:
        """Those that lie at an address."""
        return tuple(each.remote for each in self.models if each.remote is not None)

    @property
    def fetched(self) -> tuple[RemoteModel, ...]:
        """Those that replicas fetch when they start."""
        return tuple(each for each in self.remotes if not each.baked)

    @property
    def built(self) -> bool:
        """Whether models are put into an image."""
        return self.image is None and not self.fetched

    @property
    def option(self) -> str:
        """The option that says what is served, below the endpoint."""
        return "models" if self.several else "model"

    @property
    def noun(self) -> str:
        """What is served, in a sentence."""
        return "the models" if self.several else "the model"

    @property
    def this(self) -> str:
        """The same, pointing at it."""
        return "these models" if self.several else "this model"

    @property
    def size_bytes(self) -> int | None:
        """Of all models; None where the size of one is not known."""
        sizes = [each.size_bytes for each in self.models]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def counted_bytes(self) -> int:
        """What budgets are made of: the models' sizes, and the server's ceiling for each that is not known."""
        return sum(each.counted_bytes for each in self.models)

    @property
    def fetch_seconds(self) -> int:
        """How long a replica fetches before its server starts."""
        return seconds_to_fetch(self.models)

    @property
    def disk_bytes(self) -> int:
        """What the models take of a replica's disk: in an image there is the layer and its unpacked copy."""
        return sum(
            each.remote.disk_bytes(each.counted_bytes) if each.remote is not None else 2 * each.counted_bytes
            for each in self.models
        )

    @property
    def predict_paths(self) -> Mapping[str, str]:
        """Model -> path of its predictions at the server, with a leading slash."""
        return {each.name: self.server.predict_path(each.name) for each in self.models}

    @property
    def predict_path(self) -> str:
        """Path of a prediction, of the first of several models."""
        return self.server.predict_path(self.model)

    @property
    def health_path(self) -> str:
        """Answers 200 when this model, or every one of several, is loaded; the server's own health says nothing of a single one that it
        did not find."""
        return self.server.readiness_path if self.several else self.server.model_readiness_path(self.model)

    @property
    def open_health_path(self) -> str:
        """The same for clients, of the first of several models where the other is not for them."""
        several = self.server.several if self.several else None
        private = several is not None and not several.readiness_is_open
        return self.server.model_readiness_path(self.model) if private else self.health_path

    @property
    def open_paths(self) -> tuple[str, ...]:
        """What clients need, as patterns of a load balancer's rule. They are the same whichever several models there are, so that adding one
        edits no rule."""
        asked = self.server.predict_path("*") if self.several else self.predict_path
        return tuple(dict.fromkeys((asked, self.open_health_path)))

    def assumptions(self) -> Iterator[str]:
        """What had to be assumed, in words for the preview."""
        for each in self.models:
            if each.size_bytes is None:
                whose = f"of model {each.name} " if self.several else ""
                yield f"size {whose}not given, {self.server.assumed_model_gib} GiB assumed"


def seconds_to_fetch(models: tuple[OneModel, ...]) -> int:
    """How long a replica fetches its models, one after the other."""
    fetched = [each for each in models if each.fetched]
    return fetch_seconds({each.name: (each.remote.source.kind, each.counted_bytes) for each in fetched if each.remote})


def served_model(options: Any, project_directory: Path, endpoint: str) -> ServedModel:
    """Find the models of validated endpoint options and compute the budgets. endpoint: its name, which a single model at an address has, too.

    Raises ModelProblemError when a directory is no model of this server, or not the one of `sha256`.
    """
    server = row_of(options.server)
    if options.tracing is not None:
        server = server.tracing(**ADDRESSES)
    several = options.models is not None
    models = tuple(
        _model(server, where, source, project_directory, name=name, endpoint=endpoint)
        for where, name, source in models_of(vars(options))
    )
    size = sum(each.counted_bytes for each in models)
    first = models[0]
    return ServedModel(
        server=server.serving_several([each.name for each in models])
        if several
        else server.serving(FoundModel(first.name, first.file)),
        models=models,
        several=several,
        image=options.image,
        startup_seconds=options.startup_budget or startup_budget_seconds(server, size) + seconds_to_fetch(models),
        memory_mib=memory_need_mib(server, size),
        longest_request_seconds=options.longest_request or server.longest_request_seconds,
    )


def _model(
    server: ModelServer, where: str, source: Any, project_directory: Path, *, name: str | None, endpoint: str
) -> OneModel:
    """where, name: of one of several; name: None of a single one."""
    uri = source if isinstance(source, str) else source.uri
    said = where if isinstance(source, str) else f"{where}.uri"
    directory: ModelDirectory | None = None
    remote: RemoteModel | None = None
    if uri is None:
        found = FoundModel(source.name)
    elif (place := source_of(uri)).kind != "local":
        remote = remote_model(place, source, said, folder=name or "", described=_described(server, name))
        found = FoundModel(name or getattr(source, "name", None) or endpoint, remote.file or "")
    else:
        directory, found = _directory(server, Path(project_directory, uri), uri, said, source, name)
    size = directory.bytes if directory else getattr(source, "size", None)
    return OneModel(
        name=found.name,
        where=where,
        directory=directory,
        remote=remote,
        size_bytes=size,
        counted_bytes=assumed_bytes(server, size),
        file=found.file,
        shared_memory_because=found.shared_memory_because,
        tenant=getattr(source, "tenant", None) if name is not None else None,
    )


def _described(server: ModelServer, name: str | None) -> dict[str, Any]:
    """What a fetched one of several models must say of itself."""
    several = server.several
    if name is None or several is None or not several.names_itself:
        return {}
    return {"nameIn": several.names_itself, "name": name, "besides": list(several.says_besides)}


class ModelProblemError(ValueError):
    """The model cannot be served; `problem` says why, with a path relative to the endpoint."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def _directory(
    server: ModelServer, path: Path, uri: str, said: str, source: Any, name: str | None
) -> tuple[ModelDirectory, FoundModel]:
    """said: the option that names the directory. name: of one of several."""
    layout: Layout | None = server.layout
    served_at = server.model_directory
    if name is not None and server.several is not None:
        layout, served_at = server.several.layout, str(PurePosixPath(served_at, name))
    try:
        directory = measure(path)
        assert layout is not None, "the options' rules ask for an image"
        found = layout.check(path, served_at)
    except ModelDirectoryError as error:
        raise ModelProblemError(Problem(said, f"{error.fact}: {error.reason}", f"{error.remedy}.", uri)) from None
    if name is not None and found.name != name:
        reason = f"the files in {uri} name the model '{found.name}', and here it is called '{name}'"
        remedy = f"Write {found.name} in place of {name}, or correct the file."
        raise ModelProblemError(Problem(said, reason, remedy, uri))
    sha256 = None if isinstance(source, str) else source.sha256
    if sha256 is not None and sha256 != directory.sha256:
        reason = f"the content of {uri} ({shown_bytes(directory.bytes)}) has the digest {directory.sha256}"
        where = f"{said.removesuffix('.uri')}.sha256"
        raise ModelProblemError(
            Problem(where, reason, "Restore the model, or write that digest if the change is meant.", sha256)
        )
    return directory, found
