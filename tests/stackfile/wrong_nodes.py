"""Wrong node pools, and endpoints with accelerators that do not go with them."""

from __future__ import annotations

import textwrap

from modelinfra.catalog.gpu_telemetry import EXPORTER_IMAGE
from modelinfra.platforms.ecs.collector import IMAGE as IMAGE_OF_COLLECTOR
from tests.stackfile.wrong import ZEROS, Wrong, wrong_environment

ONE = "accelerator: {name: A10G}, maxNodes: 4"
MANAGED = "capacity: managed-instances"
IMAGE = f"image: 'x/y@sha256:{ZEROS}'"
ENDPOINT = f"server: triton, {IMAGE}, model: {{name: m, size: 1GiB}}, accelerator: {{name: A10G}}"


def pools(text: str, platforms: str = "web: {type: ecs}") -> str:
    return f"platforms:\n{textwrap.indent(platforms, '  ')}\ngpuNodePools:\n{textwrap.indent(text, '  ')}\n"


def wrong_pool(name: str, text: str, *lines: str) -> Wrong:
    return wrong_environment(name, pools(f"a: {{{text}}}"), *(f"gpuNodePools.a.{line}" for line in lines))


def wrong_on_pool(name: str, pool: str, endpoint: str, *lines: str) -> Wrong:
    whole = pools(f"a: {{{pool}}}") + f"endpoints:\n  x: {{{endpoint}}}\n"
    return wrong_environment(name, whole, *(f"endpoints.x.{line}" for line in lines))


