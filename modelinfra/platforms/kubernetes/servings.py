"""The ways in which a cluster runs replicas (`serving`), and what each takes of an endpoint beside, or refuses of, what all of them do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KSERVE: Final = "kserve"
KNATIVE: Final = "kserve-knative"
LLM: Final = "kserve-llm"
SELDON: Final = "seldon"

_COUNTED: Final = "Write `concurrency` or `requests_per_second_per_replica`."
_NO_HPA: Final = "Knative counts requests, and what scales by this could not go down to no replica"

_LAG: Final = "Seldon scales by requests in flight"
_BY_CONCURRENCY: Final = "Write `concurrency`."
_INSTALLED: Final = "Seldon's servers say for all models when replicas come and go"
_REMOVE: Final = "Remove it."

_STANDARD: Final = "this is made for KServe's Standard mode"
_ON_STANDARD: Final = "Remove it, or use a platform with `serving: kserve`."
_BESIDE: Final[Mapping[str, tuple[str, str]]] = dict.fromkeys(
    ("exposure", "transformer", "explainer", "batching", "payload_logging", "model_volume"), (_STANDARD, _ON_STANDARD)
)

_WATCHED: Final[Mapping[str, tuple[str, str]]] = dict.fromkeys(
    ("scaling.p95_latency_ms", "scaling.schedule"),
    (
        "KEDA's triggers of this kind are made for KServe's Standard mode",
        "Remove it, or use a platform with `serving: kserve`.",
    ),
)
_COUNTED_THERE: Final = {
    "scaling.requests_per_second_per_replica": (
        "what counts requests there is made for KServe's Standard mode",
        "Write `concurrency`.",
    )
}

TAKEN_BY: Final[Mapping[str, frozenset[str]]] = {}
"""`serving` -> paths of options that are refused elsewhere on Kubernetes."""

REFUSED_BY: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    KNATIVE: {
        **_BESIDE,
        **_WATCHED,
        "scaling.cpu_percent": (_NO_HPA, _COUNTED),
        "scaling.memory_percent": (_NO_HPA, _COUNTED),
        "scaling.scale_out_cooldown": ("Knative adds replicas at once, and has no such delay", "Remove it."),
        "mirror": (
            "the gateway names the revision by its host, and a copy would name the one that answers",
            "Remove it, or use a platform with `serving: kserve`.",
        ),
        "stop_timeout": (
            "Knative gives a replica that goes as long as the longest request",
            "Remove it, or write `longest_request`.",
        ),
    },
    LLM: {
        **_BESIDE,
        **_WATCHED,
        **_COUNTED_THERE,
        "image": (
            "KServe fetches the model, and mounts it into the catalogue's image",
            "Write `model` with an address.",
        ),
        "mirror": (
            "its scheduler picks a replica for a request, and none for a copy",
            "Remove it, or use a platform with `serving: kserve`.",
        ),
    },
    SELDON: {
        **_BESIDE,
        **_WATCHED,
        **_COUNTED_THERE,
        "image": ("replicas are Seldon's own servers, which fetch the model", "Write `model` with an address."),
        "service_account": (
            "replicas run with that of Seldon's servers",
            "Remove it; a transform of `seldon-model` names a secret of storage credentials (`secretName`).",
        ),
        "scaling.cpu_percent": (_LAG, _BY_CONCURRENCY),
        "scaling.memory_percent": (_LAG, _BY_CONCURRENCY),
        "scaling.scale_out_cooldown": (_INSTALLED, _REMOVE),
        "scaling.scale_in_cooldown": (_INSTALLED, _REMOVE),
    },
}
"""`serving` -> path of an option that is taken elsewhere on Kubernetes -> why not here, and what to write instead."""
