"""What a router is told: a JSON object, its names in camelCase."""

from __future__ import annotations

import json
import math
import re
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from modelinfra.router.confidence import RULES
from modelinfra.router.figures import FIGURES
from modelinfra.shipper.masks import MaskError, parse


class SettingsError(ValueError):
    """The settings cannot be used; the message says all that is wrong."""


@dataclass(frozen=True)
class Local:
    """url: of the light model server. concurrency: requests at once there. queue: that wait for it before the cloud is asked instead.
    waiting: that wait for it where the cloud is away; one more is refused. timeout_seconds: of one answer, waiting included."""

    url: str
    concurrency: int
    queue: int
    waiting: int
    timeout_seconds: float


@dataclass(frozen=True)
class Confidence:
    """Where the light model's answer says how sure it is. output: name of an output (v2); or path: as in `masks` (v1). One of them is
    empty. rule: a name in `confidence.RULES`. least: below it the cloud is asked."""

    output: str
    path: str
    rule: str
    least: float


@dataclass(frozen=True)
class Sigv4:
    """Signed with the device's own credentials (boto3 finds them). service: `execute-api` for an API gateway."""

    region: str
    service: str


@dataclass(frozen=True)
class Bearer:
    """file: with the token; another program writes it anew."""

    file: str


@dataclass(frozen=True)
class Mtls:
    """certificate, key: files of the device's own, in PEM. ca: file of whoever signed the server's; empty: those of the system."""

    certificate: str
    key: str
    ca: str


@dataclass(frozen=True)
class Auth:
    """How the cloud knows the device: one of them."""

    sigv4: Sigv4 | None
    bearer: Bearer | None
    mtls: Mtls | None


@dataclass(frozen=True)
class Cloud:
    """url: of the endpoint. path: of its predictions. probe_path: asked while the cloud is away; any answer but 502, 503 and 504 will do.
    concurrency: requests at once. timeout_seconds: of one answer."""

    url: str
    path: str
    probe_path: str
    concurrency: int
    timeout_seconds: float
    auth: Auth


@dataclass(frozen=True)
class Split:
    """The model here is the first half of one, and the rest is in the cloud. tensor: output of the one and input of the other.
    binary_here, binary_there: whether the server takes and gives tensors as raw bytes behind the JSON (protocol v2's extension)."""

    tensor: str
    binary_here: bool
    binary_there: bool


@dataclass(frozen=True)
class Store:
    """file: of what waits for the cloud (SQLite; beside it lie its -wal and -shm). max_bytes: of all of them. drop: what goes first where
    there is no room, `oldest` or `least-valuable` (of which the light model was surest). send_per_second: once the cloud is back."""

    file: str
    max_bytes: int
    drop: str
    send_per_second: float


@dataclass(frozen=True)
class Samples:
    """share: of answered requests that are kept, 0 to 1. mask: fields, as in `masks`. store: `s3://bucket/prefix/`. spool: directory of
    what S3 did not take yet; at most spool_bytes. every_seconds: between two objects."""

    share: float
    mask: list[str]
    store: str
    spool: str
    spool_bytes: int
    every_seconds: float


@dataclass(frozen=True)
class LogGroup:
    """A log group of CloudWatch, in this region."""

    name: str
    region: str


@dataclass(frozen=True)
class Telemetry:
    """What CloudWatch is told in lines of the log. namespace: of the metrics; fleet, ring: their dimensions. metrics: names in
    `figures.FIGURES`. every_seconds: between two lines. log_group: null: the router's own log is one of CloudWatch's already."""

    namespace: str
    fleet: str
    ring: str
    metrics: list[str]
    every_seconds: float
    log_group: LogGroup | None


@dataclass(frozen=True)
class Window:
    """A part of each day, UTC, as `HH:MM`; over midnight where it ends before it starts."""

    start: str
    end: str


