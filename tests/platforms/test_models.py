"""Several models on one container: where they lie, who reads them, when a replica is ready, which routes lead to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS, memory_need_mib, startup_budget_seconds
from modelinfra.graph.model import Graph
from modelinfra.policies import RULES, check
from modelinfra.review.changes import between
from modelinfra.review.findings import traffic
from modelinfra.serving import dockerfile
from modelinfra.serving.contract import read_contract
from tests.making import inputs
from tests.platforms.worlds import IMAGE, POLICY, RULE, SERVICE, TARGET_GROUP, TASK, deployed, refusal

GIB = 2**30
FETCHED = {"fraud": "s3://acme-models/fraud/7", "spam": "s3://acme-models/spam/3"}
SIZED = {name: {"uri": uri, "size": "1GiB"} for name, uri in FETCHED.items()}
EXPOSED = {"domain": "models.acme.example", "certificate_arn": "arn:aws:acm:us-west-2:123456789012:certificate/1"}
SETTINGS = '{{"name": "{}", "implementation": "mlserver_sklearn.SKLearnModel"}}'

FILES = {
    "mlserver": lambda name: {"model-settings.json": SETTINGS.format(name)},
    "tensorflow-serving": lambda _: {"1/saved_model.pb": "w"},
    "triton": lambda name: {"config.pbtxt": f'name: "{name}"\nbackend: "onnxruntime"', "1/model.onnx": "w"},
}
"""Server -> the files of one model, by its name."""

PREDICT = {
    "mlserver": "/v2/models/{}/infer",
    "tensorflow-serving": "/v1/models/{}:predict",
    "triton": "/v2/models/{}/infer",
}


def local(root: Path, server: str = "mlserver", names: tuple[str, ...] = ("fraud", "spam")) -> dict[str, str]:
    """Models in directories of a project, whose names are not the models'."""
    for name in names:
        for path, content in FILES[server](name).items():
            (root / f"of-{name}" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / f"of-{name}" / path).write_text(content)
    return {name: f"of-{name}" for name in names}


def container(graph: Graph, name: str = "model") -> dict[str, Any]:
    found = json.loads(inputs(graph, TASK)["containerDefinitions"])
    return next(each for each in found if each["name"] == name)


def work(graph: Graph) -> list[Mapping[str, Any]]:
    variables = {each["name"]: each["value"] for each in container(graph, "model-fetch")["environment"]}
    found: list[Mapping[str, Any]] = json.loads(variables["MODELINFRA_FETCH"])["models"]
    return found


def addresses(graph: Graph) -> dict[str, str]:
    found: dict[str, str] = graph.one("modelinfra:index:ModelEndpoint").outputs["predict_urls"]
    return found


def test_every_server_that_serves_several_is_rendered_here() -> None:
    assert set(FILES) == {name for name, row in SERVERS.items() if row.several is not None}


@pytest.mark.parametrize("server", FILES)
def test_directories_are_baked_into_one_image_each_in_a_folder_of_its_models_name(server: str, tmp_path: Path) -> None:
    graph = deployed(tmp_path, server=server, models=local(tmp_path, server), load_balancer="own")
    built = inputs(graph, IMAGE)
    row, text = SERVERS[server], built["dockerfile"]["inline"]
    named = {name: Path(each["location"]).name for name, each in built["context"]["named"].items()}
    copied = [line.split() for line in text.splitlines() if line.startswith("COPY --from")]
    assert {words[-1]: named[words[1].removeprefix("--from=")] for words in copied} == {
        f"{row.model_directory}/fraud": "of-fraud",
        f"{row.model_directory}/spam": "of-spam",
    }
    assert row.several is not None
    assert dockerfile.parse(text).command == (row.several.command or row.command)
    assert "{" not in (dockerfile.parse(text).command or ())


@pytest.mark.parametrize("server", FILES)
def test_a_replica_is_ready_when_the_path_that_tells_of_all_models_says_so(server: str, tmp_path: Path) -> None:
    graph = deployed(tmp_path, server=server, models=local(tmp_path, server), load_balancer="own")
    several = SERVERS[server].several
    assert several is not None
    assert inputs(graph, TARGET_GROUP)["healthCheck"]["path"] == several.readiness_path
    # No model's name is in it: replicas of before are asked there, too, when a model is added.
    more = deployed(
        tmp_path, server=server, models=local(tmp_path, server, ("aaa", "fraud", "spam")), load_balancer="own"
    )
    assert inputs(more, TARGET_GROUP) == inputs(graph, TARGET_GROUP)


@pytest.mark.parametrize("server", FILES)
def test_each_model_has_an_address(server: str, tmp_path: Path) -> None:
    graph = deployed(tmp_path, server=server, models=local(tmp_path, server), load_balancer="own")
    base = graph.one("modelinfra:index:ModelEndpoint").outputs["url"]
    assert addresses(graph) == {name: base + PREDICT[server].format(name) for name in ("fraud", "spam")}
    assert "predict_url" not in graph.one("modelinfra:index:ModelEndpoint").outputs


