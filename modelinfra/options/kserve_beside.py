"""What KServe can put before and beside a model's server: a transformer, an explainer, batches, a log of what passes. On Kubernetes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option, rule
from modelinfra.options.inference_graph import GraphScalingOptions
from modelinfra.options.landing import (
    ADDED,
    DISRUPTION_BUDGET,
    INFERENCE_SERVICE,
    NETWORK_POLICY,
    POD,
    POD_AUTOSCALER,
    ROUTE_OF_GATEWAY,
    SERVER_OF_POD,
)
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, VCpu

_SPEC = f"{INFERENCE_SERVICE}.spec"
_IMAGE = f"r.example/beside@sha256:{'0' * 64}"


class ContainerBesideOptions(TypedDict):
    """A program of one's own that KServe runs before or beside a model's server. It answers HTTP on port 8080, on every address."""

    image: Annotated[Input[str], Option()]
    """Its image, by digest."""

    command: NotRequired[Annotated[Sequence[str], Option()]]
    """Its start command, in place of the image's entry point. The image's own otherwise."""

    args: NotRequired[Annotated[Sequence[str], Option(default=[])]]
    """Its arguments. KServe adds `--predictor_host` and `--http_port 8080` to them, and this library `--model_name`."""

    environment: NotRequired[Annotated[Mapping[str, Input[str]], Option(default={})]]
    """Its environment variables. Not for secrets: they are readable in the cluster and in the state."""

    health_path: NotRequired[
        Annotated[
            str,
            Option(
                default="/v2/health/ready",
                pattern=r"/[^\s?#]*",
                pattern_text="a path that begins with a slash and has no query",
                pattern_example="/health",
            ),
        ]
    ]
    """Answers 200 when it can take requests. The default is that of programs made with KServe's Python package."""

    cpu: NotRequired[Annotated[VCpu, Option(default=1, at_least=0.1, at_most=192)]]
    """Processor of each replica."""

    memory: NotRequired[Annotated[Bytes, Option(default="2GiB", at_least=2**26, at_most=2048 * 2**30)]]
    """Memory of each replica. The default, and that of `cpu`, are KServe's own."""

    scaling: NotRequired[Annotated[GraphScalingOptions, Option(default={})]]
    """Its replicas, which are others than the server's, and autoscaling."""


_ADDS = (
    f"{ADDED}{POD_AUTOSCALER}",
    f"{ADDED}{DISRUPTION_BUDGET}",
    f"{ADDED}{NETWORK_POLICY}",
    f"{ROUTE_OF_GATEWAY}.spec.rules",
)


class BatchingOptions(TypedDict):
    """Requests of protocol V1 that come at the same time are put together by KServe's agent, which asks the server once."""

    max_batch_size: NotRequired[
        Annotated[int, Option(default=32, at_least=1, lands=(f"{POD}.batcher.maxBatchSize",), example=8)]
    ]
    """Number of instances at which the server is asked. The default is KServe's own."""

    max_latency_ms: NotRequired[
        Annotated[
            int, Option(default=50, at_least=1, at_most=60_000, lands=(f"{POD}.batcher.maxLatency",), example=200)
        ]
    ]
    """How long the first request waits for others at most. KServe's own default is 5000, which a single client would wait each time."""


class PayloadLoggingOptions(TypedDict):
    """Every request and every answer, copied to a service of yours by KServe's agent, as CloudEvents. **Nothing is masked.**"""

    url: Annotated[
        str,
        Option(
            pattern=r"https?://\S+",
            pattern_text="an address that begins with http:// or https://",
            pattern_example="http://payloads.logging.svc.cluster.local",
            lands=(f"{POD}.logger.url",),
            example="http://other.logging.svc.cluster.local",
        ),
    ]
    """Where they are posted to."""

    mode: NotRequired[
        Annotated[
            Literal["all", "request", "response"],
            Option(default="all", lands=(f"{POD}.logger.mode",), example="request"),
        ]
    ]
    """What is copied: requests, answers with status 200, or both."""

    metadata_headers: NotRequired[
        Annotated[Sequence[str], Option(default=[], lands=(f"{POD}.logger.metadataHeaders",), example=["X-Tenant"])]
    ]
    """Names of request headers that are copied, too."""


