"""Models over HTTPS: one file or an archive, the Hugging Face hub, OCI registries; all from servers with real TLS."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.fetcher.checks import FetchError
from tests.fetcher.conftest import Fetched, Host

COMMIT = "a" * 40
WEIGHTS = b"weights" * 1000


def tar(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return out.getvalue()


def test_one_file_comes_with_its_digest_verified(host: Host, fetched: Callable[..., Fetched]) -> None:
    host.serve("/models/net.gguf", WEIGHTS)
    found = fetched(f"{host.url}/models/net.gguf", sha256=hashlib.sha256(WEIGHTS).hexdigest())
    assert found.files == {"net.gguf": WEIGHTS}


def test_without_a_digest_only_the_size_is_known_and_the_log_says_so(
    host: Host, fetched: Callable[..., Fetched]
) -> None:
    host.serve("/net.gguf", WEIGHTS)
    assert fetched(f"{host.url}/net.gguf").lines[0] == "net.gguf: 7000 bytes, only its size is known"


def test_a_wrong_digest_is_refused(host: Host, fetched: Callable[..., Fetched]) -> None:
    host.serve("/net.gguf", WEIGHTS)
    with pytest.raises(FetchError, match=r"is not what `model\.sha256` says"):
        fetched(f"{host.url}/net.gguf", sha256="0" * 64)


@pytest.mark.parametrize(
    ("name", "pack"), [("m.tar.gz", tar), ("m.tgz", tar), ("m.tar", lambda f: tar(f, "w")), ("m.zip", zipped)]
)
def test_archives_are_unpacked(
    host: Host, fetched: Callable[..., Fetched], name: str, pack: Callable[..., bytes]
) -> None:
    files = {"model-settings.json": b"{}", "weights/a.bin": b"a"}
    host.serve(f"/{name}", pack(files))
    assert fetched(f"{host.url}/{name}").files == files


def test_a_list_of_digests_within_an_archive_is_compared(host: Host, fetched: Callable[..., Fetched]) -> None:
    listed = f"{hashlib.sha256(b'a').hexdigest()}  a.bin\n".encode()
    host.serve("/good.tar.gz", tar({"a.bin": b"a", "SHA256SUMS": listed}))
    assert fetched(f"{host.url}/good.tar.gz").lines[1] == "1 unpacked files: sha256 of SHA256SUMS verified"
    host.serve("/bad.tar.gz", tar({"a.bin": b"b", "SHA256SUMS": listed}))
    with pytest.raises(FetchError, match=r"a\.bin is not what SHA256SUMS says"):
        fetched(f"{host.url}/bad.tar.gz")


def test_an_answer_of_500_is_asked_again(host: Host, fetched: Callable[..., Fetched]) -> None:
    host.serve("/net.gguf", b"", 500)
    host.serve("/net.gguf", b"", 503)
    host.serve("/net.gguf", WEIGHTS)
    assert fetched(f"{host.url}/net.gguf").files == {"net.gguf": WEIGHTS}
    assert len(host.seen) == 3


def test_a_body_that_is_cut_off_is_fetched_again_and_refused_in_the_end(
    host: Host, fetched: Callable[..., Fetched]
) -> None:
    host.serve("/net.gguf", WEIGHTS[:10], Content_Length="7000", Connection="close")
    with pytest.raises(FetchError, match=r"/net\.gguf cannot be fetched: .*, 5 times"):
        fetched(f"{host.url}/net.gguf")
    assert len(host.seen) == 5
    host.serve("/net.gguf", WEIGHTS)
    assert fetched(f"{host.url}/net.gguf").files == {"net.gguf": WEIGHTS}


def test_a_missing_file_is_told_without_the_query(host: Host, fetched: Callable[..., Fetched]) -> None:
    with pytest.raises(FetchError, match="the answer was 404") as caught:
        fetched(f"{host.url}/net.gguf?signature=hush")
    assert "hush" not in str(caught.value)


def test_a_redirect_is_followed_and_the_token_stays_with_its_host(
    new_host: Callable[[], Host], fetched: Callable[..., Fetched]
) -> None:
    first, second = new_host(), new_host()
    first.serve("/net.gguf", b"", 302, Location=f"{second.url}/signed?key=1")
    second.serve("/signed?key=1", WEIGHTS)
    assert fetched(f"{first.url}/net.gguf", token="hush").files == {"net.gguf": WEIGHTS}
    assert first.seen[0][1]["authorization"] == "Bearer hush"
    assert "authorization" not in second.seen[0][1]


def test_a_redirect_to_plain_http_is_refused(host: Host, fetched: Callable[..., Fetched]) -> None:
    host.serve("/net.gguf", b"", 302, Location="http://localhost/x?key=hush")
    with pytest.raises(FetchError, match="only HTTPS is followed") as caught:
        fetched(f"{host.url}/net.gguf")
    assert "hush" not in str(caught.value)


def test_a_certificate_of_nobody_known_is_refused(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.serve("/net.gguf", WEIGHTS)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        fetched(f"{host.url}/net.gguf")


def hub(host: Host, monkeypatch: pytest.MonkeyPatch, revision: str = COMMIT, **changed: Any) -> None:
    """A model of two files on the hub, one of them in LFS."""
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    lfs = {"sha256": hashlib.sha256(WEIGHTS).hexdigest(), "size": len(WEIGHTS), "pointerSize": 100}
    siblings = [
        {"rfilename": ".gitattributes", "size": 1, "blobId": "x"},
        {"rfilename": "config.json", "size": 2, "blobId": hashlib.sha1(b"blob 2\0{}").hexdigest()},
        {"rfilename": "model.safetensors", "size": len(WEIGHTS), "blobId": "x", "lfs": lfs | changed},
    ]
    host.serve(f"/api/models/acme/net/revision/{revision}?blobs=true", {"sha": COMMIT, "siblings": siblings})
    host.serve(f"/acme/net/resolve/{COMMIT}/config.json", b"{}")
    host.serve(f"/acme/net/resolve/{COMMIT}/model.safetensors", WEIGHTS)


def test_a_repository_of_the_hub_comes_verified(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(host, monkeypatch)
    found = fetched(f"hf://acme/net@{COMMIT}", token="hush")
    assert found.files == {"config.json": b"{}", "model.safetensors": WEIGHTS}
    assert found.lines[1:3] == [
        "config.json: 2 bytes, git of the store verified",
        "model.safetensors: 7000 bytes, sha256 of the store verified",
    ]
    assert {headers["authorization"] for _, headers in host.seen} == {"Bearer hush"}
    assert "hush" not in " ".join(found.lines)


def test_one_file_of_the_hub_is_compared_with_the_digest(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(host, monkeypatch)
    wanted = {"file": "model.safetensors", "only": "model.safetensors"}
    found = fetched(f"hf://acme/net@{COMMIT}", **wanted, sha256=hashlib.sha256(WEIGHTS).hexdigest())
    assert "model.safetensors: 7000 bytes, sha256 of `model.sha256` verified" in found.lines
    with pytest.raises(FetchError, match=r"model\.safetensors is not what `model\.sha256` says"):
        fetched(f"hf://acme/net@{COMMIT}", **wanted, sha256="0" * 64)


def test_a_branch_is_fetched_by_the_commit_that_it_stands_at(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(host, monkeypatch, revision="refs%2Fpr%2F1")
    assert fetched("hf://acme/net@refs/pr/1").lines[0] == f"hf://acme/net@refs/pr/1 is commit {COMMIT}"


def test_a_file_of_the_hub_with_another_content_is_refused(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(host, monkeypatch, sha256="0" * 64)
    with pytest.raises(FetchError, match=r"model\.safetensors is not what the store says"):
        fetched(f"hf://acme/net@{COMMIT}")


@pytest.mark.parametrize(("token", "said"), [("", "Give `model.token` a token"), ("t", "accept the model's terms")])
def test_a_gated_model_says_what_is_needed(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    host.serve(f"/api/models/acme/net/revision/{COMMIT}?blobs=true", b"", 401)
    with pytest.raises(FetchError, match=said):
        fetched(f"hf://acme/net@{COMMIT}", token=token)


def artifact(host: Host, layers: list[tuple[dict[str, Any], bytes]], reference: str = "v1") -> str:
    """An artifact in a registry that asks for a token; its digest."""
    described = []
    for layer, body in layers:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        described.append({"mediaType": "application/octet-stream", "size": len(body), "digest": digest, **layer})
        host.serve(f"/v2/acme/net/blobs/{described[-1]['digest']}", body)
    manifest = json.dumps({"schemaVersion": 2, "layers": described}).encode()
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    challenge = f'Bearer realm="{host.url}/token",service="registry",scope="repository:acme/net:pull"'
    for each in (reference, digest):
        host.serve(f"/v2/acme/net/manifests/{each}", b"", 401, WWW_Authenticate=challenge)
        host.serve(f"/v2/acme/net/manifests/{each}", manifest)
    host.serve("/token?service=registry&scope=repository%3Aacme%2Fnet%3Apull", {"token": "given"})
    return digest


def titled(name: str, **more: Any) -> dict[str, Any]:
    return {"annotations": {"org.opencontainers.image.title": name}, **more}


def test_an_artifact_comes_by_digest_with_every_layer_verified(host: Host, fetched: Callable[..., Fetched]) -> None:
    digest = artifact(host, [(titled("config.json"), b"{}"), (titled("net/model.bin"), WEIGHTS)])
    found = fetched(f"oci://{host.address}/acme/net@{digest}", token="hush")
    assert found.files == {"config.json": b"{}", "net/model.bin": WEIGHTS}
    assert "net/model.bin: 7000 bytes, sha256 of the store verified" in found.lines
    asked = {path: headers.get("authorization", "") for path, headers in host.seen}
    assert asked["/token?service=registry&scope=repository%3Aacme%2Fnet%3Apull"].startswith("Basic ")
    assert asked[f"/v2/acme/net/manifests/{digest}"] == "Bearer given"


def test_layers_that_are_archives_are_unpacked(host: Host, fetched: Callable[..., Fetched]) -> None:
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
    artifact(
        host, [(layer, tar({"models/a.bin": b"a"})), (titled("kept.tar", mediaType="application/x-tar"), b"as it is")]
    )
    assert fetched(f"oci://{host.address}/acme/net:v1").files == {"models/a.bin": b"a", "kept.tar": b"as it is"}


def test_one_file_in_a_layer_is_compared_with_the_digest(host: Host, fetched: Callable[..., Fetched]) -> None:
    layer, wanted = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}, {"file": "a.bin", "only": "a.bin"}
    artifact(host, [(layer, tar({"a.bin": b"a"}))])
    found = fetched(f"oci://{host.address}/acme/net:v1", **wanted, sha256=hashlib.sha256(b"a").hexdigest())
    assert "a.bin: sha256 of `model.sha256` verified" in found.lines
    with pytest.raises(FetchError, match=r"a\.bin is not what `model\.sha256` says"):
        fetched(f"oci://{host.address}/acme/net:v1", **wanted, sha256="0" * 64)


def test_a_layer_with_another_content_than_its_digest_is_refused(host: Host, fetched: Callable[..., Fetched]) -> None:
    artifact(host, [(titled("a.bin", digest=f"sha256:{'0' * 64}"), b"a")])
    with pytest.raises(FetchError, match=r"a\.bin is not what the store says"):
        fetched(f"oci://{host.address}/acme/net:v1")


def test_a_manifest_with_another_content_than_its_digest_is_refused(
    host: Host, fetched: Callable[..., Fetched]
) -> None:
    artifact(host, [(titled("a.bin"), b"a")], reference=f"sha256:{'0' * 64}")
    with pytest.raises(FetchError, match="is not what its digest says"):
        fetched(f"oci://{host.address}/acme/net@sha256:{'0' * 64}")


def test_a_layer_without_a_name_is_refused(host: Host, fetched: Callable[..., Fetched]) -> None:
    artifact(host, [({}, b"a")])
    with pytest.raises(FetchError, match="has no name"):
        fetched(f"oci://{host.address}/acme/net:v1")


def test_a_name_in_an_artifact_that_leads_out_is_refused(
    host: Host, fetched: Callable[..., Fetched], tmp_path: Path
) -> None:
    artifact(host, [(titled("../x"), b"a")])
    with pytest.raises(FetchError, match="leads out of the model's folder"):
        fetched(f"oci://{host.address}/acme/net:v1")
    assert not (tmp_path / "x").exists()


def test_an_empty_file_of_an_artifact_comes_too(host: Host, fetched: Callable[..., Fetched]) -> None:
    artifact(host, [(titled("__init__.py"), b""), (titled("a.bin"), b"a"), ({}, b"")])
    assert fetched(f"oci://{host.address}/acme/net:v1").files == {"__init__.py": b"", "a.bin": b"a"}


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"layers": [{"size": 1}]}', b'{"layers": "x"}'])
def test_a_manifest_that_is_none_is_told(host: Host, fetched: Callable[..., Fetched], body: bytes) -> None:
    host.serve("/v2/acme/net/manifests/v1", body)
    with pytest.raises(FetchError, match=r"^the answer .*/acme/net"):
        fetched(f"oci://{host.address}/acme/net:v1")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"siblings": [{}]}', b'{"siblings": ["a"]}'])
def test_an_answer_of_the_hub_that_says_nothing_is_told(
    host: Host, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    host.serve("/api/models/acme/net/revision/main?blobs=true", body)
    with pytest.raises(FetchError, match=r"^the answer .*acme/net"):
        fetched("hf://acme/net@main")


@pytest.mark.parametrize("location", ["https://[::1/x?key=hush", "https://h:port/x?key=hush"])
def test_a_redirect_to_what_is_no_address_is_told(host: Host, fetched: Callable[..., Fetched], location: str) -> None:
    host.serve("/net.gguf", b"", 302, Location=location)
    with pytest.raises(FetchError, match="leads to what is no address") as caught:
        fetched(f"{host.url}/net.gguf")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("status", [204, 206])
def test_an_answer_that_is_not_the_whole_is_refused(host: Host, fetched: Callable[..., Fetched], status: int) -> None:
    host.serve("/net.gguf", b"" if status == 204 else WEIGHTS, status)
    with pytest.raises(FetchError, match=f"the answer was {status}"):
        fetched(f"{host.url}/net.gguf")


def test_a_registry_with_basic_authentication_gets_the_token_as_password(
    host: Host, fetched: Callable[..., Fetched]
) -> None:
    manifest = json.dumps({"layers": []}).encode()
    host.serve("/v2/acme/net/manifests/v1", b"", 401, WWW_Authenticate='Basic realm="registry"')
    host.serve("/v2/acme/net/manifests/v1", manifest)
    with pytest.raises(FetchError, match="there is no file in"):
        fetched(f"oci://{host.address}/acme/net:v1", token="hush")
    assert host.seen[-1][1]["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("token", "said"), [("", "Give `model.token`"), ("hush", "this registry asks for a user and a password")]
)
def test_a_registry_that_refuses_the_password_says_what_it_asks_for(
    host: Host, fetched: Callable[..., Fetched], token: str, said: str
) -> None:
    host.serve("/v2/acme/net/manifests/v1", b"", 401, WWW_Authenticate='Basic realm="registry"')
    with pytest.raises(FetchError, match=said):
        fetched(f"oci://{host.address}/acme/net:v1", token=token)


@pytest.mark.parametrize("name", [".model-fetch/a.bin", ".model-fetched"])
def test_a_file_with_a_name_of_the_fetchers_own_is_refused(
    host: Host, fetched: Callable[..., Fetched], name: str, tmp_path: Path
) -> None:
    artifact(host, [(titled(name), b"a"), (titled("b.bin"), b"b")])
    host.serve("/m.tar.gz", tar({name: b"a", "b.bin": b"b"}))
    for uri in (f"oci://{host.address}/acme/net:v1", f"{host.url}/m.tar.gz"):
        with pytest.raises(FetchError, match="the fetcher keeps its own files under this name"):
            fetched(uri)
        assert list((tmp_path / "model").iterdir()) == []
