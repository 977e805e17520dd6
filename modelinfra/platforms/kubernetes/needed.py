"""What replicas need that the library does not make, in words for the preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelinfra.platforms.kubernetes.parts import kserve_of
from modelinfra.platforms.kubernetes.tenant_space import Space, shut_out
from modelinfra.platforms.served_model import ServedModel


def needed_for_keda(platform: Any) -> Iterator[str]:
    """Of replicas that KEDA scales. platform: its options."""
    kserve = kserve_of(platform)
    if kserve is not None and not kserve.keda:
        yield "KEDA scales it, which `kserve.keda: false` of the platform leaves to you: it must be in the cluster before"


def needed_of_tenant(
    platform: Any, space: Space, options: Any, served: ServedModel, secrets: Sequence[str]
) -> Iterator[str]:
    """What the tenant's namespace keeps from its replicas. secrets: with which models are fetched."""
    in_s3 = [each.source.uri for each in served.fetched if each.source.kind == "s3"]
    own = bool(secrets) or options.service_account is not None
    if in_s3 and platform.cluster.eks is not None and space.model_prefix is None and not own:
        yield (
            f"nothing lets replicas of the tenant {space.tenant} read {in_s3[0]}: write `model_prefix` of the tenant, and it has a role for "
            "what lies below it"
        )
    logging = options.payload_logging
    if logging is not None and shut_out(space.options, logging.url):
        yield (
            f"the network of the tenant {space.tenant} lets nothing out to {logging.url}: write its addresses and port as "
            f"`tenants.{space.tenant}.kubernetes.egress`"
        )
