"""Several revisions of one endpoint, and how traffic is divided between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option
from modelinfra.options.exposure import exposed
from modelinfra.options.landing import CONTAINER, ROUTE_OF_GATEWAY, RULE, SERVER_OF_POD
from modelinfra.options.model import ModelOptions
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.quantities import Bytes, VCpu
from modelinfra.options.replica_size import CPU, MEMORY
from modelinfra.options.rollout import shifts
from modelinfra.options.scaling import ScalingOptions

STABLE: Final = "stable"
"""The revision that the endpoint's own keys describe."""

# Elastic Load Balancing, quotas: target groups per action; one is that of `stable`.
MOST_REVISIONS: Final = 4

# Elastic Load Balancing, quotas: condition values per rule.
_MOST_CONDITIONS: Final = 5

HEADER: Final = "x-modelinfra-revision"
"""Requests with this header are answered by the revision of its value, where `headers` say nothing else."""


_OF_CLIENTS: Final = ("authorization", "cookie", "x-api-key", "x-amzn-waf-client")


class RevisionOptions(TypedDict):
    """Another revision behind the endpoint, with replicas of its own. What is left out is as the endpoint says."""

    model: NotRequired[Annotated[str | ModelOptions, Option()]]
    """Its model, as the endpoint's `model`. Left out, and without `image`, it is the endpoint's."""

    image: NotRequired[Annotated[Input[str], Option()]]
    """Its ready image, by digest, as the endpoint's `image`. Left out, and without `model`, it is the endpoint's."""

    cpu: NotRequired[
        Annotated[
            VCpu,
            replace(CPU, default_text="the endpoint's"),
        ]
    ]
    """Processor of each of its replicas."""

    memory: NotRequired[
        Annotated[
            Bytes,
            replace(MEMORY, default_text="the endpoint's"),
        ]
    ]
    """Memory of each of its replicas."""

    environment: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(lands=(f"{CONTAINER}.environment", f"{SERVER_OF_POD}.env"), example={"LOG_LEVEL": "debug"}),
        ]
    ]
    """Environment variables of its server, beside the endpoint's or in their place. None otherwise."""

    scaling: NotRequired[Annotated[ScalingOptions, Option()]]
    """Its replicas and autoscaling. Left out, it has as many as the endpoint says."""

    headers: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default_text=f"`{HEADER}` with its name",
                at_least=1,
                at_most=_MOST_CONDITIONS - 1,
                lands=(f"{RULE}.conditions", f"{ROUTE_OF_GATEWAY}.spec.rules"),
                example={"x-tester": "yes"},
            ),
        ]
    ]
    """Requests with all of these headers are answered by this revision, whatever `traffic` says. In values `*` stands for anything."""


_OVERRIDING: Final = ("cpu", "memory", "scaling")


def overrides(endpoint: Mapping[str, Any], revision: Any) -> dict[str, Any]:
    """Which keys of an endpoint or a fleet (validated, by name) a revision says anew. A model and a ready image go together."""
    # One of a fleet has the size and the number of its devices.
    given = {key: getattr(revision, key, None) for key in _OVERRIDING}
    said: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if revision.model is not None or revision.image is not None:
        # What lies on the endpoint's volume is the endpoint's model.
        said |= {"model": revision.model, "image": revision.image, "model_volume": None}
    if revision.environment is not None:
        said["environment"] = {**(endpoint.get("environment") or {}), **revision.environment}
    return said


def revised(endpoint: Any, revision: Any) -> Any:
    """Validated options of an endpoint with what a revision says anew."""
    return endpoint.model_copy(update=overrides(vars(endpoint), revision))


def weights(endpoint: Any) -> dict[str, int]:
    """Revision -> its share of the traffic in percent, of all of them, `stable` first. Without `traffic` that has all."""
    given = endpoint.traffic or {STABLE: 100}
    return {name: given.get(name, 0) for name in (STABLE, *endpoint.revisions)}


def headers(name: str, revision: Any) -> Mapping[str, str]:
    """Of the requests that a revision answers whatever its weight is."""
    return revision.headers or {HEADER: name}


