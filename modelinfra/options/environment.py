"""What a stack file can say: one environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from modelinfra.options.cluster import ClusterOptions
from modelinfra.options.declare import Option
from modelinfra.options.endpoint import EndpointOptions
from modelinfra.options.landing import CLUSTER, LOAD_BALANCER, REPOSITORY
from modelinfra.options.names import Name
from modelinfra.options.network import NetworkOptions
from modelinfra.options.problems import Problem, did_you_mean


class PlatformOptions(ClusterOptions):
    """Where endpoints run."""

    type: Annotated[Literal["ecs"], Option()]
    """Kind of platform: ecs (Fargate)."""


class PlacedEndpointOptions(EndpointOptions):
    """One served model, and where it runs."""

    platform: NotRequired[Annotated[str, Option(default_text="the only platform")]]
    """Name of the platform on which the endpoint runs."""


class EnvironmentOptions(TypedDict):
    """One environment: everything below `modelinfra:environment` in a stack file."""

    production: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(
                    f"{LOAD_BALANCER}.enableDeletionProtection",
                    f"{REPOSITORY}.forceDelete",
                    f"{REPOSITORY}.options.protect",
                    f"{CLUSTER}.options.protect",
                ),
                example=True,
            ),
        ]
    ]
    """Protect what holds data or is expensive to lose. In other environments `destroy` leaves nothing behind."""

    network: NotRequired[Annotated[NetworkOptions, Option(default={})]]
    """The network."""

    platforms: Annotated[Mapping[Name, PlatformOptions], Option()]
    """Where endpoints run, by name."""

    endpoints: NotRequired[Annotated[Mapping[Name, PlacedEndpointOptions], Option(default={})]]
    """The served models, by name."""


def cross_problems(given: Mapping[str, Any]) -> Iterable[Problem]:
    """What is wrong between the parts of an environment; `given` is what the user wrote, well-formed or not."""
    platforms = {str(name): platform for name, platform in _mapping(given.get("platforms")).items()}
    if given.get("platforms") == {} and given.get("endpoints"):
        yield Problem("platforms", "there is none, and endpoints need one", "Write for example web: {type: ecs}.")
        return
    for name, endpoint in _mapping(given.get("endpoints")).items():
        endpoint = _mapping(endpoint)
        platform = endpoint.get("platform")
        if isinstance(platform, str) and platform not in platforms:
            yield Problem(
                f"endpoints.{name}.platform",
                "there is no such platform",
                did_you_mean(platform, list(platforms)),
                platform,
            )
        elif platform is None and len(platforms) > 1:
            yield Problem(
                f"endpoints.{name}.platform",
                "there are several platforms",
                f"Write one of: {', '.join(sorted(platforms))}.",
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
