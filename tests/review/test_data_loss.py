"""What holds data and goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.review.findings import data_loss
from tests.review.making import node, only, told

BUCKET, REPOSITORY, DATABASE = "aws:s3/bucket:Bucket", "aws:ecr/repository:Repository", "aws:rds/instance:Instance"


def with_options(given: Node, **options: Any) -> Node:
    return replace(given, **options)


@pytest.mark.parametrize(
    ("given", "severity", "title"),
    [
        (node(BUCKET, "models", forceDestroy=True), "high", "deletes the bucket models: loses its objects"),
        (node(BUCKET, "models"), "medium", "deletes the bucket models: fails unless it is empty"),
        (node(REPOSITORY, "images", forceDelete=True), "medium", "deletes the repository images: loses its images"),
        (node("aws:kms/key:Key", "k"), "high", "deletes the KMS key k: loses its key material, and so all that it encrypted"),
        (node("aws:dynamodb/table:Table", "t"), "high", "deletes the DynamoDB table t: loses its items"),
        (node("aws:cloudwatch/logGroup:LogGroup", "l"), "medium", "deletes the log group l: loses its logs"),
        (node("aws:efs/fileSystem:FileSystem", "f"), "high", "deletes the file system f: loses its files"),
        (node("aws:sqs/queue:Queue", "q"), "high", "deletes the queue q: loses its messages"),
        (node("aws:ebs/volume:Volume", "v"), "high", "deletes the volume v: loses its data"),
        (node("aws:secretsmanager/secret:Secret", "s"), "high", "deletes the secret s: loses its value"),
        (node("kubernetes:core/v1:Namespace", "n"), "high", "deletes the namespace n: loses its objects, whoever made them"),
        (
            node("kubernetes:helm.sh/v3:Release", "keda"), "medium",
            "deletes the release keda: loses its objects, and with definitions among them every object of their kinds",
        ),
    ],
)  # fmt: skip
def test_what_is_lost_with_it(given: Node, severity: str, title: str) -> None:
    assert told(data_loss.findings, [given], []) == [(severity, title)]


def test_what_is_protected_fails_the_update() -> None:
    found = only(data_loss.findings, [with_options(node(BUCKET, "models", forceDestroy=True), protect=True)], [])
    assert found.title == "deletes the bucket models, which is protected: the update fails"


def test_a_replacement_is_refused_only_while_the_new_program_protects_it_too() -> None:
    before = with_options(node(DATABASE, "db", engine="mysql"), protect=True)
    unprotected = node(DATABASE, "db", engine="postgres")
    assert "the update fails" in told(data_loss.findings, [before], [with_options(unprotected, protect=True)])[0][1]
    assert told(data_loss.findings, [before], [unprotected])[0] == ("high", "replaces the database db: loses its data")


def test_what_is_retained_is_safe() -> None:
    given = with_options(node(BUCKET, "models", forceDestroy=True), retain_on_delete=True)
    assert told(data_loss.findings, [given], []) == [
        ("note", "lets go of the bucket models: it stays in AWS with its objects")
    ]


def test_how_long_it_can_be_undone_is_told() -> None:
    assert "30 days" in only(data_loss.findings, [node("aws:kms/key:Key", "k")], []).text
    assert "7 days" in only(data_loss.findings, [node("aws:kms/key:Key", "k", deletionWindowInDays=7)], []).text
    assert "snapshot" in only(data_loss.findings, [node(DATABASE, "db")], []).text
    assert "snapshot" not in only(data_loss.findings, [node(DATABASE, "db", skipFinalSnapshot=True)], []).text


def test_a_database_that_aws_guards_fails_the_deletion() -> None:
    found = only(data_loss.findings, [node(DATABASE, "db", deletionProtection=True)], [])
    assert found.severity == "medium"
    assert "deletionProtection is on" in found.text


@pytest.mark.parametrize(
    ("before", "after", "meaning"),
    [
        (node(DATABASE, "it", deletionProtection=True), node(DATABASE, "it", deletionProtection=False), "AWS no longer refuses to delete it"),
        (node(DATABASE, "it", backupRetentionPeriod=7), node(DATABASE, "it", backupRetentionPeriod=1), "fewer days of backups"),
        (node(REPOSITORY, "it"), node(REPOSITORY, "it", forceDelete=True), "it is deleted with all that it holds"),
        (node("aws:s3/bucketVersioning:BucketVersioning", "it", versioningConfiguration={"status": "Enabled"}),
         node("aws:s3/bucketVersioning:BucketVersioning", "it", versioningConfiguration={"status": "Suspended"}), "what is overwritten or deleted is gone"),
        (with_options(node(BUCKET, "it"), protect=True), node(BUCKET, "it"), "Pulumi no longer refuses to delete it"),
    ],
)  # fmt: skip
def test_a_guard_that_falls_is_told_and_one_that_rises_is_not(before: Node, after: Node, meaning: str) -> None:
    found = told(data_loss.findings, [before], [after])
    assert [severity for severity, _ in found] == ["low"]
    assert found[0][1].endswith(meaning)
    assert told(data_loss.findings, [after], [before]) == []