@dataclass(frozen=True)
class Settings:
    """host, port: where it listens. device, model, version: what answers, for metrics and samples. device_file: its first line is the device's
    name, where it is there; empty: `device` says it. path: of predictions, here and on the
    device. ready_path: on the device; the router answers for itself there. max_body: bytes of a request, and of an answer.
    request_seconds: of a request, from its first byte to the answer. stop_seconds: between SIGTERM and SIGKILL. thermal: directory in
    which Linux shows temperatures. confidence: null: no answer is doubted. split: null: either model answers alone; otherwise confidence and store
    are null. samples: null: none are kept.
    telemetry: null: CloudWatch is told nothing. send_between: when what waits and samples are sent up; null: at any time.
    """

    host: str
    port: int
    device: str
    device_file: str
    model: str
    version: str
    path: str
    ready_path: str
    max_body: int
    request_seconds: float
    stop_seconds: int
    thermal: str
    local: Local
    confidence: Confidence | None
    split: Split | None
    cloud: Cloud
    store: Store | None
    samples: Samples | None
    telemetry: Telemetry | None
    send_between: Window | None


# The least and the most of numbers.
_LIMITS: Final[dict[str, tuple[float, float]]] = {
    "port": (1, 65535),
    "maxBody": (1, 64 * 1024 * 1024),
    "requestSeconds": (0.1, 900),
    "stopSeconds": (2, 900),
    "local.concurrency": (1, 1000),
    "local.queue": (0, 100_000),
    "local.waiting": (1, 100_000),
    "local.timeoutSeconds": (0.01, 900),
    "confidence.least": (0, math.inf),
    "cloud.concurrency": (1, 1000),
    "cloud.timeoutSeconds": (0.01, 900),
    "store.maxBytes": (1024 * 1024, math.inf),
    "store.sendPerSecond": (0.01, 100_000),
    "samples.share": (0, 1),
    "samples.spoolBytes": (1, math.inf),
    "samples.everySeconds": (0.1, 86400),
    "telemetry.everySeconds": (0.1, 3600),
}
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def log_bytes(max_body: int) -> int:
    """What the store's write-ahead log may take of its bytes: it holds a transaction as a whole, with each page that it touches."""
    return 2 * max_body + 2 * 1024 * 1024


def read(text: str) -> Settings:
    """The settings in MODELINFRA_ROUTER. Raises SettingsError."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError("MODELINFRA_ROUTER is not a JSON object")
    problems: list[str] = []
    settings = _object(Settings, found, "", problems.append)
    if not problems:
        problems += _wrong(settings)
    if problems:
        raise SettingsError("MODELINFRA_ROUTER: " + "; ".join(problems))
    return _named(typing.cast(Settings, settings))


def _named(settings: Settings) -> Settings:
    """With the device's own name, which the machine knows and whoever wrote the settings for many of them does not."""
    try:
        name = (
            Path(settings.device_file).read_text(encoding="utf-8").partition("\n")[0].strip()
            if settings.device_file
            else ""
        )
    except OSError:
        return settings
    return replace(settings, device=name) if name else settings


def _object(kind: Any, given: Any, where: str, problem: Callable[[str], None]) -> Any:
    if not isinstance(given, dict):
        problem(f"{where.rstrip('.')} is not an object")
        return None
    hints = typing.get_type_hints(kind)
    named = {_camel(each.name): each.name for each in fields(kind)}
    for name in given:
        if name not in named:
            problem(f"{where}{name} is unknown")
    values = {}
    for name, attribute in named.items():
        if name not in given:
            problem(f"{where}{name} is missing")
        else:
            values[attribute] = _value(hints[attribute], given[name], f"{where}{name}", problem)
    return kind(**values) if len(values) == len(named) else None


