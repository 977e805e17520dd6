"""What an edit of an option does to the resources in which it lands, derived from the table of replacements that the stand-in cloud uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from modelinfra.graph.replacement import forces_replacement, updated_in_place_after_all

Kind = Literal["replaces", "new revision of", "builds anew", "adds or removes", "updates", "state only"]

ORDER: Final[tuple[Kind, ...]] = (
    "replaces",
    "new revision of",
    "builds anew",
    "adds or removes",
    "updates",
    "state only",
)
"""The worst first."""

_TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
_IMAGE: Final = "docker-build:index:Image"

# Every service of this library has them, before an edit and after it (platforms/ecs/service.py), and they decide about a replacement.
_SERVICE: Final[dict[str, Any]] = {
    "forceNewDeployment": True,
    "capacityProviderStrategies": [{"capacityProvider": "FARGATE"}],
}


@dataclass(frozen=True)
class Effect:
    """What happens to the resources of one type."""

    kind: Kind
    token: str
    """The resource type."""


def effects(lands: Iterable[str]) -> list[Effect]:
    """The effects on every type in which an option lands, the worst of each type, the worst first; components are no resources of the cloud.

    What follows from a replacement (another VPC moves everything in it) is not among them: only what the edit itself does.
    """
    worst: dict[str, Kind] = {}
    for place in lands:
        effect = _effect(place)
        if effect.token.startswith("modelinfra:"):
            continue
        before = worst.get(effect.token, effect.kind)
        worst[effect.token] = min(before, effect.kind, key=ORDER.index)
    found = [Effect(kind, token) for token, kind in worst.items()]
    return sorted(found, key=lambda effect: ORDER.index(effect.kind))


def kind_of(token: str, path: str) -> Kind:
    """What a change at a property path (list indices or not) does to a resource of the type."""
    plain = re.sub(r"\[[^\]]*\]", "", path)
    if plain.startswith("options."):
        return "state only"
    if token == _IMAGE:
        return "builds anew"
    if forces_replacement(token, plain) and not updated_in_place_after_all(token, plain, _SERVICE, _SERVICE):
        return "new revision of" if token == _TASK else "replaces"
    return "updates"


def in_words(found: Iterable[Effect]) -> list[str]:
    """`replaces VPC, subnet`, one line for each kind."""
    lines: dict[Kind, list[str]] = {}
    for effect in found:
        lines.setdefault(effect.kind, []).append(_spoken(effect.token))
    return [
        f"{kind}: {', '.join(names)}" if kind == "state only" else f"{kind} {', '.join(names)}"
        for kind, names in lines.items()
    ]


def _effect(place: str) -> Effect:
    if place.startswith("+"):
        return Effect("adds or removes", place.removeprefix("+"))
    module, _, rest = place.rpartition(":")
    name, _, path = rest.partition(".")
    token = f"{module}:{name}"
    return Effect(kind_of(token, path), token)


def _spoken(token: str) -> str:
    """`aws:ec2/vpcEndpoint:VpcEndpoint` as `VPC endpoint`."""
    if token.endswith("*"):
        return "everything that takes it"
    if token.startswith("kubernetes:"):
        return token.rpartition(":")[2]
    words = re.findall(r"[A-Z][a-z0-9]*", token.rpartition(":")[2])
    if token.startswith("aws:appautoscaling/"):
        words.insert(0, "Scaling")
    short = {"Vpc": "VPC", "Nat": "NAT", "Eip": "elastic IP", "Ipv4": "IPv4", "Cidr": "CIDR"}
    return " ".join(short.get(word, word.lower()) for word in words)
