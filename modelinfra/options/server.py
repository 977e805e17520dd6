"""A model server that the catalogue does not know: the same facts as a row, written by the user."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.catalog.layouts.files import ANY_DIRECTORY
from modelinfra.catalog.servers import SERVERS, ModelServer
from modelinfra.options.budgets import LONGEST_REQUEST, STARTUP_BUDGET
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    CONTAINER,
    EGRESS,
    IMAGE,
    INGRESS,
    SERVICE,
    TARGET_GROUP,
)  # fmt: skip
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.quantities import Duration

CUSTOM = "custom"
"""What a server of the user's own is called where the catalogue's have names."""

_DOCKERFILE = (f"{IMAGE}.dockerfile.inline", f"{IMAGE}.tags[0]")
# Where images keep their system, programs and temporary files (Filesystem Hierarchy Standard 3.0); folders of their own below are free.
_SYSTEM_FOLDERS = frozenset(
    f"/{folder}"
    for folder in (
        "", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "opt", "proc", "root", "run", "sbin", "sys", "tmp", "usr",
        "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/local/lib", "usr/sbin", "var", "var/lib", "var/run",
    )
)  # fmt: skip
_MEMORY_BASE_MIB = 1024
_ASSUMED_MODEL_GIB = 4
_PATH = Option(
    pattern=r"/[^\s?#]*", pattern_text="a path that begins with a slash and has no query", pattern_example="/health"
)


class ServerOptions(TypedDict):
    """A model server of one's own. `{model}` in a path, a variable or the command stands for the model's name, which is its folder's."""

    image: NotRequired[
        Annotated[
            str,
            Option(lands=_DOCKERFILE, example="registry.example/other-server:2.0"),
        ]
    ]
    """Image that the model is put into, with a version tag or a digest. Left out, the endpoint needs a ready `image`."""

    port: Annotated[
        int,
        Option(
            at_least=1,
            at_most=65535,
            lands=(
                *_DOCKERFILE,
                f"{CONTAINER}.portMappings",
                f"{TARGET_GROUP}.port",
                f"{SERVICE}.loadBalancers[0].containerPort",
                f"{EGRESS}.fromPort",
                f"{EGRESS}.toPort",
                f"{INGRESS}.fromPort",
                f"{INGRESS}.toPort",
            ),
            example=9000,
        ),
    ]
    """The port on which the server answers HTTP, on every address of its container."""

    grpc_port: NotRequired[
        Annotated[
            int,
            Option(at_least=1, at_most=65535, lands=(*_DOCKERFILE, f"{CONTAINER}.portMappings"), example=9001),
        ]
    ]
    """The port on which the server speaks gRPC; it is mapped, and nothing leads there yet. None otherwise."""

    health_path: Annotated[
        str,
        replace(_PATH, lands=(f"{TARGET_GROUP}.healthCheck.path",), example="/ready"),
    ]
    """The path that answers 200 when the model is loaded, and nothing else before."""

    predict_path: Annotated[str, replace(_PATH, pattern_example="/predict")]
    """The path of a prediction, on the http port."""

    command: NotRequired[
        Annotated[Sequence[str], Option(lands=_DOCKERFILE, example=["python", "-m", "server", "--workers=2"])]
    ]
    """Start command, one word each, in place of the image's entry point and command. Left out, the image's own start."""

    environment: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(lands=(*_DOCKERFILE, f"{CONTAINER}.environment"), example={"WORKERS": "2"}),
        ]
    ]
    """Variables that belong to the server. Not for secrets: they are in the image."""

    model_directory: NotRequired[
        Annotated[
            str,
            replace(_PATH, default="/mnt/models", pattern_example="/models", lands=_DOCKERFILE, example="/opt/model"),
        ]
    ]
    """Folder in the container that the model's directory is copied to."""

    user_id: NotRequired[
        Annotated[int, Option(default=1000, at_least=0, at_most=65534, lands=_DOCKERFILE, example=1001)]
    ]
    """Numeric user that the server runs as and that owns the model's files."""

    startup_budget: NotRequired[
        Annotated[
            Duration,
            replace(STARTUP_BUDGET, default="2m"),
        ]
    ]
    """How long the server may take from its start to its first healthy answer, with its model."""

    longest_request: NotRequired[
        Annotated[
            Duration,
            replace(LONGEST_REQUEST, default="60s", example="30s"),
        ]
    ]
    """The longest that one request may take."""


