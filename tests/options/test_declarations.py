"""Every option is declared whole: what it means, where it lands, and its place in the JSON Schema."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.options.declare import UNSET, Declared, declared, is_declaration
from modelinfra.options.environment import EnvironmentOptions
from modelinfra.options.log_retention import LOG_RETENTION_DAYS
from modelinfra.options.not_built import NOT_BUILT
from modelinfra.options.strict import validate
from modelinfra.options.wording import spelled
from modelinfra.stackfile.read import KEY
from modelinfra.stackfile.schema import stack_file_schema
from tests.stackfile.adopted import ADOPTED
from tests.stackfile.clusters import CLUSTERS
from tests.stackfile.mutations import GOOD
from tests.stackfile.rich import RICH

STACKS = Path(__file__).parents[2] / "stacks"

NOT_ONE_PROPERTY = {
    "network": "its parts are options of their own",
    "network.vpc": "stands in an existing VPC: nothing of the network is made",
    "network.vpc.id": "replaces the whole network",
    "network.vpc.privateSubnetIds": "replaces the whole network",
    "network.vpc.publicSubnetIds": "is where public endpoints stand",
    "network.vpc.cidr": "spares a look-up",
    "platforms": "its parts are options of their own",
    "platforms.*.type": "moves every endpoint of it",
    "platforms.*.cluster": "its parts are options of their own",
    "platforms.*.cluster.kubeconfig": "is how the cluster is reached",
    "platforms.*.cluster.context": "is how the cluster is reached",
    "platforms.*.cluster.eks": "takes the place of a kubeconfig, and makes everything anew",
    "platforms.*.cluster.eks.clusterName": "takes the place of everything",
    "platforms.*.cluster.eks.kubeconfigRoleArn": "is a part of an output",
    "platforms.*.cluster.eks.systemNodes": "its parts are options of their own",
    "platforms.*.cluster.eks.karpenter": "its parts are options of their own",
    "platforms.*.cluster.eks.transforms": "lands wherever its user says",
    "platforms.*.kserve.gateway": "its parts are options of their own",
    "platforms.*.kserve.gateway.existing": "takes the place of one that is made, with an address of the platform's `gateway`",
    "platforms.*.kserve.gateway.existing.name": "is a part of the gateway",
    "platforms.*.kserve.gateway.existing.namespace": "is a part of the gateway",
    "platforms.*.kserve.gateway.existing.tls": "is a part of the gateway",
    "platforms.*.kserve.gateway.serviceAnnotations": "stands with `service: LoadBalancer` alone",
    "platforms.*.kserve.gateway.loadBalancerClass": "stands with `service: LoadBalancer` alone",
    "platforms.*.kserve.localModels": "its parts are options of their own",
    "platforms.*.kserve.prometheus": "its parts are options of their own",
    "platforms.*.kserve.transforms": "lands wherever its user says",
    "platforms.*.serving": "moves every endpoint of it",
    "platforms.*.knativeGateway": "its parts are options of their own",
    "platforms.*.namespace": "moves every endpoint of it",
    "platforms.*.gateway.name": "is a part of the gateway",
    "platforms.*.gateway.namespace": "is a part of the gateway",
    "platforms.*.gateway.url": "is part of an output of the endpoints",
    "platforms.*.gateway.implementation": "says what serves a gateway that there is",
    "platforms.*.accelerators": "its parts are options of their own",
    "platforms.*.registry.username": "is who pushes, which images do not hold",
    "platforms.*.registry.password": "is who pushes, which images do not hold",
    "tenants.*.kubernetes.quota": "its parts are options of their own",
    "tenants.*.kubernetes.egress.cidr": "is a part of `egress`",
    "tenants.*.kubernetes.egress.ports": "is a part of `egress`",
    "platforms.*.loadBalancerUrl": "is part of an output of the endpoints",
    "platforms.*.transforms": "lands wherever its user says",
    "network.transforms": "lands wherever its user says",
    "endpoints.*.transforms": "lands wherever its user says",
    "namePrefix": "begins every name",
    "tenants": "its parts are options of their own",
    "tenants.*.modelPrefix": "says where models may lie, and changes nothing",
    "endpoints.*.transformer.image": "is a part of the transformer's container",
    "endpoints.*.transformer.command": "is a part of the transformer's container",
    "endpoints.*.transformer.args": "is a part of the transformer's container",
    "endpoints.*.transformer.environment": "is a part of the transformer's container",
    "endpoints.*.transformer.healthPath": "is a part of the transformer's container",
    "endpoints.*.transformer.cpu": "is a part of the transformer's container",
    "endpoints.*.transformer.memory": "is a part of the transformer's container",
    "endpoints.*.transformer.scaling": "its parts are options of their own",
    "endpoints.*.explainer.image": "is a part of the explainer's container",
    "endpoints.*.explainer.command": "is a part of the explainer's container",
    "endpoints.*.explainer.args": "is a part of the explainer's container",
    "endpoints.*.explainer.environment": "is a part of the explainer's container",
    "endpoints.*.explainer.healthPath": "is a part of the explainer's container",
    "endpoints.*.explainer.cpu": "is a part of the explainer's container",
    "endpoints.*.explainer.memory": "is a part of the explainer's container",
    "endpoints.*.explainer.scaling": "its parts are options of their own",
    "inferenceGraphs": "its parts are options of their own",
    "inferenceGraphs.*.scaling": "its parts are options of their own",
    "inferenceGraphs.*.transforms": "lands wherever its user says",
    "inferenceGraphs.*.nodes.*.steps.endpoint": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.node": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.name": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.protocol": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.data": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.mapPredictionsToInstances": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.weight": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.condition": "is a part of one step",
    "inferenceGraphs.*.nodes.*.steps.dependency": "is a part of one step",
    "gpuNodePools": "its parts are options of their own",
    "gpuNodePools.*.accelerator": "its parts are options of their own",
    "gpuNodePools.*.platform": "moves the whole pool",
    "gpuNodePools.*.transforms": "lands wherever its user says",
    "endpoints.*.accelerator": "moves the whole endpoint from Fargate to nodes",
    "endpoints": "its parts are options of their own",
    "endpoints.*.mirror.revision": "is a part of the mirror",
    "endpoints.*.platform": "moves the whole endpoint",
    "endpoints.*.server": "another server is another image, other ports and paths",
    "endpoints.*.server.predictPath": "is an output of the endpoint",
    "endpoints.*.model": "its content is baked into the image, or fetched",
    "endpoints.*.model.uri": "its content is baked into the image, or fetched",
    "endpoints.*.model.delivery": "makes one image or two, and a container more",
    "endpoints.*.model.name": "is the prediction URL's, and the health check's where the server tells of one model",
    "endpoints.*.model.file": "is a word of the server's command, and what is fetched",
    "endpoints.*.model.size": "sizes and budgets follow from it",
    "endpoints.*.model.sha256": "checks, and changes nothing",
    "endpoints.*.models": "their content is baked into the image, or fetched",
    "endpoints.*.models.*.uri": "its content is baked into the image, or fetched",
    "endpoints.*.models.*.delivery": "makes one image or two, and a container more",
    "endpoints.*.models.*.size": "sizes and budgets follow from it",
    "endpoints.*.models.*.sha256": "checks, and changes nothing",
    "endpoints.*.image": "takes the place of repository and build",
    "endpoints.*.logs": "its parts are options of their own",
    "endpoints.*.repository": "its parts are options of their own",
    "endpoints.*.collector": "its parts are options of their own",
    "endpoints.*.scaling": "its parts are options of their own",
    "endpoints.*.scaling.steps.*.add.above": "is a part of one step",
    "endpoints.*.scaling.steps.*.add.replicas": "is a part of one step",
    "endpoints.*.scaling.steps.*.remove.below": "is a part of one step",
    "endpoints.*.scaling.steps.*.remove.replicas": "is a part of one step",
    "endpoints.*.rollback": "its parts are options of their own",
    "endpoints.*.queue": "its parts are options of their own",
    "endpoints.*.revisions": "its parts are options of their own",
    "notify": "its parts are options of their own",
    "notify.topicArn": "takes the place of the topic, and is told by every alarm",
    "edgeFleets": "its parts are options of their own",
    "edgeFleets.*.runtime": "another runtime is another fleet",
    "edgeFleets.*.rollout": "its parts are options of their own",
    "edgeFleets.*.platform": "moves the whole fleet",
    "edgeFleets.*.namespace": "moves the whole fleet",
    "edgeFleets.*.transforms": "lands wherever its user says",
    "edgeFleets.*.clusterArn": "takes the place of the cluster, which everything else names",
    "edgeFleets.*.rings": "its parts are options of their own",
    "edgeFleets.*.rings.name": "begins the names of all that is made for the ring",
    "edgeFleets.*.rings.share": "is drawn by when a device is enrolled",
    "edgeFleets.*.alarms": "its parts are options of their own",
    "edgeFleets.*.router": "its parts are options of their own",
    "edgeFleets.*.router.auth": "its parts are options of their own",
    "edgeFleets.*.router.offline": "its parts are options of their own",
    "edgeFleets.*.router.confidence.path": "takes the place of the output",
    "edgeFleets.*.fallback": "adds a router, its image, its rights and its volume",
    "edgeFleets.*.revisions": "its parts are options of their own",
    "endpoints.*.rollout": "its parts are options of their own",
    "endpoints.*.exposure": "its parts are options of their own",
    "endpoints.*.exposure.auth": "its parts are options of their own",
    "endpoints.*.exposure.auth.jwt": "its parts are options of their own",
    "endpoints.*.exposure.auth.jwt.claims.name": "is a part of one claim",
    "endpoints.*.exposure.auth.jwt.claims.values": "is a part of one claim",
    "endpoints.*.exposure.auth.jwt.claims.format": "is a part of one claim",
    "endpoints.*.exposure.auth.oidc": "its parts are options of their own",
    "endpoints.*.exposure.auth.cognito": "its parts are options of their own",
    "endpoints.*.exposure.auth.cognito.userPoolArn": "takes the place of pool, client and domain together with two others",
    "endpoints.*.exposure.auth.cognito.clientId": "goes with the pool",
    "endpoints.*.exposure.auth.cognito.domain": "goes with the pool",
    "endpoints.*.exposure.auth.mtls": "its parts are options of their own",
    "endpoints.*.exposure.auth.none": "is a reason, for people",
    "endpoints.*.exposure.gateway.auth.iam": "its parts are options of their own",
    "endpoints.*.exposure.gateway.auth.jwt": "its parts are options of their own",
    "endpoints.*.exposure.gateway.auth.mtls": "its parts are options of their own",
    "endpoints.*.exposure.gateway.auth.none": "is a reason, for people",
    "endpoints.*.exposure.waf": "its parts are options of their own",
    "endpoints.*.exposure.accessLogs": "its parts are options of their own",
}
"""Options without a property of their own to land on, and why."""


def as_the_endpoints_own(path: str) -> str:
    """What a revision says anew is the endpoint's own option at another place, and what devices serve is said in the words of endpoints."""
    own = path.replace(".revisions.*.", ".")
    if own.startswith("edgeFleets.*.") and own.split(".")[2] in ("server", "model", "image", "logs", "repository"):
        return own.replace("edgeFleets", "endpoints", 1)
    return (
        own
        if path.startswith("endpoints.*.revisions.*.") and own.split(".")[2] in ("model", "image", "scaling")
        else path
    )