class ModelVolumeOptions(TypedDict):
    """A persistent volume of the cluster that has a copy of the model: replicas read it there, and fetch nothing when they start."""

    claim: Annotated[
        str,
        Option(
            pattern=r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?",
            pattern_text="a name of lower-case letters, digits, hyphens and dots",
            pattern_example="weights",
            lands=(f"{POD}.volumes",),
            example="other-weights",
        ),
    ]
    """Name of a PersistentVolumeClaim of the namespace, which many nodes may read at once (ReadOnlyMany or ReadWriteMany). It is not changed."""

    path: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the whole volume",
                pattern=r"(?!.*(?:^|/)\.\.(?:/|$))[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*",
                pattern_text="a path within the volume, without a slash before or behind it",
                pattern_example="chat/7",
                lands=(f"{SERVER_OF_POD}.volumeMounts",),
                example="chat/8",
            ),
        ]
    ]
    """Folder in the volume that holds what lies at the model's address. Another model, another folder: replicas see what changes in it."""


_AGENT = f"{NETWORK_POLICY}.spec.ingress"


class KServeBesideOptions(TypedDict):
    """What KServe can put before and beside a model's server."""

    transformer: NotRequired[
        Annotated[
            ContainerBesideOptions,
            Option(lands=(f"{_SPEC}.transformer", *_ADDS), example={"image": _IMAGE}),
        ]
    ]
    """On Kubernetes: a program that takes requests in place of the server, asks the server, and answers. None otherwise."""

    explainer: NotRequired[
        Annotated[
            ContainerBesideOptions,
            Option(lands=(f"{_SPEC}.explainer", *_ADDS), example={"image": _IMAGE}),
        ]
    ]
    """On Kubernetes: a program that answers requests for explanations, at `explain_url`. None otherwise."""

    model_volume: NotRequired[
        Annotated[
            ModelVolumeOptions,
            Option(
                lands=(
                    f"{POD}.volumes",
                    f"{SERVER_OF_POD}.volumeMounts",
                    f"{SERVER_OF_POD}.resources",
                    f"{POD}.storageUris",
                    f"{POD}.securityContext",
                ),
                example={"claim": "weights"},
            ),
        ]
    ]
    """On Kubernetes: a volume that has the model already. None otherwise: each replica fetches it when it starts, as does a revision with a
    `model` of its own."""

    batching: NotRequired[Annotated[BatchingOptions, Option(lands=(f"{POD}.batcher", _AGENT), example={})]]
    """On Kubernetes: put requests of protocol V1 together. None otherwise; most servers batch by themselves, better."""

    payload_logging: NotRequired[
        Annotated[
            PayloadLoggingOptions,
            Option(lands=(f"{POD}.logger", _AGENT), example={"url": "http://payloads.logging.svc.cluster.local"}),
        ]
    ]
    """On Kubernetes: copy requests and answers, unmasked, to a service of yours. None otherwise."""


@rule(ContainerBesideOptions, "image", "args")
def a_program_beside_is_pinned(beside: Mapping[str, Any]) -> Iterable[Problem]:
    image = beside["image"]
    if isinstance(image, str) and not re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", image):
        reason = "a tag can move, so that two replicas of one revision may differ"
        yield Problem("image", reason, "Write repository@sha256:digest.", image)
    for index, word in enumerate(beside["args"]):
        if word.startswith(("--model_name", "--http_port", "--predictor_host")):
            reason = "the library or KServe writes this argument"
            yield Problem(f"args[{index}]", reason, "Remove it.", word)
