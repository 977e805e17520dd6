"""An HTTP API of Amazon API Gateway before an endpoint's own load balancer: who may call, by which paths, how often."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.options.gateway import LONGEST_ANSWER_SECONDS, burst
from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.alarms import PERIOD, error_alarm
from modelinfra.platforms.ecs.gateway_domain import register_gateway_domain
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import errors_and_requests
from modelinfra.platforms.ecs.security_hop import register_hop
from modelinfra.platforms.iam import document, principals_of

NAMESPACE = "AWS/ApiGateway"

# The only stage whose name is not in the path that the load balancer sees.
_STAGE = "$default"

# Who, what and how it ended; no bodies and no headers (API Gateway developer guide, "Customize HTTP API access logs").
_LOGGED: Mapping[str, str] = {
    "time": "$context.requestTime",
    "id": "$context.requestId",
    "address": "$context.identity.sourceIp",
    "role": "$context.identity.userArn",
    "subject": "$context.authorizer.claims.sub",
    "certificate": "$context.identity.clientCert.subjectDN",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "refused": "$context.authorizer.error",
    "error": "$context.error.message",
    "integrationStatus": "$context.integration.integrationStatus",
    "milliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "bytes": "$context.responseLength",
}


@dataclass(frozen=True)
class Gateway:
    """A gateway as others see it. dns_name: what its domain is pointed at. invoke_arn: what a caller must be allowed to call, where
    credentials of AWS are asked for; policy_arn, role_arn: that allows it, and what callers of other accounts take."""

    api_id: Output[str]
    url: Output[str]
    alarm: aws.cloudwatch.MetricAlarm
    dns_name: Output[str] | None
    invoke_arn: Output[str] | None
    policy_arn: Output[str] | None
    role_arn: Output[str] | None


def register_gateway(
    request: EndpointRequest,
    network: NetworkReference,
    balancer: LoadBalancerReference,
    paths: Sequence[str],
    service: aws.ecs.Service,
) -> Gateway:
    """paths: patterns of the load balancer's rule. service: serves before the gateway's domain leads to it."""
    children, exposure = request.children, request.options.exposure
    options = exposure.gateway
    api = aws.apigatewayv2.Api(
        children.named("gateway", "http api"),
        protocol_type="HTTP",
        description=f"Endpoint {request.name}",
        # Who comes by the name that AWS gives it would pass the domain's demand for certificates.
        disable_execute_api_endpoint=options.domain is not None,
        opts=children.opts("gateway"),
    )
    integration = _way_in(request, network, balancer, api)
    _routes(request, api, integration, paths)
    stage = _stage(request, api)
    domain = register_gateway_domain(children, options, api, stage, service)
    iam = options.auth.iam is not None
    policy = _callers_policy(request, api) if iam else None
    role = _callers_role(request, api, policy) if policy is not None and options.auth.iam.principals else None
    address = Output.from_input(f"https://{options.domain}") if options.domain is not None else api.api_endpoint
    return Gateway(
        api.id,
        # Given out when the service is steady and the gateway is deployed: whoever waits for it, waits for what answers.
        url=Output.all(address, service.id, stage.id).apply(lambda found: str(found[0])),
        alarm=_alarm(request, api),
        dns_name=domain,
        invoke_arn=Output.concat(api.execution_arn, "/*") if iam else None,
        policy_arn=policy.arn if policy is not None else None,
        role_arn=role.arn if role is not None else None,
    )


def route_of(pattern: str) -> str:
    """The path of a route that takes what a path pattern of a load balancer takes, and as little else as can be said.

    Routes know whole segments only, and their documentation lists no characters beside these: what stands in a segment otherwise, the
    rule of the load balancer behind decides.

    >>> route_of("/v2/models/digits/infer"), route_of("/v1/models/digits:predict"), route_of("/v2/models/*/infer")
    ('/v2/models/digits/infer', '/v1/models/{p3}', '/v2/models/{rest+}')
    """
    parts: list[str] = []
    for place, part in enumerate(pattern.strip("/").split("/"), start=1):
        if "*" in part:  # it takes slashes, too
            return "/" + "/".join([*parts, "{rest+}"])
        parts.append(part if re.fullmatch(r"[A-Za-z0-9._-]*", part) else f"{{p{place}}}")
    return "/" + "/".join(parts)


def _way_in(
    request: EndpointRequest, network: NetworkReference, balancer: LoadBalancerReference, api: aws.apigatewayv2.Api
) -> aws.apigatewayv2.Integration:
    children, exposure = request.children, request.options.exposure
    group, rules = register_hop(request, network, balancer, "gateway", [balancer.made_port])
    link = aws.apigatewayv2.VpcLink(
        children.named("gateway-link", "http api"),
        subnet_ids=list(network.load_balancer_subnet_ids),
        security_group_ids=[group],
        opts=children.opts("gateway-link"),
    )
    return aws.apigatewayv2.Integration(
        children.named("gateway"),
        api_id=api.id,
        integration_type="HTTP_PROXY",
        integration_method="ANY",
        integration_uri=balancer.listener_arn,
        connection_type="VPC_LINK",
        connection_id=link.id,
        payload_format_version="1.0",
        timeout_milliseconds=LONGEST_ANSWER_SECONDS * 1000,
        # The certificate is the domain's: without its name, the gateway would not know whom to expect.
        tls_config={"server_name_to_verify": exposure.domain} if balancer.encrypted else None,
        opts=children.opts("gateway-integration", depends_on=rules),
    )


def _routes(
    request: EndpointRequest,
    api: aws.apigatewayv2.Api,
    integration: aws.apigatewayv2.Integration,
    paths: Sequence[str],
) -> None:
    children, auth = request.children, request.options.exposure.gateway.auth
    asked: dict[str, Any] = {"authorization_type": "NONE"}
    if auth.iam is not None:
        asked = {"authorization_type": "AWS_IAM"}
    elif auth.jwt is not None:
        authorizer = aws.apigatewayv2.Authorizer(
            children.named("gateway", "http api"),
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": auth.jwt.issuer, "audiences": list(auth.jwt.audiences)},
            opts=children.opts("gateway-authorizer"),
        )
        asked = {
            "authorization_type": "JWT",
            "authorizer_id": authorizer.id,
            "authorization_scopes": list(auth.jwt.scopes) if auth.jwt.scopes else None,
        }
    for route in dict.fromkeys(map(route_of, paths)):
        aws.apigatewayv2.Route(
            children.named(f"gateway-{_slug(route)}"),
            api_id=api.id,
            route_key=f"ANY {route}",
            target=Output.concat("integrations/", integration.id),
            **asked,
            opts=children.opts("gateway-route"),
        )


def _slug(route: str) -> str:
    """A name for a route that stays its own, whichever other routes there are."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", route).strip("-")
    return f"{readable[-40:].strip('-')}-{hashlib.sha256(route.encode()).hexdigest()[:6]}".lstrip("-")


