"""The certificate of an endpoint's domain, and the domain's record.

Both belong to the endpoint and not to its load balancer, so that they stay when it goes from a private to a public one.
"""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference

# In seconds. The record is read once in thirteen months, when ACM renews the certificate.
_RECORD_TTL = 300


def certificate_arn(children: Children, named: Any, of: str = "") -> Input[str] | None:
    """The certificate that is handed in, or one that is requested and validated by a record in the domain's zone; None without a domain.

    named: options with `domain`, `hosted_zone_id` and `certificate_arn`. of: what names and roles begin with, where it is not the
    endpoint's own. Who uses it waits until it is valid; one for another domain is made before the old one goes.
    """
    if named.domain is None:
        return None
    if named.certificate_arn is not None:
        given: Input[str] = named.certificate_arn
        return given
    certificate = aws.acm.Certificate(
        children.named(f"{of}certificate"),
        domain_name=named.domain,
        validation_method="DNS",
        opts=children.opts(f"{of}certificate"),
    )

    def asked(part: str) -> Output[str]:
        return certificate.domain_validation_options.apply(lambda options: str(getattr(options[0], part)))

    record = aws.route53.Record(
        children.named(f"{of}certificate-record"),
        zone_id=named.hosted_zone_id,
        name=asked("resource_record_name"),
        type=asked("resource_record_type"),
        records=[asked("resource_record_value")],
        ttl=_RECORD_TTL,
        # Of one domain every certificate of an account asks for the same record, also those of other regions.
        allow_overwrite=True,
        opts=children.opts(f"{of}certificate-record"),
    )
    validation = aws.acm.CertificateValidation(
        children.named(f"{of}certificate-validation"),
        certificate_arn=certificate.arn,
        validation_record_fqdns=[record.fqdn],
        opts=children.opts(f"{of}certificate-validation"),
    )
    return validation.certificate_arn


def register_domain(
    children: Children, balancer: LoadBalancerReference, service: aws.ecs.Service, exposure: Any
) -> None:
    """Point the domain at the load balancer, where its zone is known: when replicas serve behind it, and not before.

    Behind another load balancer the record is changed, and never missing.
    """
    if exposure.domain is None or exposure.hosted_zone_id is None:
        return
    aws.route53.Record(
        children.named("domain"),
        zone_id=exposure.hosted_zone_id,
        name=exposure.domain,
        type="A",
        aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
        opts=children.opts("domain-record", depends_on=[service]),
    )
