"""What Seldon Core v2 is told of an endpoint: a Server of its own with one Model on it, and an Experiment between revisions. Pure data.

"Seldon" is SeldonIO/seldon-core@7b77f8b (2.10.2). Nothing of it is installed or contained here: it has a licence of its own (BSL 1.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.revisions import STABLE, headers, weights
from modelinfra.platforms.kubernetes.pod import NODE, ZONE, pull_secrets, spread
from modelinfra.platforms.kubernetes.route import forwarded, parents
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.served_model import ServedModel

MESH: Final = "seldon-mesh"
"""The Service through which all models of a SeldonRuntime are reached (Seldon, operator/config/serverconfigs: SELDON_ENVOY_HOST)."""

_CONTAINERS: Final[Mapping[str, str]] = {"mlserver": "mlserver", "triton": "triton"}
"""Our servers -> name of Seldon's ServerConfig, and of the server's container in it."""

_MODEL_HEADER: Final = "seldon-model"
LABEL: Final = "seldon-server-name"
"""On every pod of a Server."""

LONGEST_NAME: Final = 52
"""A StatefulSet labels its pods with its name and a hash of ten characters, and a label has 63 at most."""

# operator/config/serverconfigs: modelVolumeStorage of the chart seldon-core-v2-setup.
_VOLUME_GIB: Final = 1

# operator/config/serverconfigs: terminationGracePeriodSeconds, in which its agent moves models away.
_LEAST_GRACE: Final = 120

_LAG: Final = "SELDON_MODEL_INFERENCE_LAG_THRESHOLD"
_DEFAULT_LAG: Final = 30
_SCHEMES: Final = ("s3", "gs")


_OPTION: Final[Mapping[str, str]] = {"baked": "delivery"}
_UNFETCHED: Final[Mapping[str, tuple[str, str]]] = {
    "baked": ("no image is built for Kubernetes", "Remove it: Seldon fetches the model."),
    "sha256": ("rclone verifies no digest", "Remove it."),
    "kms_key_arn": ("what a role may decrypt is said where the role is made", "Remove it."),
    "token": (
        "Seldon reads credentials from secrets with a configuration of rclone",
        "Remove it, and name such a secret in SeldonConfig, or with a transform of `seldon-model` (`secretName`).",
    ),
}
"""What of a remote model Seldon does not heed."""


@dataclass(frozen=True)
class SeldonScaling:
    """Least and most replicas. lag: requests in flight at a replica above which Seldon adds one; None for its own."""

    least: int
    most: int
    lag: int | None
    notes: tuple[str, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether Seldon changes their number."""
        return self.most > self.least

    @property
    def numbers(self) -> dict[str, int]:
        """As Model and Server both say it. `replicas` of a Server that scales is the scheduler's: left out, it begins with the least."""
        if not self.varies:
            return {"replicas": self.least}
        return {"minReplicas": self.least, "maxReplicas": self.most}


def plan_seldon(options: Any, served: ServedModel) -> SeldonScaling:
    """Choose how many replicas there are. Raises InvalidOptionsError where Seldon cannot."""
    scaling = options.scaling
    problems: list[Problem] = []
    if scaling.min == 0:
        reason = "Seldon keeps one replica of every model"
        problems.append(Problem("scaling.min", reason, "Write 1 or more, or use `serving: kserve-knative`.", 0))
    lag = scaling.concurrency
    if lag is not None and lag != int(lag):
        problems.append(Problem("scaling.concurrency", "Seldon counts whole requests", "Write a whole number.", lag))
    if problems:
        raise InvalidOptionsError(problems)
    notes: tuple[str, ...] = ()
    if scaling.max is not None and scaling.max > scaling.min:
        about = "as `concurrency` says" if lag is not None else f"Seldon's own ({_DEFAULT_LAG} unless changed there)"
        notes = (
            f"Seldon adds a replica above so many requests in flight at one: {about}, where it was installed with autoscalingModelEnabled",
        )
    return SeldonScaling(scaling.min, scaling.max or scaling.min, None if lag is None else int(lag), notes)


