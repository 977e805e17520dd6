"""What a load balancer counts, as alarms ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi_aws as aws
from pulumi import Input

from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference

NAMESPACE: Final = "AWS/ApplicationELB"

ERRORS: Final = "HTTPCode_Target_5XX_Count"
REQUESTS: Final = "RequestCount"


def dimensions(balancer: LoadBalancerReference, target_group: aws.lb.TargetGroup) -> dict[str, Input[str]]:
    """Of the metrics of one set of replicas."""
    return {"LoadBalancer": balancer.arn_suffix, "TargetGroup": target_group.arn_suffix}


def errors_and_requests(
    dimensions: Mapping[str, Input[str]],
    seconds: int,
    *,
    namespace: str = NAMESPACE,
    errors: str = ERRORS,
    requests: str = REQUESTS,
) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """`errors` and `requests` of an expression, counted over `seconds`; of a load balancer, unless the metrics of something else are named."""
    return [
        {
            "id": id_,
            "metric": {
                "namespace": namespace,
                "metric_name": metric,
                "dimensions": dimensions,
                "period": seconds,
                "stat": "Sum",
            },
        }
        for id_, metric in (("errors", errors), ("requests", requests))
    ]
