"""Pools of accelerated nodes on EKS, with each of the three ways of nodes."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelinfra import EksCluster
from modelinfra.catalog.chart_values import unknown_paths
from modelinfra.catalog.gpu_charts import CHARTS, known_values
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.options.declare import Declared, declared
from modelinfra.options.eks_gpu_nodes import EfaOptions, EksGpuNodesOptions, ReservationOptions
from modelinfra.options.gpu_sharing import GpuSharingOptions
from tests.kubernetes.schemas import complaints, validator
from tests.making import captured, inputs, names
from tests.platforms.eks import NODE_CLASS, NODE_POOL, NODES, RELEASE, TEMPLATE, eks, eks_refusal, waits_for
from tests.platforms.worlds import NETWORK
from tests.walk.compare import direct, landed, unexplained

OVERLAY = "kubernetes:karpenter.sh/v1alpha1:NodeOverlay"
AUTO_CLASS = "kubernetes:eks.amazonaws.com/v1:NodeClass"
GROUP = "aws:ec2/placementGroup:PlacementGroup"
PROVIDER = "pulumi:providers:kubernetes"

A10G: dict[str, Any] = {"accelerator": {"name": "A10G"}, "max_nodes": 4}
H100: dict[str, Any] = {"accelerator": {"name": "H100", "count": 8}, "max_nodes": 2, "instance_types": ["p5.48xlarge"]}
ONE_SIZE = {**A10G, "instance_types": ["g5.2xlarge"]}
SLICED = {"sharing": {"way": "time-slicing", "replicas": 4}}
DIVIDED = {"sharing": {"way": "mig", "profile": "1g.10gb"}}
AL2023 = {"machine_image": "al2023"}
NEURON: dict[str, Any] = {"accelerator": {"name": "Inferentia2"}, "max_nodes": 3}
RESERVED = {"reservation": {"ids": ["cr-0123456789abcdef0"]}}
BLOCK = {"reservation": {"ids": ["cr-0123456789abcdef0"], "kind": "capacity-block"}}

KARPENTER: dict[str, dict[str, Any]] = {
    "plain": A10G,
    "time slicing": {**ONE_SIZE, **SLICED},
    "MPS": {**ONE_SIZE, "sharing": {"way": "mps", "replicas": 2}},
    "MIG": {**H100, **DIVIDED},
    "Amazon Linux": {**ONE_SIZE, **AL2023, **SLICED},
    "Neuron": NEURON,
    "reserved": {**H100, **RESERVED, "spot": True},
    "a block": {**H100, **BLOCK},
    "EFA": {**H100, "efa": {"subnet": 1}},
    "all of the cold start": {**A10G, "instance_store": True, "parallel_pull": True},
    "a snapshot": {**A10G, "image_snapshot_id": "snap-0123456789abcdef0"},
}

# EKS user guide, "Create a Node Class for Amazon EKS": what of it is written here. AWS publishes no definition.
AUTO_MODE_NODE_CLASS = yaml.safe_load("""
type: object
required: [apiVersion, kind, spec]
properties:
  apiVersion: {type: string, enum: [eks.amazonaws.com/v1]}
  kind: {type: string, enum: [NodeClass]}
  spec:
    type: object
    required: [role, securityGroupSelectorTerms, subnetSelectorTerms]
    properties:
      role: {type: string, maxLength: 64, pattern: "^[^/]+$"}
      subnetSelectorTerms: {type: array, maxItems: 30, items: {type: object, properties: {id: {type: string, pattern: "^subnet-[0-9a-z]+$"}}}}
      securityGroupSelectorTerms: {type: array, items: {type: object, properties: {id: {type: string, pattern: "^sg-[0-9a-z_]+$"}}}}
      ephemeralStorage: {type: object, properties: {size: {type: string, pattern: "^[1-9][0-9]*Gi$"}, iops: {type: integer}, throughput: {type: integer}}}
      capacityReservationSelectorTerms: {type: array, items: {type: object, properties: {id: {type: string, pattern: "^cr-[0-9a-z]+$"}}}}
      tags: {type: object, additionalProperties: {type: string}}
