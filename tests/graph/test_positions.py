"""Where a resource was registered is found as the SDK finds it, whoever calls whom."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import resource as sdk_resource

from modelinfra.graph.capture import capture
from modelinfra.graph.positions import whole_stack


class Beside(pulumi.ComponentResource):
    """A component with a child that it makes in its constructor, and one in a function."""

    def __init__(self, name: str) -> None:
        super().__init__("test:index:Beside", name)
        aws.sns.Topic(f"{name}-own", opts=pulumi.ResourceOptions(parent=self))
        self._more(name)

    def _more(self, name: str) -> None:
        [aws.sqs.Queue(f"{name}-{index}", opts=pulumi.ResourceOptions(parent=self)) for index in range(2)]


def program() -> None:
    aws.s3.Bucket("plain")
    Beside("beside")


def sources() -> dict[str, str]:
    return {node.name: node.source for node in capture(program) if node.type != "pulumi:pulumi:Stack"}


def test_the_first_frame_is_the_one_that_the_sdk_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sources()
    assert len(set(found.values())) == 4
    assert all(__file__ in source for source in found.values())
    monkeypatch.setattr(sdk_resource, "_get_stack_trace", whole_stack)
    assert sources() == found
