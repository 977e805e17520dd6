"""Without NAT a network reaches the registries of its own region, and no others: ECR's interface endpoints lead to no other region."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.components.environment_plan import EnvironmentPlan
from modelinfra.components.model_endpoint import PlannedEndpoint
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.sources import repository_arn_of


def check_registries(plan: EnvironmentPlan, region: str) -> None:
    """Raises InvalidOptionsError with every endpoint whose image or model lies in ECR of another region than the network's."""
    problems = [
        Problem(
            f"endpoints.{name}.{where}",
            f"without NAT the network reaches registries of ECR in {region} only",
            "Copy it there, or let the network have NAT.",
            given,
        )
        for name, (_, planned) in plan.endpoints.items()
        for where, given, repository in _in_ecr(planned)
        if repository.split(":")[3] != region
    ]
    if problems:
        raise InvalidOptionsError(problems)


def _in_ecr(planned: PlannedEndpoint) -> Iterator[tuple[str, str, str]]:
    """Option, its value, and the ARN of the repository in ECR that it names. What an Output will say is not known yet."""
    image = planned.options.image
    repository = repository_arn_of(image) if isinstance(image, str) else None
    if repository is not None:
        yield "image", image, repository
    copied = planned.options.collector.image
    repository = repository_arn_of(copied) if isinstance(copied, str) else None
    if repository is not None:
        yield "collector.image", copied, repository
    for remote in planned.served.remotes:
        if remote.source.ecr_repository_arn:
            yield remote.where, remote.source.uri, remote.source.ecr_repository_arn