""")


def pools(root: Path, nodes: str, **given: Any) -> Graph:
    return eks(root, nodes=nodes, gpu_node_pools=given)


def settings(graph: Graph, name: str) -> dict[str, Any]:
    """What Bottlerocket is told by Karpenter's class of that pool."""
    return tomllib.loads(plain(graph.one(NODE_CLASS, f"k8s-node-class-{name}").inputs)["spec"]["userData"])["settings"]


def template(graph: Graph, name: str) -> dict[str, Any]:
    return plain(graph.one(TEMPLATE, f"k8s-gpu-{name}").inputs)


@pytest.mark.parametrize("given", KARPENTER.values(), ids=KARPENTER)
def test_karpenters_objects_are_ones_that_its_definitions_take(given: dict[str, Any], tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a=given)
    objects = [plain(node.inputs) for token in (NODE_POOL, NODE_CLASS, OVERLAY) for node in graph.all(token)]
    assert [complaints(each) for each in objects] == [[]] * len(objects)
    assert len(graph.all(OVERLAY)) == (given.get("sharing", {}).get("way") in ("time-slicing", "mps"))


def test_the_definition_of_an_overlay_is_asked() -> None:
    overlay = {"apiVersion": "karpenter.sh/v1alpha1", "kind": "NodeOverlay", "metadata": {"name": "a"}}
    assert complaints({**overlay, "spec": {"requirements": [], "capasity": {}}}) != []


def test_shares_have_a_name_of_their_own_on_both_sides_and_karpenter_learns_how_many_there_will_be(
    tmp_path: Path,
) -> None:
    graph = pools(tmp_path, "karpenter", a={**ONE_SIZE, **SLICED})
    told = settings(graph, "a")["kubelet-device-plugins"]["nvidia"]
    assert told["device-sharing-strategy"] == "time-slicing"
    assert told["time-slicing"] == {"replicas": 4, "rename-by-default": True, "fail-requests-greater-than-one": True}
    overlay = plain(graph.one(OVERLAY).inputs)["spec"]
    assert overlay["capacity"] == {"nvidia.com/gpu.shared": "4"}
    assert overlay["requirements"] == [{"key": "karpenter.sh/nodepool", "operator": "In", "values": ["a"]}]
    pool = graph.one(NODE_POOL, "k8s-node-pool-a")
    spec = plain(pool.inputs)["spec"]
    assert spec["template"]["spec"]["taints"][0]["key"] == "nvidia.com/gpu.shared"
    # Four nodes of 8 processors: of GPUs a node says other numbers than EC2 does.
    assert spec["limits"] == {"cpu": "32"}
    assert graph.one(OVERLAY).urn in waits_for(graph, pool.urn)
    release = plain(graph.one(RELEASE, "k8s-karpenter").inputs)["values"]["settings"]
    assert release["featureGates"] == {"nodeOverlay": True}


def test_without_shares_no_gate_of_karpenter_is_opened(tmp_path: Path) -> None:
    values = plain(pools(tmp_path, "karpenter", a=A10G).one(RELEASE, "k8s-karpenter").inputs)["values"]
    assert "featureGates" not in values["settings"]


def test_karpenter_repairs_nodes_where_it_is_asked_to(tmp_path: Path) -> None:
    graph = eks(tmp_path, nodes="karpenter", karpenter={"node_repair": True})
    values = plain(graph.one(RELEASE, "k8s-karpenter").inputs)["values"]
    assert values["settings"]["featureGates"] == {"nodeRepair": True}


