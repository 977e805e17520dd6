"""A fleet that was found to work, before anything of it is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from modelinfra.catalog.edge_roles import EDGE_FLEET_ROLES
from modelinfra.children import transform_problems
from modelinfra.options.edge_fleet import as_endpoint
from modelinfra.options.edge_runtimes import ANYWHERE, GREENGRASS, KUBERNETES, runtime_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.prometheus import has_operator
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.revisions import STABLE, revised
from modelinfra.options.rings import ONLY, shares
from modelinfra.options.strict import Style
from modelinfra.platforms.base import Revision
from modelinfra.platforms.edge.anywhere import reached as on_ecs
from modelinfra.platforms.edge.fallback import Fallback, fallback_problems, unknown_outside
from modelinfra.platforms.edge.greengrass import fit as fit_for_greengrass
from modelinfra.platforms.edge.greengrass import reached as on_greengrass
from modelinfra.platforms.edge.kubernetes import fit
from modelinfra.platforms.edge.split import Joint, joint, joint_note
from modelinfra.platforms.served_model import ModelProblemError, ServedModel, served_model

_MIB: Final = 2**20

ROUTER_MIB: Final = 192
"""Of the router: Python with its libraries, and requests and answers of the size that an API gateway takes. An assumption."""

SPARE_SECONDS: Final = 60
"""Of a device's time for starting a model on Greengrass, beside the server's own: images are pulled before. An assumption."""

# ECS API, ContainerDefinition: stopTimeout.
_LONGEST_STOP: Final = 120


@dataclass(frozen=True)
class PlannedRing:
    """Some of the devices. revision: the name of what they run."""

    name: str
    share: float
    revision: str


@dataclass(frozen=True)
class FleetPlan:
    """A checked fleet. name: the user's word for it. revisions: by name, `stable` first. joints: of each, where its model is the first half
    of one."""

    name: str
    options: Any
    rings: tuple[PlannedRing, ...]
    revisions: Mapping[str, Revision]
    warnings: tuple[str, ...]
    fallback: Fallback | None = None
    notes: tuple[str, ...] = ()
    joints: Mapping[str, Joint] = field(default_factory=dict)
    style: Style = "snake"
    """How whoever declared it writes keys."""

    @property
    def tells(self) -> bool:
        """Whether CloudWatch is told how the devices are: the routers do it, and stand where there is a fallback."""
        return tells(self.options, self.fallback)

    def server_mib(self, served: ServedModel) -> int:
        """What the server takes of a device."""
        asked = self.options.memory
        return int(asked // _MIB) if asked is not None else served.memory_mib

    def memory_mib(self, served: ServedModel) -> int:
        """What server and router take of a device."""
        return self.server_mib(served) + (ROUTER_MIB if self.fallback is not None else 0)

    @staticmethod
    def stop_timeout(served: ServedModel) -> int:
        """Seconds between SIGTERM and SIGKILL."""
        return min(max(served.longest_request_seconds, 2), _LONGEST_STOP)


def tells(options: Any, fallback: Fallback | None) -> bool:
    """Whether CloudWatch is told how the devices of a fleet are. options: validated."""
    if fallback is None or not options.telemetry:
        return False
    return options.runtime != KUBERNETES or fit.shows_a_role(fallback)


def plan_fleet(
    name: str, options: Any, root: Path, fallback: Fallback | None = None, platform: Any | None = None
) -> FleetPlan:
    """Find the models and compute budgets; relative paths of models start at `root`. platform: validated options of the cluster of Kubernetes
    whose nodes the devices are. Raises InvalidOptionsError; registers nothing."""
    problems = [*runtime_problems(options), *transform_problems(options, EDGE_FLEET_ROLES)]
    in_cluster = options.runtime == KUBERNETES
    unknown = fit.unknown_in_cluster(platform) if in_cluster else unknown_outside(options.router.auth)
    endpoint = as_endpoint(options)
    revisions: dict[str, Revision] = {}
    joints: dict[str, Joint] = {}
    split = options.router.split
    said = {STABLE: endpoint}
    for revision, each in options.revisions.items():
        said[revision] = revised(endpoint, each)
    for revision, each in said.items():
        where = "" if revision == STABLE else f"revisions.{revision}"
        try:
            served = served_model(each, root, name)
        except ModelProblemError as error:
            problems.append(error.problem.below(where) if where else error.problem)
            continue
        problems += [problem.below(where) if where else problem for problem in _needs_the_cloud(served)]
        if fallback is not None and revision == STABLE:
            problems += fallback_problems(fallback, served, unknown, split=split is not None)
        if fallback is not None and split is not None:
            joints[revision], found = joint(split.at, served, fallback)
            # What is wrong with the cloud's half is said once.
            found = [each.below(where) if where and each.path == "model" else each for each in found]
            problems += [each for each in found if each not in problems]
        revisions[revision] = Revision(each, served)
    if fallback is None:
        problems += _alone(options)
    problems += _untold(options, fallback, platform)
    problems += _of_halves(options)
    if in_cluster:
        problems += fit.misfits(options, platform, revisions, fallback)
    if options.runtime == GREENGRASS:
        problems += fit_for_greengrass.misfits(options)
    if problems:
        raise InvalidOptionsError(problems)
    rings = options.rings or [SimpleNamespace(name=ONLY, share=None, revision=STABLE)]
    divided = shares(rings)
    planned = tuple(PlannedRing(ring.name, divided[ring.name], ring.revision) for ring in rings)
    return FleetPlan(
        name,
        options,
        planned,
        revisions,
        tuple(_warnings(options, planned, revisions)),
        fallback,
        (
            *(fit.notes(options, fallback, platform) if in_cluster else _notes(options, planned, revisions)),
            *(joint_note(each, made, fallback) for each, made in joints.items() if fallback),
        ),
        joints,
    )


# Alarms of what only devices with whole models tell.
_OF_WHOLE_MODELS: Final = ("handed_over_percent", "lost", "store_percent")


def _of_halves(options: Any) -> Iterator[Problem]:
    """What is asked of devices with the first half of a model, and means nothing there."""
    for key in _OF_WHOLE_MODELS if options.router.split is not None else ():
        if key in options.alarms.model_fields_set:
            reason = "with `router.split` every request is handed over, and none waits on a device"
            yield Problem(f"alarms.{key}", reason, "Remove it.", getattr(options.alarms, key))


def _alone(options: Any) -> Iterator[Problem]:
    """What means nothing where devices have no router, since nothing stands behind them."""
    if options.router.model_fields_set:
        reason = "nothing stands behind the devices, and they answer everything themselves"
        yield Problem("router", reason, "Remove it, or write `fallback`.")


def _untold(options: Any, fallback: Fallback | None, platform: Any) -> Iterator[Problem]:
    """What is asked of what routers tell, where they tell nothing. Only ECS's agent sends the servers' logs, and only ECS and Greengrass say by
    themselves how devices are."""
    if tells(options, fallback):
        return
    asked = fallback is not None and options.runtime == KUBERNETES and has_operator(platform)
    keys = ["telemetry", "dashboard", *([] if asked else ["alarms"])]
    keys += [] if options.runtime == ANYWHERE else ["logs"]
    keys += ["alarm_topic_arn"] if options.runtime == KUBERNETES else []
    for key in keys:
        if key not in options.model_fields_set or not getattr(options, key):
            continue
        if fallback is None:
            reason = "devices have a router, which tells CloudWatch of them, with a `fallback` only"
            yield Problem(key, reason, "Remove it, or write `fallback`.")
        elif options.telemetry:
            reason = "pods that show a token have no role with which they could tell CloudWatch anything"
            yield Problem(
                key,
                reason,
                "Remove it. The cluster's own Prometheus asks the routers; with `prometheus.operator` of the platform it has their alarms.",
            )
        else:
            yield Problem(key, "without `telemetry` devices tell nothing", "Remove it, or `telemetry: false`.")


def _notes(options: Any, rings: tuple[PlannedRing, ...], revisions: Mapping[str, Revision]) -> Iterator[str]:
    """How far a bad revision gets."""
    if options.runtime == GREENGRASS:
        yield from on_greengrass.notes(
            options, {ring.name: revisions[ring.revision].served.startup_seconds + SPARE_SECONDS for ring in rings}
        )
    else:
        yield from on_ecs.notes(options, [ring.name for ring in rings])


def _needs_the_cloud(served: ServedModel) -> Iterator[Problem]:
    """A device starts what it has; one that had to fetch its model first would start nothing while its link is down."""
    for model in served.models:
        if model.fetched:
            reason = "devices would fetch it at each start, and start nothing while they are offline"
            remedy = "Write `model.delivery: baked`, a local directory, or an `image` with the model in it."
            yield Problem(model.where, reason, remedy)


def _warnings(options: Any, rings: tuple[PlannedRing, ...], revisions: Mapping[str, Revision]) -> Iterator[str]:
    for revision, each in revisions.items():
        needed = each.served.memory_mib * _MIB
        if options.memory is not None and options.memory < needed:
            yield (
                f"memory is {shown_bytes(options.memory)}, and {each.served.server.title} with revision '{revision}' is expected to need "
                f"{shown_bytes(needed)}: devices may end it for lack of memory"
            )
    if options.runtime != KUBERNETES:
        yield from (on_greengrass if options.runtime == GREENGRASS else on_ecs).warnings(options)
    idle = [
        revision for revision in revisions if revision != STABLE and all(ring.revision != revision for ring in rings)
    ]
    for revision in idle:
        yield f"no ring runs the revision '{revision}': its image is built, and nothing else of it is"
