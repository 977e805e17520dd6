"""Which children an endpoint does not have: what is handed in, or not asked for, is not made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelinfra.catalog.child_roles import (
    ACCESS_LOG_ROLES,
    API_KEY_ROLES,
    BALANCED_ROLES,
    CAPTURE_BUCKET_ROLES,
    CAPTURE_ROLES,
    CHECK_ROLES,
    GATEWAY_ROLES,
    GRPC_ROLES,
    LOAD_BALANCER_ROLES,
    PRIVATE_LINK_ROLES,
    QUEUE_ROLES,
    RESULT_ROLES,
    SHIFT_ROLES,
    USER_POOL_ROLES,
)  # fmt: skip
from modelinfra.options.adjustments import childless
from modelinfra.options.doors import behind_other_doors
from modelinfra.options.exposure import guarded, logged, stands_alone
from modelinfra.options.models import has_remote_model
from modelinfra.options.private_link import names_privately
from modelinfra.options.problems import Problem
from modelinfra.options.revisions import overrides
from modelinfra.options.rollout import shifts
from modelinfra.options.scaling import guard_ms, varies
from modelinfra.options.telemetry import XRAY

_HANDED_IN = {
    "execution_role_arn": ("execution-role", "execution-policy"),
    "task_role_arn": (
        "task-role",
        "exec-policy",
        "fetch-policy",
        "worker-policy",
        "collector-policy",
        "capture-policy",
    ),
    "security_group_id": ("task-security-group", "task-ingress", "task-egress"),
}

KEYS = (
    "transforms",
    "model",
    "models",
    "image",
    "repository",
    "logs",
    "load_balancer",
    "exposure",
    "rollout",
    "revisions",
    "slo",
    "dashboard",
    "metrics",
    "tracing",
    "capture",
    "scaling",
    "mode",
    "queue",
    "accelerator",
    *_HANDED_IN,
)
"""What decides about it."""


def transforms_find_what_is_made(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Transforms of what the options say is not made. What the platform decides is known only later."""
    if endpoint["transforms"]:
        yield from childless(endpoint["transforms"], dict(_absent(endpoint)))