def test_a_gpu_that_mig_divides_is_as_many_gpus_as_it_has_slices(tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a={**H100, **DIVIDED})
    told = settings(graph, "a")["kubelet-device-plugins"]["nvidia"]
    assert told == {"device-partitioning-strategy": "mig", "mig": {"profile": {"h100.80gb": "1g.10gb"}}}
    found = ways(tmp_path, "karpenter", a={**H100, **DIVIDED})["a"]
    assert (found.resource, found.per_node, found.memory_mib) == ("nvidia.com/gpu", 56, 10240)


def ways(root: Path, nodes: str, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def program() -> None:
        found.update(
            EksCluster("k8s", network=NETWORK, version="1.34", nodes=nodes, gpu_node_pools=given).gpu_node_pools
        )  # type: ignore[call-overload]

    captured(program, root)
    return found


def test_a_share_comes_with_its_part_of_the_memory(tmp_path: Path) -> None:
    found = ways(tmp_path, "karpenter", a={**ONE_SIZE, **SLICED}, b=A10G, c=NEURON)
    assert found["a"].accelerator == {
        "node_selector": {"modelinfra.dev/node-pool": "a"},
        "resource": "nvidia.com/gpu.shared",
        "memory": "5722MiB",
    }
    assert (found["b"].resource, found["b"].memory_mib) == ("nvidia.com/gpu", 22888)
    assert (found["c"].resource, found["c"].tolerations[0]["key"]) == ("aws.amazon.com/neuron", "aws.amazon.com/neuron")


def test_amazon_linux_has_nvidias_plugin_installed_before_its_nodes_and_bottlerocket_has_not(tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a=A10G, b={**ONE_SIZE, **AL2023, **SLICED})
    (plugin,) = (each for each in graph.all(RELEASE) if each.name.endswith("nvidia-device-plugin"))
    values = plain(plugin.inputs)["values"]
    labels = {
        name: plain(graph.one(NODE_POOL, f"k8s-node-pool-{name}").inputs)["spec"]["template"]["metadata"]["labels"]
        for name in "ab"
    }
    assert values["nodeSelector"].items() <= labels["b"].items()
    assert not values["nodeSelector"].items() <= labels["a"].items()
    chosen = yaml.safe_load(values["config"]["map"][labels["b"]["nvidia.com/device-plugin.config"]])
    assert chosen["sharing"]["timeSlicing"]["resources"] == [{"name": "nvidia.com/gpu", "replicas": 4}]
    assert chosen["sharing"]["timeSlicing"]["renameByDefault"] is True
    assert "sharing" not in yaml.safe_load(values["config"]["map"][values["config"]["default"]])
    taint = plain(graph.one(NODE_POOL, "k8s-node-pool-b").inputs)["spec"]["template"]["spec"]["taints"][0]
    assert taint["key"] in {each["key"] for each in values["tolerations"]}
    assert plugin.urn in waits_for(graph, graph.one(NODE_POOL, "k8s-node-pool-b").urn)


def test_neuron_nodes_start_with_amazon_linux_and_have_their_plugin(tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a=NEURON)
    assert plain(graph.one(NODE_CLASS, "k8s-node-class-a").inputs)["spec"]["amiSelectorTerms"] == [
        {"alias": "al2023@latest"}
    ]
    spec = plain(graph.one(NODE_POOL, "k8s-node-pool-a").inputs)["spec"]
    assert spec["limits"] == {"aws.amazon.com/neuron": "3"}
    values = plain(graph.one(RELEASE, "k8s-neuron-device-plugin").inputs)["values"]
    wanted = {each["key"]: each["values"] for each in spec["template"]["spec"]["requirements"]}
    assert values["neuronInstances"] == sorted(wanted["node.kubernetes.io/instance-type"])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({**A10G, "spot": True}, ["spot", "on-demand"]),
        ({**H100, **RESERVED}, ["reserved", "on-demand"]),
        ({**H100, **RESERVED, "spot": True}, ["reserved", "spot", "on-demand"]),
        ({**H100, **BLOCK}, ["reserved"]),
    ],
)
@pytest.mark.parametrize("nodes", ["karpenter", "auto-mode"])
def test_what_is_reserved_comes_first_and_a_block_is_all_there_is(
    nodes: str, given: dict[str, Any], wanted: list[str], tmp_path: Path
) -> None:
    graph = pools(tmp_path, nodes, a=given)
    spec = plain(graph.one(NODE_POOL, "k8s-node-pool-a").inputs)["spec"]["template"]["spec"]
    said = {each["key"]: each["values"] for each in spec["requirements"]}
    assert said["karpenter.sh/capacity-type"] == wanted
    token = NODE_CLASS if nodes == "karpenter" else AUTO_CLASS
    terms = plain(graph.one(token, "k8s-node-class-a").inputs)["spec"].get("capacityReservationSelectorTerms", [])
    assert [each["id"] for each in terms] == given.get("reservation", {}).get("ids", [])


