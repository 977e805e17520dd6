"""Who reaches an exposed endpoint, by which way, and what is asked of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import Secret
from modelinfra.options.exposure import open_side_routes
from modelinfra.platforms.ecs.firewall import above
from tests.making import inputs
from tests.platforms.worlds import (
    GROUP,
    INGRESS,
    LOAD_BALANCER,
    NETWORK,
    RULE,
    SERVICE,
    TARGET_GROUP,
    deployed,
    refusal,
)

LISTENER = "aws:lb/listener:Listener"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
RECORD = "aws:route53/record:Record"
CERTIFICATE = "aws:acm/certificate:Certificate"
BUCKET = "aws:s3/bucket:Bucket"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LOGIN = "https://login.example.com"
JWT = {"issuer": LOGIN, "jwks_url": f"{LOGIN}/jwks"}
DOMAIN = {"domain": "digits.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
PUBLIC = {**DOMAIN, "public": True, "auth": {"jwt": JWT}}
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:client-AbCdEf"
OIDC = {
    "issuer": LOGIN,
    "authorization_url": f"{LOGIN}/authorize",
    "token_url": f"{LOGIN}/token",
    "user_info_url": f"{LOGIN}/userinfo",
    "client_id": "digits",
    "client_secret_arn": SECRET,
}


def with_public_subnets() -> Any:
    from dataclasses import replace

    return replace(NETWORK, public_subnet_ids=["subnet-5", "subnet-6"])


def exposed(root: Path, **exposure: Any) -> Graph:
    return deployed(root, network=with_public_subnets(), exposure=exposure, cluster={"shared_load_balancer": False})


def clients(graph: Graph) -> set[tuple[str, int]]:
    fronts = {node.id for node in graph.all(GROUP) if node.name.endswith("-front")}
    return {
        (node.inputs.get("cidrIpv4") or node.inputs["referencedSecurityGroupId"], node.inputs["fromPort"])
        for node in graph.all(INGRESS)
        if node.inputs["securityGroupId"] in fronts
    }


def rule_actions(graph: Graph) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inputs(graph, RULE)["actions"]
    return found


def test_a_public_endpoint_stands_in_public_subnets_behind_https(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **PUBLIC)
    balancer = inputs(graph, LOAD_BALANCER)
    assert balancer["internal"] is False
    assert balancer["subnets"] == ["subnet-5", "subnet-6"]
    assert clients(graph) == {("0.0.0.0/0", 80), ("0.0.0.0/0", 443)}
    https, http = sorted((node.inputs for node in graph.all(LISTENER)), key=lambda each: -each["port"])
    assert (https["protocol"], https["sslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert http["defaultActions"][0]["redirect"]["protocol"] == "HTTPS"


def test_its_replicas_stay_in_private_subnets(tmp_path: Path) -> None:
    network = inputs(exposed(tmp_path, **PUBLIC), SERVICE)["networkConfiguration"]
    assert (network["subnets"], network["assignPublicIp"]) == (["subnet-3", "subnet-4"], False)


def test_a_certificate_is_requested_validated_and_waited_for(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **PUBLIC)
    assert inputs(graph, CERTIFICATE) == {"domainName": "digits.example.com", "validationMethod": "DNS"}
    https = next(node for node in graph.all(LISTENER) if node.inputs["port"] == 443)
    assert any("CertificateValidation" in urn for urn in https.property_deps["certificateArn"])


def test_the_domain_is_pointed_at_the_load_balancer_when_replicas_serve_behind_it(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **PUBLIC)
    record = next(node for node in graph.all(RECORD) if node.inputs["type"] == "A")
    assert record.inputs["name"] == "digits.example.com"
    assert any(SERVICE in urn for urn in record.depends_on)


def test_a_certificate_that_is_handed_in_is_taken_and_none_is_made(tmp_path: Path) -> None:
    arn = "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    graph = exposed(tmp_path, domain="digits.example.com", certificate_arn=arn)
    assert graph.all(CERTIFICATE) == graph.all(RECORD) == []
    assert {node.inputs.get("certificateArn") for node in graph.all(LISTENER)} == {None, arn}


def test_ranges_and_groups_take_the_place_of_the_networks_own_addresses(tmp_path: Path) -> None:
    graph = exposed(tmp_path, cidrs=["192.0.2.0/24"], security_groups={"orders": "sg-0123456789abcdef0"})
    assert inputs(graph, LOAD_BALANCER)["internal"] is True
    assert clients(graph) == {("192.0.2.0/24", 80), ("sg-0123456789abcdef0", 80)}


def test_only_predictions_and_readiness_are_forwarded(tmp_path: Path) -> None:
    conditions = inputs(exposed(tmp_path, **PUBLIC), RULE)["conditions"]
    assert conditions == [{"pathPattern": {"values": ["/v2/models/digits/infer", "/v2/models/digits/ready"]}}]


def test_without_exposure_everything_is_as_it_was(tmp_path: Path) -> None:
    before = deployed(tmp_path, load_balancer="own")
    assert changes(before, deployed(tmp_path, load_balancer="own", exposure={})) == []


def test_tokens_are_verified_before_a_request_is_forwarded(tmp_path: Path) -> None:
    claims = [{"name": "scope", "values": ["predict"], "format": "space-separated-values"}]
    first, second = rule_actions(exposed(tmp_path, **{**PUBLIC, "auth": {"jwt": {**JWT, "claims": claims}}}))
    assert first == {
        "type": "jwt-validation",
        "order": 1,
        "jwtValidation": {"issuer": LOGIN, "jwksEndpoint": f"{LOGIN}/jwks", "additionalClaims": claims},
    }
    assert (second["type"], second["order"]) == ("forward", 2)


def test_a_log_in_reads_the_clients_secret_and_keeps_it_one(tmp_path: Path) -> None:
    first = exposed(tmp_path, **DOMAIN, auth={"oidc": OIDC}).one(RULE).inputs["actions"][0]
    assert first["type"] == "authenticate-oidc"
    assert isinstance(first["authenticateOidc"]["clientSecret"], Secret)
    assert first["authenticateOidc"]["sessionTimeout"] == 12 * 3600


def test_a_user_pool_is_made_to_which_only_administrators_add_people(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **DOMAIN, auth={"cognito": {}})
    pool = inputs(graph, "aws:cognito/userPool:UserPool")
    assert pool["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    client = inputs(graph, "aws:cognito/userPoolClient:UserPoolClient")
    assert client["callbackUrls"] == ["https://digits.example.com/oauth2/idpresponse"]
    domain = inputs(graph, "aws:cognito/userPoolDomain:UserPoolDomain")["domain"]
    assert re.fullmatch(r"[a-z0-9-]{1,63}", domain)
    assert not domain.endswith("-123456789012")


@pytest.mark.parametrize("auth", [{"jwt": JWT}, {"oidc": OIDC}, {"cognito": {}}], ids=["jwt", "oidc", "cognito"])
def test_the_load_balancer_reaches_whoever_vouches_for_clients(tmp_path: Path, auth: dict[str, Any]) -> None:
    graph = exposed(tmp_path, **DOMAIN, auth=auth)
    outwards = {node.name: node.inputs for node in graph.all(EGRESS)}
    assert outwards["digits-lb-to-login"]["cidrIpv4"] == "0.0.0.0/0"
    service = graph.all(SERVICE)[0]
    assert any("lb-to-login" in urn for urn in service.depends_on)


def test_client_certificates_are_verified_in_the_handshake(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **DOMAIN, auth={"mtls": {"ca_bundle": "s3://acme-pki/a/devices.pem"}})
    store = inputs(graph, "aws:lb/trustStore:TrustStore")
    assert (store["caCertificatesBundleS3Bucket"], store["caCertificatesBundleS3Key"]) == ("acme-pki", "a/devices.pem")
    https = next(node.inputs for node in graph.all(LISTENER) if node.inputs["port"] == 443)
    assert https["mutualAuthentication"]["mode"] == "verify"
    assert [each["type"] for each in rule_actions(graph)] == ["forward"]


def test_what_faces_the_internet_gets_a_firewall_and_what_does_not_gets_one_on_request(tmp_path: Path) -> None:
    assert len(exposed(tmp_path, **PUBLIC).all(WEB_ACL)) == 1
    assert exposed(tmp_path, **DOMAIN).all(WEB_ACL) == []
    assert len(exposed(tmp_path, **DOMAIN, waf={"max_body": "1MiB"}).all(WEB_ACL)) == 1
    assert exposed(tmp_path, **PUBLIC, waf={"enabled": False}).all(WEB_ACL) == []


def test_the_firewall_counts_what_a_prompt_or_picture_may_look_like(tmp_path: Path) -> None:
    def counted(**waf: Any) -> set[str]:
        rules = inputs(exposed(tmp_path, **PUBLIC, waf=waf), WEB_ACL)["rules"]
        common = next(each for each in rules if each["name"] == "AWSManagedRulesCommonRuleSet")
        group = common["statement"]["managedRuleGroupStatement"]
        return {each["name"] for each in group["ruleActionOverrides"] if each["actionToUse"] == {"count": {}}}

    java = inputs(exposed(tmp_path, **PUBLIC), WEB_ACL)["rules"][3]["statement"]["managedRuleGroupStatement"]
    assert {each["name"] for each in java["ruleActionOverrides"]} == {"JavaDeserializationRCE_BODY", "Log4JRCE_BODY"}
    bodies = {"EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "CrossSiteScripting_BODY"}
    assert counted() == {"SizeRestrictions_BODY", *bodies}
    assert counted(inspect_body=True) == {"SizeRestrictions_BODY"}


def test_the_firewalls_rules_have_priorities_of_their_own(tmp_path: Path) -> None:
    rules = inputs(exposed(tmp_path, **PUBLIC), WEB_ACL)["rules"]
    assert len({each["priority"] for each in rules}) == len(rules) == 5
    assert rules[0]["statement"]["rateBasedStatement"]["limit"] == 2000


@given(most=st.integers(1024, 2**40), other=st.integers(0, 2**44))
def test_a_length_is_above_the_largest_body_when_the_number_is(most: int, other: int) -> None:
    for length in (other, most, most + 1, most - 1):
        assert bool(re.match(above(most), str(length))) == (length > most)
    # AWS WAF takes expressions of 512 characters at most.
    assert len(above(most)) <= 512


def test_access_logs_are_private_encrypted_on_the_way_and_expire(tmp_path: Path) -> None:
    graph = exposed(tmp_path, **PUBLIC, access_logs={"retention_days": 365})
    block = inputs(graph, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert all(
        block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    lifecycle = inputs(graph, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert lifecycle["rules"][0]["expiration"] == {"days": 365}
    writing, plain = json.loads(inputs(graph, "aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert writing["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert plain["Effect"] == "Deny"
    balancer = graph.all(LOAD_BALANCER)[0]
    assert any("BucketPolicy" in urn for urn in balancer.depends_on)


def test_in_production_access_logs_outlive_their_load_balancer(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        network=with_public_subnets(),
        exposure=PUBLIC,
        cluster={"shared_load_balancer": False, "production": True},
    )
    bucket = graph.all(BUCKET)[0]
    assert bucket.retain_on_delete
    assert bucket.inputs["forceDestroy"] is False


def test_from_private_to_public_the_first_load_balancer_stays_until_the_service_has_moved(tmp_path: Path) -> None:
    private, public = exposed(tmp_path, **DOMAIN), exposed(tmp_path, **PUBLIC)
    for token in (LOAD_BALANCER, TARGET_GROUP, RULE):
        assert {node.urn for node in private.all(token)}.isdisjoint(node.urn for node in public.all(token))
    # The certificate and the domain's record stay, and the record is changed, never missing.
    for token in (CERTIFICATE, RECORD, SERVICE):
        assert {node.urn for node in private.all(token)} == {node.urn for node in public.all(token)}


def test_two_exposed_endpoints_share_nothing(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        {
            "digits": {"exposure": PUBLIC},
            "faces": {"exposure": {**PUBLIC, "domain": "faces.example.com"}},
        },
        network=with_public_subnets(),
    )
    assert len(graph.all(LOAD_BALANCER)) == 3
    assert len(graph.all(CERTIFICATE)) == len(graph.all(WEB_ACL)) == 2


NO_AUTH = "exposure.auth: everybody on the internet could ask the model."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exposure": {"public": True, **DOMAIN}}, NO_AUTH),
        ({"exposure": {"public": True, "auth": {"jwt": JWT}}}, "exposure.domain: what faces the internet is encrypted"),
        ({"exposure": {"auth": {"jwt": JWT}}}, "exposure.auth: keys, tokens, cookies and certificates need HTTPS"),
        ({"exposure": {"domain": "a.example.com"}}, "nothing says where its certificate comes from"),
        ({"exposure": {**DOMAIN, "auth": {}}}, "exposure.auth (given: {}): nothing is said here"),
        (
            {"exposure": {**DOMAIN, "auth": {"jwt": JWT, "cognito": {}}}},
            "exposure.auth.cognito: an endpoint asks in one way, and `jwt` is given, too",
        ),
        (
            {"exposure": {**PUBLIC, "auth": {"jwt": JWT, "none": "because it is a demonstration"}}},
            "exposure.auth.none (given: 'because it is a demonstration'): `jwt` asks who comes",
        ),
        ({"exposure": {**PUBLIC, "auth": {"none": "why not"}}}, "this is not a reason of 10 to 500 characters"),
        (
            {"exposure": {**DOMAIN, "auth": {"none": "because it is a demonstration"}}},
            "nothing is asked of anybody in a private network anyway",
        ),
        ({"exposure": {"cidrs": ["10.0.0.1/8"]}}, "exposure.cidrs[0] (given: '10.0.0.1/8'): this is no address range"),
        ({"exposure": {"cidrs": ["10.0.0.0/255.0.0.0"]}}, "AWS takes address/length. Write 10.0.0.0/8."),
        ({"exposure": {"cidrs": ["2001:db8::/32"]}}, "the load balancer has IPv4 addresses only"),
        ({"exposure": {**DOMAIN}, "load_balancer": "shared"}, "the shared load balancer is for the network's own addresses"),
        ({"exposure": {**DOMAIN}, "path": "/elsewhere"}, "what `exposure` opens is one endpoint's own, and serves it at /"),
        ({"exposure": {"paths": ["/v2/*"]}}, "this opens /v2/repository, /v2/docs, /v2/models/{model}/docs of MLServer, which are for its operator"),
        (
            {"exposure": {"paths": ["/*/*/infer", "/a/*/?/?/*"]}},
            "exposure.paths (given: ['/*/*/infer', '/a/*/?/?/*']): there are 6 `*` and `?` in them, and a rule of a load balancer takes 5",
        ),
        (
            {"exposure": {**PUBLIC, "cidrs": ["203.0.113.0/24", "10.0.0.0/8"]}},
            "exposure.cidrs[1] (given: '10.0.0.0/8'): clients come from the internet (`public`), where nobody has such an address",
        ),
        (
            {"exposure": {**PUBLIC, "security_groups": {"orders": "sg-0123456789abcdef0"}}},
            "exposure.security_groups: members of a group are known by their private addresses, and `public` lets clients come by others",
        ),
        ({"exposure": {"paths": ["v2"]}}, "this is no path of 128 characters at most that begins with a slash"),
        (
            {"exposure": {**PUBLIC, "waf": {"enabled": False, "max_body": "1MiB"}}},
            "exposure.waf.max_body (given: 1048576): there is no firewall while `enabled` is false",
        ),
        (
            {"exposure": {**DOMAIN, "auth": {"cognito": {"client_id": "abc"}}}},
            "exposure.auth.cognito.user_pool_arn: `client_id` names a pool that exists",
        ),
        ({"exposure": {**DOMAIN, "auth": {"mtls": {}}}}, "one of `trust_store_arn` and `ca_bundle` is needed"),
        (
            {"exposure": {**DOMAIN, "auth": {"oidc": {**OIDC, "scope": "email"}}}},
            "without `openid` there is no log-in. Write openid email.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_made(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert any(said in line for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)


def test_a_network_without_public_subnets_has_no_public_endpoints(tmp_path: Path) -> None:
    assert any(
        "exposure.public (given: True): the network has no public subnets" in line
        for line in refusal(tmp_path, exposure=PUBLIC)
    )


class _Paths:
    def __init__(self, *paths: str) -> None:
        self.paths = paths


@pytest.mark.parametrize(
    ("server", "path", "opens"),
    [
        ("vllm", "/v1/chat/completions", False),
        ("vllm", "/v1/*", True),
        ("vllm", "/*", True),
        ("vllm", "/met?ics", True),
        ("vllm", "/metrics", True),
        ("mlserver", "/v2/models/*/infer", False),
        ("triton", "/v2/repository/index", True),
        ("tensorflow-serving", "/v1/models/*", False),
        ("mlserver", "/v2/models/*", True),
        ("mlserver", "/v2/models/digits/*", True),
        ("mlserver", "/v2/models/digits/docs", True),
        ("mlserver", "/v2/models/digits/infer", False),
        ("triton", "/v2/models/*/tr?ce", True),
        ("triton", "/v2/models/*/trace/setting", True),
        ("triton", "/v2/models/*/infer", False),
    ],
)
def test_paths_of_the_operator_stay_closed(server: str, path: str, opens: bool) -> None:
    assert bool(list(open_side_routes(_Paths(path), server))) == opens


def test_replicas_are_reached_from_the_old_load_balancer_until_the_service_has_moved(tmp_path: Path) -> None:
    rule = next(node for node in exposed(tmp_path, **DOMAIN).all(INGRESS) if node.name == "digits-tasks-from-lb")
    assert "referencedSecurityGroupId" in rule.replace_on_changes


def test_without_client_certificates_a_listener_is_told_so(tmp_path: Path) -> None:
    https = next(node.inputs for node in exposed(tmp_path, **DOMAIN).all(LISTENER) if node.inputs["port"] == 443)
    assert https["mutualAuthentication"] == {"mode": "off"}