def test_tensorflow_serving_is_told_which_models_there_are(tmp_path: Path) -> None:
    graph = deployed(tmp_path, server="tensorflow-serving", models=FETCHED)
    text = next(
        node.inputs["dockerfile"]["inline"]
        for node in graph.all(IMAGE)
        if "tensorflow" in node.inputs["dockerfile"]["inline"]
    )
    for name in FETCHED:
        assert f'    name: "{name}"\n    base_path: "/models/served/{name}"\n' in text
    assert text.startswith("# syntax=docker/dockerfile:1\n")
    # The volume with the models must not hide the configuration.
    assert container(graph)["mountPoints"][0]["containerPath"] == "/models/served"
    assert 'COPY <<"END_OF_FILE" /models/models.config\n' in text


def test_models_at_addresses_are_fetched_into_folders_of_one_volume(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models=FETCHED)
    assert {each["uri"]: each["to"] for each in work(graph)} == {
        FETCHED["fraud"]: "/model/fraud",
        FETCHED["spam"]: "/model/spam",
    }
    assert container(graph)["mountPoints"] == [
        {"sourceVolume": "model", "containerPath": "/mnt/models", "readOnly": True}
    ]
    # A model with another name in its files would be served beside the others, where nobody asks for it.
    assert [(each["nameIn"], each["name"]) for each in work(graph)] == [
        ("model-settings.json", "fraud"),
        ("model-settings.json", "spam"),
    ]