def _absent(endpoint: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Role -> why there is no child of it; the last word counts."""
    revisions = [endpoint, *({**endpoint, **overrides(endpoint, each)} for each in endpoint["revisions"].values())]
    remote = any(has_remote_model(each) for each in revisions)
    if not remote:
        yield from _all(("fetcher-image", "fetch-policy"), "the model is not fetched from an address")
    if all(each["image"] is not None for each in revisions):
        yield "image", "the image is handed in (`image`)"
        if not remote and endpoint["mode"] != "async" and endpoint["capture"] is None:
            yield from _all(("repository", "lifecycle-policy"), "the image is handed in (`image`)")
    if endpoint["repository"].arn is not None:
        yield from _all(("repository", "lifecycle-policy"), "the repository is handed in (`repository.arn`)")
    if endpoint["accelerator"] is None:
        yield "gpu-alarm", "without `accelerator` there are no GPUs"
    if endpoint["logs"].masked is None:
        yield "log-mask", "nothing is masked (`logs.masked`)"
    if endpoint["logs"].group_arn is not None:
        yield "log-group", "the log group is handed in (`logs.group_arn`)"
    if not stands_alone(endpoint["load_balancer"], endpoint["exposure"]):
        yield from _all(LOAD_BALANCER_ROLES, "the load balancer is the platform's (`load_balancer: shared`)")
    yield from _unexposed(endpoint["exposure"])
    if not shifts(endpoint["rollout"]):
        yield from _all(SHIFT_ROLES, "traffic does not move between two sets of replicas (`rollout.strategy: rolling`)")
    if endpoint["rollout"].checks is None:
        yield from _all(CHECK_ROLES, "nothing is tried before traffic moves (`rollout.checks`)")
    elif endpoint["exposure"].public:
        inside = ("check-interfaces", "check-security-group", "check-egress", "check-ingress")
        yield from _all(inside, "the function that tries samples stands outside of the network (`exposure.public`)")
    if not endpoint["revisions"]:
        yield "revision-rule", "there is one revision (`revisions`)"
    slo = endpoint["slo"]
    if slo is None or slo.availability is None:
        yield from _all(("burn-alarm", "availability-alarm"), "no availability is promised (`slo.availability`)")
    if slo is None or (slo.p95_latency_ms is None and slo.p99_latency_ms is None):
        yield "latency-alarm", "no latency is promised (`slo.p99_latency_ms`)"
    yield from _unqueued(endpoint)
    yield from _uncaptured(endpoint["capture"])
    if not endpoint["dashboard"]:
        yield "dashboard", "there is none (`dashboard: false`)"
    if not varies(endpoint["scaling"]):
        yield from _all(("scaling-policy", "scaling-alarm"), "nothing scales while `scaling.max` equals `scaling.min`")
    if not endpoint["scaling"].steps:
        yield from _all(("step-policy", "step-alarm"), "there are no steps (`scaling.steps`)")
    if not endpoint["scaling"].schedule:
        yield "scheduled-action", "there is no schedule (`scaling.schedule`)"
    if guard_ms(endpoint["scaling"], slo) is None:
        reason = "there is no latency guard (`scaling.p95_latency_ms` and a `scaling.max` above `scaling.min`)"
        yield from _all(("latency-guard", "latency-guard-alarm"), reason)
    metrics, tracing = endpoint["metrics"], endpoint["tracing"]
    if metrics is None or (metrics.names is not None and not metrics.names):
        yield "metrics-log-group", "no metrics of the server go to CloudWatch (`metrics`)"
    if metrics is None and (tracing is None or tracing.to != XRAY):
        yield "collector-policy", "nothing is told to AWS (`metrics`, `tracing`)"
    for key, roles in _HANDED_IN.items():
        if endpoint[key] is not None:
            yield from _all(roles, f"it is handed in (`{key}`)")


def _unqueued(endpoint: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    queue, slo = endpoint["queue"], endpoint["slo"]
    if endpoint["mode"] != "async":
        yield from _all(QUEUE_ROLES, "requests come over a load balancer, and from no queue (`mode: sync`)")
        return
    reason = "requests come from a queue, and over no load balancer (`mode: async`)"
    yield from _all((*LOAD_BALANCER_ROLES, *BALANCED_ROLES), reason)
    if queue is not None and queue.bucket is not None:
        yield from _all((*RESULT_ROLES, "result-encryption"), "the bucket is handed in (`queue.bucket`)")
    if queue is None or queue.kms_key_arn is None:
        yield "result-encryption", "no key is handed in (`queue.kms_key_arn`)"
    if slo is None or slo.oldest_message is None:
        yield "age-alarm", "nothing is promised of waiting (`slo.oldest_message`)"


def _uncaptured(capture: Any) -> Iterator[tuple[str, str]]:
    if capture is None:
        yield from _all(CAPTURE_ROLES, "no requests are kept (`capture`)")
        return
    if capture.bucket is not None:
        yield from _all((*CAPTURE_BUCKET_ROLES, "capture-encryption"), "the bucket is handed in (`capture.bucket`)")
    if capture.kms_key_arn is None:
        yield "capture-encryption", "no key is handed in (`capture.kms_key_arn`)"


def _unexposed(exposure: Any) -> Iterator[tuple[str, str]]:
    auth = exposure.auth
    if exposure.domain is None:
        yield from _all(("tls-listener", "tls-ingress"), "without `exposure.domain` there is HTTP alone")
    if exposure.domain is None or exposure.certificate_arn is not None:
        reason = "no certificate is requested (`exposure.domain` without `exposure.certificate_arn`)"
        yield from _all(("certificate", "certificate-record", "certificate-validation"), reason)
    if exposure.domain is None or exposure.hosted_zone_id is None:
        yield "domain-record", "there is no hosted zone to write it into (`exposure.hosted_zone_id`)"
    if exposure.grpc is None:
        yield from _all(GRPC_ROLES, "there is HTTP alone (`exposure.grpc`)")
    if not guarded(exposure):
        yield from _all(("firewall", "firewall-association"), "there is no firewall (`exposure.waf`)")
    if not logged(exposure) or exposure.access_logs.bucket is not None:
        yield from _all(ACCESS_LOG_ROLES, "no bucket of access logs is made (`exposure.access_logs`)")
    if auth is None or auth.mtls is None or auth.mtls.ca_bundle is None:
        yield "trust-store", "none is made (`exposure.auth.mtls.ca_bundle`)"
    if auth is None or auth.cognito is None or auth.cognito.user_pool_arn is not None:
        yield from _all(USER_POOL_ROLES, "no user pool is made (`exposure.auth.cognito`)")
    if auth is None or auth.api_keys is None:
        yield from _all(API_KEY_ROLES, "no API keys are made (`exposure.auth.api_keys`)")
    if auth is None or (auth.jwt is None and auth.oidc is None and auth.cognito is None):
        yield "login-egress", "the load balancer asks nobody (`exposure.auth`)"
    yield from _without_doors(exposure)


_OF_GATEWAY_DOMAIN = ("gateway-domain", "gateway-mapping")
_OF_GATEWAY_CERTIFICATE = ("gateway-certificate", "gateway-certificate-record", "gateway-certificate-validation")


def _without_doors(exposure: Any) -> Iterator[tuple[str, str]]:
    gateway, link = exposure.gateway, exposure.private_link
    if behind_other_doors(exposure) and not exposure.cidrs and not exposure.security_groups:
        reason = (
            "nobody but `exposure.gateway` and `exposure.private_link` is let in (`exposure.cidrs` would name others)"
        )
        yield from _all(("load-balancer-ingress", "tls-ingress"), reason)
    if link is None:
        yield from _all(PRIVATE_LINK_ROLES, "there is no endpoint service (`exposure.private_link`)")
    elif not names_privately(exposure):
        reason = "the endpoint service has no private name (`exposure.private_link.private_dns`)"
        yield from _all(("private-dns-record", "private-dns-verification"), reason)
    if gateway is None:
        yield from _all(GATEWAY_ROLES, "there is no gateway (`exposure.gateway`)")
        return
    if gateway.auth.jwt is None:
        yield "gateway-authorizer", "the gateway asks for no tokens (`exposure.gateway.auth.jwt`)"
    iam = gateway.auth.iam
    if iam is None:
        yield "gateway-policy", "the gateway asks for no credentials of AWS (`exposure.gateway.auth.iam`)"
    if iam is None or not iam.principals:
        reason = "nobody of another account may call (`exposure.gateway.auth.iam.principals`)"
        yield from _all(("gateway-role", "gateway-role-policy"), reason)
    if gateway.domain is None:
        yield from _all(_OF_GATEWAY_DOMAIN, "the gateway has the name that AWS gives it (`exposure.gateway.domain`)")
    if gateway.domain is None or gateway.certificate_arn is not None:
        yield from _all(_OF_GATEWAY_CERTIFICATE, "no certificate is requested for the gateway")
    if gateway.domain is None or gateway.hosted_zone_id is None:
        yield "gateway-record", "there is no hosted zone to write it into (`exposure.gateway.hosted_zone_id`)"


def _all(roles: Iterable[str], reason: str) -> Iterator[tuple[str, str]]:
    return ((role, reason) for role in roles)
