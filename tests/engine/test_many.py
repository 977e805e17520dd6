"""Several of everything in one program: environments, regions, endpoints on one load balancer, names as long as they may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.walk.base import write_model

pytestmark = pytest.mark.engine

LONG = "an-endpoint-with-a-name-of-sixty-characters-and-not-one-less"
REGIONS = ("us-west-2", "eu-west-1")

PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from modelinfra import Environment

for region in {REGIONS!r}:
    provider = aws.Provider(region, region=region)
    environment = Environment(
        f"in-{{region}}",
        platforms={{"web": {{"type": "ecs"}}}},
        endpoints={{
            name: {{"server": "mlserver", "model": "model", "scaling": {{"max": 4}}}} for name in ("{LONG}", "{LONG[:-1]}0")
        }},
        opts=pulumi.ResourceOptions(providers=[provider]),
    )
    pulumi.export(region, environment.predict_urls)
"""


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Sandbox]:
    directory = tmp_path / "project"
    write_model(directory)
    (directory / "Pulumi.yaml").write_text("name: many\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    with Sandbox(directory, home=tmp_path / "home", stack="proof") as sandbox:
        yield sandbox


@pytest.mark.slow_judge
def test_two_environments_in_two_regions_with_long_names_are_deployed_changed_by_nothing_and_destroyed(
    many: Sandbox,
) -> None:
    assert len(LONG) == 60
    many.up(check=True)
    for region in REGIONS:
        assert len(many.outputs[region]) == 2
        assert all(f".{region}.elb." in url for url in many.outputs[region].values())
    services = many.cloud.all("aws:ecs/service:Service")
    assert sorted(thing.region for thing in services) == sorted(REGIONS * 2)
    assert len(many.cloud.all("aws:lb/loadBalancer:LoadBalancer")) == 2
    assert many.up(check=True).steps == []
    many.destroy(check=True)
    assert many.cloud.things == []