def test_what_makes_a_node_ready_sooner_is_said_of_its_disk_and_its_settings(tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a=KARPENTER["all of the cold start"], b=KARPENTER["a snapshot"])
    spec = plain(graph.one(NODE_CLASS, "k8s-node-class-a").inputs)["spec"]
    assert spec["instanceStorePolicy"] == "RAID0"
    # Below this many MiB a second of the disk, images arrive later in parallel than one after the other.
    assert spec["blockDeviceMappings"][0]["ebs"]["throughput"] == 600
    told = settings(graph, "a")
    assert told["container-runtime"] == {"snapshotter": "soci"}
    assert "bootstrap-commands" not in told, "Karpenter writes these itself"
    other = plain(graph.one(NODE_CLASS, "k8s-node-class-b").inputs)["spec"]["blockDeviceMappings"][0]
    assert (other["deviceName"], other["ebs"]["snapshotID"]) == ("/dev/xvdb", "snap-0123456789abcdef0")


def test_nodes_with_efa_stand_in_one_group_and_one_subnet(tmp_path: Path) -> None:
    graph = pools(tmp_path, "karpenter", a=KARPENTER["EFA"])
    spec = plain(graph.one(NODE_CLASS, "k8s-node-class-a").inputs)["spec"]
    assert spec["subnetSelectorTerms"] == [{"id": NETWORK.task_subnet_ids[1]}]
    assert inputs(graph, GROUP)["strategy"] == "cluster"
    assert spec["placementGroupSelector"] == {"name": graph.one(GROUP).outputs["name"]}
    assert plain(graph.one(RELEASE, "k8s-efa-device-plugin").inputs)["values"]["nodeSelector"].items() <= (
        plain(graph.one(NODE_POOL, "k8s-node-pool-a").inputs)["spec"]["template"]["metadata"]["labels"].items()
    )


def test_auto_mode_starts_nodes_of_its_own_class_with_the_role_of_its_others(tmp_path: Path) -> None:
    graph = pools(tmp_path, "auto-mode", a={**A10G, "spot": True, "tags": {"team": "f"}}, b=NEURON)
    for name in "ab":
        found = plain(graph.one(AUTO_CLASS, f"k8s-node-class-{name}").inputs)
        assert [error.message for error in validator(AUTO_MODE_NODE_CLASS).iter_errors(found)] == []
        spec = plain(graph.one(NODE_POOL, f"k8s-node-pool-{name}").inputs)
        assert complaints(spec) == []
        assert spec["spec"]["template"]["spec"]["nodeClassRef"] == {
            "group": "eks.amazonaws.com",
            "kind": "NodeClass",
            "name": name,
        }
        # AWS takes a node away after 21 days.
        assert spec["spec"]["template"]["spec"]["expireAfter"] == "480h"
    assert list(validator(AUTO_MODE_NODE_CLASS).iter_errors({**found, "spec": {**found["spec"], "surprise": 1}}))
    role = plain(graph.one(AUTO_CLASS, "k8s-node-class-a").inputs)["spec"]["role"]
    assert role == graph.one("aws:iam/role:Role", "k8s-auto-node").outputs["name"]
    assert names(graph.all(RELEASE)) == [], "Auto Mode has the device plugins"


