"""The architecture of a graph as boxes in fixed layers, and what changes in each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.values import listed, mapping
from modelinfra.policies import tokens
from modelinfra.policies.view import View
from modelinfra.review.reach import FUNCTION_URL, ways
from modelinfra.review.render import cluster_picture
from modelinfra.review.render.outline import MARKS, Arrow, Box, Layer, Mark, Picture
from modelinfra.review.render.words import kind, said

_Lines = Callable[[View, Node], Iterator[str]]

CLIENTS = "clients"

# What a service of its own is: the box of an endpoint.
SERVICES = (
    tokens.SERVICE,
    "aws:sagemaker/endpoint:Endpoint",
    "aws:lambda/function:Function",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:autoscaling/group:Group",
    "aws:ec2/instance:Instance",
    *cluster_picture.SERVED,
)

# What keeps something: one box for each component, with a line for each kind.
STORES: Mapping[str, str] = {
    tokens.REPOSITORY: "image repository",
    tokens.LOG_GROUP: "log group",
    tokens.ALARM: "alarm",
    "aws:cloudwatch/dashboard:Dashboard": "dashboard",
    "aws:dynamodb/table:Table": "table",
    "aws:efs/fileSystem:FileSystem": "file system",
    "aws:kms/key:Key": "key",
    "aws:rds/cluster:Cluster": "database cluster",
    "aws:rds/instance:Instance": "database",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
    "aws:secretsmanager/secret:Secret": "secret",
    "aws:sns/topic:Topic": "topic",
    "aws:sqs/queue:Queue": "queue",
}


def picture(before: Graph, after: Graph, marks: Mapping[str, Mark]) -> Picture:
    """Both states in one picture: what goes away is in it, too. marks: URN of a resource that changes -> what happens to it."""
    new, old = _Drawing(after), _Drawing(before)
    boxes = {box.id: box for box in (*new.boxes(), *old.boxes())}
    drawn = {box.id: box for box in new.boxes()}
    order = [*drawn, *(each for each in boxes if each not in drawn)]
    changed: dict[str, list[Mark]] = defaultdict(list)
    lost: list[Box] = []
    undrawn = 0
    for urn, mark in marks.items():
        if (
            mark in ("delete", "replace")
            and (kept := new.stores_of(urn) or old.stores_of(urn)) in drawn
            and kept is not None
        ):
            # What holds data and goes away is seen for itself.
            gone = before[urn]
            lost.append(Box(id=urn, layer="data", title=gone.name, lines=(STORES[gone.type],), mark=mark))
            continue
        place = new.place(urn) or old.place(urn)
        if place is None:
            undrawn += 1
        elif place == urn or place not in marks:
            changed[place].append(mark if place in (urn, new.stores_of(urn)) else "update")
    arrows = dict.fromkeys((*new.arrows(), *old.arrows()))
    return Picture(
        boxes=(
            *lost,
            *(
                (drawn.get(each) or boxes[each]).model_copy(
                    update={"mark": _worst(changed[each], gone=each not in drawn, new=each not in old.ids)}
                )
                for each in order
            ),
        ),
        arrows=tuple(arrow for arrow in arrows if arrow.source in boxes and arrow.target in boxes),
        undrawn=undrawn,
    )


def _worst(marks: Iterable[Mark], *, gone: bool, new: bool) -> Mark:
    found = set(marks)
    if not found:
        return "same"
    if gone:
        return "delete"
    if found == {"create"}:
        return "create" if new else "update"
    # A part that goes away is a change of the whole, which stays.
    found = {"update" if each in ("delete", "create") else each for each in found}
    return min(found, key=MARKS.index)


class _Drawing:
    """One graph as boxes and arrows."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.view = graph, View(graph)
        self._ways = ways(graph)
        self._routes = list(cluster_picture.routes(self.view))
        self._boxes = list(self._drawn())
        self.ids = {box.id for box in self._boxes}
        self._by_component: dict[str, str] = {}
        for layer in ("endpoints", "edge", "network", "data"):
            for box in self._boxes:
                if box.layer == layer and box.id in graph:
                    self._by_component.setdefault(component_of(graph, graph[box.id]), box.id)

    def boxes(self) -> list[Box]:
        """In registration order, clients first."""
        return self._boxes

    def place(self, urn: str) -> str | None:
        """The box in which a resource is: its own, that of its component, or that of a component around it."""
        if urn in self.ids:
            return urn
        if urn not in self.graph:
            return None
        node = self.graph[urn]
        if node.type in STORES:
            return self.stores_of(urn)
        if node.type == tokens.VPC_ENDPOINT:
            return f"endpoints:{self._keeper(node)}"
        component = component_of(self.graph, node)
        while component:
            if component in self._by_component:
                return self._by_component[component]
            component = component_of(self.graph, self.graph[component])
        return None

    def stores_of(self, urn: str) -> str | None:
        """The box of what a component keeps."""
        node = self.graph.nodes.get(urn)
        return f"data:{self._keeper(node)}" if node is not None and node.type in STORES else None

    def arrows(self) -> Iterator[Arrow]:
        """Ways in, ways out, and what services use."""
        for way in self._ways:
            yield Arrow(source=f"{CLIENTS}:{way.clients}", target=way.door.urn, kind="request")
            if way.service is not None:
                yield Arrow(source=way.door.urn, target=way.service.urn, kind="request", label=said(way.how))
        yield from dict.fromkeys(arrow for _, arrow in self._routes)
        for table, gateway in self._routes_out():
            for subnet in self._subnets_of(table):
                yield Arrow(source=subnet.urn, target=gateway.urn, kind="out")
        for graph in self.view.all(cluster_picture.INFERENCE_GRAPH):
            for urn in graph.depends_on:
                if urn in self.graph and self.graph[urn].type in SERVICES:
                    yield Arrow(source=graph.urn, target=urn, kind="request")
        for node in self.graph:
            if node.type in SERVICES and (stores := f"data:{component_of(self.graph, node)}") in self.ids:
                yield Arrow(source=node.urn, target=stores, kind="uses")

    def _drawn(self) -> Iterator[Box]:
        for clients in dict.fromkeys(way.clients for way in self._ways):
            ranges = dict.fromkeys(each for way in self._ways if way.clients == clients for each in way.ranges)
            title = clients[:1].upper() + clients[1:]
            yield Box(id=f"{CLIENTS}:{clients}", layer="clients", title=title, lines=tuple(map(said, ranges)))
        # Those that are there already: a gateway that is made has its own box.
        yield from dict.fromkeys(door for door, _ in self._routes if door.id not in self.graph)
        for node in self.graph:
            row = _ROWS.get(node.type)
            if row is not None and node.custom:
                layer, lines = row
                # A subnet's place depends on where its route leads.
                if node.type == tokens.SUBNET and node.urn in self._public:
                    layer = "public"
                zone = _zone(self.view, node)
                yield Box(id=node.urn, layer=layer, title=node.name, lines=tuple(lines(self.view, node)), zone=zone)
        yield from self._folded("endpoints", "network", {tokens.VPC_ENDPOINT: "endpoint"}, "VPC endpoints of ")
        yield from self._folded("data", "data", STORES)

    def _folded(self, prefix: str, layer: Layer, words: Mapping[str, str], before: str = "") -> Iterator[Box]:
        groups: dict[str, list[Node]] = defaultdict(list)
        for node in self.graph:
            if node.type in words:
                groups[self._keeper(node)].append(node)
        for component, nodes in groups.items():
            owner = self.graph[component] if component else None
            title = f"{before}{owner.name}" if owner is not None else "Beside the components"
            counts = Counter(words[node.type] for node in nodes)
            lines = tuple(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items())
            yield Box(id=f"{prefix}:{component}", layer=layer, title=title, lines=lines)

    def _keeper(self, node: Node) -> str:
        """The component around a resource; that of the service where it is a part of an endpoint, such as its image."""
        component = component_of(self.graph, node)
        around = component_of(self.graph, self.graph[component]) if component else ""
        return around if around in self._serving else component

    @cached_property
    def _serving(self) -> set[str]:
        return {component_of(self.graph, node) for node in self.graph if node.type in SERVICES} - {""}

    @cached_property
    def _public(self) -> set[str]:
        written = {
            node.urn
            for node in self.view.all(tokens.SUBNET)
            if self.view.inputs(node).get("mapPublicIpOnLaunch") is True
        }
        for node, _ in self.view.each(tokens.ROUTE):
            if self.view.target(node, "gatewayId", tokens.GATEWAY) is not None:
                table = self.view.target(node, "routeTableId", tokens.ROUTE_TABLE)
                written |= {subnet.urn for subnet in self._subnets_of(table)} if table is not None else set()
        return written

    def _routes_out(self) -> Iterator[tuple[Node, Node]]:
        for node, given in self.view.each(tokens.ROUTE):
            table = self.view.target(node, "routeTableId", tokens.ROUTE_TABLE)
            gateway = self.view.target(node, "natGatewayId", tokens.NAT) if "natGatewayId" in given else None
            if table is not None and gateway is not None:
                yield table, gateway

    def _subnets_of(self, table: Node) -> Iterator[Node]:
        for node in self.view.all(tokens.SUBNET_TABLE):
            if self.view.target(node, "routeTableId", tokens.ROUTE_TABLE) is table:
                subnet = self.view.target(node, "subnetId", tokens.SUBNET)
                if subnet is not None:
                    yield subnet