def options(declaration: type = EnvironmentOptions, path: str = "") -> Iterator[tuple[str, Declared]]:
    """Every option below an environment, as `endpoints.*.scaling.min`."""
    for key in declared(declaration):
        here = f"{path}{spelled(key.name, 'camel')}"
        yield here, key
        for inner, star in inner_declarations(key.type):
            yield from options(inner, f"{here}.{'*.' if star else ''}")


def inner_declarations(tp: Any) -> Iterator[tuple[type, bool]]:
    """The declarations within a type, and whether they are the values of a mapping."""
    if is_declaration(tp):
        yield tp, False
        return
    origin = typing.get_origin(tp)
    star = isinstance(origin, type) and issubclass(origin, Mapping)
    for part in typing.get_args(tp):
        for inner, _ in inner_declarations(part):
            yield inner, star


ALL = dict(options())


@pytest.mark.parametrize("path", ALL)
def test_every_option_says_what_it_means_in_a_sentence(path: str) -> None:
    assert re.fullmatch(r"[A-Z].{8,}\.", ALL[path].doc, re.DOTALL)


@pytest.mark.parametrize("path", ALL)
def test_every_option_lands_somewhere_and_has_another_value_to_prove_it_or_is_excused(path: str) -> None:
    option = ALL[path].option
    assert (bool(option.lands) and option.example is not UNSET) is not (as_the_endpoints_own(path) in NOT_ONE_PROPERTY)


