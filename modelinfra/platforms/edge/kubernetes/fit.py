"""Whether a fleet fits a cluster of Kubernetes: checked before anything is registered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.fleet.daemon import Rollout, reach
from modelinfra.fleet.rings import Bad, Ring
from modelinfra.options.edge_runtimes import KUBERNETES, healthy_percent
from modelinfra.options.problems import Problem
from modelinfra.options.registry import ECR
from modelinfra.platforms.base import Revision
from modelinfra.platforms.edge.fallback import Fallback

_HUNDRED: Final = 100


def makes_of_aws(platform: Any) -> bool:
    """Whether anything of AWS is made for a fleet on this platform: a repository, or roles of its pods. platform: validated options."""
    return _is_cluster(platform) and (platform.registry == ECR or platform.cluster.eks is not None)


def _is_cluster(platform: Any) -> bool:
    return platform is not None and getattr(platform, "type", KUBERNETES) == KUBERNETES


def misfits(
    options: Any, platform: Any, revisions: Mapping[str, Revision], fallback: Fallback | None
) -> Iterator[Problem]:
    """platform: validated options; None where there is none."""
    if platform is None:
        reason = "devices are nodes of a cluster, and nothing says of which"
        remedy = "Add a platform of `type: kubernetes`, and name it where there are several."
        yield Problem("platform", reason, remedy)
        return
    if not _is_cluster(platform):
        reason = "this is no cluster of Kubernetes"
        yield Problem("platform", reason, "Name a platform of `type: kubernetes`.", options.platform)
        return
    for name, each in revisions.items():
        if each.served.image is None and platform.registry is None:
            where = "" if name == "stable" else f"revisions.{name}."
            reason = "images are built for a cluster whose platform has a `registry`, and this one has none"
            yield Problem(f"{where}model", reason, "Write `registry` there, or a ready `image`.")
    if fallback is not None and platform.registry is None:
        reason = "a router stands before the model, whose image is built for a cluster whose platform has a `registry`, and this one has none"
        yield Problem("fallback", reason, "Write `registry` there.", fallback.name)
    if options.repository.model_fields_set and platform.registry != ECR:
        yield Problem("repository", "the platform's `registry` is not ECR", "Remove it.")
    if not makes_of_aws(platform):
        for key in ("tags", "permissions_boundary"):
            if getattr(options, key) is not None:
                yield Problem(key, "nothing of AWS is made for the fleet", "Remove it.")
    if options.router.auth is not None:
        reason = "pods show the token of their service account, or sign with their role"
        yield Problem("router.auth", reason, "Remove it.")
    if fallback is not None and options.router.samples is not None and not shows_a_role(fallback):
        reason = "samples are written into S3 with a role, and pods that show a token have none"
        yield Problem("router.samples", reason, "Remove it.")


def shows_a_role(fallback: Fallback) -> bool:
    """Whether pods sign what they ask it with a role of AWS; else they show a token."""
    gateway = fallback.options.exposure.gateway
    return gateway is not None and gateway.auth.iam is not None


def unknown_in_cluster(platform: Any) -> Any:
    """Why pods of this platform's cluster do not reach an endpoint, or are nobody there; see `fallback.Unknown`."""
    on_eks = _is_cluster(platform) and platform.cluster.eks is not None
    tokens = "Write `exposure.gateway.auth.jwt` there, with the cluster's own issuer of service account tokens."

    def unknown(fallback: Fallback) -> Iterator[Problem]:
        gateway, where = fallback.options.exposure.gateway, f"'{fallback.name}'"
        if gateway is None:
            reason = f"devices outside of the network do not reach {where}, or would need a key that all of them share"
            remedy = "Name an endpoint on ECS with `exposure.gateway` and `auth.jwt`, or on EKS `auth.iam`."
            yield Problem("fallback", reason, remedy, fallback.name)
            return
        auth = gateway.auth
        if auth.mtls is not None or (auth.iam is None and auth.jwt is None):
            reason = f"the gateway of {where} asks for what pods have not: they have a token of their service account, on EKS also a role"
            yield Problem("fallback", reason, tokens, fallback.name)
        elif auth.iam is not None and not on_eks:
            reason = f"the gateway of {where} asks for credentials of AWS, and pods of a cluster that is not on EKS have none"
            yield Problem("fallback", reason, tokens, fallback.name)
        elif auth.jwt is not None and auth.jwt.scopes:
            reason = f"the gateway of {where} asks for scopes, and tokens of service accounts have none"
            yield Problem("fallback", reason, "Remove `exposure.gateway.auth.jwt.scopes` there.", fallback.name)

    return unknown


def notes(options: Any, fallback: Fallback | None, platform: Any) -> Iterator[str]:
    """How far a revision gets that is ready nowhere, and what must be there that is not made."""
    alerts = platform.prometheus.alerts if platform.prometheus is not None else None
    if alerts is not None and alerts.webhook is not None:
        secret = alerts.webhook.partition("/")[0]
        yield f"Alertmanager tells of the fleet by the secret {secret}, which must be in the fleet's own namespace, too"
    rollout = Rollout([Ring("one", 1.0)], healthy_percent=healthy_percent(options))
    reached = reach(rollout, _HUNDRED, Bad()).devices
    yield (
        f"a revision that is ready on no device reaches {reached} of every hundred devices of a ring, and those that do not answer anyway; then "
        "it stops, and nothing takes it back but the ring's `revision`"
        + ("; `minimum_healthy_percent` keeps some from it" if reached == _HUNDRED else "")
    )
    if fallback is None:
        return
    if shows_a_role(fallback):
        yield "devices ask the fallback with a role: the add-on eks-pod-identity-agent must run on their nodes"
        return
    issuer = fallback.options.exposure.gateway.auth.jwt.issuer
    yield (
        f"devices ask the fallback with tokens of their service accounts: {issuer} must be the cluster's issuer "
        "(kubectl get --raw /.well-known/openid-configuration), and its keys be readable from the internet"
    )
