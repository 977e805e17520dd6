"""Which model an endpoint serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import KMS_KEY_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import EXECUTION_POLICY, FETCH_CONTAINER, TASK_POLICY
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, shown_bytes
from modelinfra.options.server import known_row
from modelinfra.options.sources import Source, problem_of_uri, source_of

MODEL_NAME = Option(
    pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    pattern_text="a model name of letters, digits, dots, - and _",
    pattern_example="sentiment",
)


class PlacedModelOptions(TypedDict):
    """A model: where it lies."""

    uri: NotRequired[Annotated[str, Option()]]
    """The model's local directory, relative to the project's directory or absolute, or its address:
    `s3://bucket/prefix`, `hf://org/name@revision`, `https://host/file` or `oci://registry/repository@sha256:...`."""

    delivery: NotRequired[
        Annotated[
            Literal["baked", "fetched"],
            Option(default_text="`baked` for a local directory, else `fetched`"),
        ]
    ]
    """Whether the model is baked into the image, or fetched by each replica when it starts. `s3://` is always fetched."""

    size: NotRequired[Annotated[Bytes, Option(at_least=1)]]
    """Size of the weights. Not for a local directory, which is measured. Left out, the server's ceiling is assumed and every preview says so."""

    sha256: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[0-9a-f]{64}",
                pattern_text="a SHA-256 digest of 64 hexadecimal digits",
                pattern_example="what `modelinfra digest` prints",
            ),
        ]
    ]
    """Digest that the model must have: for a local directory what `modelinfra digest DIRECTORY` prints, for one file at an address
    or with `file` the file's, for several files (also the parts of a split one) that of the list `SHA256SUMS`, which must lie beside them."""

    token: NotRequired[
        Annotated[
            Input[str],
            Option(
                lands=(f"{FETCH_CONTAINER}.secrets", f"{EXECUTION_POLICY}.policy"),
                example="arn:aws:secretsmanager:us-west-2:123456789012:secret:hub-AbCdEf",
            ),
        ]
    ]
    """ARN of the Secrets Manager secret or SSM parameter with the token that the source asks for. None for public models and in AWS."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN, lands=(f"{TASK_POLICY}.policy",), example="arn:aws:kms:us-west-2:123456789012:key/models"
            ),
        ]
    ]
    """KMS key of one's own with which the objects at an `s3://` address are encrypted. None otherwise."""


class ModelOptions(PlacedModelOptions):
    """The model: where it lies, or what a ready image holds."""

    name: NotRequired[
        Annotated[
            str,
            replace(MODEL_NAME, default_text="the endpoint's own name, for an address"),
        ]
    ]
    """The model's name at the server. Not for a local directory, which says its model's name itself; required with a ready `image` alone.
    A server whose files hold the name, such as MLServer's model-settings.json, must find the same name there."""

    file: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*",
                pattern_text="a relative path of letters, digits, dots, - and _",
                pattern_example="model-q4.gguf",
            ),
        ]
    ]
    """The file below an address that the server starts with; only it is fetched, with the other parts of a split .gguf.
    Required for llama.cpp and TorchServe with a model from an address, None otherwise."""


@rule(PlacedModelOptions, "uri")
def the_uri_can_be_served(model: Mapping[str, Any]) -> Iterable[Problem]:
    problem = problem_of_uri(model["uri"]) if model["uri"] is not None else None
    if problem:
        yield problem.below("uri")


@rule(PlacedModelOptions, "token")
def the_token_is_a_reference(model: Mapping[str, Any]) -> Iterable[Problem]:
    token = model["token"]
    if isinstance(token, str) and not re.match(r"arn:[^:]+:(secretsmanager|ssm):", token):
        yield Problem(
            "token",
            "a token is given by reference, never by value",
            "Write the ARN of a Secrets Manager secret or of an SSM parameter.",
        )