def test_no_excuse_is_left_over() -> None:
    assert sorted(set(NOT_ONE_PROPERTY) - set(ALL)) == []


@pytest.mark.parametrize("path", [path for path, key in ALL.items() if not key.required])
def test_an_option_that_may_be_left_out_says_what_happens_then(path: str) -> None:
    key = ALL[path]
    said = key.option.default is not UNSET or key.option.default_text
    # An option without a default adds something, a key or a target; its text says what is there without it.
    assert said or re.search(
        r"otherwise|Left out|None|Only with|Required unless|Not for|Target|Digest|existing|second|ARN|directory",
        key.doc,
    )


@pytest.mark.parametrize("path", [path for path, key in ALL.items() if key.option.default is not UNSET])
def test_the_example_is_another_value_than_the_default(path: str) -> None:
    assert ALL[path].option.example != ALL[path].option.default


WITH_KEYS_OF_USERS = (
    ".environment",
    ".secrets",
    "tags",
    ".transforms",
    ".securityGroups",
    ".dimensions",
    ".webhooks",
    ".headers",
    "checks.*.body",
    "checks.*.answer",
    ".nodeSelector",
    ".addonVersions",
    ".serviceAnnotations",
    ".prometheus.labels",
    ".tolerations",
)
NAMED_BY_USERS = (
    *(
        "platforms.",
        "endpoints.",
        "gpuNodePools.",
        "revisions.",
        "apiKeys.",
        "tenants.",
        "accelerators.",
        "models.",
        "edgeFleets.",
    ),
    *("inferenceGraphs.", "nodes."),
    *("eks.access.", "scaling.metrics.", "scaling.steps.", "scaling.schedule.", "rollout.checks."),
)


