"""Where a model lies: the forms that an address may have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from modelinfra.options.problems import Problem

Kind = Literal["local", "s3", "gs", "hf", "https", "oci"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
_NO_ARCHIVES = (".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar")
_ECR = r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
# Of a key, what a pattern in a policy (`*`, `?`, `$`) or a Dockerfile would take for something else is left out.
_KEY = r"[A-Za-z0-9!_.'()=+@,~-]+(?:/[A-Za-z0-9!_.'()=+@,~-]+)*/?"

_FORMS = {
    "s3": (rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]/{_KEY}", "s3://bucket/sentiment/7"),
    # Google Cloud Storage: names of buckets may have underscores; those with dots are domains.
    "gs": (rf"gs://[a-z0-9][a-z0-9._-]{{1,61}}[a-z0-9]/{_KEY}", "gs://bucket/sentiment/7"),
    "hf": (r"hf://[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*@[A-Za-z0-9][\w./-]*", "hf://org/name@revision"),
    "https": (
        rf"https://{_HOST}(?::\d+)?/(?:[A-Za-z0-9_.~%+@=,-]+/)*[A-Za-z0-9_.~%+@=,-]+",
        "https://host/model.tar.gz",
    ),
    "oci": (
        rf"oci://{_HOST}(?::\d+)?/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{{0,127}}|@sha256:[0-9a-f]{{64}})",
        "oci://registry/repository@sha256:digest",
    ),
}
"""Scheme -> what the whole address must look like, and an example."""

# Amazon S3 user guide, "General purpose bucket naming rules".
_NO_BUCKET = ("S3 has no bucket of this name", "Write the name as the bucket has it.")
_NO_BUCKETS = (
    (r"\.\.", *_NO_BUCKET),
    (r"^\d+\.\d+\.\d+\.\d+$", *_NO_BUCKET),
    (r"^(?:xn--|sthree-|amzn-s3-demo-)", *_NO_BUCKET),
    (
        "-s3alias$",
        "this is the alias of an access point, and the rights that replicas get are those of a bucket",
        "Name the bucket itself.",
    ),
    (
        "--ol-s3$",
        "this is the alias of an Object Lambda access point, and the rights that replicas get are those of a bucket",
        "Name the bucket itself.",
    ),
    (
        "--x-s3$",
        "this is a directory bucket, which takes other rights than replicas get",
        "Write a general purpose bucket.",
    ),
    (r"--table-s3$|\.mrap$", *_NO_BUCKET),
)
"""What a bucket's name must not have, why, and what to write."""


@dataclass(frozen=True)
class Source:
    """An address that was found to be one. kind: its scheme; `local` for a directory beside the stack file."""

    kind: Kind
    uri: str

    @property
    def archive(self) -> bool:
        """Whether it is unpacked after it was fetched."""
        return self.kind == "https" and self.uri.endswith(_ARCHIVES)

    @property
    def one_file(self) -> str:
        """Name of the file where the address names one and no more; empty where only its store knows."""
        return unquote(self.uri.rpartition("/")[2]) if self.kind == "https" and not self.archive else ""

    @property
    def bucket(self) -> str:
        """The bucket of an `s3://` address."""
        return self.uri.removeprefix("s3://").partition("/")[0]

    @property
    def parent(self) -> str:
        """The prefix above an `s3://` model, with its slash: what its versions have in common. Empty at the top of the bucket."""
        above, slash, _ = self.uri.removeprefix(f"s3://{self.bucket}/").rstrip("/").rpartition("/")
        return above + slash

    @property
    def ecr_repository_arn(self) -> str:
        """The repository of an `oci://` address in Amazon ECR; empty elsewhere."""
        return repository_arn_of(self.uri.removeprefix("oci://")) or "" if self.kind == "oci" else ""

    @property
    def through_aws(self) -> bool:
        """Whether a task reaches it without a way to the internet."""
        return self.kind == "s3" or bool(self.ecr_repository_arn)

    @property
    def moving(self) -> str:
        """The part of the address that may mean something else tomorrow; empty when there is none."""
        name = self.uri.partition("@")[2] if self.kind == "hf" else self.uri.rpartition(":")[2]
        pinned = (
            self.kind not in ("hf", "oci") or "@sha256:" in self.uri or (self.kind == "hf" and _COMMIT.fullmatch(name))
        )
        return "" if pinned else name


def source_of(uri: str) -> Source:
    """The source behind an address without a problem."""
    kind = next((kind for kind in _FORMS if uri.startswith(f"{kind}://")), "local")
    return Source(kind, uri)  # type: ignore[arg-type]


