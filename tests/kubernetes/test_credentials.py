"""With what KServe fetches models: secrets of a service account, one for each store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.storage_secrets import STORAGE_SECRETS, store_of
from modelinfra.graph.model import Graph
from tests.kubernetes.schemas import complaints, module
from tests.kubernetes.tenancies import environment, refused
from tests.kubernetes.worlds import ACCOUNT, HUB, SERVING, deployed, manifests, predictor, refusal
from tests.making import inputs

KSERVE = "github.com/kserve/kserve@v0.20.0"
READY = "r.example/served@sha256:" + "0" * 64
ADDRESSES = {
    "s3": "s3://acme-models/iris/7",
    "gcs": "gs://acme_models/iris/7",
    "azure": "https://acme.blob.core.windows.net/models/iris",
    "https": "https://models.acme.ai/iris.joblib",
    "hf": HUB,
}


def notes(graph: Graph) -> list[str]:
    return [line["message"] for line in graph.logs if "are fetched from" in line["message"]]


@pytest.mark.parametrize("store", STORAGE_SECRETS)
def test_a_model_is_fetched_with_a_secret_of_the_service_account_and_the_preview_says_what_it_holds(
    store: str, tmp_path: Path
) -> None:
    uri = ADDRESSES[store]
    graph = deployed(tmp_path, model={"uri": uri, "size": "1GiB"}, storage_secrets=["models-store"])
    assert inputs(graph, ACCOUNT)["secrets"] == [{"name": "models-store"}]
    assert predictor(graph)["storageUris"][0]["uri"] == uri.replace("@", ":")
    (said,) = notes(graph)
    assert "with what models-store holds" in said
    assert all(key in said for key in STORAGE_SECRETS[store].keys)
    assert [found for each in manifests(graph) for found in complaints(each)] == []


@pytest.mark.parametrize("store", STORAGE_SECRETS)
def test_what_a_secret_holds_is_what_kserve_asks_it_for(store: str) -> None:
    """The constants of pkg/credentials, and for annotations of S3 how they are put together."""
    folder = module(KSERVE) / "pkg/credentials" / store
    said = "".join(path.read_text() for path in folder.glob("*.go") if not path.name.endswith("_test.go"))
    literals = set(re.findall(r'= "([^"]+)"', said))
    annotated = {f"serving.kserve.io/{each}" for each in re.findall(r'KServeAPIGroupName \+ "/" \+ "([^"]+)"', said)}
    asked = STORAGE_SECRETS[store]
    assert {*asked.keys, *asked.or_keys} <= literals
    assert set(asked.annotations) <= annotated


def test_stores_are_asked_for_in_the_order_in_which_kserve_does() -> None:
    source = (module(KSERVE) / "pkg/credentials/service_account_credentials.go").read_text()
    chain = source[source.index("func (c *CredentialBuilder) mountSecretCredential") :]
    assert sorted(STORAGE_SECRETS, key=lambda store: chain.index(f"{store}.Build")) == list(STORAGE_SECRETS)
    # And a service account's secrets are all looked at.
    assert "for _, secretRef := range serviceAccount.Secrets" in source


@pytest.mark.parametrize("store", ADDRESSES)
def test_an_address_is_of_the_store_by_which_kserve_fetches_it(store: str) -> None:
    assert store_of(ADDRESSES[store]) is STORAGE_SECRETS[store]


def test_another_secret_replaces_replicas_since_kserve_does_not_look_at_the_account_again(tmp_path: Path) -> None:
    before, after = (
        predictor(deployed(tmp_path, storage_secrets=[name]))["annotations"]["modelinfra.dev/storage-secrets"]
        for name in ("one", "other")
    )
    assert (before, after) == ("one", "other")
    assert "modelinfra.dev/storage-secrets" not in predictor(deployed(tmp_path))["annotations"]


def test_replicas_of_a_tenant_fetch_with_the_secrets_of_the_tenant(tmp_path: Path) -> None:
    graph = environment(
        tmp_path,
        tenants={"bank": {"kubernetes": {"storage_secrets": ["hub", "store"]}}},
        endpoints={"fraud": {"tenant": "bank"}, "common": {}},
    )
    accounts = {each.inputs["metadata"]["namespace"]: each.inputs.get("secrets") for each in graph.all(ACCOUNT)}
    assert accounts == {"models-bank": [{"name": "hub"}, {"name": "store"}], "models": None}
    (serving,) = (each for each in graph.all(SERVING) if each.name.startswith("dev-fraud"))
    assert graph.one(ACCOUNT, "dev-k8s-tenant-bank-account").urn in serving.depends_on
    assert predictor(graph, serving.name)["annotations"]["modelinfra.dev/storage-secrets"] == "hub,store"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"service_account": "reader"},
            "the `service_account` that is named is not changed. Remove it, and name the secrets",
        ),
        ({"image": READY, "model": {"name": "iris"}}, "no model is fetched. Remove it."),
    ],
)
def test_secrets_that_nothing_would_read_are_refused(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    (found,) = refusal(tmp_path, storage_secrets=["store"], **options)
    assert found.startswith(f"storage_secrets: {said}")


def test_an_endpoint_of_a_tenant_names_no_secrets_of_its_own(tmp_path: Path) -> None:
    endpoint = {"server": "mlserver", "model": HUB, "tenant": "bank", "storage_secrets": ["hub"]}
    (said,) = refused(tmp_path, endpoints={"fraud": endpoint})
    assert "Write it below `tenants.bank.kubernetes`." in said


def test_a_token_is_named_as_what_holds_it(tmp_path: Path) -> None:
    token = "arn:aws:secretsmanager:us-west-2:123456789012:secret:hub-AbCdEf"
    (said,) = refusal(tmp_path, model={"uri": HUB, "token": token})
    assert said.endswith("name in `storage_secrets` one that holds HF_TOKEN.")