def test_the_rich_environment_says_everything_that_can_be_said() -> None:
    def said(value: Any, path: str = "") -> Iterator[str]:
        if isinstance(value, list):
            for each in value:
                yield from said(each, path)
        for key, inner in value.items() if isinstance(value, dict) else ():
            here = f"{path}{'*' if path.endswith(NAMED_BY_USERS) else key}"
            yield here
            if not here.endswith(WITH_KEYS_OF_USERS):
                yield from said(inner, f"{here}.")

    # The digest stands for the content of a model, which differs from test to test; a password is a secret Output, which no file holds.
    everything = {as_the_endpoints_own(path) for path in ALL}
    assert everything - {as_the_endpoints_own(path) for path in (*said(RICH), *said(ADOPTED), *said(CLUSTERS))} == {
        "endpoints.*.model.sha256",
        "platforms.*.registry.username",
        "platforms.*.registry.password",
    }


def test_what_is_not_built_is_no_option() -> None:
    assert {path.rsplit(".", 1)[-1] for path in ALL} & {spelled(name, "camel") for name in NOT_BUILT} == set()


@pytest.mark.parametrize("days", LOG_RETENTION_DAYS)
def test_every_retention_that_the_text_names_is_taken(days: int) -> None:
    environment = {"platforms": {"web": {"type": "ecs"}}, "network": {"flowLogs": {"retentionDays": days}}}
    assert validate(EnvironmentOptions, environment, style="camel").network.flow_logs.retention_days == days


