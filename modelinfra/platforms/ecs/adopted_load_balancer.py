"""A listener that is handed in, with the load balancer behind it: looked up and checked, never changed but for the endpoints' rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference

_STANDARD_PORTS = {"HTTP": 80, "HTTPS": 443}


@dataclass(frozen=True)
class AdoptedLoadBalancer:
    """idle_timeout: in seconds; None while the listener is not known, because the same program makes it."""

    reference: LoadBalancerReference
    idle_timeout: int | None


def look_up(options: Any, vpc_id: Any, opts: pulumi.InvokeOptions, subject: str) -> AdoptedLoadBalancer:
    """The load balancer behind the cluster's `listener_arn`. subject: what to call the cluster in messages.

    Raises InvalidOptionsError when endpoints cannot stand behind it. What the same program makes is checked when it is made.
    """
    if isinstance(options.listener_arn, str):
        return _known(options, vpc_id, opts)
    return _made_in_program(options, opts, subject)


def _known(options: Any, vpc_id: Any, opts: pulumi.InvokeOptions) -> AdoptedLoadBalancer:
    try:
        listener = aws.lb.get_listener(arn=options.listener_arn, opts=opts)
        balancer = aws.lb.get_load_balancer(arn=listener.load_balancer_arn, opts=opts)
    except Exception as error:
        reason = f"AWS finds no such listener ({error})"
        remedy = "Name a listener of this account and region, or remove `listener_arn` to have a load balancer made."
        raise InvalidOptionsError([Problem("listener_arn", reason, remedy, options.listener_arn)]) from None
    problems = list(_problems(options, vpc_id, balancer))
    if problems:
        raise InvalidOptionsError(problems)
    return AdoptedLoadBalancer(_reference(options, Output.from_input([listener, balancer])), balancer.idle_timeout)


def _made_in_program(options: Any, opts: pulumi.InvokeOptions, subject: str) -> AdoptedLoadBalancer:
    listener = aws.lb.get_listener_output(arn=options.listener_arn, opts=opts)
    balancer = aws.lb.get_load_balancer_output(arn=listener.load_balancer_arn, opts=opts)
    found = Output.all(listener, balancer).apply(lambda both: _checked(options, subject, *both))
    return AdoptedLoadBalancer(_reference(options, found), None)


def _checked(options: Any, subject: str, listener: Any, balancer: Any) -> list[Any]:
    problems = list(_problems(options, None, balancer))
    if problems:
        head = f"{subject}: the listener, which this program makes itself and which is there by now, cannot be used"
        raise pulumi.RunError("\n".join([head, *(f"  {problem}" for problem in problems)]))
    return [listener, balancer]


def _problems(options: Any, vpc_id: Any, balancer: Any) -> Iterator[Problem]:
    given = options.listener_arn if isinstance(options.listener_arn, str) else balancer.arn
    if balancer.load_balancer_type != "application":
        reason = f"this is the listener of a {balancer.load_balancer_type} load balancer, which knows no paths"
        yield Problem("listener_arn", reason, "Name a listener of an application load balancer.", given)
    elif not balancer.internal:
        reason = "its load balancer faces the internet, and endpoints have no authentication yet"
        yield Problem("listener_arn", reason, "Name a listener of an internal load balancer.", given)
    elif isinstance(vpc_id, str) and balancer.vpc_id not in (vpc_id, ""):
        reason = f"its load balancer is in {balancer.vpc_id}, and the tasks are in {vpc_id}"
        yield Problem("listener_arn", reason, f"Name a listener in {vpc_id}.", given)


def _reference(options: Any, found: Output[list[Any]]) -> LoadBalancerReference:
    group_id = options.load_balancer_security_group_id
    return LoadBalancerReference(
        arn_suffix=found.apply(lambda both: both[1].arn_suffix),
        url=Output.from_input(options.load_balancer_url)
        if options.load_balancer_url is not None
        else found.apply(_url),
        dns_name=found.apply(lambda both: both[1].dns_name),
        zone_id=found.apply(lambda both: both[1].zone_id),
        listener_arn=options.listener_arn,
        security_group_id=group_id if group_id is not None else found.apply(lambda both: both[1].security_groups[0]),
        port=found.apply(lambda both: both[0].port),
        encrypted=found.apply(lambda both: both[0].protocol == "HTTPS"),
        owns_security_group=False,
    )


def _url(found: list[Any]) -> str:
    listener, balancer = found
    port = "" if listener.port == _STANDARD_PORTS.get(listener.protocol) else f":{listener.port}"
    return f"{listener.protocol.lower()}://{balancer.dns_name}{port}"
