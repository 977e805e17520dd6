"""N endpoints on one network and cluster, written with modelinfra. `hand_written.py` is the same without it."""

from __future__ import annotations

from modelinfra import EcsCluster, ModelEndpoint, ServingNetwork


def program(endpoints: int, model: str) -> None:
    """Declare `endpoints` endpoints that all serve the model directory `model`.

    Every value that the catalogue would choose is written out, so that a new fact about a server does not part the twins.
    """
    network = ServingNetwork("net", zones=2, nat="single")
    platform = EcsCluster("web", network=network)
    for index in range(endpoints):
        ModelEndpoint(
            f"e{index}",
            platform=platform,
            server="mlserver",
            model=model,
            cpu=1,
            memory="2GiB",
            ephemeral_storage="30GiB",
            environment={"LOG_LEVEL": "info"},
            startup_budget="5m",
            longest_request="30s",
            rule_priority=100 + index,  # hundreds of computed ones collide
            scaling={"min": 2, "max": 4, "requests_per_second_per_replica": 20},
            dashboard=False,  # the twin has none
        )
