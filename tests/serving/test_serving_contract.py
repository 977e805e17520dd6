"""Reading the contract: every sentence here is about the state alone; nothing is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deployed_state import BASE, DIGEST, REPOSITORY, URL, deployed, edit_container, edit_dockerfile, part

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Secret, Unknown
from modelinfra.serving.contract import read_contract
from modelinfra.serving.errors import ServingCheckError


def test_the_contract_is_all_in_the_state(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path), "digits")
    assert contract.image == f"{REPOSITORY}@{DIGEST}"
    assert contract.command == ("mlserver", "start", "/mnt/models")
    assert contract.ports == {"http": 8080, "grpc": 8081, "metrics": 8082}
    assert contract.environment["MLSERVER_HTTP_PORT"] == "8080", "from the Dockerfile"
    assert contract.environment["MLSERVER_DEBUG"] == "false", "from the task"
    assert contract.health_path == "/v2/health/ready"
    assert contract.health_status == {200}
    assert contract.predict_path == "/v2/models/digits/infer"
    assert contract.public_health_path == "/v2/health/ready"
    assert contract.startup_budget_seconds == 60
    assert contract.build is not None
    assert contract.build.base == BASE
    assert contract.build.model_source == tmp_path
    assert str(contract.build.model_path) == "/mnt/models"


def test_a_relative_context_is_read_against_the_project(tmp_path: Path) -> None:
    contract = read_contract(deployed("models/digits"), "digits", project=tmp_path)
    assert contract.build is not None
    assert contract.build.model_source == tmp_path / "models" / "digits"


def test_a_secret_in_the_state_is_read_like_any_value(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    inputs = part(graph, "TaskDefinition").inputs
    inputs["containerDefinitions"] = Secret(inputs["containerDefinitions"])
    assert read_contract(graph, "digits").ports["http"] == 8080


def test_the_task_overrides_the_dockerfile(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    edit_container(graph, lambda c: c.update(command=["start", "/x"], entryPoint=["mlserver"]))
    edit_container(graph, lambda c: c["environment"].append({"name": "MLSERVER_HTTP_PORT", "value": "9"}))
    contract = read_contract(graph, "digits")
    assert contract.command == ("mlserver", "start", "/x")
    assert contract.environment["MLSERVER_HTTP_PORT"] == "9"


def test_a_new_entry_point_drops_the_images_command_as_docker_does(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    edit_container(graph, lambda c: c.update(entryPoint=["sleep"]))
    assert read_contract(graph, "digits").command == ("sleep",)


def test_what_the_task_says_about_memory_and_init_is_kept_for_the_container(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    contract = read_contract(graph, "digits")
    assert (contract.task_memory_mib, contract.init_process) == (1024, True)
    del part(graph, "TaskDefinition").inputs["memory"]
    edit_container(graph, lambda c: c.pop("linuxParameters"))
    contract = read_contract(graph, "digits")
    assert (contract.task_memory_mib, contract.init_process) == (None, False)


def test_an_endpoint_with_its_own_load_balancer_needs_no_rule(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    del graph.nodes[part(graph, "ListenerRule").urn]
    own = "http://internal-digits.us-west-2.elb.amazonaws.com"
    outputs = {"url": own, "predictUrl": f"{own}/v2/models/digits/infer", "healthUrl": f"{own}/v2/health/ready"}
    part(graph, "ModelEndpoint").outputs = outputs
    assert read_contract(graph, "digits").predict_path == "/v2/models/digits/infer"


def test_a_range_of_health_statuses_is_understood(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    part(graph, "TargetGroup").inputs["healthCheck"]["matcher"] = "200,202-204"
    assert read_contract(graph, "digits").health_status == {200, 202, 203, 204}


def test_another_endpoint_of_the_stack_is_not_mixed_in(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    other = deployed(tmp_path)
    for node in list(other):
        if node.type.startswith("modelinfra:index:Environment"):
            continue
        node.urn += "2"
        node.parent += "2" if "ModelEndpoint" in node.parent else ""
        node.name = node.name.replace("digits", "other")
        graph.nodes[node.urn] = node
    assert read_contract(graph, "digits").endpoint == "digits"
    assert read_contract(graph, "other").endpoint == "other"


def _output(name: str, value: object) -> Callable[[Graph], object]:
    return lambda graph: part(graph, "ModelEndpoint").outputs.update({name: value})


def _remove(kind: str) -> Callable[[Graph], object]:
    return lambda graph: graph.nodes.pop(part(graph, kind).urn)


@pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (_remove("ModelEndpoint"), "expected an endpoint 'digits' in stack 'dev', but the deployed endpoints are: none"),
        (_remove("TaskDefinition"), "one aws:ecs/taskDefinition:TaskDefinition below endpoint 'digits', but the state has none"),
        (_remove("TargetGroup"), "one aws:lb/targetGroup:TargetGroup"),
        (lambda g: edit_container(g, lambda c: c.update(name="side")), "a container 'model' in task 'digits-task', but its containers are: side"),
        (lambda g: part(g, "TaskDefinition").inputs.update(containerDefinitions="{"), "container definitions in JSON"),
        (lambda g: part(g, "TaskDefinition").inputs.update(containerDefinitions=Unknown), "Deploy the stack first"),
        (lambda g: edit_container(g, lambda c: c.update(image=f"{REPOSITORY}@sha256:{'0' * 64}")), "to run the image that was built"),
        (lambda g: edit_container(g, lambda c: c["portMappings"].pop(0)), "a port mapping named 'http'"),
        (lambda g: edit_container(g, lambda c: c["portMappings"][0].update(containerPort=9090)), "use the container's http port 9090, but it uses 8080"),
        (lambda g: part(g, "TargetGroup").inputs.update(port=9090), "the target group of endpoint 'digits' to use the container's http port 8080, but it uses 9090"),
        (lambda g: part(g, "TargetGroup").inputs["healthCheck"].update(port="9090"), "its health check of endpoint 'digits'"),
        (lambda g: part(g, "Service").inputs["loadBalancers"][0].update(containerPort=9090), "the service's registration of endpoint"),
        (lambda g: part(g, "Image").inputs["dockerfile"].update(inline="RUN x"), "RUN comes before FROM"),
        (lambda g: edit_dockerfile(g, "COPY --chown=1000:0 . /mnt/models\n", ""), "the container has no model"),
        (lambda g: part(g, "Image").inputs.pop("context"), "a local build context"),
        (_output("predict_url", None), "an output 'predict_url' of endpoint 'digits'"),
        (_output("predict_url", "http://elsewhere/v2/models/digits/infer"), "predict_url to begin with the endpoint's url"),
        (_output("url", "http://elsewhere/digits"), "predict_url to begin with the endpoint's url http://elsewhere"),
        (lambda g: part(g, "ListenerRule").inputs.update(conditions=[{"pathPattern": {"values": ["/letters/*"]}}]), "a listener rule that takes predict_url"),
        (lambda g: part(g, "ListenerRule").inputs.update(actions=[{"type": "forward", "targetGroupArn": "arn:other"}]), "but it forwards to arn:other"),
    ],
)  # fmt: skip
def test_a_state_that_contradicts_itself_is_no_contract(
    tmp_path: Path, corrupt: Callable[[Graph], object], message: str
) -> None:
    graph = deployed(tmp_path)
    corrupt(graph)
    with pytest.raises(ServingCheckError) as caught:
        read_contract(graph, "digits")
    assert message in str(caught.value)
    assert caught.value.remedy


def test_a_rule_that_does_not_cut_the_prefix_off_shows_in_the_path(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    part(graph, "ListenerRule").inputs["transforms"] = []
    assert read_contract(graph, "digits").predict_path == URL.rpartition("/")[2].join(["/", "/v2/models/digits/infer"])