def test_replicas_may_read_each_models_own_prefix_and_nothing_else(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models=FETCHED)
    statements = json.loads(inputs(graph, POLICY, "digits-fetch")["policy"])["Statement"]
    assert statements == [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": ["arn:aws:s3:::acme-models/fraud/*", "arn:aws:s3:::acme-models/spam/*"],
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-models",
            "Condition": {"StringLike": {"s3:prefix": ["fraud/*", "spam/*"]}},
        },
    ]


def test_what_a_role_may_do_for_sixty_models_is_no_longer_than_iam_takes(tmp_path: Path) -> None:
    models = {f"model-{number}": f"s3://acme-models/team/model-{number}/1" for number in range(60)}
    graph = deployed(tmp_path, models=models, memory="120GiB", cpu=16, ephemeral_storage="200GiB")
    assert [found for found in check(graph, RULES, production=False) if found.rule == "role-inline-size"] == []


def test_every_rule_of_ours_finds_the_rights_the_order_and_the_way_out_of_several_models(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models=FETCHED)
    assert {found.rule for found in check(graph, RULES, production=False)} & {
        "right-model",
        "model-first",
    } == set()
    policy = graph.one(POLICY, name="digits-fetch")
    policy.inputs["policy"] = policy.inputs["policy"].replace("acme-models/spam", "acme-models/ham")
    (found,) = [each for each in check(graph, RULES, production=False) if each.rule == "right-model"]
    assert "s3:GetObject for s3://acme-models/spam/3" in found.message


def test_the_build_fetches_models_that_are_to_be_baked(tmp_path: Path) -> None:
    commit = "0" * 40
    models = {name: {"uri": f"hf://acme/{name}@{commit}", "delivery": "baked"} for name in FETCHED}
    graph = deployed(tmp_path, models=models)
    text = inputs(graph, IMAGE)["dockerfile"]["inline"]
    assert "&& rm /model/fraud/.model-fetched /model/spam/.model-fetched\n" in text
    assert "COPY --from=model --chown=1000:0 /model /mnt/models\n" in text
    contract = read_contract(graph, "digits", project=tmp_path)
    assert contract.fetch is not None
    assert contract.fetch.baked
    assert [each["uri"] for each in contract.fetch.works] == [f"hf://acme/{name}@{commit}" for name in FETCHED]
    assert contract.build is not None
    assert contract.build.opaque == ()


def test_each_model_is_fetched_with_its_own_token(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:{}-AbCdEf"
    hub = {name: {"uri": f"hf://acme/{name}@{'0' * 40}", "token": arn.format(name), "size": "1GiB"} for name in FETCHED}
    graph = deployed(tmp_path, models={**hub, "open": f"hf://acme/open@{'0' * 40}"})
    held = {each["name"]: each["valueFrom"] for each in container(graph, "model-fetch")["secrets"]}
    given = {each["name"]: held[each["token"]] for each in work(graph) if each["token"] in held}
    assert given == {name: arn.format(name) for name in FETCHED}
    assert "secrets" not in container(graph)
    allowed = inputs(graph, POLICY, "digits-execution")["policy"]
    assert all(arn.format(name) in allowed for name in FETCHED)


def test_sizes_memory_and_times_add_up(tmp_path: Path) -> None:
    row = SERVERS["mlserver"]
    graph = deployed(tmp_path, models=SIZED)
    assert int(inputs(graph, TASK)["memory"]) >= memory_need_mib(row, 2 * GIB)
    # 30 s until the first byte, once; two models at 20 MiB/s, one after the other.
    fetching = 30 + 2 * 52
    assert inputs(graph, SERVICE)["healthCheckGracePeriodSeconds"] == startup_budget_seconds(row, 2 * GIB) + fetching


def test_behind_an_exposure_only_predictions_and_readiness_are_forwarded(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models=FETCHED, exposure=EXPOSED)
    (paths,) = [each["pathPattern"]["values"] for each in inputs(graph, RULE)["conditions"]]
    assert paths == ["/v2/models/*/infer", "/v2/health/ready"]
    more = deployed(tmp_path, models={**FETCHED, "aaa": "s3://acme-models/aaa/1"}, exposure=EXPOSED)
    assert inputs(more, RULE) == inputs(graph, RULE)


def test_clients_are_not_shown_the_metrics_by_which_tensorflow_serving_says_that_it_is_ready(tmp_path: Path) -> None:
    graph = deployed(tmp_path, server="tensorflow-serving", models=FETCHED, exposure=EXPOSED)
    (paths,) = [each["pathPattern"]["values"] for each in inputs(graph, RULE)["conditions"]]
    assert paths == ["/v1/models/*:predict", "/v1/models/fraud"]
    assert graph.one("modelinfra:index:ModelEndpoint").outputs["health_url"].endswith("/v1/models/fraud")


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"server": "torchserve"},
        (
            "models (given: ['fraud', 'spam']): TorchServe serves one model. Write `model`, and an endpoint for each of the others; several are "
            "served by mlserver, tensorflow-serving, triton."
        ),
    ),
    (
        {"mode": "async"},
        (
            "models (given: ['fraud', 'spam']): a message in the queue names no model. Make an asynchronous endpoint of each model, with a queue of "
            "its own, or write `mode: sync`."
        ),
    ),
    ({"model": "model"}, "models: the endpoint has a `model` as well. Write it below `models`, too."),
    (
        {"revisions": {"candidate": {"model": "s3://acme-models/spam/4"}}},
        (
            "revisions.candidate.model: a revision answers for all models, and would serve this one alone. Remove it: another version of one "
            "model belongs into `models`, or onto an endpoint of its own."
        ),
    ),
    (
        {"models": {"fraud": FETCHED["fraud"], "spam": "model"}},
        (
            "models: all models of an endpoint come in one way, and these in 2 (fetched: fraud; a directory: spam). Store the directories where "
            "replicas fetch the others, or make two endpoints."
        ),
    ),
    (
        {"models": {"fraud": {"uri": FETCHED["fraud"], "delivery": "baked"}}},
        "models.fraud.delivery (given: 'baked'): an image build has no credentials of AWS. Remove it: replicas fetch from S3 with their own role.",
    ),
    (
        {"models": {"other": "model"}},
        (
            "models.other (given: 'model'): the files in model name the model 'digits', and here it is called 'other'. Write digits in place of "
            "other, or correct the file."
        ),
    ),
    (
        {"models": {"fraud": {"uri": FETCHED["fraud"], "tenant": "bank"}}},
        (
            "models.fraud.tenant (given: 'bank'): only a key says who asks, and no client of `exposure.auth.api_keys` has this name. Add bank: {} "
            "there, or remove `tenant`."
        ),
    ),
]


@pytest.mark.parametrize(("said", "message"), WRONG)
def test_what_cannot_be_is_told_with_what_to_write_instead(said: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, **{"models": FETCHED, **said})


def test_a_revision_may_differ_in_size_and_serves_all_models(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models=FETCHED, revisions={"larger": {"memory": "8GiB"}})
    own, other = ((node.inputs["memory"], json.loads(node.inputs["containerDefinitions"])) for node in graph.all(TASK))
    assert own[0] != other[0]
    assert own[1][1]["environment"] == other[1][1]["environment"]


def told(before: Graph, after: Graph) -> list[str]:
    return [each.title for each in traffic.findings(between(before, after)) if "serve" in each.title]


def test_a_review_says_which_models_are_no_longer_served(tmp_path: Path) -> None:
    both, more = (
        deployed(tmp_path, models=FETCHED),
        deployed(tmp_path, models={**FETCHED, "aaa": "s3://acme-models/a/1"}),
    )
    assert told(more, both) == ["digits no longer serves aaa where it did"]
    assert told(both, more) == []
    alone = {"uri": FETCHED["fraud"], "name": "fraud"}
    assert told(deployed(tmp_path, model=alone), both) == []
    assert told(deployed(tmp_path, model={**alone, "name": "other"}), both) == [
        "digits no longer serves its model where it did"
    ]
