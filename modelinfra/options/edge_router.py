"""What a user can say about the router on devices: when an answer of the light model is good enough, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    BUCKET,
    BUCKET_LIFECYCLE,
    BUCKET_POLICY,
    DASHBOARD_BODY,
    PUBLIC_ACCESS_BLOCK,
    ROUTER_OF_DEVICES,
    TASK,
    TASK_POLICY,
)
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, Duration
from modelinfra.shipper.masks import MaskError, parse

_ROUTER: Final = f"{TASK}.containerDefinitions[1].environment[0].value"
_ROUTERS: Final = (_ROUTER, ROUTER_OF_DEVICES)
_MIB: Final = 2**20


class ConfidenceOptions(TypedDict):
    """How sure the light model must be. Of several rows in a request the least sure one counts."""

    output: NotRequired[Annotated[str, Option(lands=_ROUTERS, example="scores")]]
    """Name of the output that says it, in answers of protocol v2. None otherwise; one of `output` and `path` is needed."""

    path: NotRequired[Annotated[str, Option()]]
    """Where the answer says it, in other JSON: `$.predictions[*].scores`. None otherwise."""

    rule: NotRequired[
        Annotated[Literal["max", "margin", "binary", "value"], Option(default="max", lands=_ROUTERS, example="margin")]
    ]
    """How it is read: the largest probability; the largest less the second; the larger of one probability and its rest; or one number as
    it is."""

    least: Annotated[float, Option(at_least=0, lands=_ROUTERS, example=0.9)]
    """Below it the cloud is asked."""


_TIME: Final = Option(
    pattern=r"([01]\d|2[0-3]):[0-5]\d",
    pattern_text="a time of the day",
    pattern_example="22:00",
    lands=_ROUTERS,
)


class SendBetweenOptions(TypedDict):
    """The part of each day, in UTC, in which devices send up what waits."""

    start: Annotated[str, replace(_TIME, example="21:30")]
    """When it begins."""

    end: Annotated[str, replace(_TIME, example="04:45")]
    """When it ends; before `start`, it is that of the next day."""


class SplitOptions(TypedDict):
    """The first half of a model on devices, the rest in the cloud: each answer needs both, and while the link is down there is none."""

    at: Annotated[str, Option(lands=_ROUTERS, example="pool2d_10.tmp_0")]
    """Name of the tensor at which the model is cut: what the fleet's `model` gives, and what the fallback's takes."""


class OfflineOptions(TypedDict):
    """What a device keeps for the cloud while its link is down."""

    size: NotRequired[
        Annotated[
            Bytes,
            Option(default="256MiB", at_least=64 * _MIB, at_most=64 * 1024 * _MIB, lands=_ROUTERS, example="1GiB"),
        ]
    ]
    """The most that it takes of the device's disk."""

    drop: NotRequired[
        Annotated[
            Literal["oldest", "least-valuable"], Option(default="oldest", lands=_ROUTERS, example="least-valuable")
        ]
    ]
    """What goes first where there is no room: what was kept first, or that of which the light model was surest."""

    send_per_second: NotRequired[
        Annotated[float, Option(default=10, at_least=0.01, at_most=1000, lands=_ROUTERS, example=2)]
    ]
    """How many requests a second each device sends up once the link is back."""

    send_between: NotRequired[
        Annotated[SendBetweenOptions, Option(lands=_ROUTERS, example={"start": "22:00", "end": "05:00"})]
    ]
    """When what waits is sent up: kept requests, and `samples`. What devices ask now is asked at any time. Left out, it is sent as soon as the link
    is there."""


class SampleOptions(TypedDict):
    """A share of requests and answers, for retraining: in a bucket of the fleet, as lines of JSON, below the ring's name."""

    share: Annotated[float, Option(at_least=0.0001, at_most=1, lands=_ROUTERS, example=0.1)]
    """Share of the answered requests, 0.01 for one in a hundred."""

    mask: NotRequired[Annotated[Sequence[str], Option(default=[], lands=_ROUTERS, example=["$.inputs[*].name"])]]
    """Fields that are masked before anything reaches the device's disk, as in `capture.mask` of endpoints."""

    retention_days: NotRequired[
        Annotated[int, Option(default=30, at_least=1, at_most=3650, lands=(BUCKET_LIFECYCLE,), example=90)]
    ]
    """How long the bucket keeps them."""


_FILE_ON_DEVICE: Final = Option(
    pattern=r"/([A-Za-z0-9_][\w.-]*/){2,}[A-Za-z0-9_][\w.-]*",
    pattern_text="the path of a file on the device, in a directory of its own",
    pattern_example="/etc/acme/device/token",
    lands=(_ROUTER, f"{TASK}.volumes"),
)


class RouterAuthOptions(TypedDict):
    """What a device shows to a gateway that does not ask for credentials of AWS: files on the device, in one directory, which another program of
    yours writes and renews. The router reads them (user 65532) and what takes their place; a link that leads out of the directory leads nowhere."""

    token_file: NotRequired[Annotated[str, replace(_FILE_ON_DEVICE, example="/var/lib/tokens/device/jwt")]]
    """A file with a token for a gateway with `auth.jwt`. None otherwise."""

    certificate: NotRequired[
        Annotated[str, replace(_FILE_ON_DEVICE, lands=(_ROUTER,), example="/etc/acme/device/chain.pem")]
    ]
    """The device's certificate (PEM, with those between it and the authority), for a gateway with `auth.mtls`. None otherwise."""

    key: NotRequired[Annotated[str, replace(_FILE_ON_DEVICE, lands=(_ROUTER,), example="/etc/acme/device/private.pem")]]
    """Its key (PEM, not encrypted), in the same directory. None otherwise."""