def component_of(graph: Graph, node: Node) -> str:
    """The URN of the component around a resource, empty for none."""
    parent = graph.nodes.get(node.parent)
    if parent is None or parent.type == STACK_TYPE:
        return ""
    return parent.urn if not parent.custom else component_of(graph, parent)


def _zone(view: View, node: Node) -> str:
    if node.type == tokens.NAT:
        subnet = view.target(node, "subnetId", tokens.SUBNET)
        return _zone(view, subnet) if subnet is not None else ""
    zone = node.inputs.get("availabilityZone")
    return zone[-1] if isinstance(zone, str) and zone and node.type == tokens.SUBNET else ""


def _properties(*keys: str) -> _Lines:
    def lines(view: View, node: Node) -> Iterator[str]:
        yield kind(node.type)
        yield from (said(node.inputs[key]) for key in keys if node.inputs.get(key) is not None)

    return lines


def _load_balancer(view: View, node: Node) -> Iterator[str]:
    internal = node.inputs.get("internal", False)
    known = "internal" if internal is True else "faces the internet"
    where = known if isinstance(internal, bool) else said(internal)
    yield f"{said(node.inputs.get('loadBalancerType', 'application'))} load balancer, {where}"
    listeners = [
        f"{said(given.get('protocol', ''))} {said(given.get('port'))}".strip()
        for listener, given in view.each(tokens.LISTENER)
        if view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) is node
    ]
    if listeners:
        yield ", ".join(listeners)


