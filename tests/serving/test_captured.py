"""An endpoint whose requests are captured is tried at its server: the proxy before it is part of the way, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.serving.contract import read_contract
from modelinfra.serving.errors import ServingCheckError
from tests.platforms.worlds import SERVICE, TASK, deployed


def test_the_contract_is_the_servers(tmp_path: Path) -> None:
    with_it, without = deployed(tmp_path, capture={}), deployed(tmp_path)
    asked, plain = (read_contract(graph, "digits", project=tmp_path) for graph in (with_it, without))
    assert (asked.ports, asked.health_path, asked.predict_path) == (plain.ports, plain.health_path, plain.predict_path)
    assert asked.image == plain.image


def test_a_proxy_that_leads_elsewhere_is_told(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={})
    task = graph.one(TASK)
    task.inputs["containerDefinitions"] = json.dumps(json.loads(task.inputs["containerDefinitions"])).replace(
        'port_value\\": 8080', 'port_value\\": 9090'
    )
    with pytest.raises(ServingCheckError, match="but it uses 9090"):
        read_contract(graph, "digits", project=tmp_path)
    graph.one(SERVICE).inputs["loadBalancers"][0]["containerPort"] = 1
    with pytest.raises(ServingCheckError, match="but it uses 1"):
        read_contract(graph, "digits", project=tmp_path)
