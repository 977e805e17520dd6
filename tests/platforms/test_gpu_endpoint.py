"""Endpoints with accelerators: what their tasks ask for, how they are deployed on a pool of few nodes, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs.node_pools import plan_pools
from modelinfra.platforms.ecs.placement import Placement
from tests.making import inputs
from tests.platforms.worlds import SERVICE, TASK, deployed, refusal

READY = "a.example/served@sha256:" + "0" * 64
GPU_SERVERS = [name for name, row in SERVERS.items() if row.needs_gpu or row.needs_shared_memory]
MODEL = {"name": "m", "size": "1GiB"}


def pools(max_nodes: int = 4, count: int = 1, **options: Any) -> dict[str, Any]:
    return {"a10g": {"accelerator": {"name": "A10G", "count": count}, "max_nodes": max_nodes, **options}}


def on_pool(root: Path, pool: dict[str, Any] | None = None, **options: Any) -> Graph:
    given = {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}, **options}
    return deployed(root, cluster={"gpu_node_pools": pool or pools()}, load_balancer="own", **given)


def container(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inputs(graph, TASK)["containerDefinitions"])[0]
    return found


def warnings(graph: Graph) -> list[str]:
    return [each["message"] for each in graph.logs if each["severity"] == "warning"]


def test_a_replica_has_its_gpu_and_what_the_smallest_node_has_for_tasks(tmp_path: Path) -> None:
    graph = on_pool(tmp_path)
    task = inputs(graph, TASK)
    assert task["requiresCompatibilities"] == ["EC2"]
    assert (task["cpu"], task["memory"]) == ("4096", "15155")
    assert "ephemeralStorage" not in task
    assert container(graph)["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    name = graph.one("aws:ecs/capacityProvider:CapacityProvider").outputs["name"]
    assert inputs(graph, SERVICE)["capacityProviderStrategies"] == [{"capacityProvider": name, "weight": 1}]


def test_two_of_a_nodes_four_accelerators_are_half_a_node(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, pools(count=4), accelerator={"name": "a10g", "count": 2})
    task = inputs(graph, TASK)
    assert (task["cpu"], task["memory"]) == (str(48 * 1024 // 2), str(math.floor(196608 * 0.925) // 2))
    assert container(graph)["resourceRequirements"] == [{"type": "GPU", "value": "2"}]


def test_what_captures_is_taken_from_the_replicas_share(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, capture={})
    task = inputs(graph, TASK)
    assert (task["cpu"], task["memory"]) == ("4096", "15155")
    found = json.loads(task["containerDefinitions"])
    assert sum(each["cpu"] for each in found) == 4096
    assert [each["name"] for each in found] == ["model", "capture-proxy", "capture"]
    assert found[0]["resourceRequirements"] == [{"type": "GPU", "value": "1"}]


def test_what_captures_leaves_something_for_the_server(tmp_path: Path) -> None:
    given = {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}}
    said = refusal(
        tmp_path,
        cluster={"gpu_node_pools": pools()},
        load_balancer="own",
        memory="480MiB",
        capture={},
        **given,
    )
    assert any("what stands beside the server has 480 MiB of it" in line for line in said)


def test_what_is_asked_for_is_given(tmp_path: Path) -> None:
    task = inputs(on_pool(tmp_path, cpu=2, memory="8GiB"), TASK)
    assert (task["cpu"], task["memory"]) == ("2048", "8192")


@pytest.mark.parametrize("name", GPU_SERVERS)
def test_every_server_that_fargate_refuses_runs_on_nodes_with_its_shared_memory_and_limits(
    name: str, tmp_path: Path
) -> None:
    row = SERVERS[name]
    found = container(on_pool(tmp_path, pools(disk="400GiB"), server=name))
    assert found["linuxParameters"].get("sharedMemorySize", 0) == row.shared_memory_mib
    limits = {each["name"]: each["hardLimit"] for each in found.get("ulimits", [])}
    assert limits == dict(row.ulimits)
    assert found["stopTimeout"] == row.longest_request_seconds, "instances have no ceiling of two minutes"


def test_on_fargate_nothing_of_it_is_written(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    assert {"resourceRequirements", "ulimits"} & set(container(graph)) == set()
    assert "orderedPlacementStrategies" not in inputs(graph, SERVICE)


def test_neuron_devices_are_the_hosts_by_path(tmp_path: Path) -> None:
    pool = {"inf": {"accelerator": {"name": "Inferentia2", "count": 6}, "max_nodes": 2}}
    found = container(on_pool(tmp_path, pool, accelerator={"name": "Inferentia2", "count": 6}))
    paths = [each["hostPath"] for each in found["linuxParameters"]["devices"]]
    assert paths == [f"/dev/neuron{index}" for index in range(6)]
    assert found["linuxParameters"]["capabilities"] == {"add": ["IPC_LOCK"]}
    assert "resourceRequirements" not in found


def test_with_room_for_one_more_a_deployment_starts_the_new_before_it_stops_the_old(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, pools(max_nodes=3), scaling={"min": 2})
    found = inputs(graph, SERVICE)
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)
    assert found["availabilityZoneRebalancing"] == "ENABLED"
    assert found["orderedPlacementStrategies"][0] == {"type": "spread", "field": "attribute:ecs.availability-zone"}
    assert not any("interrupts" in line for line in warnings(graph))


@pytest.mark.parametrize(("replicas", "healthy"), [(1, 0), (2, 50), (4, 75)])
def test_without_it_the_old_goes_first_and_the_preview_says_so(tmp_path: Path, replicas: int, healthy: int) -> None:
    graph = on_pool(tmp_path, pools(max_nodes=replicas), scaling={"min": replicas})
    found = inputs(graph, SERVICE)
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (healthy, 100)
    assert found["availabilityZoneRebalancing"] == "DISABLED", "ECS refuses it where there may never be one more"
    assert any("a deployment interrupts" in line and "`max_nodes`" in line for line in warnings(graph))


@pytest.mark.parametrize("least", range(1, 12))
@pytest.mark.parametrize("more", range(12))
def test_whatever_runs_a_deployment_can_stop_a_replica_where_it_can_start_none(least: int, more: int) -> None:
    from modelinfra.options.gpu_node_pool import GpuNodePoolOptions
    from modelinfra.options.strict import validate

    most = least + more
    pool = plan_pools({"a": validate(GpuNodePoolOptions, {"accelerator": {"name": "A10G"}, "max_nodes": most})})["a"]
    pool.promised["x"] = most
    placement = Placement("x", pool, None, 1, 1, least, most)  # type: ignore[arg-type]
    for running in range(least, most + 1):
        # ECS rounds the fewest up and the most down (Service definition parameters).
        assert math.ceil(running * placement.minimum_healthy_percent / 100) < running
        assert math.floor(running * placement.maximum_percent / 100) == running


def test_replicas_that_share_a_node_have_room_on_it(tmp_path: Path) -> None:
    found = inputs(on_pool(tmp_path, pools(max_nodes=1, count=4), scaling={"min": 3}), SERVICE)
    assert found["deploymentMinimumHealthyPercent"] == 100


TWO = {
    name: {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}, "load_balancer": "own"}
    for name in ("a", "b")
}


def test_an_endpoint_takes_no_room_that_deployments_of_another_count_on(tmp_path: Path) -> None:
    endpoints = {"a": {**TWO["a"], "scaling": {"min": 2}}, "b": {**TWO["b"], "scaling": {"min": 1}}}
    with pytest.raises(Exception, match="has room for 0 such replicas beside a, and one node to deploy them"):
        deployed(tmp_path, endpoints, cluster={"gpu_node_pools": pools(max_nodes=3)})
    deployed(tmp_path, endpoints, cluster={"gpu_node_pools": pools(max_nodes=4)})


def test_endpoints_of_one_environment_know_of_each_other_before_the_first_is_registered(tmp_path: Path) -> None:
    from modelinfra import Environment
    from tests.making import captured

    endpoints = {"a": {**TWO["a"], "scaling": {"min": 2}}, "b": {**TWO["b"], "scaling": {"min": 1}}}
    args: dict[str, Any] = {
        "platforms": {"web": {"type": "ecs"}},
        "gpu_node_pools": pools(max_nodes=3),
        "endpoints": endpoints,
    }
    graph = captured(lambda: Environment("dev", args), tmp_path)
    percents = {node.name: node.inputs["deploymentMinimumHealthyPercent"] for node in graph.all(SERVICE)}
    assert percents == {"dev-a-service": 50, "dev-b-service": 0}, "the whole pool is promised to both"


def test_a_model_of_unknown_size_may_not_fit_and_that_is_said(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, pools(disk="300GiB"), model={"name": "m"})
    assert any("whether the model fits is not known" in line and "22.4 GiB" in line for line in warnings(graph))


def test_weights_that_nearly_fill_the_accelerator_are_warned_of(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, pools(disk="300GiB"), model={"name": "m", "size": "21GiB"})
    assert any("the weights take 94%" in line for line in warnings(graph))


def test_weights_that_exceed_it_are_refused(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        cluster={"gpu_node_pools": pools()},
        server="triton",
        image=READY,
        model={"name": "m", "size": "30GiB"},
        accelerator={"name": "A10G"},
    )
    assert said[1].startswith(
        "accelerator (given: '1 x A10G'): the weights alone take 30 GiB, and the memory of 1 x A10G is"
    )


def test_requests_longer_than_the_notice_of_spot_nodes_are_warned_of(tmp_path: Path) -> None:
    quiet, told = (
        any("two minutes" in line for line in warnings(on_pool(tmp_path, pools(spot=True), longest_request=longest)))
        for longest in ("60s", "5m")
    )
    assert (quiet, told) == (False, True)


def test_a_deployment_waits_for_a_node_and_its_large_image(tmp_path: Path) -> None:
    def minutes(graph: Graph) -> int:
        return int(graph.one(SERVICE).custom_timeouts["create"].removesuffix("m"))

    ready = {"server": "triton", "image": READY, "model": MODEL, "load_balancer": "own"}
    assert minutes(on_pool(tmp_path)) >= minutes(deployed(tmp_path, **ready)) + 10


def test_two_sets_of_replicas_need_twice_the_nodes(tmp_path: Path) -> None:
    shifting = {"rollout": {"strategy": "blue-green"}, "scaling": {"min": 2}}
    found = inputs(on_pool(tmp_path, pools(max_nodes=4), **shifting), SERVICE)
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)
    with pytest.raises(Exception, match=r"has room for 1 such replicas in two sets, as `rollout.strategy`: blue-green"):
        on_pool(tmp_path, pools(max_nodes=3), **shifting)