def _service(view: View, node: Node) -> Iterator[str]:
    yield _replicas(view, node)
    task = view.target(node, "taskDefinition", tokens.TASK)
    if task is not None:
        yield f"CPU {said(task.inputs.get('cpu'))}, memory {said(task.inputs.get('memory'))}"


def _replicas(view: View, node: Node) -> str:
    component = component_of(view.graph, node)
    for target in view.all(tokens.SCALING_TARGET):
        behind = target.property_deps.get("resourceId", ())
        if node.urn in behind or (component and component_of(view.graph, target) == component):
            return _bounds(target.inputs.get("minCapacity"), target.inputs.get("maxCapacity"), "replica")
    count = node.inputs.get("desiredCount", 1)
    return _bounds(count, count, "replica")


def _bounds(least: Any, most: Any, word: str) -> str:
    low, high = said(least), said(most)
    return f"{low if low == high else f'{low} to {high}'} {word}{'' if high == '1' else 's'}"


def _group(_view: View, node: Node) -> Iterator[str]:
    yield kind(node.type)
    scaling = mapping(node.inputs.get("scalingConfig")) or node.inputs
    if scaling.get("maxSize") is not None:
        yield _bounds(scaling.get("minSize"), scaling.get("maxSize"), "instance")
    types = listed(node.inputs.get("instanceTypes"))
    if types:
        yield ", ".join(map(said, types))


_ROWS: Mapping[str, tuple[Layer, _Lines]] = {
    "aws:cloudfront/distribution:Distribution": ("edge", _properties()),
    "aws:apigatewayv2/api:Api": ("edge", _properties("protocolType")),
    "aws:route53/record:Record": ("edge", _properties("name", "type")),
    FUNCTION_URL: ("edge", _properties("authorizationType")),
    tokens.LOAD_BALANCER: ("edge", _load_balancer),
    "aws:eks/cluster:Cluster": ("network", _properties("version")),
    tokens.VPC: ("network", _properties("cidrBlock")),
    tokens.GATEWAY: ("network", _properties()),
    tokens.NAT: ("public", _properties()),
    tokens.SUBNET: ("private", _properties("cidrBlock")),
    **{token: ("endpoints", _properties("instanceType", "packageType", "memorySize")) for token in SERVICES},
    "aws:eks/nodeGroup:NodeGroup": ("endpoints", _group),
    "aws:autoscaling/group:Group": ("endpoints", _group),
    cluster_picture.GATEWAY: ("edge", cluster_picture.gateway),
    cluster_picture.NODE_POOL: ("endpoints", cluster_picture.node_pool),
    cluster_picture.INFERENCE_SERVICE: ("endpoints", cluster_picture.inference_service),
    tokens.SERVICE: ("endpoints", _service),
}
