"""A fleet of devices on ECS Anywhere: what its rings run, who its devices are to AWS, and what an edit touches."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pulumi
import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from modelinfra import EdgeFleet, Environment
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.platforms.edge.anywhere.roles import device_policy
from modelinfra.platforms.edge.anywhere.task import health_check
from modelinfra.platforms.served_model import served_model
from modelinfra.router.settings import read
from tests.making import captured, inputs, write_model
from tests.platforms.worlds import POLICY, ROLE, SERVICE, TASK

ACTIVATION, SECRET = "aws:ssm/activation:Activation", "aws:secretsmanager/secret:Secret"
SECRET_VERSION, EVENT_RULE = "aws:secretsmanager/secretVersion:SecretVersion", "aws:cloudwatch/eventRule:EventRule"
CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/edge"
READY = {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "digits"}}
TWO_RINGS = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"


def fleet(root: Path, **options: Any) -> Graph:
    write_model(root / "model")
    write_model(root / "newer", weights="newer weights")
    given = {"server": "mlserver", "model": "model", **options}
    return captured(lambda: EdgeFleet("stores", given), root)  # type: ignore[arg-type]


def refusal(root: Path, **options: Any) -> list[str]:
    write_model(root / "model")
    said: list[str] = []

    def program() -> None:
        try:
            EdgeFleet("stores", {"server": "mlserver", "model": "model", **options})  # type: ignore[typeddict-item]
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert not [node for node in captured(program, root) if node.type.startswith("aws:")]
    return said


def container(graph: Graph, ring: str) -> dict[str, Any]:
    (found,) = json.loads(inputs(graph, TASK, f"stores-{ring}-task")["containerDefinitions"])
    return dict(found)


def test_each_ring_runs_once_on_each_of_its_devices_and_waits_for_none(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS)
    for ring in ("canary", "shops"):
        service = inputs(graph, SERVICE, f"stores-{ring}-service")
        assert (service["launchType"], service["schedulingStrategy"]) == ("EXTERNAL", "DAEMON")
        (constraint,) = service["placementConstraints"]
        assert constraint == {"type": "memberOf", "expression": f"attribute:modelinfra.ring == {ring}"}
        assert service["waitForSteadyState"] is False
        assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        # What EXTERNAL has not (ECS developer guide, external instances).
        assert not {"loadBalancers", "networkConfiguration", "capacityProviderStrategies", "desiredCount"} & set(
            service
        )
    task = inputs(graph, TASK, "stores-shops-task")
    assert (task["requiresCompatibilities"], task["networkMode"]) == (["EXTERNAL"], "bridge")
    assert "cpu" not in task


def test_a_fleet_without_rings_has_one(tmp_path: Path) -> None:
    graph = fleet(tmp_path)
    assert [node.name for node in graph.all(SERVICE)] == ["stores-all-service"]


def test_promoting_a_revision_to_a_ring_is_one_line_and_touches_one_task_definition(
    tmp_path: Path,
) -> None:
    revisions = {"candidate": {"model": "newer"}}
    before = fleet(tmp_path, rings=TWO_RINGS, revisions=revisions)
    promoted = [{**TWO_RINGS[0], "revision": "candidate"}, TWO_RINGS[1]]
    after = fleet(tmp_path, rings=promoted, revisions=revisions)
    assert container(before, "canary")["image"] == container(before, "shops")["image"]
    assert container(after, "canary")["image"] != container(after, "shops")["image"]
    changed = {each.name for each in changes(before, after)}
    assert changed == {"stores-canary-task"}, "the service follows its revision, and nothing else does"


def test_a_device_starts_what_it_has_and_fetches_nothing(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, model="s3://acme-models/digits/7")
    assert said.startswith("model: devices would fetch it at each start, and start nothing while they are offline.")
    fleet(tmp_path, **READY)


def test_an_activation_lets_devices_into_each_ring_and_its_code_is_readable_nowhere(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS, activation={"expires": "2027-01-15", "devices": 20})
    for ring in ("canary", "shops"):
        made = inputs(graph, ACTIVATION, f"stores-{ring}-activation")
        assert (made["expirationDate"], made["registrationLimit"]) == ("2027-01-15T00:00:00Z", 20)
        node = graph.one(ACTIVATION, f"stores-{ring}-activation")
        assert "activationCode" in node.additional_secret_outputs
        version = graph.one(SECRET_VERSION, f"stores-{ring}-activation")
        assert version.inputs["secretString"] != plain(version.inputs)["secretString"], "it is no secret of Pulumi's"
        assert set(json.loads(plain(version.inputs)["secretString"])) == {"ActivationId", "ActivationCode"}
    assert not fleet(tmp_path, rings=TWO_RINGS).all(ACTIVATION)


def test_the_devices_of_a_ring_have_a_role_of_their_own_which_systems_manager_gives_them(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS)
    for ring in ("canary", "shops"):
        (statement,) = json.loads(inputs(graph, ROLE, f"stores-{ring}-device")["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "ssm.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
        attached = inputs(graph, POLICY, f"stores-{ring}-device")
        assert attached["role"].startswith(f"stores-{ring}-device")


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("ecs:RegisterContainerInstance", CLUSTER, True),
        ("ecs:RegisterContainerInstance", CLUSTER.replace("edge", "payments"), False),
        ("ecs:Poll", "arn:aws:ecs:us-west-2:123456789012:container-instance/edge/0123", True),
        ("ecs:Poll", "arn:aws:ecs:us-west-2:123456789012:container-instance/payments/0123", False),
        ("ssm:UpdateInstanceInformation", "*", True),
        ("ssmmessages:OpenControlChannel", "*", True),
        # What a stolen device must not do, and AWS's own AmazonSSMManagedInstanceCore would let it.
        ("ssm:GetParameter", "arn:aws:ssm:us-west-2:123456789012:parameter/payments/key", False),
        ("ssm:GetParameters", "arn:aws:ssm:us-west-2:123456789012:parameter/payments/key", False),
        ("ssm:SendCommand", "*", False),
        ("ssm:StartSession", "*", False),
        ("ssm:CreateActivation", "*", False),
        ("iam:PassRole", "*", False),
        ("ecs:RunTask", "*", False),
        ("ecs:UpdateService", "*", False),
        ("ecr:GetAuthorizationToken", "*", False),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-west-2:123456789012:secret:x-AbCdEf", False),
        ("logs:GetLogEvents", "*", False),
    ],
)
def test_what_a_device_may_do(action: str, resource: str, allowed: bool) -> None:
    result = IAMPolicy(device_policy(CLUSTER)).is_action_permitted(action, resource)
    assert (result == PermissionResult.PERMITTED) is allowed


def test_the_server_on_a_device_may_do_nothing(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS)
    with_policies = {inputs(graph, POLICY, node.name)["role"].rpartition("-")[0] for node in graph.all(POLICY)}
    assert with_policies == {"stores-execution", "stores-canary-device", "stores-shops-device"}


def test_silent_devices_and_bad_rings_are_told(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=TWO_RINGS, alarm_topic_arn=TOPIC)
    silent = json.loads(inputs(graph, EVENT_RULE, "stores-silent")["eventPattern"])
    assert silent["detail"]["agentConnected"] == [False]
    assert len(silent["detail"]["clusterArn"]) == 1
    failed = json.loads(inputs(graph, EVENT_RULE, "stores-deployment")["eventPattern"])
    assert len(failed["resources"]) == 2
    assert not fleet(tmp_path, rings=TWO_RINGS).all(EVENT_RULE)


class _Server(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status if self.path == "/v2/models/digits/ready" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_health_check_asks_the_server_whether_its_model_is_ready(
    tmp_path: Path, status: int, healthy: bool
) -> None:
    kind = type("Kind", (_Server,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = container(fleet(tmp_path), "all")["healthCheck"]["command"]
        assert command[0] == "CMD"
        asked = [each.replace("/8080", f"/{server.server_address[1]}") for each in command[1:]]
        run = subprocess.run(asked, capture_output=True, check=False)
        server.shutdown()
    assert (run.returncode == 0) is healthy


def test_a_health_check_fails_where_nothing_listens(tmp_path: Path) -> None:
    command = container(fleet(tmp_path), "all")["healthCheck"]["command"]
    asked = [each.replace("/8080", "/1") for each in command[1:]]
    assert subprocess.run(asked, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("seconds", [20, 300, 301, 600, 900, 2400])
def test_a_server_that_loads_long_has_its_time_within_what_ecs_takes(tmp_path: Path, seconds: int) -> None:
    from modelinfra.options.edge_fleet import EdgeFleetOptions, as_endpoint
    from modelinfra.options.strict import validate

    write_model(tmp_path / "model")
    options = validate(EdgeFleetOptions, {"server": "mlserver", "model": "model", "startup_budget": f"{seconds}s"})
    check = health_check(served_model(as_endpoint(options), tmp_path, "stores"))
    assert check["startPeriod"] <= 300
    assert 5 <= check["interval"] <= 300
    assert 1 <= check["retries"] <= 10
    assert check["startPeriod"] + check["interval"] * check["retries"] >= seconds


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rings": []}, "rings: there is none"),
        (
            {"rings": [{"name": "a", "share": 0.5}, {"name": "a"}]},
            "rings[0].name (given: 'a'): two rings have this name",
        ),
        ({"rings": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.4}]}, "rings: the shares are 0.9 together"),
        ({"rings": [{"name": "a"}, {"name": "b"}]}, "rings: one ring may take what the others leave"),
        ({"rings": [{"name": "a", "share": 1}, {"name": "b"}]}, "rings: the others leave nothing for b"),
        (
            {"rings": [{"name": "a", "revision": "next"}]},
            "rings[0].revision (given: 'next'): there is no such revision",
        ),
        ({"revisions": {"next": {"model": "model"}}}, "revisions: there is one ring"),
        (
            {"revisions": {"next": {}}, "rings": [{"name": "a", "revision": "next"}]},
            "revisions.next: nothing in it differs",
        ),
        (
            {"activation": {"expires": "2027-02-30"}},
            "activation.expires (given: '2027-02-30'): the calendar has no such day",
        ),
        ({"secrets": {"TOKEN": "name/key"}}, "secrets.TOKEN (given: 'name/key'): this is a secret of Kubernetes"),
        (
            {"image": "a.example/served:7", "model": {"name": "digits"}},
            "image (given: 'a.example/served:7'): a tag can move",
        ),
        ({"load_balancer": "own"}, "load_balancer"),
        ({"spot": True}, "spot"),
    ],
)
def test_what_a_fleet_cannot_be_is_told_before_anything_is_made(
    tmp_path: Path, options: Mapping[str, Any], said: str
) -> None:
    assert any(line.startswith(said) for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)


def test_a_stack_file_declares_fleets_without_a_network(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    fleets = {"stores": {"server": "mlserver", "model": "model"}}

    def program() -> None:
        Environment(
            "dev", platforms={}, edge_fleets=fleets, notify={"emails": ["ops@example.com"]}, tags={"team": "edge"}
        )  # type: ignore[typeddict-item]

    graph = captured(program, tmp_path)
    assert not graph.all("aws:ec2/vpc:Vpc")
    assert inputs(graph, SERVICE, "dev-stores-all-service")["tags"] == {"team": "edge"}
    assert [node.name for node in graph.all(EVENT_RULE)] == ["dev-stores-silent", "dev-stores-deployment"]


BEHIND: dict[str, Any] = {
    "server": "mlserver",
    "model": "newer",
    "longest_request": "20s",
    "exposure": {"gateway": {"auth": {"iam": {}}}, "paths": ["/v2/models/digits/infer"]},
}


def environment(root: Path, behind: Mapping[str, Any] | None = None, **options: Any) -> Graph:
    write_model(root / "model")
    write_model(root / "newer", weights="newer weights")
    declared = {"server": "mlserver", "model": "model", "rings": TWO_RINGS, "fallback": "heavy", **options}

    def program() -> None:
        Environment(
            "dev",
            platforms={"web": {"type": "ecs"}},
            endpoints={"heavy": {**BEHIND, **(behind or {})}},  # type: ignore[typeddict-item]
            edge_fleets={"stores": declared},  # type: ignore[typeddict-item]
        )

    return captured(program, root)


def router_of(graph: Graph, ring: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its container, and what it is told."""
    containers = json.loads(inputs(graph, TASK, f"dev-stores-{ring}-task")["containerDefinitions"])
    (found,) = [each for each in containers if each["name"] == "router"]
    told = next(each["value"] for each in found["environment"] if each["name"] == "MODELINFRA_ROUTER")
    return found, json.loads(told)