def unservable(options: Any, served: ServedModel) -> Iterator[Problem]:
    """What Seldon does not take, with paths relative to the endpoint."""
    if served.server.name not in _CONTAINERS:
        reason = "Seldon Core v2 runs MLServer and Triton"
        remedy = "Write mlserver or triton, or use a platform with `serving: kserve`."
        yield Problem("server", reason, remedy, served.server.name)
    for remote in served.remotes:
        if remote.source.kind not in _SCHEMES:
            reason = "Seldon fetches models with rclone, which reads no such address"
            yield Problem(remote.where, reason, "Write s3:// or gs://.", remote.source.uri)
        for key, (reason, remedy) in _UNFETCHED.items():
            if getattr(remote, key):
                yield Problem(f"model.{_OPTION.get(key, key)}", reason, remedy)


def warnings(served: ServedModel) -> tuple[str, ...]:
    """What may go wrong there alone."""
    size = served.size_bytes
    if size is not None and size <= _VOLUME_GIB << 30:
        return ()
    shown = shown_bytes(size) if size is not None else "of unknown size"
    told = (
        f"the model is {shown}, and the volume for models of Seldon's ServerConfig has {_VOLUME_GIB} GiB unless yours has more "
        "(modelVolumeStorage)"
    )
    return (told,)


def seldon_server(
    name: str,
    options: Any,
    platform: Any,
    served: ServedModel,
    sizing: PodSizing,
    scaling: SeldonScaling,
    environment: list[dict[str, Any]],
) -> dict[str, Any]:
    """Spec of the Server: Seldon's own, with the sizes of this endpoint, for its model alone."""
    accelerated = sizing.accelerated
    amounts = {"cpu": f"{round(sizing.cpu * 1000)}m", "memory": f"{sizing.memory_mib}Mi"}
    if accelerated is not None:
        amounts[accelerated.resource] = str(accelerated.count)
    kind = _CONTAINERS[served.server.name]
    lag = [] if scaling.lag is None else [{"name": _LAG, "value": str(scaling.lag)}]
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": max(_LEAST_GRACE, sizing.grace),
        "nodeSelector": {
            "kubernetes.io/arch": "arm64" if options.architecture == "arm64" else "amd64",
            **(accelerated.node_selector if accelerated else {}),
        },
        **({"tolerations": [{"key": accelerated.resource, "operator": "Exists"}]} if accelerated else {}),
        "topologySpreadConstraints": [spread({LABEL: name}, key) for key in (ZONE, NODE)],
        **pull_secrets(platform),
        # Containers of these names are Seldon's own: it merges what is said here into them.
        "containers": [
            {
                "name": kind,
                "env": environment,
                "resources": {"requests": amounts, "limits": dict(amounts)},
            },
            *([{"name": "agent", "env": lag}] if lag else []),
        ],
    }
    # In place of those of the ServerConfig, by which anybody's model could be put here.
    return {"serverConfig": kind, "capabilities": [name], **scaling.numbers, "podSpec": pod}


def seldon_model(name: str, served: ServedModel, scaling: SeldonScaling) -> dict[str, Any]:
    """Spec of the Model, on the Server of the same name and nowhere else."""
    return {
        "storageUri": served.fetched[0].source.uri,
        "requirements": [name],
        "server": name,
        "memory": f"{served.counted_bytes}",
        **scaling.numbers,
    }


def experiment(options: Any, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Spec of the Experiment: requests for the stable model are divided, or copied. None where all of them are its own.

    names: revision -> name of its Model.
    """
    shares = {name: share for name, share in weights(options).items() if share or name == STABLE}
    mirror = options.mirror
    if len(shares) == 1 and mirror is None:
        return None
    copied = {} if mirror is None else {"mirror": {"name": names[mirror.revision], "percent": mirror.percent}}
    return {
        "default": names[STABLE],
        "candidates": [{"name": names[name], "weight": share} for name, share in shares.items()],
        **copied,
    }


def seldon_http_route(options: Any, path: str, gateway: Any, names: Mapping[str, str], seconds: int) -> dict[str, Any]:
    """Requests at a gateway go to Seldon's mesh, which tells models apart by a header."""
    backend = {"group": "", "kind": "Service", "name": MESH, "port": 80, "weight": 1}

    def rule(revision: str, asked: Mapping[str, str]) -> dict[str, Any]:
        named = {"set": [{"name": _MODEL_HEADER, "value": names[revision]}]}
        found = forwarded(path, asked, [backend], seconds)
        found["filters"].append({"type": "RequestHeaderModifier", "requestHeaderModifier": named})
        return found

    return {
        "parentRefs": parents(gateway),
        "rules": [
            *(rule(name, headers(name, each)) for name, each in sorted(options.revisions.items())),
            rule(STABLE, {}),
        ],
    }