def test_a_cluster_of_auto_mode_without_pools_needs_no_way_into_it(tmp_path: Path) -> None:
    assert eks(tmp_path, nodes="auto-mode").all(PROVIDER) == []
    assert pools(tmp_path, "managed", a={**A10G, "min_nodes": 1}).all(PROVIDER) == []


def test_a_managed_group_has_as_many_nodes_as_are_said_and_its_number_is_not_written_again(tmp_path: Path) -> None:
    graph = pools(tmp_path, "managed", a={**A10G, "min_nodes": 2, "spot": True})
    group = graph.one(NODES, "k8s-gpu-a")
    given = plain(group.inputs)
    assert given["scalingConfig"] == {"minSize": 2, "desiredSize": 2, "maxSize": 4}
    assert group.ignore_changes == ["scalingConfig.desiredSize"]
    assert (given["amiType"], given["capacityType"]) == ("BOTTLEROCKET_x86_64_NVIDIA", "SPOT")
    assert given["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert given["nodeRepairConfig"] == {"enabled": True}
    assert given["labels"] == {"modelinfra.dev/node-pool": "a"}
    (disk,) = template(graph, "a")["blockDeviceMappings"]
    assert (disk["deviceName"], disk["ebs"]["volumeSize"], disk["ebs"]["encrypted"]) == ("/dev/xvdb", 200, "true")
    assert template(graph, "a").get("userData") is None


@pytest.mark.parametrize(
    ("given", "ami"),
    [
        ({**A10G, **AL2023}, "AL2023_x86_64_NVIDIA"),
        (NEURON, "AL2023_x86_64_NEURON"),
        (H100, "BOTTLEROCKET_x86_64_NVIDIA"),
        ({"accelerator": {"name": "T4g"}, "max_nodes": 1}, "BOTTLEROCKET_ARM_64_NVIDIA"),
    ],
)
def test_the_image_of_a_group_follows_from_accelerator_and_family(
    given: dict[str, Any], ami: str, tmp_path: Path
) -> None:
    graph = pools(tmp_path, "managed", a={**given, "min_nodes": 1})
    assert plain(graph.one(NODES, "k8s-gpu-a").inputs)["amiType"] == ami
    assert len(graph.all(RELEASE)) == (not ami.startswith("BOTTLEROCKET"))


def test_a_group_with_a_capacity_block_has_the_type_in_its_template(tmp_path: Path) -> None:
    graph = pools(tmp_path, "managed", a={**H100, **BLOCK, "min_nodes": 2})
    group, made = plain(graph.one(NODES, "k8s-gpu-a").inputs), template(graph, "a")
    assert (group["capacityType"], group.get("instanceTypes")) == ("CAPACITY_BLOCK", None)
    assert made["instanceType"] == "p5.48xlarge"
    assert made["instanceMarketOptions"] == {"marketType": "capacity-block"}
    target = made["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": "cr-0123456789abcdef0"}
    # There is no ninth node in a block of eight: one goes before one comes.
    assert group["updateConfig"]["updateStrategy"] == "MINIMAL"


def test_a_group_with_efa_attaches_an_interface_to_each_card(tmp_path: Path) -> None:
    given = {"accelerator": {"name": "A100-40GB", "count": 8}, "max_nodes": 2, "min_nodes": 2, "efa": {}}
    graph = pools(tmp_path, "managed", a=given)
    cards = template(graph, "a")["networkInterfaces"]
    assert [each["interfaceType"] for each in cards] == ["efa", "efa-only", "efa-only", "efa-only"]
    assert [(each["networkCardIndex"], each["deviceIndex"]) for each in cards] == [(0, 0), (1, 1), (2, 1), (3, 1)]
    assert all(each["securityGroups"] for each in cards), "EKS adds its own to none that are said"
    assert template(graph, "a")["placement"]["groupName"] == graph.one(GROUP).outputs["name"]
    assert plain(graph.one(NODES, "k8s-gpu-a").inputs)["subnetIds"] == [NETWORK.task_subnet_ids[0]]


def test_a_group_tells_its_nodes_what_karpenter_would(tmp_path: Path) -> None:
    given = {**A10G, "min_nodes": 1, "instance_store": True, "parallel_pull": True, **SLICED}
    graph = pools(tmp_path, "managed", a=given, b={**given, **AL2023})
    told = tomllib.loads(base64.b64decode(template(graph, "a")["userData"]).decode())["settings"]
    assert told["kubelet-device-plugins"]["nvidia"]["time-slicing"]["replicas"] == 4
    commands = told["bootstrap-commands"]["000-mount-instance-storage"]["commands"]
    assert commands[0] == ["apiclient", "ephemeral-storage", "init"]
    assert "/var/lib/soci-snapshotter" in commands[1]
    mime = base64.b64decode(template(graph, "b")["userData"]).decode()
    config = yaml.safe_load(mime.split("application/node.eks.aws\n\n")[1].split("--BOUNDARY--")[0])
    assert config["spec"] == {
        "featureGates": {"FastImagePull": True},
        "instance": {"localStorage": {"strategy": "RAID0"}},
    }


def test_metrics_of_gpus_come_from_an_exporter_on_the_pools_nodes(tmp_path: Path) -> None:
    image = "r.example/dcgm@sha256:" + "a" * 64
    graph = pools(
        tmp_path, "karpenter", a={**A10G, "gpu_metrics": {"interval": "30s", "exporter_image": image}}, b=A10G
    )
    (found,) = (plain(each.inputs) for each in graph.all(RELEASE) if "exporter" in each.name)
    values = found["values"]
    assert values["nodeSelector"] == {"modelinfra.dev/node-pool": "a"}
    assert f"{values['image']['repository']}:{values['image']['tag']}" == image
    assert values["arguments"][-2:] == ["-c", "30000"]
    assert values["podAnnotations"]["prometheus.io/port"] == "9400"


EVERYTHING = {
    "a": {**ONE_SIZE, **AL2023, **SLICED, "gpu_metrics": {}},
    "b": NEURON,
    "c": {**H100, "efa": {}},
}


def test_charts_are_told_only_what_they_know_at_their_pinned_version(tmp_path: Path) -> None:
    seen = set()
    for each in pools(tmp_path, "karpenter", **EVERYTHING).all(RELEASE):
        given = plain(each.inputs)
        chart = next((chart for chart in CHARTS.values() if chart.where["chart"] == given["chart"]), None)
        if chart is not None:
            seen.add(chart.name)
            assert given["version"] == chart.version
            assert unknown_paths(known_values(chart.name), given["values"]) == []
    assert seen == set(CHARTS)
    # The check finds what it is for.
    assert unknown_paths(known_values("dcgm-exporter"), {"serviceMonitor": {"enabld": False}, "arguments": "x"}) == [
        "serviceMonitor.enabld: the chart has no such value",
        "arguments: a list is expected, not a text",
    ]


def test_everything_of_a_pool_goes_before_what_it_needs(tmp_path: Path) -> None:
    graph = pools(tmp_path, "managed", a={**A10G, **AL2023, "min_nodes": 1})
    needed = {graph[urn].name for urn in waits_for(graph, graph.one(NODES, "k8s-gpu-a").urn)}
    assert {"k8s-nvidia-device-plugin", "k8s-vpc-cni", "k8s-cluster"} <= needed


REFUSED = [
    ("managed", A10G, "min_nodes: nothing starts nodes of a managed group for pods that wait. Write how many"),
    ("managed", {**A10G, "min_nodes": 1, "spot": True, "on_demand_base": 1}, "on_demand_base: a node group has one kind of capacity"),
    ("managed", {**A10G, "min_nodes": 1, "ami_id": "ami-0123456789abcdef0"}, "ami_id: EKS tells an image of your own nothing"),
    ("managed", {**H100, **RESERVED, "min_nodes": 1, "spot": True}, "spot (given: True): a node group has one kind of capacity"),
    ("managed", {**A10G, **BLOCK, "min_nodes": 1}, "instance_types: a node group with a Capacity Block has the one instance type"),
    ("karpenter", {**A10G, "min_nodes": 1}, "min_nodes: nodes are started for pods that wait"),
    ("karpenter", {**A10G, **SLICED}, "instance_types: with `sharing` Karpenter's limit is reckoned in processors"),
    ("karpenter", {**A10G, "efa": {}}, "efa: g5.xlarge, g5.2xlarge, g5.4xlarge has no EFA. Name those with it in `instance_types`: g5.8xlarge"),
    ("karpenter", {**H100, "efa": {"subnet": 7}}, "efa.subnet (given: 7): the network has 2 private subnets, counted from 0"),
    ("karpenter", {**NEURON, "instance_store": True}, "instance_store (given: True): inf2.xlarge has no disks of its own"),
    ("karpenter", {**A10G, "gpu_metrics": {"workspace_arn": "arn:aws:aps:us-west-2:123456789012:workspace/ws-12345678-1234-1234-1234-123456789012"}}, "gpu_metrics.workspace_arn: on EKS no collector is made"),
    ("auto-mode", {**A10G, **SLICED}, "sharing: with Auto Mode the device plugin is EKS's own, and gives whole GPUs"),
    ("auto-mode", {**A10G, "machine_image": "al2023"}, "machine_image: with Auto Mode the machine image and its settings are EKS's own"),
    ("auto-mode", {**H100, "efa": {}}, "efa: with Auto Mode EKS attaches EFA for pods that ask for vpc.amazonaws.com/efa"),
    ("karpenter", {"accelerator": {"name": "A10G"}, "capacity": "managed-instances"}, "capacity: managed instances are those of ECS. Remove it."),
    ("karpenter", {**A10G, **DIVIDED}, "sharing.way (given: 'mig'): A10G cannot be divided by MIG here. Write time-slicing or mps"),
    ("karpenter", {**H100, "sharing": {"way": "mig", "profile": "1g.5gb"}}, "sharing.profile (given: '1g.5gb'): H100 has no such profile"),
    ("karpenter", {**H100, **AL2023, **DIVIDED}, "sharing.way (given: 'mig'): nothing on Amazon Linux 2023 divides GPUs"),
    ("karpenter", {**NEURON, **SLICED}, "sharing (given: 'Inferentia2'): the device plugin of Neuron gives whole devices"),
    ("karpenter", {**NEURON, "machine_image": "bottlerocket"}, "machine_image (given: 'bottlerocket'): nodes with Neuron devices start"),
    ("karpenter", {**A10G, **AL2023, "image_snapshot_id": "snap-0123456789abcdef0"}, "image_snapshot_id (given: 'snap-0123456789abcdef0'): Amazon Linux"),
    ("karpenter", {**A10G, "parallel_pull": True, "image_snapshot_id": "snap-0123456789abcdef0"}, "image_snapshot_id (given: 'snap-0123456789abcdef0'): what fetches in parallel"),
    ("karpenter", {**A10G, "instance_store": True, "image_snapshot_id": "snap-0123456789abcdef0"}, "image_snapshot_id (given: 'snap-0123456789abcdef0'): with `instance_store`"),
    ("karpenter", {**H100, **BLOCK, "spot": True}, "spot (given: True): nodes of a Capacity Block are paid for already. Remove it."),
    ("karpenter", {**A10G, "sharing": {"way": "mps"}}, "sharing.replicas: this is required with `way`: mps. Add it"),
    ("karpenter", {**A10G, "sharing": {"way": "mps", "replicas": 2, "profile": "1g.5gb"}}, "sharing.profile (given: '1g.5gb'): with `way`: mps there are no slices"),
    ("karpenter", {**H100, "sharing": {"way": "mig", "replicas": 2, "profile": "1g.10gb"}}, "sharing.replicas (given: 2): with `way`: mig the profile says"),
    ("karpenter", {**A10G, "reservation": {"ids": ["cr-0123456789abcdef0"] * 2}}, "reservation.ids[1] (given: 'cr-0123456789abcdef0'): this is named twice"),
    ("karpenter", {**A10G, "reservation": {"ids": []}}, "reservation.ids (given: []): there is none in the list"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "given", "said"), REFUSED, ids=[f"{nodes}: {said[:40]}" for nodes, _, said in REFUSED]
)
def test_what_cannot_be_is_refused_with_the_reason(
    nodes: str, given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    found = eks_refusal(tmp_path, network=NETWORK, version="1.34", nodes=nodes, gpu_node_pools={"a": given})
    assert len(found) == 1, found
    assert found[0].startswith(f"gpu_node_pools.a.{said}"), found


def test_metrics_that_an_add_on_collects_already_are_not_collected_twice(tmp_path: Path) -> None:
    given = {"container_insights": "enhanced", "gpu_node_pools": {"a": {**A10G, "gpu_metrics": {}}}}
    (found,) = eks_refusal(tmp_path, network=NETWORK, version="1.34", nodes="karpenter", **given)
    assert found.startswith(
        "gpu_node_pools.a.gpu_metrics: with `container_insights`: enhanced the add-on runs NVIDIA's exporter"
    )


# What stands around an option that is edited, where it needs something.
_AROUND: dict[str, dict[str, Any]] = {
    "machine_image": ONE_SIZE,
    "sharing": ONE_SIZE,
    "sharing.way": {**ONE_SIZE, **SLICED},
    "sharing.replicas": {**ONE_SIZE, **SLICED},
    "sharing.profile": {**H100, **DIVIDED},
    "reservation": H100,
    "reservation.ids": {**H100, **RESERVED},
    "reservation.kind": {**H100, **RESERVED},
    "efa": H100,
    "efa.subnet": {**H100, "efa": {}},
}


def options_of_pools() -> dict[str, Declared]:
    nested = {"sharing": GpuSharingOptions, "reservation": ReservationOptions, "efa": EfaOptions}
    found = {key.name: key for key in declared(EksGpuNodesOptions)}
    return found | {f"{name}.{key.name}": key for name, below in nested.items() for key in declared(below)}


@pytest.mark.parametrize("path", options_of_pools())
def test_an_option_of_a_pool_lands_where_it_says_with_karpenter_and_with_groups(path: str, tmp_path: Path) -> None:
    key = options_of_pools()[path]
    base = _AROUND.get(path, A10G)
    outer, _, inner = path.rpartition(".")
    edited = {outer: {**base[outer], inner: key.option.example}} if outer else {path: key.option.example}
    everywhere: set[str] = set()
    for nodes in ("karpenter", "managed"):
        more = {"min_nodes": 1} if nodes == "managed" else {}
        old, new = pools(tmp_path, nodes, a={**base, **more}), pools(tmp_path, nodes, a={**base, **edited, **more})
        every = changes(old, new)
        extra, _ = unexplained(landed(direct(every, new)), key.option.lands)
        assert not extra, f"{path} also changes {sorted(extra)} with {nodes}"
        everywhere |= landed(every)
    _, missing = unexplained(everywhere, key.option.lands)
    assert not missing, f"{path} says it changes {sorted(missing)}, and does not"