def test_a_router_stands_before_the_model_and_understands_what_it_is_told(tmp_path: Path) -> None:
    router = {
        "confidence": {"output": "predict_proba", "rule": "margin", "least": 0.3},
        "timeout": "2s",
        "offline": {
            "size": "128MiB",
            "drop": "least-valuable",
            "send_between": {"start": "22:00", "end": "05:00"},
        },
        "samples": {"share": 0.01, "mask": ["email"]},
    }
    graph = environment(tmp_path, router=router)
    found, told = router_of(graph, "canary")
    settings = read(json.dumps(told))
    assert settings.local.url == "http://model:8080"
    assert (settings.path, settings.cloud.path) == ("/v2/models/digits/infer", "/v2/models/digits/infer")
    assert settings.cloud.auth.sigv4 is not None
    assert settings.samples is not None
    assert settings.samples.store.endswith("/ring=canary/")
    assert settings.send_between is not None
    assert (settings.send_between.start, settings.send_between.end) == ("22:00", "05:00")
    assert found["links"] == ["model"]
    assert found["portMappings"] == [{"name": "http", "containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    containers = json.loads(inputs(graph, TASK, "dev-stores-canary-task")["containerDefinitions"])
    (server,) = [each for each in containers if each["name"] == "model"]
    assert 8080 not in [each["hostPort"] for each in server["portMappings"]], "clients go past the router"
    volumes = inputs(graph, TASK, "dev-stores-canary-task")["volumes"]
    assert [each["name"] for each in volumes] == [each["sourceVolume"] for each in found["mountPoints"]]
    assert volumes[1]["hostPath"] == "/var/lib/modelinfra", "where the script that enrols a device writes its name"
    assert told["deviceFile"] == "/var/lib/modelinfra/device"


def test_the_settings_of_every_default_are_ones_that_the_router_takes(tmp_path: Path) -> None:
    _, told = router_of(environment(tmp_path), "shops")
    settings = read(json.dumps(told))
    assert settings.confidence is None
    assert settings.samples is None


def test_the_devices_of_a_ring_may_ask_the_fallback_and_write_their_own_samples_alone(tmp_path: Path) -> None:
    graph = environment(tmp_path, router={"samples": {"share": 0.01}})
    bucket = graph.one("aws:s3/bucket:Bucket", "dev-stores-samples").outputs["arn"]
    for ring, other in (("canary", "shops"), ("shops", "canary")):
        attached = inputs(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"dev-stores-{ring}-fallback")
        assert attached["role"].startswith(f"dev-stores-{ring}-task")
        assert attached["policyArn"] == graph.one("aws:iam/policy:Policy").outputs["arn"]
        policy = IAMPolicy(inputs(graph, POLICY, f"dev-stores-{ring}-samples")["policy"])
        may = {
            (action, of): policy.is_action_permitted(action, f"{bucket}/ring={of}/2026/x.jsonl.gz")
            == PermissionResult.PERMITTED
            for action in ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
            for of in (ring, other)
        }
        assert [key for key, allowed in may.items() if allowed] == [("s3:PutObject", ring)]


def told_of(root: Path, behind: Mapping[str, Any] | None = None, **options: Any) -> list[str]:
    said: list[str] = []
    write_model(root / "model")

    def program() -> None:
        try:
            declared = {"server": "mlserver", "model": "model", "fallback": "heavy", **options}
            declared = {key: value for key, value in declared.items() if value != ALONE}
            endpoints = {"heavy": {**BEHIND, **(behind or {}), "model": "model"}}
            Environment(
                "dev", platforms={"web": {"type": "ecs"}}, endpoints=endpoints, edge_fleets={"stores": declared}
            )  # type: ignore[typeddict-item]
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    captured(program, root)
    return said


ALONE = "alone"
"""In place of a fallback: the fleet has none."""

JWT = {"issuer": "https://login.example.com", "audiences": ["devices"]}
PATHS = ["/v2/models/digits/infer"]
AT_DOMAIN: dict[str, Any] = {
    "auth": {"mtls": {"ca_bundle": "s3://acme-pki/devices.pem"}},
    "domain": "api.example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
}


@pytest.mark.parametrize(
    ("gateway", "shown", "directory"),
    [
        ({"auth": {"jwt": JWT}}, {"token_file": "/etc/acme/device/token"}, "/etc/acme/device"),
        (AT_DOMAIN, {"certificate": "/srv/pki/till/chain.pem", "key": "/srv/pki/till/key.pem"}, "/srv/pki/till"),
    ],
)
def test_what_a_device_shows_lies_in_one_directory_that_the_router_reads_and_no_role_lets_it_in(
    tmp_path: Path, gateway: Mapping[str, Any], shown: Mapping[str, str], directory: str
) -> None:
    behind = {"exposure": {"gateway": gateway, "paths": PATHS}}
    graph = environment(tmp_path, behind, router={"auth": shown, "samples": {"share": 0.1}})
    found, told = router_of(graph, "canary")
    ways = read(json.dumps(told)).cloud.auth
    assert ways.sigv4 is None
    files = [ways.bearer.file] if ways.bearer else [ways.mtls.certificate, ways.mtls.key] if ways.mtls else []
    assert files == [f"/var/lib/shown/{each.rpartition('/')[2]}" for each in shown.values()]
    (mounted,) = [each for each in found["mountPoints"] if each["containerPath"] == "/var/lib/shown"]
    assert mounted["readOnly"] is True
    volumes = {each["name"]: each for each in inputs(graph, TASK, "dev-stores-canary-task")["volumes"]}
    assert volumes[mounted["sourceVolume"]]["hostPath"] == directory
    server = json.loads(inputs(graph, TASK, "dev-stores-canary-task")["containerDefinitions"])[0]
    assert not server.get("mountPoints"), "the model's server could read it"
    assert not graph.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")


def test_a_gateway_that_asks_for_credentials_of_aws_needs_no_files_on_devices(tmp_path: Path) -> None:
    volumes = inputs(environment(tmp_path), TASK, "dev-stores-canary-task")["volumes"]
    assert [each["name"] for each in volumes] == ["modelinfra-stores", "name"]


@pytest.mark.parametrize(
    ("behind", "options", "said"),
    [
        (
            {"exposure": {}},
            {},
            "edge_fleets.stores.fallback (given: 'heavy'): devices outside of the network do not reach 'heavy'",
        ),
        (
            {"exposure": {"gateway": {"auth": {"jwt": JWT}}, "paths": PATHS}},
            {},
            "edge_fleets.stores.router.auth: the gateway of 'heavy' asks for a token, and nothing says where a device has its own. Write `router.auth` with `token_file`",
        ),
        (
            {"exposure": {"gateway": {"auth": {"jwt": JWT}}, "paths": PATHS}},
            {"router": {"auth": {"certificate": "/etc/acme/d/c.pem", "key": "/etc/acme/d/k.pem"}}},
            "edge_fleets.stores.router.auth: the gateway of 'heavy' asks for a token, and nothing says where a device has its own.",
        ),
        (
            {"exposure": {"gateway": AT_DOMAIN, "paths": PATHS}},
            {"router": {"auth": {"token_file": "/etc/acme/device/token"}}},
            "edge_fleets.stores.router.auth: the gateway of 'heavy' asks for a certificate, and nothing says where a device has its own. Write `router.auth` with `certificate` and `key`",
        ),
        (
            {},
            {"router": {"auth": {"token_file": "/etc/acme/device/token"}}},
            "edge_fleets.stores.router.auth: the gateway of 'heavy' asks for credentials of AWS, and devices have those of their ring's role. Remove it.",
        ),
        (
            {"exposure": {"gateway": {**AT_DOMAIN, "auth": {**AT_DOMAIN["auth"], "jwt": JWT}}, "paths": PATHS}},
            {"router": {"auth": {"token_file": "/etc/acme/device/token"}}},
            "edge_fleets.stores.fallback (given: 'heavy'): the gateway of 'heavy' asks for two things, and a router shows one.",
        ),
        (
            {"exposure": {"gateway": {"auth": {"none": "a demonstration"}}, "paths": PATHS}},
            {},
            "edge_fleets.stores.fallback (given: 'heavy'): the gateway of 'heavy' asks nobody who he is.",
        ),
        (
            {},
            {"router": {"auth": {"certificate": "/etc/acme/device/chain.pem"}}},
            "edge_fleets.stores.router.auth (given: {'certificate': '/etc/acme/device/chain.pem'}): a device shows a token, or a certificate of which it has the key.",
        ),
        (
            {},
            {"router": {"auth": {"certificate": "/etc/acme/a/chain.pem", "key": "/etc/acme/b/key.pem"}}},
            "edge_fleets.stores.router.auth.key (given: '/etc/acme/b/key.pem'): the certificate lies in /etc/acme/a, and one directory is shown to the router.",
        ),
        (
            {},
            {"router": {"offline": {"send_between": {"start": "22:00", "end": "22:00"}}}},
            "edge_fleets.stores.router.offline.send_between.end (given: '22:00'): this is no part of the day, or all of it.",
        ),
        (
            {},
            {"router": {"offline": {"send_between": {"start": "25:00", "end": "22:00"}}}},
            "edge_fleets.stores.router.offline.send_between.start (given: '25:00'): this is not a time of the day.",
        ),
        (
            {},
            {"router": {"auth": {"token_file": "/etc/token"}}},
            "edge_fleets.stores.router.auth.token_file (given: '/etc/token'): this is not the path of a file on the device, in a directory of its own.",
        ),
        (
            {},
            {"router": {"auth": {"token_file": "/var/lib/../token"}}},
            "edge_fleets.stores.router.auth.token_file (given: '/var/lib/../token'): this is not the path of a file on the device",
        ),
        (
            {},
            {"fallback": "hevy"},
            "edge_fleets.stores.fallback (given: 'hevy'): there is no such endpoint. Did you mean 'heavy'?",
        ),
        (
            {},
            {"fallback": ALONE, "router": {"queue": 1}},
            "edge_fleets.stores.router: nothing stands behind the devices",
        ),
        (
            {},
            {"fallback": ALONE, "alarms": {"lost": 3}},
            "edge_fleets.stores.alarms: devices have a router, which tells CloudWatch of them, with a `fallback` only",
        ),
        (
            {},
            {"fallback": ALONE, "dashboard": True},
            "edge_fleets.stores.dashboard: devices have a router, which tells CloudWatch of them, with a `fallback` only",
        ),
        (
            {},
            {"telemetry": False, "alarms": {"lost": 3}},
            "edge_fleets.stores.alarms: without `telemetry` devices tell nothing",
        ),
        (
            {},
            {"alarms": {"handed_over_percent": 100}},
            "edge_fleets.stores.alarms.handed_over_percent (given: 100): the most is 99.99. Write 99.99 or less.",
        ),
        (
            {},
            {"alarms": {"off": ["lost", "lost"]}},
            "edge_fleets.stores.alarms.off[1] (given: 'lost'): it stands there twice",
        ),
        (
            {},
            {"router": {"confidence": {"least": 0.5}}},
            "edge_fleets.stores.router.confidence (given: {'least': 0.5}): an answer says how sure it is in one place",
        ),
        (
            {},
            {"router": {"confidence": {"path": "scores", "least": 0.5}}},
            "edge_fleets.stores.router.confidence.path (given: 'scores'): this is no path",
        ),
        (
            {},
            {"router": {"samples": {"share": 0.1, "mask": ["$.["]}}},
            "edge_fleets.stores.router.samples.mask[0] (given: '$.[')",
        ),
        (
            {},
            {"server": "tensorflow-serving", "image": READY["image"], "model": {"name": "digits"}},
            "edge_fleets.stores.fallback (given: 'heavy'): clients ask devices at /v1/models/digits:predict",
        ),
    ],
)
def test_a_fallback_that_devices_cannot_use_is_refused(
    tmp_path: Path, behind: Mapping[str, Any], options: Mapping[str, Any], said: str
) -> None:
    found = told_of(tmp_path, behind, **options)
    assert any(line.startswith(said) for line in found), found


def test_the_component_takes_an_endpoint_itself(tmp_path: Path) -> None:
    assert any("this is no endpoint" in line for line in refusal(tmp_path, fallback="heavy"))


@pytest.mark.parametrize("declared", [{}, {"edge": True}])
def test_a_fleet_in_china_is_refused_as_aws_would(tmp_path: Path, declared: dict[str, Any]) -> None:
    said: list[str] = []
    write_model(tmp_path / "model")

    def program() -> None:
        try:
            if declared:
                Environment("dev", platforms={}, edge_fleets={"stores": {"server": "mlserver", "model": "model"}})
            else:
                EdgeFleet("stores", server="mlserver", model="model")
        except pulumi.RunError as error:
            said.append(str(error))

    captured(program, tmp_path, config={"aws:region": "cn-north-1"})
    assert "devices outside of AWS cannot join clusters in China's regions" in said[0]


def test_what_lies_in_another_region_is_refused(tmp_path: Path) -> None:
    elsewhere = CLUSTER.replace("us-west-2", "eu-west-1")
    (said,) = refusal(tmp_path, cluster_arn=elsewhere)
    assert said.startswith(f"cluster_arn (given: '{elsewhere}'): this is in eu-west-1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"activation": {"expires": "2027-01-15", "devices": 200}},
            "reaches 200 at most before ECS takes it back; `minimum_healthy_percent` keeps",
        ),
        # ECS stops at the hundredth failure, and twenty devices at a time have begun by then.
        (
            {"activation": {"expires": "2027-01-15", "devices": 200}, "minimum_healthy_percent": 90},
            "of 200 devices, as many as may be enrolled, a revision that starts on none of them reaches 119 at most",
        ),
        (
            {"activation": {"expires": "2027-01-15", "devices": 1}, "minimum_healthy_percent": 50},
            "rings of 1 device, as many as may be enrolled, would never get a new revision",
        ),
    ],
)
def test_the_preview_says_how_far_a_bad_revision_gets(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    graph = fleet(tmp_path, **options)
    assert any(said in each["message"] for each in graph.logs), [each["message"] for each in graph.logs]


def test_an_environment_of_devices_alone_needs_no_platform(tmp_path: Path) -> None:
    graph = captured(lambda: Environment("dev", edge_fleets={"stores": {"server": "mlserver", **READY}}), tmp_path)
    assert graph.all(SERVICE)
    assert not graph.all("aws:ec2/vpc:Vpc")


def test_what_is_told_of_a_stack_file_has_the_stack_files_keys(tmp_path: Path) -> None:
    fleet = {"server": "mlserver", **READY, "activation": {"expires": "2027-01-15", "devices": 20}}

    def told(program: Any, **config: Any) -> str:
        return "\n".join(each["message"] for each in captured(program, tmp_path, **config).logs)

    stack_file = json.dumps({"edgeFleets": {"stores": fleet}})
    config = {"aws:region": "us-west-2", "modelinfra:environment": stack_file}
    assert "`minimumHealthyPercent` keeps some" in told(lambda: Environment.from_config("dev"), config=config)
    assert "`minimum_healthy_percent` keeps some" in told(lambda: Environment("dev", edge_fleets={"stores": fleet}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activation": {"expires": "2026-12-18"}}, "`activation.expires` (2026-12-18) is over: no device can be enrolled"),
        ({"activation": {"expires": "2026-12-19"}}, None),
        ({"activation": {"expires": "2027-01-17"}}, None),
        ({"activation": {"expires": "2027-01-18"}}, "is more than 30 days ahead, and Systems Manager refuses"),
        ({"runtime": "greengrass", "claim": {"expires": "2026-12-18"}}, "`claim.expires` (2026-12-18) is over: no device can be enrolled"),
        ({"runtime": "greengrass", "claim": {"expires": "2027-12-18"}}, None),
    ],
)  # fmt: skip
def test_a_day_that_lets_nobody_in_is_told(tmp_path: Path, options: dict[str, Any], said: str | None) -> None:
    """tests/conftest.py says which day it is: December 18, 2026."""
    found = [each for each in fleet(tmp_path, **options).warnings if "expires" in each]
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
