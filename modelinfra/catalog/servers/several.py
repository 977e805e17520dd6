"""How one server serves several models from one container. No Pulumi import, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from modelinfra.catalog.layouts.found import Layout


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, eq=False, kw_only=True)
class SeveralModels:
    """Each model lies in a folder of its name below the row's `model_directory`. `{model}` stands for that name.

    layout: how the folder of one model must look. It is told where the folder will lie: the last part of that is the model's name, and
        what it finds must have this name.
    readiness_path: HTTP path on the http port that answers 200 only when every model is loaded. It holds no model's name: replicas of
        before, which may not know a new model, are asked there, too.
    readiness_is_open: whether clients may ask there; else they ask for the state of the first model.
    command: start command in place of the row's own; the row's own where it is empty.
    files: path in the container, beside the models -> text of a file that says which models there are; `{models}` stands for `entry`,
        once for each.
    entry: what `files` say of one model.
    names_itself: file in a model's folder, in JSON, whose `name` must be the model's; empty where no file holds the name. says_besides: what
        else must be said there. A fetched model is held to it before the server starts: a server may be ready without one that it cannot
        make sense of.
    """

    layout: Layout
    readiness_path: str
    readiness_is_open: bool = True
    command: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=_none)
    entry: str = ""
    names_itself: str = ""
    says_besides: tuple[str, ...] = ()

    def written(self, models: Iterable[str]) -> Mapping[str, str]:
        """`files` for these models."""
        entries = "".join(self.entry.replace("{model}", model) for model in sorted(models))
        return MappingProxyType({path: text.replace("{models}", entries) for path, text in self.files.items()})