def _value(kind: Any, given: Any, where: str, problem: Callable[[str], None]) -> Any:
    if isinstance(kind, types.UnionType):
        return None if given is None else _value(typing.get_args(kind)[0], given, where, problem)
    if is_dataclass(kind):
        return _object(kind, given, f"{where}.", problem)
    if typing.get_origin(kind) is list:
        right = isinstance(given, list) and all(isinstance(each, str) for each in given)
    else:
        right = isinstance(given, (int, float) if kind is float else kind) and (
            kind is bool or not isinstance(given, bool)
        )
    if not right:
        problem(f"{where} is not a {'list of str' if typing.get_origin(kind) is list else kind.__name__}")
        return given
    least, most = _LIMITS.get(where, (-math.inf, math.inf))
    if kind in (int, float) and not least <= given <= most:
        problem(f"{where} is {given}, not within {least:g} and {most:g}")
    return given


def _wrong(settings: Settings) -> Iterator[str]:
    """What several values have to do with each other."""
    for where, path in (
        ("path", settings.path),
        ("readyPath", settings.ready_path),
        ("cloud.path", settings.cloud.path),
    ):
        if not path.startswith("/"):
            yield f"{where} does not begin with a slash"
    yield from _wrong_cloud(settings.cloud)
    if settings.confidence is not None:
        yield from _wrong_confidence(settings.confidence)
    if (between := settings.send_between) is not None:
        for name, given in (("start", between.start), ("end", between.end)):
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given):
                yield f"sendBetween.{name} is no time such as 22:00"
        if between.start == between.end:
            yield "sendBetween starts when it ends"
    if settings.telemetry is not None:
        for name in settings.telemetry.metrics:
            if name not in FIGURES:
                yield f"telemetry.metrics: {name} is none of {', '.join(FIGURES)}"
    yield from _wrong_store(settings)
    if settings.samples is not None:
        if not re.fullmatch(r"s3://[^/]+/(.+/)?", settings.samples.store):
            yield "samples.store is not s3://bucket/ or s3://bucket/prefix/"
        for index, each in enumerate(settings.samples.mask):
            try:
                parse(each)
            except MaskError as error:
                yield f"samples.mask[{index}]: {error}"


def _wrong_store(settings: Settings) -> Iterator[str]:
    store, split = settings.store, settings.split
    if split is not None:
        if not split.tensor:
            yield "split.tensor is empty"
        if settings.confidence is not None:
            yield "confidence is not null: with split no answer here is whole"
        if store is not None:
            yield "store is not null: with split nothing is kept for the cloud"
    elif store is None:
        yield "store is null: only with split nothing is kept for the cloud"
    elif store.max_bytes < (least := 2 * log_bytes(settings.max_body)):
        yield f"store.maxBytes is {store.max_bytes}, with this maxBody it must be at least {least}"
    if store is not None and store.drop not in ("oldest", "least-valuable"):
        yield "store.drop is neither oldest nor least-valuable"


def _wrong_cloud(cloud: Cloud) -> Iterator[str]:
    parts = urlsplit(cloud.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        yield "cloud.url is not https://HOST"
    elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        yield "cloud.url is http: requests and tokens would be read on their way; only on this machine itself it may be"
    if sum(each is not None for each in (cloud.auth.sigv4, cloud.auth.bearer, cloud.auth.mtls)) != 1:
        yield "cloud.auth needs one of sigv4, bearer and mtls, the others null"
    if cloud.auth.mtls is not None and parts.scheme != "https":
        yield "cloud.auth.mtls needs https"


def _wrong_confidence(confidence: Confidence) -> Iterator[str]:
    if bool(confidence.output) == bool(confidence.path):
        yield "confidence needs an output or a path, the other empty"
    if confidence.rule not in RULES:
        yield f"confidence.rule is none of {', '.join(RULES)}"
    if confidence.path:
        try:
            parse(confidence.path)
        except MaskError as error:
            yield f"confidence.path: {error}"
        if not confidence.path.startswith("$"):
            yield "confidence.path does not begin with $"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
