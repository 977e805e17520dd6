"""What images are built from: a Dockerfile, a folder beside it, and a tag made of both."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from modelinfra.components.dockerfile import baked, dockerfile, without_model
from modelinfra.components.fetcher_image import fetcher_dockerfile
from modelinfra.components.shipper_image import shipper_dockerfile
from modelinfra.components.worker_image import worker_dockerfile
from modelinfra.platforms.served_model import ServedModel

# Beside the program, since docker-build hashes the folder, and a path below site-packages is another on each machine.
_EMPTY = Path(".modelinfra", "context")


@dataclass(frozen=True)
class Build:
    """child, role: the build's suffix and role among the component's children. folder: the context; None where everything is in the Dockerfile.

    content: what the folder holds, as a digest. cached: whether its layers are kept in the registry for the next build.
    """

    child: str
    role: str
    prefix: str
    dockerfile: str
    folder: Path | None = None
    content: str = ""
    cached: bool = True

    def tag(self, architecture: str) -> str:
        """The same content is never pushed twice, and other content never under the same tag."""
        everything = "\n".join([self.dockerfile, self.content, architecture])
        return f"{self.prefix}-{hashlib.sha256(everything.encode()).hexdigest()[:16]}"

    def location(self) -> str:
        """The context, relative to the program, so that the same model builds nothing anew on another machine."""
        if self.folder is not None:
            return os.path.relpath(self.folder)
        _EMPTY.mkdir(parents=True, exist_ok=True)
        ignored = _EMPTY / ".gitignore"
        if not ignored.is_file():
            ignored.write_text("*\n")
        return _EMPTY.as_posix()


def server_build(served: ServedModel) -> Build:
    """The server's image: with a local directory, with a model that the build fetches, or without one."""
    if served.directory is not None:
        return Build(
            "build", "image", "model", dockerfile(served.server), served.directory.path, served.directory.sha256
        )
    assert served.remote is not None, "the options' rules ask for an image where there is no address"
    if served.remote.baked:
        return Build("build", "image", "model", baked(served.server, served.remote.work))
    return Build("build", "image", "server", without_model(served.server))


def fetcher_build() -> Build:
    """The image that fetches models; the same for every endpoint."""
    return Build("fetcher", "fetcher-image", "fetcher", fetcher_dockerfile(), cached=False)


def worker_build() -> Build:
    """The image that takes messages from a queue; the same for every asynchronous endpoint."""
    return Build("worker", "worker-image", "worker", worker_dockerfile(), cached=False)


def capture_build() -> Build:
    """The image that captures; the same for every endpoint that does."""
    return Build("capture", "capture-image", "capture", shipper_dockerfile(), cached=False)