def problems_of_model(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """The model comes from one place, and what is said of it is what this place leaves open."""
    model, image = endpoint["model"], endpoint["image"]
    if endpoint["models"] is not None:
        return
    if isinstance(model, str):
        problem = problem_of_uri(model)
        if problem:
            yield problem.below("model")
            return
    given = {"uri": model} if isinstance(model, str) else {} if model is None else dict(vars(model))
    uri = given.get("uri")
    source = source_of(uri) if uri is not None and problem_of_uri(uri) is None else None
    if uri is None:
        yield from _in_the_image(model, given, image)
    elif source is not None and source.kind == "local":
        yield from _from_a_directory(given, image, uri)
    elif source is not None:
        yield from _from_an_address(source, given, endpoint, "model" if isinstance(model, str) else "model.uri")


def _in_the_image(model: Any, given: Mapping[str, Any], image: Any) -> Iterator[Problem]:
    if image is None:
        where = "model" if model is None else "model.uri"
        yield Problem(where, "this is required", "Write the path of the model's directory, or its address.")
    elif given.get("name") is None:
        remedy = "Write the name under which the server knows the model."
        yield Problem("model.name", "this is required with a ready image", remedy)
    if image is not None and given.get("sha256") is not None:
        reason = "the model is already in `image` and cannot be verified here"
        yield Problem("model.sha256", reason, "Remove it.", given["sha256"])
    if image is not None:
        yield from _left_over(given, ("delivery", "file", "token", "kms_key_arn"), "the model is already in `image`")


def _from_a_directory(given: Mapping[str, Any], image: Any, uri: str) -> Iterator[Problem]:
    if image is not None:
        remedy = "Remove `model.uri`, or remove `image` to have one built."
        yield Problem("model", "the model is already in `image`", remedy, uri)
        return
    if given.get("delivery") == "fetched":
        remedy = "Remove it, or store the model where tasks can fetch it, such as s3://."
        yield Problem("model.delivery", "no task reaches a directory of this machine", remedy, "fetched")
    if given.get("size") is not None:
        yield Problem("model.size", "a directory is measured", "Remove it.", shown_bytes(given["size"]))
    yield from _left_over(given, ("name", "file"), "the directory says it itself")
    yield from _left_over(given, ("token", "kms_key_arn"), "a directory is read without it")


def _from_an_address(
    source: Source, given: Mapping[str, Any], endpoint: Mapping[str, Any], where: str
) -> Iterator[Problem]:
    baked, image, server = given.get("delivery") == "baked", endpoint["image"], known_row(endpoint["server"])
    if baked and source.kind == "s3":
        remedy = "Remove it: replicas fetch from S3 with their own role."
        yield Problem("model.delivery", "an image build has no credentials of AWS", remedy, "baked")
    elif baked and source.kind == "gs":
        remedy = "Remove it: replicas fetch with their own credentials."
        yield Problem("model.delivery", "an image build has no credentials of Google Cloud", remedy, "baked")
    elif baked and source.ecr_repository_arn:
        remedy = "Remove it: replicas fetch from ECR with their own role."
        yield Problem("model.delivery", "an image build has no credentials of ECR", remedy, "baked")
    elif baked and image is not None:
        remedy = "Remove it to have the model fetched, or remove `image` to have one built."
        yield Problem("model.delivery", "a ready image is used as it is", remedy, "baked")
    if given.get("token") is not None and source.through_aws:
        yield Problem("model.token", "replicas read there with their own role", "Remove it.")
    elif given.get("token") is not None and baked:
        reason = "it would stay in the layers of the image and in the state"
        yield Problem("model.token", reason, "Write `model.delivery: fetched`.")
    if given.get("kms_key_arn") is not None and source.kind != "s3":
        yield Problem("model.kms_key_arn", "only objects of S3 are encrypted with it", "Remove it.")
    if server is None:
        return
    if server.layout is None:
        reason = f"images of {server.title} have their model inside"
        yield Problem(where, reason, "Remove it, and write the model's name as `model.name`.", source.uri)
    if server.starts_with_a_file and given.get("file") is None:
        reason = f"this is required: {server.title} is started with one file of the model"
        yield Problem("model.file", reason, "Write its path below the address.")
    if not server.starts_with_a_file and given.get("file") is not None:
        yield Problem("model.file", f"{server.title} is started with the whole folder", "Remove it.", given["file"])
    elif given.get("file") is not None and source.one_file not in ("", given["file"]):
        reason = "at the address lies one file, with another name"
        yield Problem("model.file", reason, f"Write {source.one_file}.", given["file"])


def _left_over(given: Mapping[str, Any], keys: tuple[str, ...], reason: str) -> Iterator[Problem]:
    for key in keys:
        if given.get(key) is not None:
            shown = (given[key],) if isinstance(given[key], str) else ()
            yield Problem(f"model.{key}", reason, "Remove it.", *shown)
