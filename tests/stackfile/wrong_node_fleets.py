"""Wrong stack files: fleets whose devices are nodes of a cluster of Kubernetes."""

from __future__ import annotations

from tests.stackfile.wrong import IMAGE, Wrong, wrong_environment

_READY = f"server: mlserver, image: '{IMAGE}', model: {{name: digits}}"


def wrong_nodes(name: str, text: str, *lines: str, platforms: str = "") -> Wrong:
    """A fleet on the platform `edge`. lines: of it."""
    clusters = f"edge: {{type: kubernetes, cluster: {{context: k3s}}}}{platforms}"
    fleet = f"edgeFleets: {{tills: {{{_READY}, runtime: kubernetes, {text}}}}}"
    return wrong_environment(
        name, f"platforms: {{{clusters}}}\n{fleet}\n", *(f"edgeFleets.tills.{line}" for line in lines)
    )


NODE_FLEETS = [
    wrong_nodes(
        "a fleet on nodes with what only ECS Anywhere knows",
        "activation: {expires: '2027-01-15'}, clusterArn: 'arn:aws:ecs:us-west-2:123456789012:cluster/a'",
        "activation: with `runtime: kubernetes`, nodes join a cluster of Kubernetes by its own means. Remove it; `modelinfra fleet enroll` "
        "writes a script that joins one to K3s.",
        "clusterArn (given: 'arn:aws:ecs:us-west-2:123456789012:cluster/a'): with `runtime: kubernetes`, devices are nodes of a cluster of "
        "Kubernetes. Name its `platform`.",
    ),
    wrong_nodes(
        "a fleet on nodes with what only routers with a role tell",
        "logs: {retentionDays: 30}, alarmTopicArn: 'arn:aws:sns:us-west-2:123456789012:a'",
        "logs: devices have a router, which tells CloudWatch of them, with a `fallback` only. Remove it, or write `fallback`.",
        "alarmTopicArn: devices have a router, which tells CloudWatch of them, with a `fallback` only. Remove it, or write `fallback`.",
    ),
    wrong_environment(
        "a fleet on ECS Anywhere with what only nodes know",
        f"platforms: {{}}\nedgeFleets: {{tills: {{{_READY}, createNamespace: true, clientCidrs: [10.0.0.0/8]}}}}\n",
        "edgeFleets.tills.clientCidrs: with `runtime: ecs-anywhere`, ports of devices are open to whoever reaches these. Remove it, and close "
        "them with the devices' own firewall.",
        "edgeFleets.tills.createNamespace (given: True): with `runtime: ecs-anywhere`, there is no cluster of Kubernetes. Remove it.",
    ),
    wrong_nodes(
        "a fleet on one of two clusters",
        "memory: 1GiB",
        "platform: devices are nodes of a cluster, and nothing says of which. Add a platform of `type: kubernetes`, and name it where there "
        "are several.",
        platforms=", other: {type: kubernetes, cluster: {context: k8s}}",
    ),
    wrong_environment(
        "fleets in their platform's namespace",
        "platforms: {edge: {type: kubernetes, cluster: {context: k3s}, namespace: models}, own: {type: ecs}}\n"
        f"edgeFleets:\n  a: {{{_READY}, runtime: kubernetes, namespace: models}}\n  b: {{{_READY}, runtime: kubernetes, namespace: models}}\n",
        "edgeFleets.a.namespace (given: 'models'): the platform 'edge' has this namespace, too. Write another one.",
        "edgeFleets.b.namespace (given: 'models'): the platform 'edge' has this namespace, too. Write another one.",
        "edgeFleets.b.namespace (given: 'models'): the fleet 'a' has this namespace, too. Write another one.",
    ),
    wrong_environment(
        "a fleet with its platform's name",
        "platforms: {edge: {type: kubernetes, cluster: {context: k3s}}}\n"
        f"edgeFleets: {{edge: {{{_READY}, runtime: kubernetes}}}}\n",
        "edgeFleets.edge.namespace: the platform 'edge' has this namespace, too. Write another one.",
    ),
    wrong_nodes(
        "a fleet on nodes whose image would have to be built",
        "revisions: {next: {model: ./model}}, rings: [{name: all, revision: next}]",
        "revisions.next.model: images are built for a cluster whose platform has a `registry`, and this one has none. Write `registry` there, "
        "or a ready `image`.",
    ),
]
