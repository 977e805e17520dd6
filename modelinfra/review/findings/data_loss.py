"""What holds data and is deleted or replaced, and what guarded it and no longer does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, plain
from modelinfra.review.changes import Changes, ResourceChange
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.words import called, place, shown

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Store:
    """What a resource of a type holds. undone: how long it can be undone, said from its inputs. refused: why AWS would refuse to delete it."""

    what: str
    severity: Severity = "high"
    undone: Callable[[Inputs], str] = lambda _: ""
    refused: Callable[[Inputs], str] = lambda _: ""


def _days(key: str, default: int, verb: str) -> Callable[[Inputs], str]:
    def say(inputs: Inputs) -> str:
        given = inputs.get(key, default)
        return "" if given == 0 else f"It can be {verb} for {given} days."

    return say


def _guard(key: str) -> Callable[[Inputs], str]:
    return lambda inputs: f"{key} is on" if inputs.get(key) is True else ""


def _unless(key: str, why: str) -> Callable[[Inputs], str]:
    return lambda inputs: "" if inputs.get(key) is True else why


def _snapshot(inputs: Inputs) -> str:
    return "" if inputs.get("skipFinalSnapshot") else "A final snapshot is taken before."


_BUCKET = Store(
    "objects",
    refused=_unless("forceDestroy", "AWS refuses to delete a bucket that is not empty, and forceDestroy is off"),
)
_DATABASE = Store("data", undone=_snapshot, refused=_guard("deletionProtection"))

STORES: dict[str, Store] = {
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    "aws:s3/bucketObject:BucketObject": Store("content", "medium", lambda _: "Where the bucket keeps versions, the old one stays."),
    "aws:s3/bucketObjectv2:BucketObjectv2": Store("content", "medium", lambda _: "Where the bucket keeps versions, the old one stays."),
    "aws:ecr/repository:Repository": Store(
        "images", "medium", lambda _: "Images can be built again from the same sources.",
        _unless("forceDelete", "ECR refuses to delete a repository that holds images, and forceDelete is off"),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Store(
        "logs", "medium", lambda inputs: "" if not inputs.get("skipDestroy") else "skipDestroy keeps it in AWS."
    ),
    "aws:kms/key:Key": Store("key material, and so all that it encrypted", undone=_days("deletionWindowInDays", 30, "cancelled")),
    "aws:secretsmanager/secret:Secret": Store("value", undone=_days("recoveryWindowInDays", 30, "restored")),
    "aws:ssm/parameter:Parameter": Store("value", "medium"),
    "aws:rds/instance:Instance": _DATABASE,
    "aws:rds/cluster:Cluster": _DATABASE,
    "aws:docdb/cluster:Cluster": _DATABASE,
    "aws:neptune/cluster:Cluster": _DATABASE,
    "aws:redshift/cluster:Cluster": Store("data", undone=_snapshot),
    "aws:dynamodb/table:Table": Store(
        "items",
        undone=lambda inputs: "DynamoDB keeps a backup of 35 days." if (inputs.get("pointInTimeRecovery") or {}).get("enabled") else "",
        refused=_guard("deletionProtectionEnabled"),
    ),
    "aws:efs/fileSystem:FileSystem": Store("files"),
    "aws:fsx/lustreFileSystem:LustreFileSystem": Store("files", undone=lambda inputs: "" if inputs.get("skipFinalBackup", True) else "A final backup is taken before."),
    "aws:ebs/volume:Volume": Store("data", undone=lambda inputs: "A final snapshot is taken before." if inputs.get("finalSnapshot") else ""),
    "aws:ebs/snapshot:Snapshot": Store("snapshot"),
    "aws:sqs/queue:Queue": Store("messages"),
    "aws:kinesis/stream:Stream": Store("records"),
    "aws:elasticache/replicationGroup:ReplicationGroup": Store("cached data", "medium"),
    "aws:opensearch/domain:Domain": Store("indices"),
    "aws:msk/cluster:Cluster": Store("topics"),
    "aws:sagemaker/featureGroup:FeatureGroup": Store("features"),
    "kubernetes:core/v1:Namespace": Store("objects, whoever made them"),
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": Store("objects of its kind, whoever made them"),
    "kubernetes:helm.sh/v3:Release": Store("objects, and with definitions among them every object of their kinds", "medium"),
    "aws:eks/cluster:Cluster": Store("workloads and what only it knows of them", refused=_guard("deletionProtection")),
}  # fmt: skip

# Property -> (the value that guards, what it means that it does no longer).
_GUARDS: dict[str, tuple[Any, str]] = {
    "options.protect": (True, "Pulumi no longer refuses to delete it"),
    "options.retainOnDelete": (True, "it is deleted with the stack from now on"),
    "deletionProtection": (True, "AWS no longer refuses to delete it"),
    "deletionProtectionEnabled": (True, "AWS no longer refuses to delete it"),
    "enableDeletionProtection": (True, "AWS no longer refuses to delete it"),
    "forceDestroy": (False, "it is deleted with all that it holds"),
    "forceDelete": (False, "it is deleted with all that it holds"),
    "skipFinalSnapshot": (False, "no snapshot is taken before it is deleted"),
    "pointInTimeRecovery.enabled": (True, "it cannot be set back to an earlier moment"),
    "versioningConfiguration.status": ("Enabled", "what is overwritten or deleted is gone"),
    "versioning.enabled": (True, "what is overwritten or deleted is gone"),
}

_FEWER = {
    "backupRetentionPeriod": "days of backups",
    "deletionWindowInDays": "days to cancel its deletion",
    "recoveryWindowInDays": "days to restore it",
    "snapshotRetentionLimit": "days of snapshots",
}


def findings(changes: Changes) -> Iterator[Finding]:
    """Losses first, then guards that fall."""
    for change in changes.resources:
        store = STORES.get(change.type)
        if store is not None and change.operation in ("delete", "replace"):
            yield _loss(changes, change, store)
        if change.operation in ("update", "replace"):
            yield from _guards(changes, change)


def _loss(changes: Changes, change: ResourceChange, store: Store) -> Finding:
    old = change.before
    assert old is not None, "what goes was there"
    graph = changes.before
    verb = "deletes" if change.operation == "delete" else "replaces"
    name, inputs = called(graph, old), plain(old.inputs)
    if protected(change):
        return Finding(
            "data loss", "high", change.urn, f"{verb} {name}, which is protected: the update fails",
            f"It holds {store.what}; Pulumi refuses to delete what is protected, and stops there.",
            "Take the change back, or unprotect it in a deployment of its own before.",
        )  # fmt: skip
    if old.retain_on_delete:
        return Finding(
            "data loss", "note", change.urn, f"lets go of {name}: it stays in AWS with its {store.what}",
            "retainOnDelete: it leaves the stack and is not deleted; who pays for it must know of it.",
            "Import it where it is to live on.",
        )  # fmt: skip
    refused = store.refused(inputs)
    text = [f"It holds {store.what}: {refused}." if refused else f"Lost with it: its {store.what}."]
    text += [store.undone(inputs)]
    if change.urn in changes.moved.values():
        text.append("The same is made anew under another name: an alias would keep it.")
    return Finding(
        "data loss",
        "medium" if refused else store.severity,
        change.urn,
        f"{verb} {name}: {'fails unless it is empty' if 'refuses' in refused else f'loses its {store.what}'}",
        " ".join(filter(None, text)),
        "Keep it (protect or retainOnDelete) or copy what it holds before.",
    )


def protected(change: ResourceChange) -> bool:
    """Whether Pulumi refuses the change: for a replacement the new program's word counts, too (the engine's step generator)."""
    old, new = change.before, change.after
    if old is None or not old.protect or change.operation not in ("delete", "replace"):
        return False
    return change.operation == "delete" or bool(new is not None and new.protect)


def _guards(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    if old is None or new is None:
        return
    for each in change.properties:
        guard = _GUARDS.get(each.path.replace("[0]", ""))
        if guard is not None and _fell(each.before, each.after, guard[0]):
            yield _guard_finding(changes, new, each.path, each.before, each.after, guard[1])
        elif each.path in _FEWER and _smaller(each.before, each.after):
            yield _guard_finding(changes, new, each.path, each.before, each.after, f"fewer {_FEWER[each.path]}")


def _fell(before: Any, after: Any, guarding: Any) -> bool:
    if guarding is False:
        return after is True and before in (None, False)
    return bool(before == guarding and after != guarding and not has_unknown(after))


def _smaller(before: Any, after: Any) -> bool:
    return isinstance(before, int) and (after is None or (isinstance(after, int) and after < before))


def _guard_finding(changes: Changes, node: Node, path: str, before: Any, after: Any, meaning: str) -> Finding:
    values = f"from {shown(node, path, before)} to {shown(node, path, after)}"
    name = called(changes.after, node)
    return Finding(
        "data loss", "low", node.urn, f"guards {name} less: {meaning}", f"{place(changes.after, node, path)} {values}.", "Set it back."
    )  # fmt: skip
