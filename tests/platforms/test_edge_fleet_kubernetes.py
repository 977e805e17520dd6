"""A fleet whose devices are nodes of a cluster of Kubernetes: what they run, who they are to the cloud, and what an edit touches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from modelinfra import EdgeFleet, Environment, KubernetesPlatform
from modelinfra.components.program_image import USER
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.options.edge_fleet import EdgeFleetOptions, as_endpoint
from modelinfra.options.strict import validate
from modelinfra.platforms.edge import router
from modelinfra.platforms.edge.kubernetes.labels import FLEET_LABEL, RING_LABEL
from modelinfra.platforms.edge.kubernetes.pod import router_port
from modelinfra.platforms.edge.telemetry import GPU
from modelinfra.platforms.served_model import served_model
from modelinfra.router.settings import LogGroup, read
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import manifests
from tests.making import captured, inputs, write_model
from tests.platforms.test_edge_fleet import TOPIC

DAEMON_SET, NAMESPACE = "kubernetes:apps/v1:DaemonSet", "kubernetes:core/v1:Namespace"
ACCOUNT, POLICY = "kubernetes:core/v1:ServiceAccount", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
READY = {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "digits", "size": "10MiB"}}
TWO_RINGS = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
K3S: dict[str, Any] = {"cluster": {"context": "k3s"}}
BUILDING: dict[str, Any] = {**K3S, "registry": {"url": "r.example/models"}, "image_pull_secrets": ["r-example"]}
TOKENS = {"jwt": {"issuer": "https://k3s.example.com", "audiences": ["heavy", "others"]}}


def fleet(root: Path, cluster: Mapping[str, Any] = K3S, **options: Any) -> Graph:
    declared = {"runtime": "kubernetes", "server": "mlserver", **READY, **options}
    given = {key: value for key, value in declared.items() if value is not None}

    def program() -> None:
        platform = KubernetesPlatform("edge", dict(cluster))  # type: ignore[arg-type]
        EdgeFleet("stores", {**given, "platform": platform})  # type: ignore[arg-type]

    return captured(program, root)


def environment(
    root: Path, auth: Mapping[str, Any] | None = None, platform: Mapping[str, Any] | None = None, **options: Any
) -> Graph:
    """A fleet with an endpoint behind it."""
    write_model(root / "model")
    declared = {"runtime": "kubernetes", "server": "mlserver", "model": "model", "fallback": "heavy", **options}

    def program() -> None:
        Environment("dev", **declared_with(declared, auth, platform))

    return captured(program, root)


def declared_with(
    declared: Mapping[str, Any], auth: Mapping[str, Any] | None, platform: Mapping[str, Any] | None
) -> dict[str, Any]:
    heavy = {
        "platform": "web",
        "server": "mlserver",
        "model": "model",
        "longest_request": "20s",
        "exposure": {"gateway": {"auth": auth or TOKENS}, "paths": ["/v2/models/digits/infer"]},
    }
    return {
        "platforms": {"web": {"type": "ecs"}, "edge": {"type": "kubernetes", **(platform or BUILDING)}},
        "endpoints": {"heavy": heavy},
        "edge_fleets": {"stores": declared},
    }


def pods(graph: Graph, ring: str, name: str = "stores") -> dict[str, Any]:
    """Spec of the pods of a ring."""
    found: dict[str, Any] = inputs(graph, DAEMON_SET, f"{name}-{ring}-daemon-set")["spec"]["template"]["spec"]
    return found


def containers(graph: Graph, ring: str, name: str = "stores") -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in pods(graph, ring, name)["containers"]}


def told(graph: Graph, ring: str = "all") -> str:
    """What the router of a ring is told, on the node till-7, as Kubernetes expands it."""
    environment = {each["name"]: each.get("value") for each in containers(graph, ring, "dev-stores")["router"]["env"]}
    text = environment["MODELINFRA_ROUTER"]
    assert text is not None
    return text.replace("$$", "\0").replace("$(NODE_NAME)", "till-7").replace("\0", "$")


def test_each_ring_runs_once_on_each_of_its_nodes_and_pulumi_waits_for_none(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS, architecture="arm64")
    for ring in ("canary", "shops"):
        given = inputs(graph, DAEMON_SET, f"stores-{ring}-daemon-set")
        assert given["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
        assert (
            given["spec"]["selector"]["matchLabels"].items() <= given["spec"]["template"]["metadata"]["labels"].items()
        )
        assert pods(graph, ring)["nodeSelector"] == {
            FLEET_LABEL: "stores",
            RING_LABEL: ring,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "arm64",
        }
        assert pods(graph, ring)["serviceAccountName"] == f"stores-{ring}"


def test_a_node_cannot_give_itself_the_labels_of_a_ring() -> None:
    # Kubernetes documentation, "Using Admission Controllers", NodeRestriction.
    for label in (FLEET_LABEL, RING_LABEL):
        assert label.split("/")[0].endswith(".node-restriction.kubernetes.io")


def test_a_fleet_in_ones_own_cluster_makes_and_asks_nothing_of_aws(tmp_path: Path) -> None:
    def program() -> None:
        Environment(
            "dev",
            tags={"team": "edge"},
            permissions_boundary="arn:aws:iam::123456789012:policy/bound",
            platforms={"edge": {"type": "kubernetes", **K3S}},  # type: ignore[typeddict-item]
            edge_fleets={"stores": {"runtime": "kubernetes", "server": "mlserver", **READY}},  # type: ignore[typeddict-item]
        )

    graph = captured(program, tmp_path, config={})
    assert {node.type.split(":")[0] for node in graph} == {"pulumi", "modelinfra", "kubernetes"}
    assert not graph.all("pulumi:providers:aws")
    assert graph.invokes == []


def test_every_object_is_one_that_kubernetes_takes(tmp_path: Path) -> None:
    alone = fleet(tmp_path, rings=TWO_RINGS, gpus=1, cpu=2, client_cidrs=["10.0.0.0/8"], secrets={"TOKEN": "x/y"})
    routed = environment(tmp_path, rings=TWO_RINGS)
    triton = fleet(tmp_path, **{**READY, "server": "triton"})
    for graph in (alone, routed, triton):
        found = list(manifests(graph))
        assert {"DaemonSet", "Namespace", "ServiceAccount", "NetworkPolicy"} <= {each["kind"] for each in found}
        for each in found:
            assert complaints(each) == [], each["metadata"]["name"]


def test_the_namespace_is_one_whose_pods_may_have_ports_and_folders_of_their_node(tmp_path: Path) -> None:
    graph = fleet(tmp_path)
    labels = inputs(graph, NAMESPACE, "stores-namespace")["metadata"]["labels"]
    # Pod Security Standards: baseline has neither hostPort nor hostPath.
    assert labels == {"pod-security.kubernetes.io/enforce": "privileged"}
    assert (
        inputs(graph, NAMESPACE, "edge-namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "baseline"
    )
    kept = fleet(tmp_path, namespace="tills", create_namespace=False)
    assert [node.name for node in kept.all(NAMESPACE)] == ["edge-namespace"]
    assert inputs(kept, ACCOUNT)["metadata"]["namespace"] == "tills"


def test_a_bad_revision_stops_at_so_many_nodes_and_a_good_one_leaves_the_rest_answering(tmp_path: Path) -> None:
    for options, most in (
        ({}, "10%"),
        ({"minimum_healthy_percent": 50}, "50%"),
        ({"minimum_healthy_percent": 0}, "100%"),
    ):
        strategy = inputs(fleet(tmp_path, **options), DAEMON_SET)["spec"]["updateStrategy"]
        assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": most}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {},
            "reaches 10 of every hundred devices of a ring, and those that do not answer anyway; then it stops, and nothing",
        ),
        ({"minimum_healthy_percent": 0}, "reaches 100 of every hundred devices of a ring"),
        ({"minimum_healthy_percent": 0}, "`minimum_healthy_percent` keeps some from it"),
    ],
)
def test_the_preview_says_how_far_a_bad_revision_gets(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    graph = fleet(tmp_path, **options)
    assert any(said in each["message"] for each in graph.logs), [each["message"] for each in graph.logs]


def test_the_server_is_asked_as_everywhere_and_has_what_it_needs_of_the_device(tmp_path: Path) -> None:
    graph = fleet(tmp_path, memory="2GiB", cpu=1.5, gpus=1, startup_budget="10m", longest_request="30s")
    server = containers(graph, "all")["model"]
    amounts = {"cpu": "1500m", "memory": "2048Mi", "nvidia.com/gpu": "1"}
    assert server["resources"] == {"requests": amounts, "limits": amounts}
    assert pods(graph, "all")["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert server["startupProbe"]["failureThreshold"] * server["startupProbe"]["periodSeconds"] == 600
    assert server["readinessProbe"]["httpGet"]["path"] == "/v2/models/digits/ready"
    assert pods(graph, "all")["terminationGracePeriodSeconds"] > 30
    assert "lifecycle" not in server, (
        "clients have the device's address: a pod that waits is a device that does not answer"
    )
    memory = containers(fleet(tmp_path), "all")["model"]["resources"]["limits"]
    assert list(memory) == ["memory"], "without `cpu` it takes what there is"


def test_clients_reach_the_device_at_the_servers_port_and_nothing_else_is_open(tmp_path: Path) -> None:
    graph = fleet(tmp_path, client_cidrs=["10.20.0.0/16"])
    opened = {each["name"]: each.get("hostPort") for each in containers(graph, "all")["model"]["ports"]}
    assert opened == {"http": 8080, "grpc": 8081, "metrics": None}
    clients, metrics = inputs(graph, POLICY)["spec"]["ingress"]
    assert clients["from"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]
    assert [each["port"] for each in clients["ports"]] == [8080, 8081]
    assert metrics == {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 8082}]}
    assert "from" not in inputs(fleet(tmp_path), POLICY)["spec"]["ingress"][0]


def test_promoting_a_revision_to_a_ring_is_one_line_and_touches_one_daemon_set(tmp_path: Path) -> None:
    revisions = {"candidate": {**READY, "image": "r.example/served@sha256:" + "1" * 64}}
    before = fleet(tmp_path, rings=TWO_RINGS, revisions=revisions)
    after = fleet(tmp_path, rings=[{**TWO_RINGS[0], "revision": "candidate"}, TWO_RINGS[1]], revisions=revisions)
    assert {each.name for each in changes(before, after)} == {"stores-canary-daemon-set"}
    selectors = [inputs(each, DAEMON_SET, "stores-canary-daemon-set")["spec"]["selector"] for each in (before, after)]
    assert selectors[0] == selectors[1], "the selector of a DaemonSet cannot change"


def test_images_lie_where_those_of_the_clusters_endpoints_do(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    graph = fleet(tmp_path, BUILDING, image=None, model="model")
    assert containers(graph, "all")["model"]["image"].startswith("r.example/models/stores@sha256:")
    assert pods(graph, "all")["imagePullSecrets"] == [{"name": "r-example"}]
    assert pods(graph, "all")["securityContext"]["runAsNonRoot"] is True
    in_ecr = fleet(tmp_path, {**K3S, "registry": "ecr"}, image=None, model="model", tags={"team": "edge"})
    assert inputs(in_ecr, "aws:ecr/repository:Repository")["tags"] == {"team": "edge"}


def test_a_router_stands_before_the_model_and_understands_what_it_is_told(tmp_path: Path) -> None:
    graph = environment(
        tmp_path, router={"confidence": {"path": "$.outputs[*].data", "rule": "margin", "least": 0.3}, "timeout": "2s"}
    )
    settings = read(told(graph))
    assert (settings.device, settings.device_file) == ("till-7", "")
    assert settings.confidence is not None
    assert settings.confidence.path == "$.outputs[*].data", "Kubernetes takes two dollars for one"
    assert settings.local.url == "http://127.0.0.1:8080"
    assert settings.cloud.auth.bearer is not None
    assert settings.cloud.auth.bearer.file == "/var/run/secrets/modelinfra/token"
    found = containers(graph, "all", "dev-stores")
    (port,) = found["router"]["ports"]
    assert (port["containerPort"], port["hostPort"]) == (settings.port, 8080)
    assert settings.port not in [each["containerPort"] for each in found["model"]["ports"]], "they share their ports"
    assert {each["name"]: each.get("hostPort") for each in found["model"]["ports"]}["http"] is None
    assert 8080 not in [each["port"] for rule in inputs(graph, POLICY)["spec"]["ingress"] for each in rule["ports"]]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert found["router"][probe]["httpGet"] == {"path": "/healthz", "port": settings.port, "scheme": "HTTP"}


def test_the_router_shows_the_pods_own_token_which_is_made_for_the_gateway_alone(tmp_path: Path) -> None:
    graph = environment(tmp_path)
    spec = pods(graph, "all", "dev-stores")
    (token,) = [each["projected"] for each in spec["volumes"] if "projected" in each]
    asked = {"audience": "heavy", "expirationSeconds": 3600, "path": "token"}
    assert token["sources"] == [{"serviceAccountToken": asked}]
    assert spec["automountServiceAccountToken"] is False, "a token for the cluster's own API"
    server, before = containers(graph, "all", "dev-stores")["model"], spec["initContainers"]
    assert "volumeMounts" not in server
    assert [each["name"] for each in before[0]["volumeMounts"]] == ["waiting"]
    assert any("https://k3s.example.com must be the cluster's issuer" in each["message"] for each in graph.logs)


def test_what_waits_for_the_cloud_outlives_the_pod_and_is_the_routers_alone(tmp_path: Path) -> None:
    spec = pods(environment(tmp_path), "all", "dev-stores")
    (kept,) = [each["hostPath"] for each in spec["volumes"] if "hostPath" in each]
    assert kept == {"path": "/var/lib/modelinfra/dev-stores/router", "type": "DirectoryOrCreate"}
    (before,) = spec["initContainers"]
    assert before["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "FOWNER"]}
    assert f"chown {USER}:{USER} {router.HOME}" in before["command"][2]
    runs = {each["name"]: each for each in spec["containers"]}["router"]["securityContext"]
    assert (runs["runAsUser"], router.USER) == (USER, USER)
    assert runs["readOnlyRootFilesystem"] is True


def test_a_server_that_has_the_routers_port_leaves_it_another(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    own = {"image": "r.example/own:1", "port": 8700, "health_path": "/h", "predict_path": "/p", "command": ["x"]}
    options = validate(EdgeFleetOptions, {"server": own, "image": READY["image"], "model": {"name": "m"}})
    assert router_port(served_model(as_endpoint(options), tmp_path, "stores").server) == 8701


EKS = {"cluster": {"eks": {"cluster_name": "stores"}}, "registry": "ecr"}


def test_on_eks_the_pods_of_a_ring_have_a_role_of_their_own(tmp_path: Path) -> None:
    graph = environment(tmp_path, {"iam": {}}, EKS, rings=TWO_RINGS, router={"samples": {"share": 0.01}})
    bucket = graph.one("aws:s3/bucket:Bucket", "dev-stores-samples").outputs["arn"]
    for ring, other in (("canary", "shops"), ("shops", "canary")):
        identity = inputs(graph, IDENTITY, f"dev-stores-{ring}-pod")
        account = inputs(graph, ACCOUNT, f"dev-stores-{ring}-service-account")["metadata"]
        assert (identity["namespace"], identity["serviceAccount"]) == (account["namespace"], account["name"])
        (statement,) = json.loads(inputs(graph, "aws:iam/role:Role", f"dev-stores-{ring}-pod")["assumeRolePolicy"])[
            "Statement"
        ]
        asked = statement["Condition"]["StringEquals"]
        assert asked["aws:RequestTag/kubernetes-service-account"] == account["name"]
        attached = inputs(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"dev-stores-{ring}-fallback")
        assert attached["role"].startswith(f"dev-stores-{ring}-pod")
        policy = IAMPolicy(inputs(graph, "aws:iam/rolePolicy:RolePolicy", f"dev-stores-{ring}-samples")["policy"])
        may = {of: policy.is_action_permitted("s3:PutObject", f"{bucket}/ring={of}/x") for of in (ring, other)}
        assert [of for of, found in may.items() if found == PermissionResult.PERMITTED] == [ring]
        daemon_set = graph.one(DAEMON_SET, f"dev-stores-{ring}-daemon-set")
        assert graph.one(IDENTITY, f"dev-stores-{ring}-pod").urn in daemon_set.depends_on, (
            "a pod that runs does not look again"
        )
    settings = read(told(graph, "canary"))
    assert settings.cloud.auth.sigv4 is not None
    assert settings.cloud.auth.sigv4.region == "us-west-2"


def test_on_eks_the_routers_of_a_ring_tell_cloudwatch_and_elsewhere_nobody(tmp_path: Path) -> None:
    graph = environment(tmp_path, {"iam": {}}, EKS, rings=TWO_RINGS, gpus=1, alarm_topic_arn=TOPIC)
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "dev-stores-logs").outputs
    for ring in ("canary", "shops"):
        telemetry = read(told(graph, ring)).telemetry
        assert telemetry is not None
        assert telemetry.log_group == LogGroup(group["name"], "us-west-2")
        assert GPU not in telemetry.metrics, "a pod that sees GPUs would have to ask for one"
        policy = IAMPolicy(inputs(graph, "aws:iam/rolePolicy:RolePolicy", f"dev-stores-{ring}-telemetry")["policy"])
        for action, allowed in (("PutLogEvents", True), ("CreateLogStream", True), ("GetLogEvents", False)):
            found = policy.is_action_permitted(f"logs:{action}", f"{group['arn']}:log-stream:node-1")
            assert (found == PermissionResult.PERMITTED) is allowed, action
    told_of = {node.name for node in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {f"dev-stores-{ring}-lost" for ring in ("canary", "shops")} <= told_of
    assert graph.all("aws:cloudwatch/dashboard:Dashboard")
    silent = environment(tmp_path, TOKENS)
    assert read(told(silent, "all")).telemetry is None
    alarms = silent.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert not [node for node in alarms if node.name.startswith("dev-stores")]


def refusal(
    root: Path, auth: Mapping[str, Any] | None, platforms: Mapping[str, Any], options: Mapping[str, Any]
) -> list[str]:
    said: list[str] = []
    write_model(root / "model")

    def program() -> None:
        declared = {"runtime": "kubernetes", "server": "mlserver", "model": "model", **options}
        given = declared_with({key: value for key, value in declared.items() if value is not None}, auth, None)
        given["platforms"] = {
            key: each for key, each in {**given["platforms"], **platforms}.items() if each is not None
        }
        try:
            Environment("dev", **given)
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert not [node for node in captured(program, root) if node.type.startswith(("aws:", "kubernetes:"))]
    return said


NO_REGISTRY = {"edge": {"type": "kubernetes", **K3S}}


@pytest.mark.parametrize(
    ("auth", "platforms", "options", "said"),
    [
        (None, {"edge": None}, {}, "platform: devices are nodes of a cluster, and nothing says of which. Add a platform"),
        (None, {"other": {"type": "kubernetes", **K3S}}, {}, "platform: devices are nodes of a cluster, and nothing says of which."),
        (None, {}, {"platform": "web"}, "platform (given: 'web'): this is no cluster of Kubernetes. Name a platform"),
        (None, {}, {"platform": "egde"}, "platform (given: 'egde'): there is no such platform. Did you mean 'edge'?"),
        (None, NO_REGISTRY, {}, "model: images are built for a cluster whose platform has a `registry`, and this one has none."),
        (None, NO_REGISTRY, {**READY, "fallback": "heavy"}, "fallback (given: 'heavy'): a router stands before the model, whose image"),
        ({"iam": {}}, {}, {"fallback": "heavy"}, "fallback (given: 'heavy'): the gateway of 'heavy' asks for credentials of AWS, and pods of a cluster that is not on EKS have none."),
        ({"none": "a demonstration"}, {}, {"fallback": "heavy"}, "fallback (given: 'heavy'): the gateway of 'heavy' asks for what pods have not"),
        ({"jwt": {**TOKENS["jwt"], "scopes": ["predict"]}}, {}, {"fallback": "heavy"}, "fallback (given: 'heavy'): the gateway of 'heavy' asks for scopes"),
        (None, {}, {"fallback": "heavy", "router": {"samples": {"share": 0.1}}}, "router.samples: samples are written into S3 with a role"),
        (None, {}, {"tags": {"team": "edge"}}, "tags: nothing of AWS is made for the fleet. Remove it."),
        (None, {}, {"permissions_boundary": "arn:aws:iam::123456789012:policy/b"}, "permissions_boundary: nothing of AWS is made"),
        (None, {}, {"repository": {"arn": "arn:aws:ecr:us-west-2:123456789012:repository/x"}}, "repository: the platform's `registry` is not ECR."),
        (None, {}, {"activation": {"expires": "2027-01-15"}}, "activation: with `runtime: kubernetes`, nodes join a cluster of Kubernetes by its own means."),
        (None, {}, {"cluster_arn": "arn:aws:ecs:us-west-2:123456789012:cluster/edge"}, "cluster_arn (given: 'arn:aws:ecs:us-west-2:123456789012:cluster/edge'): with `runtime: kubernetes`, devices are nodes"),
        (None, {}, {"logs": {"retention_days": 30}}, "logs: devices have a router, which tells CloudWatch of them, with a `fallback` only."),
        (None, {}, {"fallback": "heavy", "alarms": {"lost": 5}}, "alarms: pods that show a token have no role with which they could tell CloudWatch anything."),
        (None, {}, {"fallback": "heavy", "telemetry": False, "logs": {"retention_days": 30}}, "logs: without `telemetry` devices tell nothing."),
        (None, {}, {"alarm_topic_arn": "arn:aws:sns:us-west-2:123456789012:a"}, "alarm_topic_arn: devices have a router, which tells CloudWatch of them, with a `fallback` only."),
        (None, {}, {"secrets": {"T": "arn:aws:ssm:us-west-2:123456789012:parameter/t"}}, "secrets.T (given: 'arn:aws:ssm:us-west-2:123456789012:parameter/t'): this is a secret of AWS"),
        (None, {}, {"namespace": "kube-system"}, "namespace (given: 'kube-system'): this is the cluster's own"),
        (None, {}, {"fallback": "heavy", "router": {"confidence": {"output": "p", "least": 5}}}, "router.confidence.least (given: 5): `rule: max` reads probabilities"),
        (None, {}, {"create_namespace": False}, "namespace: no namespace is made (`create_namespace: false`), and none is named."),
        (None, {}, {"client_cidrs": ["10.0.0.1/8"]}, "client_cidrs (given: '10.0.0.1/8'): this is no range of addresses"),
        (None, {}, {"runtime": "ecs-anywhere", "platform": "edge"}, "platform (given: 'edge'): with `runtime: ecs-anywhere`, devices stand on no platform."),
        (None, {}, {"runtime": "ecs-anywhere", "namespace": "tills"}, "namespace (given: 'tills'): with `runtime: ecs-anywhere`, there is no cluster of Kubernetes."),
        (None, {}, {"runtime": "ecs-anywhere", "client_cidrs": ["10.0.0.0/8"]}, "client_cidrs: with `runtime: ecs-anywhere`, ports of devices are open"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_before_anything_is_made(
    tmp_path: Path, auth: Mapping[str, Any] | None, platforms: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    found = refusal(tmp_path, auth, platforms, options)
    assert any(line.startswith(f"edge_fleets.stores.{said}") for line in found), found


def test_an_endpoint_without_a_gateway_is_refused_as_a_fallback(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    said: list[str] = []

    def program() -> None:
        given = declared_with(
            {"runtime": "kubernetes", "server": "mlserver", "model": "model", "fallback": "heavy"}, None, None
        )
        given["endpoints"]["heavy"].pop("exposure")
        try:
            Environment("dev", **given)
        except pulumi.RunError as error:
            said.append(str(error))

    captured(program, tmp_path)
    assert "devices outside of the network do not reach 'heavy'" in said[0]
    assert "`auth.jwt`, or on EKS `auth.iam`" in said[0]


@pytest.mark.parametrize(
    ("namespaces", "said"),
    [
        ({"stores": "dev-edge"}, "edge_fleets.stores.namespace (given: 'dev-edge'): the platform 'edge' has this namespace, too."),
        ({"stores": "dev-tills"}, "edge_fleets.tills.namespace: the fleet 'stores' has this namespace, too."),
        ({"tills": "dev-stores"}, "edge_fleets.tills.namespace (given: 'dev-stores'): the fleet 'stores' has this namespace, too."),
        ({"stores": "edge", "tills": "stores"}, None),
    ],
)  # fmt: skip
def test_a_namespace_that_another_part_has_without_being_named_is_refused(
    tmp_path: Path, namespaces: Mapping[str, str], said: str | None
) -> None:
    told: list[str] = []
    declared = {"runtime": "kubernetes", "server": "mlserver", **READY}
    fleets = {
        name: {**declared, **({"namespace": namespaces[name]} if name in namespaces else {})}
        for name in ("stores", "tills")
    }

    def program() -> None:
        try:
            Environment("dev", platforms={"edge": {"type": "kubernetes", **K3S}}, edge_fleets=fleets)  # type: ignore[arg-type]
        except pulumi.RunError as error:
            told.extend(line.strip() for line in str(error).splitlines()[1:])

    captured(program, tmp_path)
    assert len(told) == (said is not None), told
    assert said is None or told[0].startswith(said)


def test_the_component_takes_a_platform_itself(tmp_path: Path) -> None:
    said: list[str] = []

    def program() -> None:
        for given in ({"runtime": "kubernetes", "platform": "edge"}, {"platform": "edge"}, {"runtime": "kubernetes"}):
            try:
                EdgeFleet("stores", {"server": "mlserver", **READY, **given})  # type: ignore[typeddict-item]
            except pulumi.RunError as error:
                said.append(str(error))

    captured(program, tmp_path)
    with pytest.raises(pulumi.RunError, match="the platform has this namespace"):
        fleet(tmp_path, {**K3S, "namespace": "stores"})
    assert "this is no cluster of Kubernetes. Pass a KubernetesPlatform." in said[0]
    assert "with `runtime: ecs-anywhere`, devices stand on no platform" in said[1]
    assert "devices are nodes of a cluster, and nothing says of which" in said[2]


def test_what_the_commands_read_is_in_the_deployed_state(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS)
    enrollment = plain(graph.one("modelinfra:index:EdgeFleet").outputs)["enrollment"]
    assert (enrollment["runtime"], enrollment["namespace"], enrollment["label"]) == ("kubernetes", "stores", "stores")
    assert enrollment["daemon_sets"] == {"canary": "stores-canary", "shops": "stores-shops"}
    assert (enrollment["context"], enrollment["kubeconfig"]) == ("k3s", "")
