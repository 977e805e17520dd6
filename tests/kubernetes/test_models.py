"""Several models on one container of a replica on Kubernetes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import GATEWAY, SERVING, deployed, manifests, predictor, server
from tests.making import inputs

FILES = "kubernetes:core/v1:ConfigMap"
SEVERAL = [name for name, row in SERVERS.items() if row.several is not None]
MODELS: dict[str, Any] = {
    "fraud": {"uri": f"hf://acme/fraud@{'a' * 40}", "size": "1GiB"},
    "spam": {"uri": "s3://acme-models/spam/7", "size": "2GiB"},
}


def several(root: Path, name: str = "mlserver", **options: Any) -> Graph:
    return deployed(root, {"iris": {"server": name, "models": MODELS, **options}}, platform={"gateway": GATEWAY})


@pytest.mark.parametrize("name", SEVERAL)
def test_each_model_is_fetched_to_a_folder_of_its_name_and_all_are_asked_for(name: str, tmp_path: Path) -> None:
    graph, row = several(tmp_path, name), SERVERS[name]
    assert row.several is not None
    assert predictor(graph)["storageUris"] == [
        {"uri": f"hf://acme/fraud:{'a' * 40}", "mountPath": f"{row.model_directory}/fraud"},
        {"uri": "s3://acme-models/spam/7", "mountPath": f"{row.model_directory}/spam"},
    ]
    container = server(graph)
    said = container.get("command") or container.get("args")
    assert said == list(row.several.command or row.command)
    probes = {
        probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert probes["startupProbe"] == probes["readinessProbe"] == row.several.readiness_path
    assert not [path for path in probes.values() if "{" in path]
    assert [found for each in manifests(graph) for found in complaints(each)] == []


@pytest.mark.parametrize("name", SEVERAL)
def test_each_model_has_an_address_below_the_endpoints(name: str, tmp_path: Path) -> None:
    outputs = several(tmp_path, name).one("modelinfra:index:ModelEndpoint").outputs
    path = SERVERS[name].predict_path_template.replace("{model}", "{}")
    assert plain(outputs["predict_urls"]) == {
        each: f"https://models.acme.ai/iris{path.format(each)}" for each in MODELS
    }
    assert "predict_url" not in outputs
    assert "{" not in plain(outputs["health_url"])


def test_a_server_that_is_told_of_its_models_by_files_reads_them_from_a_config_map(tmp_path: Path) -> None:
    graph = several(tmp_path, "tensorflow-serving")
    found = inputs(graph, FILES)
    (volume,) = predictor(graph)["volumes"]
    assert volume["configMap"]["name"] == found["metadata"]["name"]
    mounted = {each["mountPath"]: each["subPath"] for each in server(graph)["volumeMounts"]}
    asked = [word.partition("=")[2] for word in server(graph)["command"] if "config_file" in word]
    assert sorted(mounted) == sorted(asked)
    assert {PurePosixPath(path).name: text for path, text in mounted.items()} == {each: each for each in found["data"]}
    assert 'base_path: "/models/served/spam"' in found["data"]["models.config"]
    # And it is there before the pods that mount it.
    assert graph.one(FILES).urn in graph.one(SERVING).depends_on


def test_another_model_is_another_config_map_so_that_pods_that_run_keep_theirs(tmp_path: Path) -> None:
    before = inputs(several(tmp_path, "tensorflow-serving"), FILES)["metadata"]["name"]
    more = {**MODELS, "words": "s3://acme-models/words/1"}
    assert inputs(several(tmp_path, "tensorflow-serving", models=more), FILES)["metadata"]["name"] != before
    moved = {**MODELS, "spam": {**MODELS["spam"], "uri": "s3://acme-models/spam/8"}}
    assert inputs(several(tmp_path, "tensorflow-serving", models=moved), FILES)["metadata"]["name"] == before


def test_a_replica_asks_for_the_disk_that_its_models_take_and_says_when_it_does_not_know(tmp_path: Path) -> None:
    # 3 GiB, and 1 GiB for what the server writes.
    assert server(several(tmp_path))["resources"]["requests"]["ephemeral-storage"] == "4096Mi"
    assert "ephemeral-storage" not in server(several(tmp_path))["resources"]["limits"]
    asked = server(several(tmp_path, ephemeral_storage="10GiB"))["resources"]
    assert asked["requests"]["ephemeral-storage"] == asked["limits"]["ephemeral-storage"] == "10240Mi"
    unknown = {**MODELS, "words": "s3://acme-models/words/1"}
    assert "ephemeral-storage" not in server(several(tmp_path, models=unknown))["resources"]["requests"]


def test_less_disk_than_the_models_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Exception,
        match=r"ephemeral_storage \(given: '2 GiB'\): the models alone take 3 GiB. Remove it, or write 4096MiB",
    ):
        several(tmp_path, ephemeral_storage="2GiB")
    archive = {"uri": "https://models.acme.ai/iris.tar.gz", "size": "2GiB"}
    with pytest.raises(Exception, match="the model alone takes 4 GiB"):
        deployed(tmp_path, model=archive, ephemeral_storage="3GiB")