def accepts(schema: Any, value: Any, root: Mapping[str, Any]) -> bool:
    """Whether a value fits a JSON Schema: as much of draft 2020-12 as pydantic writes."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        return accepts(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, root)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return any(accepts(choice, value, root) for choice in choices)
    wanted = schema.get("type", list(KINDS))
    kinds = {KINDS[name] for name in ([wanted] if isinstance(wanted, str) else wanted)}
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else [value])
    if type(value) not in kinds | ({int} if float in kinds else set()) or value not in allowed:
        return False
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, list):
        return all(accepts(schema.get("items", True), each, root) for each in value)
    if isinstance(value, dict):
        fits = all(accepts(part_of(schema, key), each, root) for key, each in value.items())
        return fits and set(schema.get("required", ())) <= set(value)
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def part_of(schema: Mapping[str, Any], key: str) -> Any:
    """The schema of one key of an object."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    for pattern, part in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return part
    return schema.get("additionalProperties", True)


KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": float}
SCHEMA = stack_file_schema()


@pytest.mark.parametrize("name", sorted(GOOD))
def test_the_schema_accepts_good_files(name: str) -> None:
    assert accepts(SCHEMA, {"config": {"aws:region": "us-west-2", KEY: GOOD[name]}}, SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"platforms": {"web": {"type": "kubernetes"}}},
        {"platforms": {"web": {"type": "swarm"}}},
        {"platforms": {"web": {"type": "kubernetes", "cluster": {"context": "a"}, "exec": True}}},
        {"platforms": {"Web": {"type": "ecs"}}},
        {"platforms": {"web": {"type": "ecs", "exec": "yes"}}},
        {"platforms": {"web": {"type": "ecs"}}, "edgeFleets": {"stores": {"model": "model"}}},
        {"platforms": {"web": {"type": "ecs"}}, "network": {"nat": "maybe"}},
        {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": {"model": "model"}}},
        {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": {"server": "mlserver", "rulePriority": 0}}},
        {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": {"server": "mlserver", "path": "x"}}},
        {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": {"server": "mlserver", "load_balancer": "own"}}},
    ],
)
def test_the_schema_refuses_wrong_files(wrong: dict[str, Any]) -> None:
    assert not accepts(SCHEMA, {"config": {KEY: wrong}}, SCHEMA)


def test_the_schema_describes_every_option_for_editors() -> None:
    described = [prop for each in SCHEMA["$defs"].values() for prop in each["properties"].items()]
    assert [name for name, prop in described if not prop.get("description")] == []
    assert {name for name, _ in described} >= {path.rsplit(".", 1)[-1] for path in ALL if "." in path}


def test_the_schema_offers_no_null() -> None:
    assert '"null"' not in json.dumps(SCHEMA)


def test_the_schema_that_the_stacks_refer_to_is_this_one() -> None:
    assert json.loads((STACKS / "schema.json").read_text()) == SCHEMA, "run: modelinfra schema -o stacks/schema.json"


def test_the_servers_that_the_text_points_to_are_those_that_are_taken() -> None:
    for name, row in SERVERS.items():
        endpoint: dict[str, Any] = {"server": name, "model": "model"}
        if row.image is None:
            endpoint |= {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "model"}}
        environment = {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": endpoint}}
        assert validate(EnvironmentOptions, environment, style="camel").endpoints["a"].server == name