def revisions_differ(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `revisions`: each has a name of its own, and something of its own."""
    for name, revision in endpoint["revisions"].items():
        where = f"revisions.{name}"
        if name == STABLE:
            reason = "this is what `traffic` calls the revision of the endpoint's own keys"
            yield Problem(where, reason, "Write another name, such as candidate.")
        elif all(getattr(revision, key) is None for key in type(revision).model_fields if key != "headers"):
            reason = "nothing in it differs from the endpoint's own revision"
            yield Problem(where, reason, "Write for example its `model`.")
    if len(endpoint["revisions"]) > MOST_REVISIONS:
        reason = f"a load balancer divides traffic between {MOST_REVISIONS + 1} revisions at most, and the endpoint's own is one"
        yield Problem("revisions", reason, "Remove some.", sorted(endpoint["revisions"]))
    # Names of headers are told apart without regard to case (RFC 9110, section 5.1).
    said = {
        name: {(header.lower(), value) for header, value in headers(name, each).items()}
        for name, each in endpoint["revisions"].items()
    }
    for name, own in said.items():
        given = dict(headers(name, endpoint["revisions"][name]))
        other = next(each for each in said if said[each] == own)
        if other != name:
            reason = f"requests with these go to '{other}' already"
            yield Problem(f"revisions.{name}.headers", reason, "Write others, or remove them.", given)
        for header in given:
            if header.lower() in _OF_CLIENTS:
                reason = "this header says who a client is, and is no choice of a revision"
                yield Problem(
                    f"revisions.{name}.headers.{header}", reason, "Write a header of your own.", given[header]
                )


def traffic_is_divided(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `traffic` and `revisions`: shares of revisions that exist, a hundred together."""
    traffic, revisions = endpoint["traffic"], endpoint["revisions"]
    for key in ("traffic", "stickiness"):
        if endpoint[key] is not None and not revisions:
            yield Problem(key, "there is one revision, which has all the traffic", "Remove it, or add `revisions`.")
    if traffic is None or not revisions:
        return
    known = (STABLE, *revisions)
    unknown = [name for name in traffic if name not in known]
    for name in unknown:
        yield Problem(f"traffic.{name}", "there is no such revision", did_you_mean(name, known), traffic[name])
    whole = sum(traffic.values())
    if not unknown and whole != 100:
        shares = ", ".join(f"{name} {share}" for name, share in traffic.items())
        yield Problem("traffic", f"the shares are percent, and these are {whole} together ({shares})", "Make them 100.")


def weights_have_one_writer(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `revisions` and `rollout` (design, rule 8)."""
    if endpoint["revisions"] and shifts(endpoint["rollout"]):
        reason = "ECS would write the weights that `traffic` states, and each deployment would undo them"
        remedy = "Write `strategy: rolling`: with `revisions`, you move traffic yourself. Or remove `revisions`."
        yield Problem("rollout.strategy", reason, remedy, endpoint["rollout"].strategy)


def conditions_fit_into_a_rule(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `revisions`, `rollout` and `exposure`: a rule of a load balancer asks for paths and headers, and for so many together."""
    given = endpoint["exposure"].paths
    # Without `paths`, those of predictions and of readiness; on a shared load balancer, its own.
    paths = len(given) if given is not None else 2 if exposed(endpoint["exposure"]) else 1
    if shifts(endpoint["rollout"]) and paths == _MOST_CONDITIONS:
        reason = f"the rule for test traffic asks for a header, too, and one of a load balancer for {_MOST_CONDITIONS} things together"
        yield Problem(
            "exposure.paths", reason, f"Write {_MOST_CONDITIONS - 1} at most, or `rollout.strategy: rolling`."
        )
    for name, revision in endpoint["revisions"].items():
        asked = len(headers(name, revision))
        if paths + asked > _MOST_CONDITIONS:
            reason = f"with the {paths} paths of `exposure` its rule asks for {paths + asked} things, and one of a load balancer for {_MOST_CONDITIONS}"
            remedy = f"Write {_MOST_CONDITIONS - asked} `exposure.paths` at most."
            if given is None:
                remedy = f"Write {_MOST_CONDITIONS - paths} headers at most, or one of `exposure.paths`."
            yield Problem(f"revisions.{name}", reason, remedy)