def known_row(server: Any) -> ModelServer | None:
    """The row behind `server`: a name of the catalogue, or a validated mapping. None for a name that there is not."""
    return SERVERS.get(server) if isinstance(server, str) else _custom(server)


def row_of(server: Any) -> ModelServer:
    """The row behind a validated `server`."""
    row = known_row(server)
    assert row is not None, "the options' rules know the names"
    return row


def problems_of_server(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """The server is known, and there is an image to build on or a ready one."""
    server, image = endpoint["server"], endpoint["image"]
    row = known_row(server)
    if row is None:
        yield Problem("server", "there is no such server", did_you_mean(server, list(SERVERS)), server)
    elif row.image is None and image is None:
        own = Problem("server.image", "this is required", "Write the image that the server is in, with its tag.")
        named = f"{row.title} has no image to put a model into: {row.image_from}"
        yield Problem("image", named, "Write that image by digest.") if isinstance(server, str) else own


@rule(ServerOptions, "image")
def the_base_image_is_a_version(server: Mapping[str, Any]) -> Iterable[Problem]:
    image = server["image"]
    if image is None:
        return
    tag = re.fullmatch(r"[^@\s]+?(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64})?", image)
    if tag is None:
        yield Problem("image", "this is no reference of an image", "Write repository:tag.", image)
    elif tag[2] is None and tag[1] in (None, "latest"):
        reason = "it names no version, so that the same stack file builds another server tomorrow"
        yield Problem("image", reason, "Write a version's tag, or a digest.", image)


@rule(ServerOptions, "port", "grpc_port")
def ports_differ(server: Mapping[str, Any]) -> Iterable[Problem]:
    if server["grpc_port"] is not None and server["grpc_port"] == server["port"]:
        yield Problem("grpc_port", "`port` is the same", "Write another, or remove it.", server["grpc_port"])


@rule(ServerOptions, "model_directory")
def the_model_hides_nothing(server: Mapping[str, Any]) -> Iterable[Problem]:
    given = server["model_directory"]
    folder = f"/{posixpath.normpath(given).lstrip('/')}"
    if ".." in given.split("/"):
        remedy = "Write the folder that is meant, for example /mnt/models."
        yield Problem("model_directory", "`..` leads out of the folder before it", remedy, given)
    elif folder in _SYSTEM_FOLDERS or folder.startswith(("/dev/", "/proc/", "/sys/")):
        reason = "the model would hide what the container has there"
        yield Problem("model_directory", reason, "Write a folder of the model's own, for example /mnt/models.", given)


@rule(ServerOptions, "environment")
def server_variables_have_names(server: Mapping[str, Any]) -> Iterable[Problem]:
    for name in server["environment"] or ():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield Problem(f"environment.{name}", "this is no name of a variable", "Use letters, digits and '_'.")


def _custom(options: Any) -> ModelServer:
    ports = {"http": options.port} | ({} if options.grpc_port is None else {"grpc": options.grpc_port})
    return ModelServer(
        name=CUSTOM,
        title="A server",
        version=f"from {options.image}",
        image=options.image,
        clear_entrypoint=options.command is not None,
        user_uid=options.user_id,
        ports=MappingProxyType(ports),
        liveness_path=options.health_path,
        readiness_path=options.health_path,
        model_readiness_path_template=options.health_path,
        metrics_path=None,
        metrics_note="the catalogue does not know it",
        traces=True,  # what is in it is the user's
        layout=ANY_DIRECTORY,
        model_directory=options.model_directory,
        command=tuple(options.command or ()),
        environment=MappingProxyType(dict(options.environment or {})),
        predict_path_template=options.predict_path,
        startup_base_seconds=options.startup_budget,
        startup_seconds_per_gib=0,
        assumed_model_gib=_ASSUMED_MODEL_GIB,
        memory_base_mib=_MEMORY_BASE_MIB,
        memory_headroom_factor=2.0,
        longest_request_seconds=options.longest_request,
    )
