"""What a user says of everything that is made: tags, permissions boundary, name prefix, transforms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra import EcsCluster, Environment, ModelEndpoint, ServingNetwork
from modelinfra.catalog.child_roles import (
    ACCESS_LOG_ROLES,
    API_KEY_ROLES,
    BALANCED_ROLES,
    CAPTURE_ROLES,
    CHECK_ROLES,
    CLUSTER_ROLES,
    ENDPOINT_ROLES,
    EXPOSURE_ROLES,
    GATEWAY_ROLES,
    GRPC_ROLES,
    LOAD_BALANCER_ROLES,
    NETWORK_ROLES,
    NODE_POOL_ROLES,
    PRIVATE_LINK_ROLES,
    QUEUE_ROLES,
    SHIFT_ROLES,
    USER_POOL_ROLES,
    ChildRole,
)
from modelinfra.children import _inputs, _kinds, merged, properties
from modelinfra.graph.model import Graph
from tests.making import SECRET, captured, inputs, write_model

OF_LOAD_BALANCERS = {
    *BALANCED_ROLES,
    *LOAD_BALANCER_ROLES,
    *EXPOSURE_ROLES,
    "latency-alarm",
    "burn-alarm",
    "availability-alarm",
    "step-policy",
    "step-alarm",
    "latency-guard",
    "latency-guard-alarm",
}

OF_GROUPS = {"launch-template", "auto-scaling-group", *(role for role in NODE_POOL_ROLES if role.startswith("gpu-"))}
DOOR_ROLES = {*GATEWAY_ROLES, *PRIVATE_LINK_ROLES}

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
ROLE = "aws:iam/role:Role"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"

ALL: list[tuple[str, str, ChildRole]] = [
    (component, name, role)
    for component, roles in (
        ("network", NETWORK_ROLES),
        ("cluster", CLUSTER_ROLES),
        ("pool", NODE_POOL_ROLES),
        ("endpoint", ENDPOINT_ROLES),
    )
    for name, role in roles.items()
]


def everything(
    root: Path,
    transforms: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    exec_enabled: bool = True,
    shifted: bool = False,
) -> Graph:
    """Networks, a cluster and endpoints that together have a child of every role. shifted: with an endpoint whose traffic moves.

    No endpoint has them all: ECS moves no traffic where the load balancer asks first.
    """
    write_model(root / "model")
    given = transforms or {}

    def program() -> None:
        shape = {"zones": ["us-west-2a", "us-west-2b"], "secondary_cidr": "100.64.0.0/16", "flow_logs": {}}
        made = ServingNetwork(
            "net", {**shape, "interface_endpoints": ["ecr.api"], "transforms": given.get("network", {})}
        )
        of_pools = given.get("pool", {})
        pools = {
            "own": {
                "accelerator": {"name": "L4"},
                "max_nodes": 20,
                "gpu_metrics": {},
                "transforms": {role: each for role, each in of_pools.items() if "infrastructure" not in role},
            },
            "managed": {
                "accelerator": {"name": "T4"},
                "capacity": "managed-instances",
                "transforms": {role: each for role, each in of_pools.items() if role not in OF_GROUPS},
            },
        }
        web = EcsCluster(
            "web",
            network=made,
            exec=exec_enabled,
            gpu_node_pools=pools if shifted else {},
            transforms=given.get("cluster", {}),
        )
        common = {
            "platform": web,
            "server": "mlserver",
            "model": "s3://acme-models/digits/7",
            "secrets": {"TOKEN": SECRET},
        }
        waiting = {"namespace": "Acme/Digits", "name": "Waiting"}
        scaling = {
            "min": 1,
            "max": 3,
            "p95_latency_ms": 300,
            "metrics": {"waiting": {**waiting, "target": 4}},
            "steps": {"rush": {**waiting, "add": [{"above": 20, "replicas": 1}]}},
            "schedule": {"day": {"at": "cron(0 8 ? * MON-FRI *)", "min": 2}, "night": {"at": "cron(0 20 * * ? *)"}},
        }
        common["slo"] = {"availability": 99.9, "p99_latency_ms": 500}
        common["alarm_topic_arn"] = "arn:aws:sns:us-west-2:123456789012:alarms"
        common["metrics"] = {}
        common["logs"] = {"masked": ["EmailAddress"]}
        common["capture"] = {"kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/captured"}
        exposure = {
            "domain": "digits.example.com",
            "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
            "auth": {"cognito": {}, "mtls": {"ca_bundle": "s3://acme-pki/devices.pem"}},
            "waf": {"enabled": True},
            "access_logs": {"enabled": True},
        }
        wanted = given.get("endpoint", {})
        asked = {
            role: each
            for role, each in wanted.items()
            if role
            not in {
                *SHIFT_ROLES,
                *CHECK_ROLES,
                *API_KEY_ROLES,
                *QUEUE_ROLES,
                *GRPC_ROLES,
                *DOOR_ROLES,
                "gpu-alarm",
            }
        }
        exposed = {"exposure": exposure, "transforms": asked}
        if shifted:
            exposed |= {"revisions": {"candidate": {"cpu": 2}}, "traffic": {"stable": 90, "candidate": 10}}
        ModelEndpoint("digits", {**common, "scaling": scaling, **exposed})
        if shifted:
            elsewhere = {
                *ACCESS_LOG_ROLES,
                *USER_POOL_ROLES,
                *QUEUE_ROLES,
                *GRPC_ROLES,
                *CHECK_ROLES,
                *DOOR_ROLES,
                "trust-store",
                "login-egress",
                "revision-rule",
                "gpu-alarm",
            }
            moved = {role: each for role, each in wanted.items() if role not in elsewhere}
            keys = {**exposure, "domain": "faces.example.com", "auth": {"api_keys": {"orders": {}}}, "access_logs": {}}
            own = {"exposure": keys, "rollout": {"strategy": "canary"}, "transforms": moved}
            ModelEndpoint("faces", {**common, "scaling": scaling, **own})
            checks = {"strategy": "canary", "checks": {"known": {"body": [1]}}}
            tried = {role: each for role, each in moved.items() if role not in API_KEY_ROLES}
            tried |= {role: each for role, each in wanted.items() if role in CHECK_ROLES}
            anyone = {key: each for key, each in keys.items() if key != "auth"} | {"domain": "known.example.com"}
            ModelEndpoint(
                "known", {**common, "scaling": scaling, "exposure": anyone, "rollout": checks, "transforms": tried}
            )
            spoken = {
                role: each
                for role, each in asked.items()
                if role not in {*USER_POOL_ROLES, "login-egress", "revision-rule"}
            }
            spoken |= {role: each for role, each in wanted.items() if role in {*GRPC_ROLES, "gpu-alarm"}}
            accelerated = {"accelerator": {"name": "L4"}}
            mtls = {"mtls": exposure["auth"]["mtls"]}
            grpc = {**exposure, "domain": "letters.example.com", "auth": mtls, "grpc": {}}
            ModelEndpoint(
                "letters", {**common, **accelerated, "scaling": scaling, "exposure": grpc, "transforms": spoken}
            )
            _with_doors(common | {"scaling": scaling}, asked, wanted)
            del common["capture"]
            queued = {role: each for role, each in asked.items() if role not in {*OF_LOAD_BALANCERS, *CAPTURE_ROLES}}
            queued |= {role: each for role, each in wanted.items() if role in QUEUE_ROLES}
            queue = {"kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/queues"}
            common |= {"mode": "async", "queue": queue, "slo": {"oldest_message": "1h"}}
            ModelEndpoint(
                "images",
                {**common, "scaling": {"min": 0, "max": 3, "schedule": scaling["schedule"]}, "transforms": queued},
            )

    return captured(program, root)


def _with_doors(common: dict[str, Any], asked: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Two endpoints behind gateways: one that asks for credentials of AWS and has PrivateLink, one that asks for tokens."""
    absent = {*USER_POOL_ROLES, *ACCESS_LOG_ROLES, "trust-store", "login-egress", "revision-rule"}
    absent |= {"firewall", "firewall-association"}
    bare = {role: each for role, each in asked.items() if role not in absent}
    zone = {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    named = {"domain": "doors.example.com", **zone, "cidrs": ["10.0.0.0/8"]}
    common |= {"longest_request": "30s"}
    iam = {"auth": {"iam": {"principals": ["210987654321"]}}, "domain": "calls.example.com", **zone}
    doors = {"gateway": iam, "private_link": {"principals": ["210987654321"]}}
    own = {role: each for role, each in wanted.items() if role in DOOR_ROLES - {"gateway-authorizer"}}
    ModelEndpoint("doors", {**common, "exposure": {**named, **doors}, "transforms": bare | own})
    jwt = {"issuer": "https://login.example.com", "audiences": ["digits"]}
    of_domain = {role for role in GATEWAY_ROLES if "certificate" in role}
    absent = {*PRIVATE_LINK_ROLES, *of_domain, "gateway-domain", "gateway-mapping", "gateway-record"}
    absent |= {"gateway-policy", "gateway-role", "gateway-role-policy"}
    own = {role: each for role, each in wanted.items() if role in DOOR_ROLES - absent}
    named["domain"] = "tokens.example.com"
    ModelEndpoint(
        "tokens", {**common, "exposure": {**named, "gateway": {"auth": {"jwt": jwt}}}, "transforms": bare | own}
    )


@pytest.fixture(scope="module")
def touched(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """(component, role) -> (type, name) of the children that a transform of that role is asked to adjust."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)

    def noting(component: str, role: str) -> Any:
        def note(args: pulumi.ResourceTransformationArgs) -> None:
            found[component, role].add((args.type_, args.name))

        return note

    transforms: dict[str, dict[str, Any]] = {"network": {}, "cluster": {}, "pool": {}, "endpoint": {}}
    for component, name, _ in ALL:
        transforms[component][name] = noting(component, name)
    graph = everything(tmp_path_factory.mktemp("children"), transforms, shifted=True)
    found["graph", ""] = {
        (node.type, node.name) for node in graph if not node.type.startswith(("pulumi:", "modelinfra:"))
    }
    return found


@pytest.mark.parametrize(("component", "name", "role"), ALL, ids=[f"{each[0]}.{each[1]}" for each in ALL])
def test_a_transform_of_a_role_adjusts_the_children_of_that_role(
    touched: dict[tuple[str, str], set[tuple[str, str]]], component: str, name: str, role: ChildRole
) -> None:
    types = {type_ for type_, _ in touched[component, name]}
    assert len(types) == 1, f"the role {name} has children of the types {sorted(types)}"
    assert types.pop().rpartition(":")[2] == role.sdk_class.rpartition(".")[2]


def test_every_resource_has_exactly_one_role(touched: dict[tuple[str, str], set[tuple[str, str]]]) -> None:
    adjusted = [child for key, children in touched.items() if key[0] != "graph" for child in children]
    assert sorted(adjusted) == sorted(touched["graph", ""])


def test_a_transform_merges_into_what_the_library_writes(tmp_path: Path) -> None:
    before = inputs(everything(tmp_path), TARGET_GROUP)
    patch = {"target-group": {"healthCheck": {"interval": 10}, "slow_start": 0}}
    after = inputs(everything(tmp_path, {"endpoint": patch}), TARGET_GROUP)
    assert after == {**before, "healthCheck": {**before["healthCheck"], "interval": 10}, "slowStart": 0}


def test_a_transform_takes_a_property_away(tmp_path: Path) -> None:
    patch = {"service": {"availability_zone_rebalancing": None}}
    service = inputs(everything(tmp_path, {"endpoint": patch}), "aws:ecs/service:Service")
    assert "availabilityZoneRebalancing" not in service
    assert service["enableEcsManagedTags"] is True


def test_a_transform_that_is_a_function_may_change_options_too(tmp_path: Path) -> None:
    def protected(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
        )

    graph = everything(tmp_path, {"cluster": {"load-balancer": protected}})
    assert [node.protect for node in graph.all("aws:lb/loadBalancer:LoadBalancer")].count(True) == 1


def refusal(root: Path, **options: Any) -> list[str]:
    said: list[str] = []

    def program() -> None:
        try:
            ServingNetwork("net", **options)
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert list(captured(program, root).all("aws:ec2/vpc:Vpc")) == []
    return said


def test_a_role_that_there_is_not_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, transforms={"subnet": {}}) == [
        "transforms.subnet: there is no such child role. Did you mean 'task-subnet'?"
    ]


def test_a_property_that_there_is_not_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, transforms={"vpc": {"enableDnsHostname": True}}) == [
        "transforms.vpc.enableDnsHostname: pulumi_aws.ec2.Vpc has no such property. Did you mean 'enable_dns_hostnames'?"
    ]


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ({"vpc": {"tags": [1]}}, "vpc.tags (given: [1]): a mapping is expected here. Write a mapping."),
        ({"s3-endpoint": {"routeTableIds": {"a": "b"}}}, "s3-endpoint.routeTableIds (given: {'a': 'b'}): a list is expected here. Write a list."),
        ({"vpc": {"cidrBlock": {}}}, "vpc.cidrBlock (given: {}): a plain value is expected here. Write a plain value."),
        ({"vpc": None}, "vpc (given: None): a mapping is expected here. Write keys and values below it."),
    ],
)  # fmt: skip
def test_a_property_of_another_kind_is_refused(tmp_path: Path, transform: Any, said: str) -> None:
    assert refusal(tmp_path, transforms=transform) == [f"transforms.{said}"]


@pytest.mark.parametrize(("component", "name", "role"), ALL, ids=[f"{each[0]}.{each[1]}" for each in ALL])
def test_the_kind_of_every_property_is_known(component: str, name: str, role: ChildRole) -> None:
    assert [each for each, annotation in _inputs(role).items() if not _kinds(annotation)] == []


def test_a_transform_that_finds_no_child_is_told_where_only_the_platform_decides(tmp_path: Path) -> None:
    (told,) = (
        log
        for log in everything(tmp_path, {"endpoint": {"exec-policy": {}}}, exec_enabled=False).logs
        if "transform" in log["message"]
    )
    assert told["message"] == "the transform of exec-policy adjusts nothing: there is no such child here"
    assert told["severity"] == "warning"
    assert [
        log for log in everything(tmp_path, {"endpoint": {"exec-policy": {}}}).logs if "transform" in log["message"]
    ] == []


def test_a_mapping_in_place_of_text_is_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="write the whole text"):
        merged("text", {"a": 1})


PLAIN = st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(st.text("ab", max_size=2), inner)
)


@given(given=st.dictionaries(st.text("ab", max_size=2), st.integers()), patch=st.dictionaries(st.text("ab"), PLAIN))
def test_merging_the_same_patch_twice_changes_nothing_more(given: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merged({key: {"x": value} for key, value in given.items()}, patch)
    assert merged(once, patch) == once
    assert all(once[key] == {"x": value} for key, value in given.items() if key not in patch)


ENVIRONMENT: dict[str, Any] = {
    "tags": {"team": "forecasting", "part": "all"},
    "permissions_boundary": BOUNDARY,
    "name_prefix": "acme",
    "network": {"zones": 2, "flow_logs": {}, "tags": {"part": "network"}},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {
        "digits": {"server": "mlserver", "model": "model", "permissions_boundary": BOUNDARY + "-of-digits"},
        "faces": {"server": "mlserver", "model": "model", "load_balancer": "own"},
    },
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    root = tmp_path_factory.mktemp("environment")
    write_model(root / "model")
    return captured(lambda: Environment("prod", ENVIRONMENT), root)


def takes_tags(type_: str) -> bool:
    classes = {role.sdk_class.rpartition(".")[2]: role for _, _, role in ALL}
    return type_.startswith("aws:") and "tags" in properties(classes[type_.rpartition(":")[2]])


def test_every_resource_that_takes_tags_has_the_environments(environment: Graph) -> None:
    tagged = [node for node in environment if node.type.startswith("aws:") and takes_tags(node.type)]
    assert len(tagged) > 30
    for node in tagged:
        part = "network" if "ServingNetwork$" in node.urn else "all"
        tags = inputs(environment, node.type, node.name)["tags"]
        assert {**tags, "team": "forecasting", "part": part} == tags, node.urn


def test_tags_of_the_library_stay_beside_the_users(environment: Graph) -> None:
    assert inputs(environment, "aws:ec2/vpc:Vpc")["tags"]["Name"] == "acme-prod-network"


def test_every_role_is_bounded_and_a_part_may_say_otherwise(environment: Graph) -> None:
    bounds = {node.name: node.inputs["permissionsBoundary"] for node in environment.all(ROLE)}
    assert len(bounds) == 5
    for name, bound in bounds.items():
        assert bound == (BOUNDARY + "-of-digits" if "digits" in name else BOUNDARY)


def test_every_name_begins_with_the_prefix(environment: Graph) -> None:
    names = [node.name for node in environment if node.type.startswith(("aws:", "docker-build:", "modelinfra:"))]
    assert [name for name in names if not name.startswith("acme-prod")] == ["prod"]


def test_without_any_of_them_nothing_is_tagged_or_bounded(tmp_path: Path) -> None:
    graph = everything(tmp_path)
    assert all("permissionsBoundary" not in node.inputs for node in graph.all(ROLE))
    assert all(
        "tags" not in node.inputs for node in graph if "ModelEndpoint" in node.urn and "image" not in node.type.lower()
    )
