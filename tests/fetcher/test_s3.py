"""Models in S3, fetched from moto's S3 over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.exceptions import RetriesExceededError
from botocore.exceptions import ClientError

from modelinfra.fetcher.checks import FetchError, verify
from modelinfra.fetcher.s3 import _failed, checksums
from tests.fetcher.conftest import Fetched

MODEL = {"model-settings.json": b"{}", "weights/a.bin": b"a" * 1000, "weights/b.bin": b""}


def sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items()).encode()


def store(s3: Any, files: dict[str, bytes], prefix: str = "digits/7", **more: Any) -> None:
    for name, body in files.items():
        s3.put_object(Bucket="models", Key=f"{prefix}/{name}", Body=body, **more)


def test_everything_below_the_prefix_comes_and_nothing_beside_it(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, MODEL)
    store(s3, {"other.bin": b"x"}, prefix="digits/70")
    s3.put_object(Bucket="models", Key="digits/7/weights/", Body=b"")
    found = fetched("s3://models/digits/7")
    assert found.files == MODEL
    assert found.lines[-1].startswith("fetched s3://models/digits/7: 3 files, 0.0 MiB in ")


def test_files_are_readable_by_any_user_and_the_staging_folder_is_gone(
    s3: Any, fetched: Callable[..., Fetched]
) -> None:
    store(s3, MODEL)
    found = fetched("s3://models/digits/7/")
    assert {path.stat().st_mode & 0o777 for path in found.to.rglob("*") if path.is_file()} == {0o644}
    assert (found.to / "weights").stat().st_mode & 0o777 == 0o755
    assert not (found.to / ".model-fetch").exists()


def test_a_key_that_is_an_object_is_one_file_verified_with_the_digest(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, {"net.gguf": b"weights", "net.gguf.old": b"x"})
    digest = hashlib.sha256(b"weights").hexdigest()
    found = fetched("s3://models/digits/7/net.gguf", sha256=digest)
    assert found.files == {"net.gguf": b"weights"}
    assert found.lines[0] == "net.gguf: 7 bytes, sha256 of `model.sha256` verified"


def test_another_content_than_the_digest_says_leaves_nothing(
    s3: Any, fetched: Callable[..., Fetched], tmp_path: Path
) -> None:
    store(s3, {"net.gguf": b"other"})
    with pytest.raises(FetchError, match=r"net\.gguf is not what `model\.sha256` says: its sha256 is .* was expected"):
        fetched("s3://models/digits/7/net.gguf", sha256="0" * 64)
    assert list((tmp_path / "model").iterdir()) == []


def test_a_list_of_digests_is_compared_file_by_file(s3: Any, fetched: Callable[..., Fetched]) -> None:
    listed = sums(MODEL)
    store(s3, {**MODEL, "SHA256SUMS": listed})
    found = fetched("s3://models/digits/7", sha256=hashlib.sha256(listed).hexdigest())
    assert "weights/a.bin: 1000 bytes, sha256 of SHA256SUMS verified" in found.lines


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({**MODEL, "weights/a.bin": b"b" * 1000}, r"weights/a\.bin is not what SHA256SUMS says"),
        (
            {name: MODEL[name] for name in list(MODEL)[:2]},
            r"weights/b\.bin of SHA256SUMS is not in s3://models/digits/7",
        ),
        ({**MODEL, "new.bin": b""}, r"new\.bin in s3://models/digits/7 is not in SHA256SUMS"),
    ],
)
def test_what_the_list_does_not_agree_with_is_an_error(
    s3: Any, fetched: Callable[..., Fetched], files: dict[str, bytes], said: str
) -> None:
    store(s3, {**files, "SHA256SUMS": sums(MODEL)})
    with pytest.raises(FetchError, match=said):
        fetched("s3://models/digits/7")


def test_another_list_than_the_stack_file_says_is_an_error(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, {**MODEL, "SHA256SUMS": sums(MODEL)})
    with pytest.raises(FetchError, match=r"SHA256SUMS is not what `model\.sha256` says"):
        fetched("s3://models/digits/7", sha256="0" * 64)


def test_a_digest_of_many_files_needs_the_list(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, MODEL)
    with pytest.raises(FetchError, match="there is no SHA256SUMS in s3://models/digits/7"):
        fetched("s3://models/digits/7", sha256="0" * 64)


def test_s3s_own_checksums_are_used_where_there_is_no_list(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, {"a.bin": b"a"}, ChecksumAlgorithm="SHA256")
    store(s3, {"b.bin": b"b"}, ChecksumAlgorithm="CRC32")
    found = fetched("s3://models/digits/7")
    assert found.lines[:2] == [
        "a.bin: 1 bytes, sha256 of the store verified",
        "b.bin: 1 bytes, crc32 of the store verified",
    ]


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        ({"ETag": '"0cc175b9c0f1b6a831c399e269772661"'}, {"md5"}),
        ({"ETag": '"0cc175b9c0f1b6a831c399e269772661"', "ServerSideEncryption": "aws:kms"}, set()),
        ({"ETag": '"0cc175b9c0f1b6a831c399e269772661-3"'}, set()),
        ({"ETag": '"x"', "ChecksumSHA256": "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="}, {"sha256"}),
        (
            {
                "ETag": '"x"',
                "ChecksumType": "COMPOSITE",
                "ChecksumSHA256": "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=-2",
            },
            set(),
        ),
        ({"ETag": '"x"', "ChecksumType": "FULL_OBJECT", "ChecksumCRC32": "6Le+Qw=="}, {"crc32"}),
        ({"ETag": '"x"', "ChecksumType": "FULL_OBJECT", "ChecksumCRC64NVME": "AAAAAAAAAAA="}, set()),
    ],
)
def test_only_checksums_of_the_whole_content_count_and_they_are_those_of_the_content(
    head: dict[str, str], kinds: set[str], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"a")
    assert set(checksums(head)) == kinds
    verify(tmp_path / "a", "a", checksums(head), "S3")


def test_large_objects_come_in_parts(s3: Any, fetched: Callable[..., Fetched]) -> None:
    body = bytes(range(256)) * 2**17
    store(s3, {"big.bin": body}, ChecksumAlgorithm="SHA256")
    assert fetched("s3://models/digits/7").files == {"big.bin": body}


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://models/nothing", "there is nothing at s3://models/nothing: no object has this key or prefix"),
        ("s3://nowhere/x", "s3://nowhere/x cannot be read: S3 says NoSuchBucket. Correct the bucket's name."),
    ],
)
def test_what_is_not_there_is_told_in_one_line(s3: Any, fetched: Callable[..., Fetched], uri: str, said: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetched(uri)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_leads_out_of_the_folder_is_refused(s3: Any, fetched: Callable[..., Fetched]) -> None:
    s3.put_object(Bucket="models", Key="digits/7/a/../../x", Body=b"x")
    with pytest.raises(FetchError, match="this name leads out of the model's folder"):
        fetched("s3://models/digits/7")


def test_a_second_run_fetches_nothing_and_another_version_takes_the_place(
    s3: Any, fetched: Callable[..., Fetched]
) -> None:
    store(s3, MODEL)
    store(s3, {"settings.json": b"new", "weights/a.bin": b"n"}, prefix="digits/8")
    fetched("s3://models/digits/7")
    assert fetched("s3://models/digits/7").lines[0].endswith(" already")
    assert fetched("s3://models/digits/8").files == {"settings.json": b"new", "weights/a.bin": b"n"}


def test_only_the_wanted_file_and_its_other_parts_come(s3: Any, fetched: Callable[..., Fetched]) -> None:
    files = {"q4.gguf": b"4", "q8.gguf": b"8"}
    store(s3, {**files, "SHA256SUMS": sums(files)})
    assert set(fetched("s3://models/digits/7", only="q4.gguf", file="q4.gguf").files) == {"q4.gguf", "SHA256SUMS"}
    with pytest.raises(FetchError, match=r"there is no q5\.gguf in s3://models/digits/7: it holds SHA256SUMS, q4"):
        fetched("s3://models/digits/7", only="q5.gguf")


def test_a_file_that_the_server_starts_with_must_be_there(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, MODEL)
    with pytest.raises(FetchError, match=r"there is no serve_config\.yaml in s3://models/digits/7: it holds model-s"):
        fetched("s3://models/digits/7", file="serve_config.yaml")


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("listed", [False, True])
def test_with_a_file_the_digest_is_that_files(s3: Any, fetched: Callable[..., Fetched], listed: bool) -> None:
    files = {"q4.gguf": b"4", "q8.gguf": b"8"}
    store(s3, {**files, **({"SHA256SUMS": sums(files)} if listed else {})})
    wanted = {"file": "q4.gguf", "only": "q4.gguf"}
    found = fetched("s3://models/digits/7", **wanted, sha256=digest(b"4"))
    assert "q4.gguf: 1 bytes, sha256 of `model.sha256` verified" in found.lines
    with pytest.raises(FetchError, match=r"q4\.gguf is not what `model\.sha256` says"):
        fetched("s3://models/digits/7", **wanted, sha256=digest(b"8"))


def test_with_a_file_a_list_that_says_otherwise_is_an_error_all_the_same(
    s3: Any, fetched: Callable[..., Fetched]
) -> None:
    store(s3, {"q4.gguf": b"4", "SHA256SUMS": sums({"q4.gguf": b"other"})})
    with pytest.raises(FetchError, match=r"q4\.gguf is not what SHA256SUMS says"):
        fetched("s3://models/digits/7", file="q4.gguf", only="q4.gguf", sha256=digest(b"4"))


def test_of_a_file_in_parts_the_digest_is_that_of_the_list(s3: Any, fetched: Callable[..., Fetched]) -> None:
    parts = {"q4-00001-of-00002.gguf": b"1", "q4-00002-of-00002.gguf": b"2"}
    wanted = {"file": "q4-00001-of-00002.gguf", "only": "q4-?????-of-00002.gguf"}
    store(s3, parts)
    with pytest.raises(FetchError, match="there is no SHA256SUMS in s3://models/digits/7"):
        fetched("s3://models/digits/7", **wanted, sha256=digest(b"1"))
    store(s3, {"SHA256SUMS": sums(parts)})
    found = fetched("s3://models/digits/7", **wanted, sha256=digest(sums(parts)))
    assert "q4-00002-of-00002.gguf: 1 bytes, sha256 of SHA256SUMS verified" in found.lines


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b/c", "a")])
def test_a_name_that_is_both_a_file_and_a_folder_is_told(
    s3: Any, fetched: Callable[..., Fetched], names: tuple[str, str]
) -> None:
    store(s3, dict.fromkeys(names, b"x"))
    with pytest.raises(FetchError, match="a of s3://models/digits/7 is a file and a folder"):
        fetched("s3://models/digits/7")


@pytest.mark.parametrize("key", ["/x", "a//x", "./x", "./././x"])
def test_a_key_with_an_empty_part_says_so(s3: Any, fetched: Callable[..., Fetched], key: str) -> None:
    s3.put_object(Bucket="models", Key=f"digits/7/{key}", Body=b"x")
    with pytest.raises(FetchError, match="a part of this name is empty or a single dot"):
        fetched("s3://models/digits/7")


def test_an_object_of_the_prefixs_own_name_is_left_out_with_a_word(s3: Any, fetched: Callable[..., Fetched]) -> None:
    store(s3, MODEL)
    s3.put_object(Bucket="models", Key="digits/7", Body=b"x")
    found = fetched("s3://models/digits/7")
    assert found.files == MODEL
    assert found.lines[0] == "s3://models/digits/7 is a prefix; the object of the same name is left out"


@pytest.mark.parametrize(("code", "said"), [("403", "Let the bucket's policy allow"), ("404", "Store it again")])
def test_what_the_head_of_an_object_answers_has_its_remedy(code: str, said: str) -> None:
    assert said in str(_failed("s3://models/x", ClientError({"Error": {"Code": code}}, "HeadObject")))


def test_a_transfer_that_broke_too_often_is_told(
    s3: Any, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RetriesExceededError(OSError("reset"))

    monkeypatch.setattr("boto3.s3.transfer.S3Transfer.download_file", broken)
    store(s3, MODEL)
    with pytest.raises(FetchError, match="cannot be read: S3 says RetriesExceededError"):
        fetched("s3://models/digits/7")


def test_what_an_interrupted_fetch_left_is_removed_by_the_next(
    s3: Any, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store(s3, {"old.bin": b"o", "older.bin": b"o"})
    store(s3, {"new.bin": b"n"}, prefix="digits/8")
    moved: list[Path] = []
    replace = Path.replace

    def once(self: Path, target: Path) -> Path:
        if moved:
            raise KeyboardInterrupt
        moved.append(target)
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", once)
        with pytest.raises(KeyboardInterrupt):
            fetched("s3://models/digits/7")
    assert moved[0].is_file()
    assert fetched("s3://models/digits/8").files == {"new.bin": b"n"}


def test_an_interrupted_fetch_is_not_taken_for_a_whole_one(
    s3: Any, fetched: Callable[..., Fetched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    store(s3, MODEL)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetched("s3://models/digits/7")
    assert fetched("s3://models/digits/7").files == MODEL


UPPER = b"".join(line[:64].upper() + line[64:] for line in sums(MODEL).splitlines(keepends=True))


@pytest.mark.parametrize("listed", [UPPER, b"\xef\xbb\xbf" + sums(MODEL)], ids=["upper case", "byte order mark"])
def test_a_list_as_other_systems_write_it_is_read(s3: Any, fetched: Callable[..., Fetched], listed: bytes) -> None:
    store(s3, {**MODEL, "SHA256SUMS": listed})
    assert "weights/a.bin: 1000 bytes, sha256 of SHA256SUMS verified" in fetched("s3://models/digits/7").lines
