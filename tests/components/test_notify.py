"""Who is told of alarms and of what an environment costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra import Environment
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Secret
from tests.making import captured, document, inputs, write_model

TOPIC = "aws:sns/topic:Topic"
POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
SLACK = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"
TEAMS = "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration"
BUDGET = "aws:budgets/budget:Budget"
GIVEN = "arn:aws:sns:us-west-2:123456789012:alarms"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:pagerduty-AbCdEf"
CHANNEL = {"workspace_id": "T0123ABCD", "channel_id": "C0123ABCD"}
TEAM = {
    "tenant_id": "12345678-1234-1234-1234-123456789012",
    "team_id": "12345678-4321-4321-4321-123456789012",
    "channel_id": "19%3aab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
}
EMAILS = {"emails": ["on-call@example.com"]}


def environment(root: Path, **options: Any) -> Graph:
    write_model(root / "model")

    def program() -> None:
        endpoint = {"server": "mlserver", "model": "model"}
        Environment("prod", {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": endpoint}, **options})

    return captured(program, root)


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(Exception, match="nothing was created") as error:
        environment(root, **options)
    return str(error.value)


def role_of(graph: Graph) -> Node:
    return graph.one("aws:iam/role:Role", "prod-notify-chat")


@pytest.mark.parametrize(("key", "channel", "token"), [("slack", CHANNEL, SLACK), ("teams", TEAM, TEAMS)])
def test_a_channel_hears_the_topic(tmp_path: Path, key: str, channel: Any, token: str) -> None:
    graph = environment(tmp_path, notify={key: channel})
    made = inputs(graph, token)
    assert made["snsTopicArns"] == [graph.one(TOPIC).outputs["arn"]]
    assert made["iamRoleArn"] == role_of(graph).outputs["arn"]
    assert all(value in made.values() for value in channel.values())


def test_whoever_writes_in_a_channel_can_look_at_alarms_and_change_nothing(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify={"slack": CHANNEL})
    statements = document(inputs(graph, "aws:iam/rolePolicy:RolePolicy", "prod-notify-chat")["policy"])
    actions = [
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]
    assert all(action.startswith(("cloudwatch:Get", "cloudwatch:List", "cloudwatch:Describe")) for action in actions)
    # Without a guardrail of one's own AWS takes AdministratorAccess.
    assert inputs(graph, SLACK)["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
    (trusted,) = document(role_of(graph).inputs["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "chatbot.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_address_of_a_paging_service_is_read_from_its_secret_and_stays_one(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify={"webhooks": {"pagerduty": SECRET}})
    subscription = graph.one(SUBSCRIPTION)
    assert subscription.name == "prod-notify-webhook-pagerduty"
    assert isinstance(subscription.inputs["endpoint"], Secret)
    assert "endpoint" in subscription.additional_secret_outputs
    # So that the deployment fails where nobody answers, and does not wait for a person who never comes.
    assert (subscription.inputs["protocol"], subscription.inputs["endpointAutoConfirms"]) == ("https", True)


def test_without_a_channel_there_is_no_role_for_one(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify=EMAILS)
    assert [node for node in graph if "chat" in node.type.lower() or node.name == "prod-notify-chat"] == []


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ({"topic_arn": GIVEN, "slack": CHANNEL}, "an existing topic (`topic_arn`) is not changed"),
        ({"slack": {"workspace_id": "t 1", "channel_id": "C1"}}, "workspace_id (given: 't 1')"),
        (
            {"webhooks": {"pagerduty": "https://events.pagerduty.com/integration/key/enqueue"}},
            "a Secrets Manager secret",
        ),
        ({"kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/a"}, "nobody is named here"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, notify: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path, notify=notify)


def test_a_budget_counts_what_carries_the_tag_and_tells_before_and_when_it_is_spent(tmp_path: Path) -> None:
    tags = {"team": "forecasting"}
    graph = environment(tmp_path, tags=tags, budget={"monthly_usd": 500, "tag": "team", "notify": ["cfo@example.com"]})
    budget = inputs(graph, BUDGET)
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("500", "USD", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:team$forecasting"]}]
    told = [(each["notificationType"], each["threshold"]) for each in budget["notifications"]]
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert all(each["subscriberEmailAddresses"] == ["cfo@example.com"] for each in budget["notifications"])
    assert all("subscriberSnsTopicArns" not in each for each in budget["notifications"])


def test_without_a_tag_the_whole_bill_is_counted(tmp_path: Path) -> None:
    assert "costFilters" not in inputs(environment(tmp_path, notify=EMAILS, budget={"monthly_usd": 500}), BUDGET)


def test_a_large_limit_is_written_in_digits(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify=EMAILS, budget={"monthly_usd": 1_234_567.5})
    assert inputs(graph, BUDGET)["limitAmount"] == "1234567.5"


def test_a_budget_that_names_nobody_tells_whom_the_alarms_tell(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify=EMAILS, budget={"monthly_usd": 500})
    topic = graph.one(TOPIC).outputs["arn"]
    assert all(each["subscriberSnsTopicArns"] == [topic] for each in inputs(graph, BUDGET)["notifications"])
    publishers = {each["Principal"]["Service"] for each in document(inputs(graph, POLICY)["policy"])}
    assert publishers == {"cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"}


@pytest.mark.parametrize("budget", [None, {"monthly_usd": 500, "notify": ["cfo@example.com"]}])
def test_a_topic_takes_no_budgets_that_tell_somebody_else(tmp_path: Path, budget: Any) -> None:
    given = {"budget": budget} if budget is not None else {}
    policy = inputs(environment(tmp_path, notify=EMAILS, **given), POLICY)["policy"]
    assert "budgets.amazonaws.com" not in json.dumps(policy)


def test_without_a_budget_there_is_none(tmp_path: Path) -> None:
    assert environment(tmp_path, notify=EMAILS).all(BUDGET) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": {"monthly_usd": 500}}, "budget: nobody is told"),
        (
            {"budget": {"monthly_usd": 500, "tag": "team"}, "notify": EMAILS},
            "budget.tag (given: 'team'): the environment has no such tag",
        ),
        (
            {"budget": {"monthly_usd": 500, "tag": "taem"}, "notify": EMAILS, "tags": {"team": "ml"}},
            "Did you mean 'team'?",
        ),
        ({"budget": {"monthly_usd": 500, "notify": ["cfo"]}}, "this is no address"),
        ({"budget": {"monthly_usd": 500, "actual_percent": [-5]}, "notify": EMAILS}, "this is no share of a limit"),
        ({"budget": {"monthly_usd": 500, "actual_percent": [5, 5]}, "notify": EMAILS}, "this stands here twice"),
        (
            {"budget": {"monthly_usd": 500, "actual_percent": [], "forecast_percent": []}, "notify": EMAILS},
            "nobody is ever told",
        ),
        (
            {"budget": {"monthly_usd": 500, "actual_percent": [*range(10, 110, 10)]}, "notify": EMAILS},
            "AWS watches 10 shares of a budget, and these are 11",
        ),
    ],
)
def test_a_budget_that_nobody_hears_or_that_counts_nothing_is_refused(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    assert said in refused(tmp_path, **options)


@pytest.mark.parametrize("alerts", [{}, {"alerts": {"webhook": "pager/url"}}])
def test_who_hears_nothing_of_alarms_on_kubernetes_is_told_so(alerts: dict[str, Any], tmp_path: Path) -> None:
    prometheus = {"operator": True, **alerts}
    platform = {"type": "kubernetes", "cluster": {"context": "a"}, "prometheus": prometheus}
    endpoint = {"server": "mlserver", "model": "s3://acme-models/iris/7"}
    graph = environment(tmp_path, platforms={"k8s": platform}, endpoints={"iris": endpoint}, notify=EMAILS)
    warned = [each["message"] for each in graph.logs if each["severity"] == "warning"]
    said = (
        "platforms.k8s: Alertmanager tells of its alarms, and not whom `notify` names: write `prometheus.alerts` there"
    )
    assert (said in warned) == (not alerts)
