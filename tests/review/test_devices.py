"""What a reviewer is told of machines on which one ends before the next starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.values import Unknown
from modelinfra.review.changes import between
from modelinfra.review.findings import devices
from modelinfra.review.findings.rolling import findings as rolling
from tests.platforms import test_edge_fleet as on_ecs
from tests.platforms import test_edge_fleet_kubernetes as on_nodes
from tests.platforms import test_greengrass as on_greengrass
from tests.review.making import changes, node, only, told

RINGS = on_ecs.TWO_RINGS
DAEMON = "kubernetes:apps/v1:DaemonSet"


def promoted(runtime: Any, root: Path, **options: Any) -> Any:
    """The canary gets another revision; the other ring stays as it is."""
    image = "a.example/served@sha256:" + "1" * 64
    rings = [{"name": "canary", "share": 0.05, "revision": "next"}, {"name": "shops"}]
    given = {**on_ecs.READY, **options}
    before = runtime.fleet(root, rings=RINGS, **given)
    after = runtime.fleet(root, rings=rings, revisions={"next": {**on_ecs.READY, "image": image}}, **given)
    return between(before, after)


@pytest.mark.parametrize(
    ("runtime", "options", "machine", "pace"),
    [
        (on_ecs, {"minimum_healthy_percent": 75}, "device", "75 percent of them go on meanwhile."),
        (on_greengrass, {"rollout": {"per_minute": 20}}, "device", "20 devices a minute at the most."),
        (on_nodes, {"minimum_healthy_percent": 75}, "node", "25% of them at once."),
    ],
)
def test_a_ring_that_gets_another_revision_is_told_to_stop_meanwhile(
    tmp_path: Path, runtime: Any, options: dict[str, Any], machine: str, pace: str
) -> None:
    (found,) = devices.findings(promoted(runtime, tmp_path, **options))
    assert (found.kind, found.severity) == ("traffic", "low")
    assert found.title.startswith(f"each {machine} of ")
    assert "canary" in found.title or "canary" in found.urn
    assert found.text.endswith(pace)


def test_a_rollout_of_another_rate_stops_no_device(tmp_path: Path) -> None:
    before = on_greengrass.fleet(tmp_path, rings=RINGS)
    after = on_greengrass.fleet(tmp_path, rings=RINGS, rollout={"per_minute": 20})
    assert not list(devices.findings(between(before, after)))


def test_a_ring_of_which_all_may_stop_is_told_once(tmp_path: Path) -> None:
    change = promoted(on_ecs, tmp_path, minimum_healthy_percent=0)
    assert not list(devices.findings(change))
    assert [each.severity for each in rolling(change)] == ["high"]


def daemon(image: str, **rolling: Any) -> list[Any]:
    spec = {"template": {"spec": {"containers": [{"image": image}]}}, "updateStrategy": {"rollingUpdate": rolling}}
    return [node(DAEMON, "logs", spec=spec)]


def test_a_daemon_that_starts_the_new_one_beside_the_old_one_stops_nowhere() -> None:
    assert "1 of them at once." in only(devices.findings, daemon("a"), daemon("b")).text
    most = Unknown
    assert "Several" in only(devices.findings, daemon("a", maxUnavailable=most), daemon("b", maxUnavailable=most)).text
    assert not told(devices.findings, daemon("a", maxSurge=1), daemon("b", maxSurge=1))
    assert not list(devices.findings(changes(daemon("a"), daemon("a", maxUnavailable="20%"))))