NODES = [
    wrong_pool(
        "pool without a limit",
        "accelerator: {name: A10G}",
        "maxNodes: this is required. Add it: most nodes. There is no default: nodes with accelerators are dear, and a pool without a limit buys as many as a mistake asks for.",
    ),
    wrong_pool(
        "accelerator of no kind",
        "accelerator: {name: A100}, maxNodes: 2",
        "accelerator.name (given: 'A100'): EC2 has no accelerator of this name that the catalogue knows. Write one of: A100-40GB, A100-80GB.",
    ),
    wrong_pool(
        "accelerator that is misspelt",
        "accelerator: {name: A10H}, maxNodes: 2",
        "accelerator.name (given: 'A10H'): EC2 has no accelerator of this name that the catalogue knows. Did you mean 'A10G'?",
    ),
    wrong_pool(
        "accelerators that no node has",
        "accelerator: {name: A10G, count: 3}, maxNodes: 2",
        "accelerator.count (given: 3): EC2 has no instance type with 3 of A10G. Write one of: 1, 4, 8.",
    ),
    wrong_pool(
        "accelerator without an image of ECS",
        "accelerator: {name: T4g}, maxNodes: 2",
        "accelerator.name (given: 'T4g'): ECS publishes no machine image with its driver for arm64. Name one of your own under `amiId`, or take another accelerator.",
    ),
    wrong_pool(
        "more nodes at least than at most",
        f"{ONE}, minNodes: 5",
        "maxNodes (given: 4): this is less than `minNodes`, which is 5. Write 5 or more.",
    ),
    wrong_pool(
        "base of a pool that is on demand",
        f"{ONE}, onDemandBase: 1",
        "onDemandBase (given: 1): without `spot` every node is on demand. Remove it, or write `spot`.",
    ),
    wrong_pool(
        "base that leaves nothing spare",
        f"{ONE}, spot: true, onDemandBase: 4",
        "onDemandBase (given: 4): no node would be spare capacity: `maxNodes` is 4. Write a smaller number, or remove it and `spot`.",
    ),
    wrong_pool(
        "warm nodes of spare capacity",
        f"{ONE}, spot: true, warmNodes: 1",
        "warmNodes (given: 1): AWS keeps no spare capacity stopped. Remove it, or remove `spot`.",
    ),
    wrong_pool(
        "more warm nodes than nodes",
        f"{ONE}, warmNodes: 5",
        "warmNodes (given: 5): this is more than `maxNodes`, which is 4. Write a smaller number.",
    ),
    wrong_pool(
        "no instance types",
        f"{ONE}, instanceTypes: []",
        "instanceTypes (given: []): there is none in the list. Remove it, or name one.",
    ),
    wrong_pool(
        "instance types that lack it",
        f"{ONE}, instanceTypes: [g5.xlarge, g5.xlarge, g6.xlarge, m7i.large, g5.tiny]",
        "instanceTypes[1] (given: 'g5.xlarge'): this is named twice. Remove it.",
        "instanceTypes[2] (given: 'g6.xlarge'): it has 1 of L4, and `accelerator` asks for 1 of A10G. Write for example g5.xlarge.",
        "instanceTypes[3] (given: 'm7i.large'): it has no accelerator, and `accelerator` asks for 1 of A10G. Write for example g5.xlarge.",
        "instanceTypes[4] (given: 'g5.tiny'): the catalogue knows no such instance type. Write one of: g5.2xlarge, g5.4xlarge, g5.xlarge.",
    ),
    wrong_pool(
        "machine image of no kind",
        f"{ONE}, amiId: latest",
        "amiId (given: 'latest'): this is not the id of a machine image. Write for example ami-0123456789abcdef0.",
    ),
    wrong_pool(
        "disk that is too small",
        f"{ONE}, disk: 20GiB",
        "disk (given: '20GiB'): the least is 30GiB. Write 30GiB or more.",
    ),
    wrong_pool(
        "transform of a property that nodes do not have",
        f"{ONE}, transforms: {{launch-template: {{amiId: x}}}}",
        "transforms.launch-template.amiId: pulumi_aws.ec2.LaunchTemplate has no such property. Did you mean 'ram_disk_id'?",
    ),
    wrong_pool(
        "transform of no child of a pool",
        f"{ONE}, transforms: {{target-group: {{}}}}",
        "transforms.target-group: there is no such child role. Write one of: auto-scaling-group, capacity-provider, gpu-metrics-execution-policy, gpu-metrics-execution-role, gpu-metrics-log-group, gpu-metrics-policy, gpu-metrics-role, gpu-metrics-service, gpu-metrics-task, infrastructure-attachment, infrastructure-policy, infrastructure-role, launch-template, node-egress, node-policy, node-profile, node-role, node-security-group.",
    ),
    wrong_pool(
        "limits, stopped nodes and an image for managed instances",
        f"{ONE}, {MANAGED}, minNodes: 1, spot: true, onDemandBase: 1, warmNodes: 1, amiId: ami-0123456789abcdef0",
        "maxNodes (given: 4): with `capacity`: managed-instances, nothing limits how many nodes ECS starts: as many as its endpoints' replicas need. Remove it; `scaling.max` of the endpoints bounds them.",
        "onDemandBase (given: 1): with `capacity`: managed-instances, all nodes are of one kind: spare capacity, or on demand. Remove it.",
        "warmNodes (given: 1): with `capacity`: managed-instances, ECS keeps no stopped nodes at hand. Remove it.",
        "amiId (given: 'ami-0123456789abcdef0'): with `capacity`: managed-instances, the machine image is AWS's own, with the driver. Remove it.",
        "minNodes (given: 1): with `capacity`: managed-instances, ECS ends a node on which no replica runs. Remove it; `scaling.min` of an endpoint keeps nodes.",
        "warmNodes (given: 1): AWS keeps no spare capacity stopped. Remove it, or remove `spot`.",
    ),
    wrong_pool(
        "capacity of no kind",
        f"{ONE}, capacity: managed",
        "capacity (given: 'managed'): this is not one of the choices. Write one of: auto-scaling-group, managed-instances.",
    ),
    wrong_pool(
        "accelerator that managed instances have not",
        f"accelerator: {{name: Trainium2, count: 16}}, {MANAGED}",
        "accelerator.name (given: 'Trainium2'): ECS Managed Instances are not offered with it. Take another, or `capacity`: auto-scaling-group.",
    ),
    wrong_pool(
        "instance type that managed instances have not",
        f"accelerator: {{name: H200, count: 8}}, {MANAGED}, instanceTypes: [p5en.48xlarge, p5e.48xlarge]",
        "instanceTypes[1] (given: 'p5e.48xlarge'): ECS Managed Instances are not offered with it. Take another, or `capacity`: auto-scaling-group.",
    ),
    wrong_pool(
        "metrics of GPUs where there are none",
        "accelerator: {name: Inferentia2}, maxNodes: 2, gpuMetrics: {}",
        "gpuMetrics (given: 'Inferentia2'): DCGM knows NVIDIA's GPUs alone. Remove it.",
    ),
    wrong_pool(
        "image of the exporter by its tag",
        f"{ONE}, gpuMetrics: {{exporterImage: 'nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3'}}",
        "gpuMetrics.exporterImage (given: 'nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3'): a tag can move, so that two nodes of one pool may differ. Write repository@sha256:digest.",
    ),
    wrong_pool(
        "exporter for managed instances",
        f"accelerator: {{name: A10G}}, {MANAGED}, gpuMetrics: {{interval: 30s}}",
        "gpuMetrics.interval: with `capacity`: managed-instances, ECS reads them itself and tells Container Insights. Remove it.",
    ),
    wrong_pool(
        "metrics of managed instances without the platform's",
        f"accelerator: {{name: A10G}}, {MANAGED}, gpuMetrics: {{}}",
        "gpuMetrics: with `capacity`: managed-instances they come with Container Insights, which the platform has not `enhanced`. Write `containerInsights`: enhanced at the platform, or remove it.",
    ),
    wrong_pool(
        "transform of an exporter that nobody asks for",
        f"{ONE}, transforms: {{gpu-metrics-task: {{}}}}",
        "transforms.gpu-metrics-task: there is nothing for it to adjust: nobody asks for metrics of the GPUs (`gpuMetrics`). Remove it.",
    ),
    wrong_environment(
        "exporter without a way to its image",
        "network: {nat: none}\n" + pools(f"a: {{{ONE}, gpuMetrics: {{}}}}"),
        f"gpuNodePools.a.gpuMetrics.exporterImage: {EXPORTER_IMAGE} is on the internet, to which the network has no way. Copy it to ECR and name it there by digest, or let the network have NAT.",
        f"gpuNodePools.a.gpuMetrics.collectorImage: {IMAGE_OF_COLLECTOR} is on the internet, to which the network has no way. Copy it to ECR and name it there by digest, or let the network have NAT.",
    ),
    wrong_pool(
        "transform of a group that managed instances have not",
        f"accelerator: {{name: A10G}}, {MANAGED}, transforms: {{auto-scaling-group: {{}}}}",
        "transforms.auto-scaling-group: there is nothing for it to adjust: ECS starts the nodes itself (`capacity`: managed-instances). Remove it.",
    ),
    wrong_pool(
        "transform of a role that a group has not",
        f"{ONE}, transforms: {{infrastructure-role: {{}}}}",
        "transforms.infrastructure-role: there is nothing for it to adjust: an auto scaling group starts the nodes (`capacity`: auto-scaling-group). Remove it.",
    ),
    wrong_on_pool(
        "server that needs shared memory on managed instances",
        f"accelerator: {{name: A10G}}, {MANAGED}",
        f"server: sglang, {IMAGE}, model: {{name: m, size: 1GiB}}, accelerator: {{name: A10G}}, scaling: {{min: 1}}",
        "server (given: 'sglang'): SGLang needs 32 GiB of shared memory, and tasks on ECS Managed Instances have no setting for /dev/shm. Take a pool with `capacity`: auto-scaling-group, or another server.",
    ),
    wrong_environment(
        "pool of no platform",
        pools(f"a: {{platform: wbe, {ONE}}}"),
        "gpuNodePools.a.platform (given: 'wbe'): there is no such platform. Did you mean 'web'?",
    ),
    wrong_environment(
        "pool of one of several",
        pools(f"a: {{{ONE}}}", "web: {type: ecs}\nother: {type: ecs}"),
        "gpuNodePools.a.platform: there are several platforms. Write one of: other, web.",
    ),
    wrong_environment(
        "pool of a cluster that is handed in",
        pools(f"a: {{{ONE}}}", "web: {type: ecs, clusterArn: 'arn:aws:ecs:us-west-2:123456789012:cluster/models'}"),
        "gpuNodePools.a: the cluster is handed in (`clusterArn`), and the list of its capacity providers is its owner's. Remove it, or remove `clusterArn` to have a cluster made.",
    ),
    wrong_environment(
        "accelerator without a pool",
        f"platforms:\n  web: {{type: ecs}}\nendpoints:\n  x: {{{ENDPOINT}}}\n",
        "endpoints.x.accelerator.name (given: 'A10G'): no pool of the platform has 1 of it a node. Add one to `gpuNodePools` with `accelerator`: {name: A10G, count: 1}.",
    ),
    wrong_on_pool(
        "accelerator of another pool",
        "accelerator: {name: L4}, maxNodes: 4",
        ENDPOINT,
        "accelerator.name (given: 'A10G'): no pool of the platform has 1 of it a node: there is 'a' (1 of L4 a node). Add one to `gpuNodePools` with `accelerator`: {name: A10G, count: 1}.",
    ),
    wrong_on_pool(
        "pool that there is not",
        ONE,
        f"{ENDPOINT}, nodePool: b",
        "nodePool (given: 'b'): the platform has no such pool. Write one of: a.",
    ),
    wrong_on_pool(
        "pool of another accelerator",
        "accelerator: {name: L4}, maxNodes: 4",
        f"{ENDPOINT}, nodePool: a",
        "nodePool (given: 'a'): its nodes have 1 of L4, and `accelerator` asks for 1 of A10G. Name another pool, or change `accelerator`.",
    ),
    wrong_environment(
        "one of several pools",
        pools(f"a: {{{ONE}}}\nb: {{{ONE}}}") + f"endpoints:\n  x: {{{ENDPOINT}}}\n",
        "endpoints.x.nodePool: several pools have the accelerator. Write one of: a, b.",
    ),
    wrong_on_pool(
        "pool without an accelerator",
        ONE,
        "server: mlserver, model: model, nodePool: a",
        "nodePool (given: 'a'): its nodes have accelerators, and without `accelerator` replicas run elsewhere. Write `accelerator`, or remove it.",
    ),
    wrong_on_pool(
        "more replicas than the pool has room for",
        ONE,
        f"{ENDPOINT}, scaling: {{min: 5}}",
        "scaling.min (given: 5): the pool 'a', with 4 nodes at most, has room for 4 such replicas. Raise the pool's `maxNodes`, or write a smaller number.",
    ),
    wrong_on_pool(
        "a server that streams and is scaled by nothing",
        ONE,
        f"{ENDPOINT.replace('triton', 'vllm')}, scaling: {{min: 1, max: 2}}",
        "scaling: answers of vLLM are streamed as a rule, and the load balancer sees when they begin: how many are in flight it cannot say. Write `requestsPerSecondPerReplica`; `concurrency` where no client streams; or a `max` that equals `min`.",
    ),
    wrong_on_pool(
        "GPU that is scaled by CPU and memory",
        ONE,
        f"{ENDPOINT}, scaling: {{min: 1, max: 2, cpuPercent: 50, memoryPercent: 50}}",
        "scaling: by `cpuPercent` and `memoryPercent` alone nothing is learnt of an accelerator's load: replicas would be added late or never. Write `concurrency` or `requestsPerSecondPerReplica`, with others or alone, or a `max` that equals `min`.",
    ),
    wrong_on_pool(
        "spare capacity of an endpoint on nodes",
        ONE,
        f"{ENDPOINT}, spot: true, scaling: {{max: 3, requestsPerSecondPerReplica: 1}}",
        "spot (given: True): the node pool says whether nodes are spare capacity. Write `spot` there.",
    ),
    wrong_on_pool(
        "disk of an endpoint on nodes",
        ONE,
        f"{ENDPOINT}, ephemeralStorage: 40GiB",
        "ephemeralStorage (given: '40 GiB'): replicas share the disk of their node. Remove it, and write `disk` at the node pool.",
    ),
    wrong_on_pool(
        "more than the smallest node has",
        ONE,
        f"{ENDPOINT}, cpu: 8, memory: 32GiB",
        "cpu (given: '8'): the smallest type of the pool 'a' has 4 vCPU. Write less, or `instanceTypes` that are larger at the pool.",
        "memory (given: '32 GiB'): the smallest type of the pool 'a' has 14.8 GiB for tasks. Write less, or `instanceTypes` that are larger at the pool.",
    ),
    wrong_on_pool(
        "another architecture than the nodes'",
        ONE,
        f"{ENDPOINT}, architecture: arm64",
        "architecture (given: 'arm64'): the nodes of the pool 'a' are x86_64. Write x86_64.",
    ),
    wrong_on_pool(
        "weights that are larger than the accelerator",
        ONE,
        f"server: triton, {IMAGE}, model: {{name: m, size: 40GiB}}, accelerator: {{name: A10G}}",
        "accelerator (given: '1 x A10G'): the weights alone take 40 GiB, and the memory of 1 x A10G is 22.4 GiB. Take more accelerators a replica, larger ones, or a smaller (quantised) model.",
    ),
    wrong_on_pool(
        "server for GPUs on Neuron devices",
        "accelerator: {name: Inferentia2, count: 1}, maxNodes: 4",
        f"server: nim, {IMAGE}, model: {{name: m, size: 1GiB}}, loadBalancer: own, accelerator: {{name: Inferentia2}}",
        "accelerator.name (given: 'Inferentia2'): the image of NVIDIA NIM is built for NVIDIA's GPUs. Take a GPU, or describe a `server` of your own.",
    ),
    wrong_on_pool(
        "some of a node's Neuron devices",
        "accelerator: {name: Inferentia2, count: 6}, maxNodes: 4",
        f"server: triton, {IMAGE}, model: {{name: m, size: 1GiB}}, accelerator: {{name: Inferentia2}}",
        "accelerator.count (given: 1): ECS does not count these devices: a replica has all 6 of a node, or they would be shared unseen. Write 6.",
    ),
    wrong_on_pool(
        "disk of the nodes that holds no model",
        f"{ONE}, disk: 60GiB",
        ENDPOINT,
        "accelerator: the nodes of the pool 'a' have a disk of 60 GiB, and system, two images and model are expected to need 80 GiB. Write `disk`: 80GiB at the pool.",
    ),
]
