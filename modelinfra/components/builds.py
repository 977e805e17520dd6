"""What images are built from: a Dockerfile, a folder beside it, and a tag made of both."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelinfra.components.dockerfile import baked, dockerfile, of_several, without_model
from modelinfra.components.fetcher_image import fetcher_dockerfile
from modelinfra.components.router_image import router_dockerfile
from modelinfra.components.shipper_image import shipper_dockerfile
from modelinfra.components.worker_image import worker_dockerfile
from modelinfra.platforms.remote_model import work_of_several
from modelinfra.platforms.served_model import ServedModel

# Beside the program, since docker-build hashes the folder, and a path below site-packages is another on each machine.
_EMPTY = Path(".modelinfra", "context")


@dataclass(frozen=True)
class Build:
    """child, role: the build's suffix and role among the component's children. folder: the context; None where everything is in the Dockerfile.

    named: further contexts, by their names. content: what all of them hold, as a digest. cached: whether its layers are kept in the registry for the next build.
    """

    child: str
    role: str
    prefix: str
    dockerfile: str
    folder: Path | None = None
    content: str = ""
    cached: bool = True
    named: Mapping[str, Path] = field(default_factory=dict)

    def tag(self, architecture: str) -> str:
        """The same content is never pushed twice, and other content never under the same tag."""
        everything = "\n".join([self.dockerfile, self.content, architecture])
        return f"{self.prefix}-{hashlib.sha256(everything.encode()).hexdigest()[:16]}"

    def context(self) -> Any:
        """The contexts, relative to the program, so that the same model builds nothing anew on another machine."""
        named = {name: {"location": os.path.relpath(folder)} for name, folder in sorted(self.named.items())}
        return {"location": self._location(), **({"named": named} if named else {})}

    def _location(self) -> str:
        if self.folder is not None:
            return os.path.relpath(self.folder)
        _EMPTY.mkdir(parents=True, exist_ok=True)
        ignored = _EMPTY / ".gitignore"
        if not ignored.is_file():
            ignored.write_text("*\n")
        return _EMPTY.as_posix()


def server_build(served: ServedModel) -> Build:
    """The server's image: with local directories, with models that the build fetches, or without one."""
    server, directories = served.server, [each.directory for each in served.models if each.directory is not None]
    if directories and served.several:
        # Names of models may have capitals, which names of contexts have not. An image is built anew anyway where there is another model.
        named = {f"model-{place}": each for place, each in enumerate(directories, 1)}
        contexts = {model.name: context for model, context in zip(served.models, named, strict=True)}
        content = "\n".join(each.sha256 for each in directories)
        folders = {context: each.path for context, each in named.items()}
        return Build("build", "image", "models", of_several(server, contexts), content=content, named=folders)
    if directories:
        (directory,) = directories
        return Build("build", "image", "model", dockerfile(server), directory.path, directory.sha256)
    assert served.remotes, "the options' rules ask for an image where there is no address"
    if served.fetched:
        return Build("build", "image", "server", without_model(server))
    work = work_of_several(served.remotes) if served.several else served.remotes[0].work
    return Build("build", "image", "model", baked(server, work, [each.work["to"] for each in served.remotes]))


def fetcher_build() -> Build:
    """The image that fetches models; the same for every endpoint."""
    return Build("fetcher", "fetcher-image", "fetcher", fetcher_dockerfile(), cached=False)


def worker_build() -> Build:
    """The image that takes messages from a queue; the same for every asynchronous endpoint."""
    return Build("worker", "worker-image", "worker", worker_dockerfile(), cached=False)


def capture_build() -> Build:
    """The image that captures; the same for every endpoint that does."""
    return Build("capture", "capture-image", "capture", shipper_dockerfile(), cached=False)


def router_build() -> Build:
    """The image of the router on devices; the same for every fleet that has a fallback."""
    return Build("router", "router-image", "router", router_dockerfile(), cached=False)