def _stage(request: EndpointRequest, api: aws.apigatewayv2.Api) -> aws.apigatewayv2.Stage:
    children, options = request.children, request.options.exposure.gateway
    log = aws.cloudwatch.LogGroup(
        children.named("gateway-calls", "log group"),
        # Of log groups with other names, AWS lists each in a resource policy that has room for few (CloudWatch Logs, vended logs).
        name=f"/aws/vendedlogs/{children.unique('gateway-calls', 'log group')}",
        retention_in_days=options.retention_days,
        opts=children.opts("gateway-log-group"),
    )
    return aws.apigatewayv2.Stage(
        children.named("gateway"),
        api_id=api.id,
        name=_STAGE,
        auto_deploy=True,
        access_log_settings={"destination_arn": log.arn, "format": json.dumps(_LOGGED)},
        default_route_settings={
            "throttling_rate_limit": options.requests_per_second,
            "throttling_burst_limit": burst(options),
        },
        opts=children.opts("gateway-stage"),
    )


def _callers_policy(request: EndpointRequest, api: aws.apigatewayv2.Api) -> aws.iam.Policy:
    children = request.children
    return aws.iam.Policy(
        children.named("gateway-callers", "managed policy"),
        description=f"Call endpoint {request.name} by its gateway",
        policy=api.execution_arn.apply(
            lambda arn: document({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{arn}/*"})
        ),
        opts=children.opts("gateway-policy"),
    )


def _callers_role(request: EndpointRequest, api: aws.apigatewayv2.Api, policy: aws.iam.Policy) -> aws.iam.Role:
    children, named = request.children, list(request.options.exposure.gateway.auth.iam.principals)
    role = aws.iam.Role(
        children.named("gateway-callers", "role"),
        description=f"Callers of endpoint {request.name} from other accounts",
        assume_role_policy=api.execution_arn.apply(
            lambda arn: document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": principals_of(named, arn.split(":")[1])},
                    "Action": "sts:AssumeRole",
                }
            )
        ),
        opts=children.opts("gateway-role"),
    )
    aws.iam.RolePolicyAttachment(
        children.named("gateway-callers"),
        role=role.name,
        policy_arn=policy.arn,
        opts=children.opts("gateway-role-policy"),
    )
    return role


def _alarm(request: EndpointRequest, api: aws.apigatewayv2.Api) -> aws.cloudwatch.MetricAlarm:
    """It takes no deployment back: what it sees beyond the load balancer's own alarms is the way there, and answers that came too late.

    There is none for 4xx: who sends no credentials, or too many requests, is a caller's affair and stands in the log.
    """
    return error_alarm(
        request,
        "gateway-5xx",
        f"Endpoint {request.name}: share of requests by the gateway answered with 5xx, in percent",
        errors_and_requests({"ApiId": api.id}, PERIOD, namespace=NAMESPACE, errors="5xx", requests="Count"),
        role="gateway-alarm",
    )
