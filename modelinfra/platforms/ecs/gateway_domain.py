"""The gateway's own domain: its certificate, whose client certificates it takes, and where the name leads."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.certificate import certificate_arn


def register_gateway_domain(
    children: Children,
    options: Any,
    api: aws.apigatewayv2.Api,
    stage: aws.apigatewayv2.Stage,
    service: aws.ecs.Service,
) -> Output[str] | None:
    """What the domain is pointed at; None where there is no domain. Pointed there where its zone is known, when replicas serve."""
    certificate = certificate_arn(children, options, of="gateway-")
    if certificate is None:
        return None
    domain = aws.apigatewayv2.DomainName(
        children.named("gateway"),
        domain_name=options.domain,
        domain_name_configuration={
            "certificate_arn": certificate,
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
        mutual_tls_authentication=_trust_store(options.auth.mtls),
        opts=children.opts("gateway-domain"),
    )
    mapping = aws.apigatewayv2.ApiMapping(
        children.named("gateway"),
        api_id=api.id,
        domain_name=domain.id,
        stage=stage.name,
        opts=children.opts("gateway-mapping"),
    )
    target = domain.domain_name_configuration.apply(lambda made: str(made.target_domain_name))
    if options.hosted_zone_id is not None:
        zone = domain.domain_name_configuration.apply(lambda made: str(made.hosted_zone_id))
        aws.route53.Record(
            children.named("gateway"),
            zone_id=options.hosted_zone_id,
            name=options.domain,
            type="A",
            aliases=[{"name": target, "zone_id": zone, "evaluate_target_health": False}],
            opts=children.opts("gateway-record", depends_on=[mapping, service]),
        )
    return target


def _trust_store(mtls: Any) -> aws.apigatewayv2.DomainNameMutualTlsAuthenticationArgsDict | None:
    if mtls is None:
        return None
    store: aws.apigatewayv2.DomainNameMutualTlsAuthenticationArgsDict = {"truststore_uri": mtls.ca_bundle}
    if mtls.ca_bundle_version is not None:
        store["truststore_version"] = mtls.ca_bundle_version
    return store