def problem_of_uri(uri: str) -> Problem | None:
    """Why nothing can be served from there, or None."""
    if not uri.strip():
        return Problem("", "this is empty", "Write the path of the model's directory, or its address.", uri)
    if uri != uri.strip():
        return Problem("", "a space stands before it or behind it", f"Write '{_without_secrets(uri.strip())}'.", uri)
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", uri, re.IGNORECASE)
    remedy = "Write a path, or an address that begins with s3://, gs://, hf://, https:// or oci://."
    if scheme is None:
        return Problem("", "this is neither a path nor an address", remedy, uri) if "://" in uri else None
    if scheme[1] not in _FORMS:
        return Problem("", f"models are not taken from '{scheme[1]}:'", remedy, uri)
    form, example = _FORMS[scheme[1]]
    if re.fullmatch(form, uri, re.ASCII) and not {".", ".."} & set(uri.split("/")):
        return next((problem for problem in (look(uri) for look in _LOOKS) if problem is not None), None)
    return Problem("", *_why_not(scheme[1], uri, example), _without_secrets(uri))


def _why_not(scheme: str, uri: str, example: str) -> tuple[str, str]:
    if scheme == "hf" and "@" not in uri:
        return (
            "it names no revision, so that the same stack file serves another model tomorrow",
            f"Write {example}, best a commit.",
        )
    if scheme == "oci" and not re.search(r"[:@][^/]+$", uri.removeprefix("oci://")):
        return "it names no version, so that the same stack file serves another model tomorrow", f"Write {example}."
    if scheme == "https" and re.search(r"[?#]|//[^/]*@", uri):
        return (
            "what stands in an address stays readable in the state",
            "Remove user and query, and give a token with `model.token`.",
        )
    if scheme == "s3" and re.fullmatch(r"s3://[^/]*/?", uri):
        return "it names a bucket and no model in it", f"Write for example {example}."
    return f"this is no {scheme}:// address of a model", f"Write for example {example}."


def _problem_of_port(uri: str) -> Problem | None:
    port = re.match(r"(?:https|oci)://[^/]*:(\d+)/", uri)
    if port is None or port[1] == "443":
        return None
    return Problem("", "tasks are let out on port 443 only", f"Serve it on port 443, and remove ':{port[1]}'.", uri)


def _problem_of_tag(uri: str) -> Problem | None:
    if uri.startswith("oci://") and uri.endswith(":latest"):
        return Problem("", "`latest` moves with every push", "Write the digest, or a version's tag.", uri)
    return None


def _problem_of_bucket(uri: str) -> Problem | None:
    bucket = source_of(uri).bucket if uri.startswith("s3://") else ""
    for pattern, reason, remedy in _NO_BUCKETS:
        if re.search(pattern, bucket):
            return Problem("", reason, remedy, uri)
    return None


def _problem_of_revision(uri: str) -> Problem | None:
    revision = uri.partition("@")[2] if uri.startswith("hf://") else ""
    # The slashes of refs/pr/7 are the hub's own; a branch with one is better written as its commit.
    if "/" not in revision or revision.startswith("refs/"):
        return None
    remedy = "Write the file as `model.file`, and a commit behind the @."
    return Problem("", "behind the @ stands a revision, and no file", remedy, uri)


def _problem_of_archive(uri: str) -> Problem | None:
    if not uri.startswith("https://") or uri.endswith(_ARCHIVES) or not uri.lower().endswith(_ARCHIVES + _NO_ARCHIVES):
        return None
    reason = "this kind of archive is not unpacked, but served as the file that it is"
    return Problem("", reason, "Pack it anew: .tar, .tar.gz, .tgz and .zip are unpacked, in small letters.", uri)


def _problem_of_registry(uri: str) -> Problem | None:
    if not re.match(r"oci://docker\.io[:/]", uri):
        return None
    there = uri.replace("docker.io", "registry-1.docker.io", 1)
    return Problem("", "no registry answers at docker.io", f"Write {there}.", uri)


_LOOKS = (
    _problem_of_port,
    _problem_of_tag,
    _problem_of_bucket,
    _problem_of_revision,
    _problem_of_archive,
    _problem_of_registry,
)
"""What an address of the right form may still have wrong."""


def _without_secrets(uri: str) -> str:
    return re.sub(r"(?<=//)[^/@]*@(?=[^/])|[?#].*", "", uri) if uri.startswith("https:") else uri


def repository_arn_of(image: str) -> str | None:
    """ARN of the ECR repository that an image lies in; None when it lies elsewhere."""
    match = re.match(rf"{_ECR}/([^@:]+)", image)
    if match is None:
        return None
    account, region, china, repository = match.groups()
    partition = "aws-cn" if china else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