class RouterOptions(TypedDict):
    """The router before the light model on each device. Without `confidence` the cloud is asked only where the device cannot answer in time."""

    confidence: NotRequired[Annotated[ConfidenceOptions, Option(lands=_ROUTERS, example={"output": "p", "least": 0.8})]]
    """How sure the light model must be. Left out, none of its answers is doubted."""

    split: NotRequired[
        Annotated[SplitOptions, Option(lands=(*_ROUTERS, DASHBOARD_BODY), example={"at": "pool2d_10.tmp_0"})]
    ]
    """The fleet's `model` is the first half of one, and the fallback's is the rest, as `modelinfra split` cuts them. Left out, each is a model
    of its own."""

    concurrency: NotRequired[Annotated[int, Option(default=4, at_least=1, at_most=1000, lands=_ROUTERS, example=8)]]
    """Requests that the light model works on at once."""

    queue: NotRequired[Annotated[int, Option(default=16, at_least=0, at_most=10_000, lands=_ROUTERS, example=4)]]
    """Requests that wait for it before the cloud is asked instead."""

    timeout: NotRequired[
        Annotated[
            Duration,
            Option(
                at_least=1,
                at_most=900,
                default_text="`longest_request`",
                lands=(*_ROUTERS, DASHBOARD_BODY),
                example="2s",
            ),
        ]
    ]
    """How long the light model has for an answer, waiting included, before the cloud is asked."""

    offline: NotRequired[Annotated[OfflineOptions, Option(default={})]]
    """What is kept for the cloud while the link is down."""

    auth: NotRequired[Annotated[RouterAuthOptions, Option()]]
    """What a device shows where the fallback's gateway asks for a token or a certificate. Left out, requests are signed with the credentials of the
    ring's role, which AWS renews."""

    samples: NotRequired[
        Annotated[
            SampleOptions,
            Option(
                lands=(
                    *_ROUTERS,
                    f"{ADDED}{BUCKET}",
                    f"{ADDED}{PUBLIC_ACCESS_BLOCK}",
                    f"{ADDED}{BUCKET_LIFECYCLE}",
                    f"{ADDED}{BUCKET_POLICY}",
                    f"{ADDED}{TASK_POLICY}",
                ),
                example={"share": 0.01},
            ),
        ]
    ]
    """What is kept for retraining. Left out, nothing is."""


@rule(ConfidenceOptions, "output", "path")
def confidence_is_read_from_one_place(confidence: Mapping[str, Any]) -> Iterable[Problem]:
    if (confidence["output"] is None) is (confidence["path"] is None):
        reason = "an answer says how sure it is in one place"
        yield Problem("", reason, "Write `output` (protocol v2) or `path` (other JSON), and not both.")

    path = confidence["path"]
    if path is not None:
        problem = _not_a_path(path)
        if problem or not path.startswith("$"):
            yield Problem("path", problem or "this is no path", "Write for example $.predictions[*].scores.", path)


@rule(ConfidenceOptions, "rule", "least")
def nobody_is_surer_than_sure(confidence: Mapping[str, Any]) -> Iterable[Problem]:
    if confidence["rule"] != "value" and confidence["least"] > 1:
        reason = f"`rule: {confidence['rule']}` reads probabilities, none of which is above 1: the cloud would be asked each time"
        yield Problem("least", reason, "Write 1 or less, or `rule: value` for other numbers.", confidence["least"])


@rule(RouterAuthOptions, "token_file", "certificate", "key")
def one_thing_is_shown(auth: Mapping[str, Any]) -> Iterable[Problem]:
    token, certificate, key = (auth[each] for each in ("token_file", "certificate", "key"))
    if (token is None) is (certificate is None and key is None) or (certificate is None) is not (key is None):
        reason = "a device shows a token, or a certificate of which it has the key"
        yield Problem("", reason, "Write `token_file`, or `certificate` and `key`.")
    elif key is not None and directory(certificate) != directory(key):
        reason = f"the certificate lies in {directory(certificate)}, and one directory is shown to the router"
        yield Problem("key", reason, "Let both lie in one.", key)


def directory(file: str) -> str:
    """In which a file on a device lies."""
    return file.rpartition("/")[0]


@rule(SendBetweenOptions, "start", "end")
def a_day_has_a_part(between: Mapping[str, Any]) -> Iterable[Problem]:
    if between["start"] == between["end"]:
        reason = "this is no part of the day, or all of it"
        yield Problem("end", reason, "Write another time, or remove `send_between`.", between["end"])


@rule(RouterOptions, "split", "confidence", "offline")
def halves_do_not_stand_in_for_each_other(router: Mapping[str, Any]) -> Iterable[Problem]:
    if router["split"] is None:
        return
    if router["confidence"] is not None:
        reason = "with `split` devices have no answer of their own that could be doubted"
        yield Problem("confidence", reason, "Remove it, or `split`.")
    if router["offline"] is not None and router["offline"].model_fields_set:
        reason = "with `split` nothing is kept while the link is down: clients are told that there is no answer"
        yield Problem("offline", reason, "Remove it, or `split`.")


@rule(SampleOptions, "mask")
def masks_name_something(samples: Mapping[str, Any]) -> Iterable[Problem]:
    for index, mask in enumerate(samples["mask"] or ()):
        problem = _not_a_path(mask)
        if problem:
            yield Problem(
                f"mask[{index}]", problem, "Write a name, such as email, or a path, such as $.inputs[*].data.", mask
            )


def _not_a_path(given: str) -> str | None:
    try:
        parse(given)
    except MaskError as error:
        return str(error)
    return None
