"""What a server tells of itself: metrics and traces, passed on by a collector beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra import Environment
from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.cost import estimate
from modelinfra.graph.model import Graph
from modelinfra.options.telemetry import RECEIVERS
from modelinfra.platforms.collector_config import GRPC_PORT, HTTP_PORT
from modelinfra.platforms.ecs.collector import IMAGE, MEMORY_MIB
from tests.making import captured, document, inputs, write_model
from tests.platforms.worlds import POLICY, READY, TASK, deployed, refusal

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
DOCUMENTATION = Path(__file__).parents[2] / "docs/observability.md"
WORKSPACE = "arn:aws:aps:eu-west-1:123456789012:workspace/ws-1a2b3c"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:traces-AbCdEf"
COPY = "123456789012.dkr.ecr.us-west-2.amazonaws.com/otel@sha256:" + "0" * 64
OWN = {"image": "registry.example/own:1.2", "port": 9000, "health_path": "/ready", "predict_path": "/ask"}


def containers(graph: Graph) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(inputs(graph, TASK)["containerDefinitions"])}


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["environment"]}


def config(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(variables(containers(graph)["collector"])["AOT_CONFIG_CONTENT"])
    return found


def rights(graph: Graph) -> dict[str, Any]:
    statements = document(inputs(graph, POLICY, "digits-collector")["policy"])
    return {action: each["Resource"] for each in statements for action in listed(each["Action"])}


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def scrape(found: dict[str, Any], name: str = "few") -> dict[str, Any]:
    (job,) = found["receivers"][f"prometheus/{name}"]["config"]["scrape_configs"]
    return dict(job)


def test_a_server_that_is_not_asked_stands_alone(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    assert list(containers(graph)) == ["model"]
    assert [node.name for node in graph.all(LOG_GROUP)] == ["digits-logs"]


def test_the_collector_ends_without_ending_the_replica_and_has_memory_of_its_own(tmp_path: Path) -> None:
    alone, watched = deployed(tmp_path, memory="2GiB"), deployed(tmp_path, memory="2GiB", metrics={})
    collector = containers(watched)["collector"]
    assert (collector["essential"], collector["memory"], collector["image"]) == (False, MEMORY_MIB, IMAGE)
    assert "dependsOn" not in containers(watched)["model"]
    # The server keeps what it asked for.
    assert int(inputs(watched, TASK)["memory"]) - MEMORY_MIB >= int(inputs(alone, TASK)["memory"])


def test_the_servers_metrics_are_read_where_the_catalogue_says(tmp_path: Path) -> None:
    job = scrape(config(deployed(tmp_path, metrics={})))
    assert job["metrics_path"] == "/metrics"
    assert job["static_configs"][0]["targets"] == ["127.0.0.1:8082"]
    assert job["scrape_interval"] == "60s"


def test_only_a_few_metrics_go_to_cloudwatch_each_under_one_set_of_dimensions(tmp_path: Path) -> None:
    found = config(deployed(tmp_path, metrics={"names": ["vllm:num_requests_waiting", "up_to_now"]}))
    (kept,) = scrape(found)["metric_relabel_configs"]
    assert (kept["action"], kept["regex"]) == ("keep", "vllm:num_requests_waiting|up_to_now")
    emf = found["exporters"]["awsemf"]
    assert (emf["namespace"], emf["dimension_rollup_option"]) == ("modelinfra/project", "NoDimensionRollup")
    (declared,) = emf["metric_declarations"]
    assert declared["dimensions"] == [["Endpoint", "Stack"]]
    assert scrape(found)["static_configs"][0]["labels"] == {"Endpoint": "digits", "Stack": "dev"}


def test_cloudwatch_reads_them_from_a_log_group_that_is_kept_for_a_day(tmp_path: Path) -> None:
    graph = deployed(tmp_path, metrics={})
    group = graph.one(LOG_GROUP, "digits-metrics")
    assert group.inputs["retentionInDays"] == 1
    assert config(graph)["exporters"]["awsemf"]["log_group_name"] == group.outputs["name"]
    assert rights(graph) == dict.fromkeys(
        ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), f"{group.outputs['arn']}:*"
    )


def test_a_dollar_sign_stands_before_variables_only(tmp_path: Path) -> None:
    # The collector takes what follows one for a variable.
    tracing = {"to": "https://otlp.example.com", "headers": {"api-key": SECRET}}
    text = json.dumps(config(deployed(tmp_path, metrics={"workspace_arn": WORKSPACE}, tracing=tracing)))
    assert text.count("$") == text.count("${env:OTLP_HEADER_0}") == 1


def test_a_workspace_gets_all_metrics_with_the_replica_that_they_are_of(tmp_path: Path) -> None:
    graph = deployed(tmp_path, metrics={"names": [], "workspace_arn": WORKSPACE})
    found = config(graph)
    assert "metric_relabel_configs" not in scrape(found, "all")
    remote = found["exporters"]["prometheusremotewrite"]
    assert (
        remote["endpoint"] == "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1a2b3c/api/v1/remote_write"
    )
    assert remote["resource_to_telemetry_conversion"] == {"enabled": True}
    assert found["extensions"]["sigv4auth"] == {"region": "eu-west-1", "service": "aps"}
    assert found["service"]["extensions"] == ["sigv4auth"]
    assert rights(graph) == {"aps:RemoteWrite": WORKSPACE}
    assert "awsemf" not in found["exporters"]


def test_traces_are_taken_from_the_same_replica_and_some_of_them_kept(tmp_path: Path) -> None:
    graph = deployed(tmp_path, tracing={"to": "xray"})
    found = config(graph)
    protocols = found["receivers"]["otlp"]["protocols"]
    assert {each["endpoint"] for each in protocols.values()} == {"127.0.0.1:4317", "127.0.0.1:4318"}
    assert found["processors"]["probabilistic_sampler"] == {"sampling_percentage": 5}
    assert found["exporters"] == {"awsxray": {"region": "us-west-2"}}
    assert rights(graph) == {"xray:PutTelemetryRecords": "*", "xray:PutTraceSegments": "*"}
    assert {GRPC_PORT, HTTP_PORT} == set(RECEIVERS)


def test_the_server_is_told_where_its_traces_go(tmp_path: Path) -> None:
    told = variables(containers(deployed(tmp_path, tracing={"to": "xray"}))["model"])
    assert told["MLSERVER_TRACING_SERVER"] == told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4317"
    assert told["OTEL_SERVICE_NAME"] == "digits"


def test_what_the_user_says_of_a_variable_counts(tmp_path: Path) -> None:
    graph = deployed(tmp_path, tracing={"to": "xray"}, environment={"OTEL_SERVICE_NAME": "recogniser"})
    assert variables(containers(graph)["model"])["OTEL_SERVICE_NAME"] == "recogniser"


def test_a_server_that_takes_words_is_started_with_them() -> None:
    command = SERVERS["vllm"].tracing(grpc="http://localhost:4317", http="").command
    assert command[-1] == "--otlp-traces-endpoint=http://localhost:4317"
    triton = SERVERS["triton"].tracing(grpc="", http="http://localhost:4318").command
    assert "--trace-config=opentelemetry,url=http://localhost:4318/v1/traces" in triton


def test_headers_of_a_receiver_stay_secret(tmp_path: Path) -> None:
    tracing = {"to": "https://otlp.example.com/", "headers": {"api-key": SECRET}}
    graph = deployed(tmp_path, tracing=tracing)
    exporter = config(graph)["exporters"]["otlphttp"]
    assert exporter == {"endpoint": "https://otlp.example.com", "headers": {"api-key": "${env:OTLP_HEADER_0}"}}
    assert containers(graph)["collector"]["secrets"] == [{"name": "OTLP_HEADER_0", "valueFrom": SECRET}]
    execution = document(inputs(graph, POLICY, "digits-execution")["policy"])
    assert SECRET in json.dumps(execution)
    # Nothing of AWS is told, so that the server's role has no right for it.
    assert [node.name for node in graph.all(POLICY)] == ["digits-execution"]


def test_a_copy_of_the_collector_may_be_pulled(tmp_path: Path) -> None:
    graph = deployed(tmp_path, metrics={}, collector={"image": COPY})
    assert containers(graph)["collector"]["image"] == COPY
    pulled = [
        each for each in document(inputs(graph, POLICY, "digits-execution")["policy"]) if "BatchGetImage" in str(each)
    ]
    assert "arn:aws:ecr:us-west-2:123456789012:repository/otel" in pulled[0]["Resource"]


def test_the_dashboard_shows_what_the_server_tells(tmp_path: Path) -> None:
    graph = deployed(tmp_path, metrics={})
    widgets = json.loads(graph.one(DASHBOARD).inputs["dashboardBody"])["widgets"]
    lines = [
        each
        for widget in widgets
        for each in widget["properties"].get("metrics", ())
        if each[0] == "modelinfra/project"
    ]
    assert [each[1] for each in lines] == list(SERVERS["mlserver"].key_metrics)
    assert all(each[2:6] == ["Endpoint", "digits", "Stack", "dev"] for each in lines)


def test_each_metric_is_counted_as_a_custom_one(tmp_path: Path) -> None:
    def counted(**options: Any) -> list[tuple[str, str]]:
        items = estimate(deployed(tmp_path, **options)).items
        return [(str(item.quantity_min), str(item.monthly_max)) for item in items if item.what == "custom metric"]

    assert counted(metrics={"names": ["a", "b", "c"]}) == [("3", "0.90")]
    assert counted(tracing={"to": "xray"}) == counted() == []


def test_a_role_that_is_handed_in_stays_as_it_is_and_the_preview_says_what_it_must_allow(tmp_path: Path) -> None:
    graph = deployed(tmp_path, metrics={}, task_role_arn="arn:aws:iam::123456789012:role/serve")
    assert [node.name for node in graph.all(POLICY)] == ["digits-execution"]
    assert any("it must allow what the collector does" in log["message"] for log in graph.logs)


def test_an_image_that_is_handed_in_starts_its_server_itself(tmp_path: Path) -> None:
    graph = deployed(tmp_path, server="triton", tracing={"to": "xray"}, **READY)
    assert any(
        "its command must send traces itself, with --trace-config=mode=opentelemetry" in log["message"]
        for log in graph.logs
    )


@pytest.mark.parametrize("name", SERVERS)
def test_the_documentation_says_what_each_server_tells(name: str) -> None:
    row = SERVERS[name]
    (said,) = (each for each in DOCUMENTATION.read_text().splitlines() if each.startswith(f"| `{name}` |"))
    metrics, traces = said.split(" | ")[1:]
    named = ", ".join(f"`{each}`" for each in row.key_metrics)
    assert metrics == (named or ("write `names`" if row.metrics_path else "write `path`, `port` and `names`"))
    assert (traces == "no |") is not row.traces


@pytest.mark.parametrize("name", [name for name, row in SERVERS.items() if row.metrics_path is not None])
def test_metrics_are_where_something_listens(name: str) -> None:
    row = SERVERS[name]
    assert row.metrics_path is not None
    assert row.metrics_path.startswith("/")
    assert all("$" not in metric for metric in row.key_metrics)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"server": "tensorflow-serving", "metrics": {}, **READY}, "metrics: TensorFlow Serving offers none that are known: only with"),
        ({"server": OWN, "metrics": {"path": "/m"}}, "metrics.names: the catalogue names no metrics of A server"),
        ({"server": "tensorflow-serving", "tracing": {"to": "xray"}, **READY}, "tracing: TensorFlow Serving is not known to send traces"),
        ({"server": {**OWN, "grpc_port": 4317}, "tracing": {"to": "xray"}}, "the server listens on 4317, where the collector would"),
        ({"metrics": {"names": ["a b"]}}, "metrics.names[0] (given: 'a b'): this is no name of a metric"),
        ({"metrics": {"names": []}}, "nothing is to be told"),
        ({"tracing": {"to": "jaeger"}}, "this is neither xray nor an https:// address"),
        ({"tracing": {"to": "https://otlp.example.com:4318"}}, "replicas speak HTTPS to port 443 alone"),
        ({"tracing": {"to": "https://otlp.example.com/v1/traces"}}, "/v1/traces is added to it"),
        ({"tracing": {"to": "xray", "headers": {"a": SECRET}}}, "X-Ray asks for none"),
        ({"collector": {"image": COPY}}, "there is nothing to collect"),
        ({"metrics": {}, "collector": {"image": "acme/otel:1"}}, "a tag can move"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    found = refusal(tmp_path, **options)
    assert any(said in line for line in found), found


def environment(root: Path, nat: str, **options: Any) -> Graph:
    write_model(root / "model")

    def program() -> None:
        endpoint = {"server": "mlserver", "model": "model", **options}
        Environment(
            "prod", {"network": {"nat": nat}, "platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": endpoint}}
        )

    return captured(program, root)


def test_without_a_way_to_the_internet_the_collector_comes_from_ecr_and_tells_over_interface_endpoints(
    tmp_path: Path,
) -> None:
    given = {"metrics": {"workspace_arn": WORKSPACE}, "tracing": {"to": "xray"}, "collector": {"image": COPY}}
    graph = environment(tmp_path, "none", **given)
    names = {node.inputs["serviceName"].rsplit(".", 1)[-1] for node in graph.all("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert {"xray", "aps-workspaces", "logs"} <= names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": {}}, "endpoints.digits.collector.image"),
        ({"tracing": {"to": "https://otlp.example.com"}, "collector": {"image": COPY}}, "endpoints.digits.tracing.to"),
        (
            {"metrics": {}, "collector": {"image": COPY.replace("us-west-2", "eu-west-1")}},
            "without NAT the network reaches registries of ECR in us-west-2 only",
        ),
    ],
)
def test_what_is_on_the_internet_is_refused_without_a_way_there(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match="nothing was created") as error:
        environment(tmp_path, "none", **options)
    assert said in str(error.value)
