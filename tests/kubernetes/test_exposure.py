"""An endpoint with a domain at a gateway in a cluster: who may come, how they prove who they are, and what they may ask for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra import KServe, KubernetesPlatform, ModelEndpoint
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.options.authentication import ApiKeyOptions, AuthOptions
from modelinfra.options.declare import declared
from modelinfra.options.exposure import ExposureOptions
from modelinfra.platforms.kubernetes import exposure
from modelinfra.policies import READINESS, check
from modelinfra.review.changes import between
from modelinfra.review.findings import all_findings
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import GATEWAY, NAMESPACE, POLICY, ROUTE, deployed, manifests, refusal
from tests.making import captured, inputs

SECURITY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
LISTENERS = "kubernetes:gateway.networking.k8s.io/v1:ListenerSet"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
SECRET = "kubernetes:core/v1:Secret"
ENDPOINT = "modelinfra:index:ModelEndpoint"

POLICIES = {"SecurityPolicy", "ListenerSet", "HTTPRoute", "Certificate"}

SHARED = {**GATEWAY, "listener": "https", "implementation": "envoy-gateway"}
ISSUED = {**GATEWAY, "cluster_issuer": "letsencrypt", "implementation": "envoy-gateway"}
HOST = "iris.acme.ai"
JWT: dict[str, Any] = {"issuer": "https://login.acme.ai", "jwks_url": "https://login.acme.ai/keys"}
KEYS: dict[str, Any] = {"orders": {}, "fraud": {"generation": 2}}


def exposed(root: Path, gateway: Mapping[str, Any] = SHARED, /, **said: Any) -> Graph:
    """The endpoint `iris` at its domain; `server` and such beside what is said of exposure go by `endpoint`."""
    endpoint = said.pop("endpoint", {})
    graph = deployed(root, platform={"gateway": gateway}, exposure={"domain": HOST, **said}, **endpoint)
    assert [found for each in manifests(graph) for found in complaints(each)] == []
    return graph


def refused(root: Path, gateway: Mapping[str, Any] | None = SHARED, /, **said: Any) -> list[str]:
    endpoint = said.pop("endpoint", {})
    return refusal(root, platform={"gateway": gateway}, exposure={"domain": HOST, **said}, **endpoint)


def test_every_option_of_exposure_is_taken_or_refused_with_a_reason() -> None:
    for declaration, taken, table in [
        (ExposureOptions, exposure.TAKEN, exposure.REFUSED),
        (AuthOptions, exposure.TAKEN_OF_AUTH, exposure.REFUSED_OF_AUTH),
        (ApiKeyOptions, exposure.TAKEN_OF_KEYS, exposure.REFUSED_OF_KEYS),
    ]:
        assert {key.name for key in declared(declaration)} == taken | set(table)
        assert set() == taken & set(table)


def test_a_domain_is_served_at_its_root_and_only_what_clients_need_is_forwarded(tmp_path: Path) -> None:
    graph = exposed(tmp_path)
    outputs = graph.one(ENDPOINT).outputs
    assert plain(outputs["url"]) == f"https://{HOST}"
    assert plain(outputs["predict_url"]) == f"https://{HOST}/v2/models/iris/infer"
    spec = inputs(graph, ROUTE)["spec"]
    assert spec["hostnames"] == [HOST]
    (rule,) = spec["rules"]
    assert [each["path"] for each in rule["matches"]] == [
        {"type": "Exact", "value": "/v2/models/iris/infer"},
        {"type": "Exact", "value": "/v2/models/iris/ready"},
    ]
    assert "filters" not in rule
    # By one listener alone: without its name a second one, for HTTP, would take the route, too.
    assert spec["parentRefs"][0]["sectionName"] == "https"
    assert graph.all(SECURITY) == []


def test_wildcards_of_paths_become_expressions_for_the_whole_path(tmp_path: Path) -> None:
    (rule,) = inputs(exposed(tmp_path, paths=["/v2/models/*/infer"]), ROUTE)["spec"]["rules"]
    assert [each["path"] for each in rule["matches"]] == [{"type": "RegularExpression", "value": "/v2/models/.*/infer"}]


def test_the_port_of_the_gateways_listener_is_in_the_address(tmp_path: Path) -> None:
    graph = exposed(tmp_path, {**SHARED, "url": "https://models.acme.ai:8443"})
    assert plain(graph.one(ENDPOINT).outputs["url"]) == f"https://{HOST}:8443"


def test_an_issuer_makes_a_certificate_and_a_listener_and_the_route_hangs_there(tmp_path: Path) -> None:
    graph = exposed(tmp_path, ISSUED)
    certificate = inputs(graph, CERTIFICATE)
    assert certificate["spec"]["dnsNames"] == [HOST]
    assert certificate["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    spec = inputs(graph, LISTENERS)["spec"]
    (listener,) = spec["listeners"]
    assert spec["parentRef"]["name"] == "inference"
    assert (listener["hostname"], listener["protocol"]) == (HOST, "HTTPS")
    assert listener["tls"]["certificateRefs"][0]["name"] == certificate["spec"]["secretName"]
    (parent,) = inputs(graph, ROUTE)["spec"]["parentRefs"]
    assert parent["kind"] == "ListenerSet"
    assert parent["name"] == inputs(graph, LISTENERS)["metadata"]["name"]
    assert parent["sectionName"] == listener["name"]
    assert graph.one(CERTIFICATE).urn in graph.one(LISTENERS).depends_on
    assert graph.one(LISTENERS).urn in graph.one(ROUTE).depends_on
    assert plain(graph.one(ENDPOINT).outputs["url"]) == f"https://{HOST}"


def test_whoever_is_asked_is_asked_from_the_first_request_to_the_last(tmp_path: Path) -> None:
    graph = exposed(tmp_path, auth={"api_keys": KEYS})
    policy = graph.one(SECURITY)
    assert policy.urn in graph.one(ROUTE).depends_on
    assert {each.urn for each in graph.all(SECRET)} <= set(policy.depends_on)
    (target,) = inputs(graph, SECURITY)["spec"]["targetRefs"]
    route = inputs(graph, ROUTE)["metadata"]
    assert (target["kind"], target["name"]) == ("HTTPRoute", route["name"])
    assert inputs(graph, SECURITY)["metadata"]["namespace"] == route["namespace"]


def test_tokens_are_taken_from_the_header_alone_and_every_claim_is_asked_for(tmp_path: Path) -> None:
    claims = [
        {"name": "aud", "values": ["models"], "format": "string-array"},
        {"name": "team", "values": ["a", "b"]},
        {"name": "scope", "values": ["predict", "admin"], "format": "space-separated-values"},
    ]
    spec = inputs(exposed(tmp_path, auth={"jwt": {**JWT, "claims": claims}}, cidrs=["10.0.0.0/8"]), SECURITY)["spec"]
    (provider,) = spec["jwt"]["providers"]
    assert provider["extractFrom"] == {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]}
    assert (provider["issuer"], provider["remoteJWKS"]["uri"]) == (JWT["issuer"], JWT["jwks_url"])
    authorization = spec["authorization"]
    assert authorization["defaultAction"] == "Deny"
    principals = [each["principal"] for each in authorization["rules"]]
    # One of the scopes is enough, and within a rule everything must hold.
    assert [each["jwt"]["scopes"] for each in principals] == [["predict"], ["admin"]]
    for principal in principals:
        assert principal["clientCIDRs"] == ["10.0.0.0/8"]
        assert principal["jwt"]["provider"] == provider["name"]
        assert principal["jwt"]["claims"] == [
            {"name": "aud", "valueType": "StringArray", "values": ["models"]},
            {"name": "team", "valueType": "String", "values": ["a", "b"]},
        ]


def test_without_claims_every_token_of_the_issuer_is_let_in(tmp_path: Path) -> None:
    spec = inputs(exposed(tmp_path, auth={"jwt": JWT}), SECURITY)["spec"]
    assert "authorization" not in spec
    assert "jwt" in spec


def test_addresses_alone_let_in_nobody_else(tmp_path: Path) -> None:
    spec = inputs(exposed(tmp_path, cidrs=["10.0.0.0/8", "192.0.2.0/24"]), SECURITY)["spec"]
    assert set(spec) == {"targetRefs", "authorization"}
    assert spec["authorization"]["defaultAction"] == "Deny"
    assert [each["principal"] for each in spec["authorization"]["rules"]] == [
        {"clientCIDRs": ["10.0.0.0/8", "192.0.2.0/24"]}
    ]


def test_each_valid_key_is_in_a_secret_of_its_own_that_the_policy_names(tmp_path: Path) -> None:
    graph = exposed(tmp_path, auth={"api_keys": KEYS})
    spec = inputs(graph, SECURITY)["spec"]["apiKeyAuth"]
    assert spec["extractFrom"] == [{"headers": ["x-api-key"]}]
    assert spec["sanitize"] is True
    named = {each["name"] for each in spec["credentialRefs"]}
    assert named == {"iris-key-orders-1", "iris-key-fraud-1", "iris-key-fraud-2"}
    assert named == {inputs(graph, SECRET, each.name)["metadata"]["name"] for each in graph.all(SECRET)}
    # Two keys of one name in a policy, and the gateway drops one of them.
    assert {key for each in graph.all(SECRET) for key in inputs(graph, SECRET, each.name)["data"]} == {
        "orders-1",
        "fraud-1",
        "fraud-2",
    }
    assert plain(graph.one(ENDPOINT).outputs["api_key_secrets"]) == {
        "orders": {"1": "k8s/iris-key-orders-1"},
        "fraud": {"1": "k8s/iris-key-fraud-1", "2": "k8s/iris-key-fraud-2"},
    }


def test_a_key_is_secret_in_the_state_and_is_never_drawn_again(tmp_path: Path) -> None:
    graph = exposed(tmp_path, auth={"api_keys": {"orders": {}}})
    secret = graph.one(SECRET)
    assert secret.ignore_changes == ["data"]
    assert "data" in secret.additional_secret_outputs
    assert secret.inputs["data"] != inputs(graph, SECRET)["data"]  # wrapped as a secret
    (value,) = inputs(graph, SECRET)["data"].values()
    assert base64.b64decode(value).decode().startswith("iris-orders-1-")


def test_a_previous_key_that_is_not_kept_is_gone(tmp_path: Path) -> None:
    graph = exposed(tmp_path, auth={"api_keys": {"fraud": {"generation": 3, "keep_previous": False}}})
    (reference,) = inputs(graph, SECURITY)["spec"]["apiKeyAuth"]["credentialRefs"]
    assert reference["name"] == "iris-key-fraud-3"


GRPC: dict[str, Any] = {"server": "triton", "model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}


def test_grpc_is_a_rule_of_the_same_route_since_a_listener_takes_one_kind_for_a_host(tmp_path: Path) -> None:
    graph = exposed(tmp_path, grpc={}, endpoint=GRPC)
    http, grpc = inputs(graph, ROUTE)["spec"]["rules"]
    assert [each["port"] for each in http["backendRefs"]] == [80]
    assert [each["port"] for each in grpc["backendRefs"]] == [8001]
    assert {"type": "Exact", "value": "/inference.GRPCInferenceService/ModelInfer"} in [
        each["path"] for each in grpc["matches"]
    ]
    assert all("Repository" not in each["path"]["value"] for each in grpc["matches"])


def test_revisions_divide_both_protocols(tmp_path: Path) -> None:
    endpoint = {**GRPC, "revisions": {"candidate": {"cpu": 2}}, "traffic": {"stable": 90, "candidate": 10}}
    rules = inputs(exposed(tmp_path, grpc={}, endpoint=endpoint), ROUTE)["spec"]["rules"]
    assert [len(each["backendRefs"]) for each in rules] == [1, 1, 2, 2]
    assert [each["backendRefs"][0]["port"] for each in rules] == [80, 8001, 80, 8001]


def test_where_clients_are_asked_nobody_in_the_cluster_passes_the_gateway_by(tmp_path: Path) -> None:
    gateway = {**SHARED, "admitted_namespaces": ["envoy-gateway-system", "monitoring"]}
    (ingress,) = inputs(exposed(tmp_path, gateway, auth={"jwt": JWT}), POLICY)["spec"]["ingress"]
    (whence,) = ingress["from"]
    assert whence["namespaceSelector"]["matchExpressions"] == [
        {
            "key": "kubernetes.io/metadata.name",
            "operator": "In",
            "values": ["envoy-gateway-system", "monitoring"],
        }
    ]
    # Where nobody is asked there is nothing to pass by.
    (ingress,) = inputs(exposed(tmp_path, gateway), POLICY)["spec"]["ingress"]
    assert "from" not in ingress


INTERNET = {**ISSUED, "public": True}
UNKNOWN = {**GATEWAY, "listener": "https"}


def test_at_a_gateway_that_faces_the_internet_only_what_is_meant_for_it_has_a_route(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform={"gateway": INTERNET})
    assert graph.all(ROUTE) == []
    assert plain(graph.one(ENDPOINT).outputs["url"]) == "http://iris-predictor.k8s.svc.cluster.local"
    graph = exposed(tmp_path, INTERNET, public=True, auth={"jwt": JWT})
    assert inputs(graph, ROUTE)["metadata"]["labels"] == {"modelinfra/public": "true"}


def test_whoever_comes_from_the_internet_is_asked_unless_a_reason_is_written(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, INTERNET, public=True)
    assert said.startswith("exposure.auth: everybody on the internet could ask the model")
    graph = exposed(tmp_path, INTERNET, public=True, auth={"none": "a demonstration with made-up data"})
    assert graph.all(SECURITY) == []


@pytest.mark.parametrize(
    ("gateway", "said", "told"),
    [
        (None, {}, "exposure: the platform names no `gateway` at which the endpoint could be reached. Write `gateway` there, or remove it."),
        (
            GATEWAY,
            {},
            ("exposure.domain (given: 'iris.acme.ai'): nothing says which listener of the platform's gateway speaks HTTPS for it. Write "
            "`gateway.cluster_issuer` there to have a certificate and a listener made, or `gateway.listener`."),
        ),
        (
            {**SHARED, "url": "http://models.acme.ai"},
            {},
            ("exposure.domain (given: 'iris.acme.ai'): the listener 'https' of the platform's gateway speaks HTTP (http://models.acme.ai). Name one "
            "with a certificate in `gateway.listener` and `gateway.url`, or write `gateway.cluster_issuer`."),
        ),
        (
            UNKNOWN,
            {"auth": {"jwt": JWT}},
            ("exposure.auth: the Gateway API has no word for who may come, and nothing says what serves the platform's gateway. Write "
            "`gateway.implementation: envoy-gateway` there if it is that one."),
        ),
        (
            UNKNOWN,
            {"cidrs": ["10.0.0.0/8"]},
            ("exposure.cidrs: the Gateway API has no word for who may come, and nothing says what serves the platform's gateway. Write "
            "`gateway.implementation: envoy-gateway` there if it is that one."),
        ),
        (
            SHARED,
            {"public": True, "auth": {"jwt": JWT}},
            ("exposure.public (given: True): nothing says that the platform's gateway faces the internet. Write `gateway.public: true` there if it "
            "does, or remove it."),
        ),
        (
            INTERNET,
            {},
            ("exposure: the platform's gateway faces the internet, and only endpoints with `exposure.public` are reached by it. Write `exposure` "
            "with `public: true`, `domain` and `auth`, or remove it."),
        ),
        (
            SHARED,
            {"auth": {"jwt": {**JWT, "claims": [{"name": "https://acme.ai/team", "values": ["a"]}]}}},
            ("exposure.auth.jwt.claims[0].name (given: 'https://acme.ai/team'): Envoy Gateway takes a dot for a way into a claim. Let the issuer "
            "write a name without one."),
        ),
        (
            SHARED,
            {"auth": {"jwt": {**JWT, "claims": [{"name": "roles", "values": ["a"], "format": "space-separated-values"}]}}},
            ("exposure.auth.jwt.claims[0].format (given: 'space-separated-values'): Envoy Gateway reads words in scope and scp alone. Write another "
            "`format`, or let the issuer make it an array."),
        ),
        (
            SHARED,
            {"auth": {"jwt": {**JWT, "jwks_url": f"https://login.acme.ai/{'k' * 253}"}}},
            f"exposure.auth.jwt.jwks_url (given: 'https://login.acme.ai/{'k' * 54}...): Envoy Gateway takes 253 characters. Write a shorter address.",
        ),
        (
            SHARED,
            {"auth": {"api_keys": {"orders": {"requests_per_five_minutes": 500}}}},
            ("exposure.auth.api_keys.orders.requests_per_five_minutes: this means nothing on Kubernetes: each proxy of the gateway would count for "
            "itself, so that the limit would grow with their number. Remove it."),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused(
    gateway: dict[str, Any] | None, said: dict[str, Any], told: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, gateway, **said) == [told]


ELSEWHERE: dict[str, Any] = {
    "security_groups": {"orders": "sg-0123456789abcdef0"},
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "certificate_arn": "arn:aws:acm:us-west-2:123456789012:certificate/a",
    "tls_policy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "waf": {"requests_per_five_minutes": 500},
    "access_logs": {"retention_days": 5},
    "private_link": {"principals": ["210987654321"]},
    "gateway": {"auth": {"iam": {}}},
}


@pytest.mark.parametrize("key", sorted(ELSEWHERE))
def test_what_is_of_aws_is_refused_with_what_to_write_instead(key: str, tmp_path: Path) -> None:
    reason, remedy = exposure.REFUSED[key]
    said = refused(tmp_path, **{key: ELSEWHERE[key]}, endpoint={"longest_request": "20s"})
    assert f"exposure.{key}: this means nothing on Kubernetes: {reason}. {remedy}" in said


def test_what_exposure_says_holds_for_a_host_of_the_endpoints_own(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, platform={"gateway": SHARED}, exposure={"cidrs": ["10.0.0.0/8"]})
    assert said.startswith("exposure.domain: what `exposure` says holds for a host of the endpoint's own")


def test_two_endpoints_at_one_domain_of_a_gateway_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="'a' is already there at the same gateway"):
        deployed(
            tmp_path,
            {"a": {"exposure": {"domain": HOST}}, "b": {"exposure": {"domain": HOST}}},
            platform={"gateway": SHARED},
        )


def test_scopes_that_multiply_beyond_what_can_be_read_are_refused(tmp_path: Path) -> None:
    words = {"format": "space-separated-values", "values": [f"s{at}" for at in range(9)]}
    claims = [{"name": "scope", **words}, {"name": "scp", **words}]
    (said,) = refused(tmp_path, auth={"jwt": {**JWT, "claims": claims}})
    assert said.startswith("exposure.auth.jwt.claims: their values make 81 combinations")


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)
VALUES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3)
CLAIMS = st.one_of(
    st.fixed_dictionaries(
        {"name": NAMES, "values": VALUES, "format": st.sampled_from(["single-string", "string-array"])}
    ),
    st.fixed_dictionaries({"name": st.just("scope"), "values": VALUES, "format": st.just("space-separated-values")}),
)
KEYED = st.dictionaries(
    NAMES,
    st.fixed_dictionaries({"generation": st.integers(2, 9), "keep_previous": st.booleans()}),
    min_size=1,
    max_size=3,
)
AUTH = st.one_of(
    st.fixed_dictionaries({"jwt": st.fixed_dictionaries({**{k: st.just(v) for k, v in JWT.items()}, "claims": st.lists(CLAIMS, min_size=1, max_size=3)})}),
    st.fixed_dictionaries({"api_keys": KEYED}),
)  # fmt: skip
PATHS = st.lists(
    st.from_regex(r"/v1/predict[A-Za-z0-9_.$~\"'@:+&?-]{0,20}", fullmatch=True), min_size=1, max_size=3, unique=True
).filter(lambda paths: sum(each.count("?") for each in paths) <= 5)


@settings(max_examples=20)
@given(
    auth=AUTH,
    cidrs=st.sampled_from([None, ["10.0.0.0/8"]]),
    paths=st.one_of(st.none(), PATHS),
    issued=st.booleans(),
    public=st.booleans(),
)
def test_whatever_is_asked_for_the_api_server_takes_it(
    auth: dict[str, Any],
    cidrs: list[str] | None,
    paths: list[str] | None,
    issued: bool,
    public: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    gateway = {**(ISSUED if issued else SHARED), "public": public}
    said = {"auth": auth, "public": public, **({"cidrs": cidrs} if cidrs and not public else {})}
    said |= {"paths": paths} if paths else {}
    # A server without routes for its operator: which paths open those is tested elsewhere.
    endpoint = {"server": "kserve-sklearnserver"}
    graph = exposed(tmp_path_factory.mktemp("asked"), gateway, **said, endpoint=endpoint)
    assert len(graph.all(NAMESPACE)) == 1


def test_checks_see_the_routes_of_endpoints_that_ask_nobody(tmp_path: Path) -> None:
    def told(graph: Graph) -> set[str]:
        return {each.rule for each in check(graph, READINESS)} & {"ready-public-route", "ready-encrypted-route"}

    nobody = {"none": "a demonstration with made-up data"}
    assert told(exposed(tmp_path, INTERNET, public=True, auth=nobody)) == {"ready-public-route"}
    assert told(exposed(tmp_path, INTERNET, public=True, auth={"jwt": JWT})) == set()
    assert told(exposed(tmp_path)) == set()


def test_a_review_says_what_becomes_open_to_whom(tmp_path: Path) -> None:
    open_to_all = exposed(tmp_path, INTERNET, public=True, auth={"none": "a demonstration with made-up data"})
    asked = exposed(tmp_path, INTERNET, public=True, auth={"api_keys": KEYS})
    said = {(each.severity, each.title) for each in all_findings(between(asked, open_to_all))}
    assert ("high", "the route of iris no longer asks for API keys") in said
    rotated = exposed(tmp_path, INTERNET, public=True, auth={"api_keys": {**KEYS, "fraud": {"generation": 3}}})
    said = {(each.severity, each.title) for each in all_findings(between(asked, rotated))}
    assert ("medium", "the route of iris no longer knows the keys in iris-key-fraud-1") in said
    # Keys are drawn in each run, and the first is the key for good.
    assert all_findings(between(asked, exposed(tmp_path, INTERNET, public=True, auth={"api_keys": KEYS}))) == []


def test_the_gateway_that_kserve_installs_is_one_at_which_endpoints_have_domains(tmp_path: Path) -> None:
    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        serving = KServe("serving", gateway={"listener_sets": True}, opts=pulumi.ResourceOptions(provider=cluster))
        gateway = serving.gateway
        assert gateway is not None
        models = KubernetesPlatform(
            "models",
            cluster={"context": "models"},
            gateway={
                "name": gateway.name,
                "namespace": gateway.namespace,
                "url": gateway.url,
                "implementation": gateway.implementation,
                "cluster_issuer": "letsencrypt",
                "admitted_namespaces": [gateway.proxy_namespace],
            },
            after=serving.ready,
        )
        ModelEndpoint(
            "iris",
            platform=models,
            server="mlserver",
            model="s3://acme-models/iris/7",
            exposure={"domain": HOST, "auth": {"jwt": JWT}},
        )

    graph = captured(program, tmp_path)
    assert [found for each in manifests(graph) if each.get("kind") in POLICIES for found in complaints(each)] == []
    reference = inputs(graph, LISTENERS)["spec"]["parentRef"]
    made = inputs(graph, "kubernetes:gateway.networking.k8s.io/v1:Gateway")
    assert (reference["namespace"], reference["name"]) == (made["metadata"]["namespace"], made["metadata"]["name"])
    assert made["spec"]["allowedListeners"]["namespaces"]["from"] == "All"
    # Its other listener speaks HTTP, and no token comes by it.
    assert {each.rule for each in check(graph, READINESS)} & {"ready-public-route", "ready-encrypted-route"} == set()
