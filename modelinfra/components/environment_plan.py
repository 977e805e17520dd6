"""An environment that was found to work: every endpoint planned, nothing registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelinfra.components.model_endpoint import PlannedEndpoint, plan_endpoint
from modelinfra.options.environment import EnvironmentOptions, PlacedEndpointOptions, cross_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.strict import Style, validate
from modelinfra.options.wording import styled
from modelinfra.platforms.ecs.planner import EcsPlanner


@dataclass(frozen=True)
class EnvironmentPlan:
    """What an `Environment` registers. `endpoints`: name -> its platform's name and its plan."""

    options: Any
    planners: Mapping[str, EcsPlanner]
    endpoints: Mapping[str, tuple[str, PlannedEndpoint]]


def plan_environment(
    given: Mapping[str, Any], style: Style, root: Path, also: Sequence[Problem] = ()
) -> EnvironmentPlan:
    """Check everything that an environment declares; relative paths of models start at `root`. also: what was wrong before.

    Raises InvalidOptionsError with all mistakes in one go.
    """
    problems = list(also)
    options: Any = None
    try:
        options = validate(EnvironmentOptions, given, style=style)
    except InvalidOptionsError as error:
        problems += error.problems
    problems += cross_problems(given)
    if problems:
        raise InvalidOptionsError(problems)
    planners = {name: EcsPlanner(platform) for name, platform in options.platforms.items()}
    endpoints: dict[str, tuple[str, PlannedEndpoint]] = {}
    # In the order of their names: which of two that collide is told so does not depend on the order in the file.
    for name, endpoint in sorted(options.endpoints.items()):
        platform = endpoint.platform or next(iter(planners))
        try:
            endpoints[name] = (platform, plan_endpoint(name, endpoint, planners[platform], root))
        except InvalidOptionsError as error:
            problems += [
                styled(problem, style, PlacedEndpointOptions).below(f"endpoints.{name}") for problem in error.problems
            ]
    if problems:
        raise InvalidOptionsError(problems)
    return EnvironmentPlan(options, planners, endpoints)
