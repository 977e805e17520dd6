"""What a user can say about a Kubernetes cluster on EKS."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.eks_addons import ADDONS, INSIGHTS, MADE_BY_AUTO_MODE, S3_DRIVER
from modelinfra.catalog.eks_roles import EKS_AUTO_MODE_ROLES, EKS_KARPENTER_ROLES, EKS_NODE_ROLES, EKS_ROLES
from modelinfra.catalog.eks_versions import AS_OF, eks_version, eks_versions
from modelinfra.options.adjustments import (
    BoundedOptions,
    TaggedOptions,
    TransformedOptions,
    childless,
    transforms_name,
)  # fmt: skip
from modelinfra.options.arns import KMS_KEY_ARN, ROLE_ARN, arn
from modelinfra.options.declare import Option, rule
from modelinfra.options.eks_nodes import EksKarpenterOptions, EksSystemNodesOptions
from modelinfra.options.landing import (
    ADDED,
    ATTACHMENT,
    EKS,
    EKS_ADDON,
    EKS_ENTRY,
    EKS_GRANT,
    EKS_IDENTITY,
    EKS_NODES,
    EVENT_RULE,
    EVENT_TARGET,
    EXECUTION_POLICY,
    INSTANCE_PROFILE,
    KARPENTER_NODE_CLASS,
    KARPENTER_NODE_POOL,
    KEY,
    LAUNCH_TEMPLATE,
    LOG_GROUP,
    QUEUE,
    QUEUE_POLICY,
    RELEASE,
    ROLE,
    TAGS,
)  # fmt: skip
from modelinfra.options.log_retention import LOG_RETENTION_DAYS
from modelinfra.options.problems import Problem, did_you_mean

BUCKET_ARN = Option(
    pattern=r"arn:[^:]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    pattern_text="the ARN of a bucket",
    pattern_example="arn:aws:s3:::acme-models",
)
PRINCIPAL_ARN = replace(
    arn("iam", "(role|user)/.+", "an IAM role or user", "role/platform-team"),
    pattern_text="the ARN of an IAM role or user (of a role itself, not of a session: arn:aws:iam::ACCOUNT:role/NAME)",
)


class EksAccessOptions(TypedDict):
    """What one IAM role or user may do in the cluster."""

    principal_arn: Annotated[
        Input[str],
        replace(
            PRINCIPAL_ARN,
            lands=(f"{EKS_ENTRY}.principalArn", f"{EKS_GRANT}.principalArn"),
            example="arn:aws:iam::123456789012:role/other-team",
        ),
    ]
    """ARN of the role or user."""

    permissions: Annotated[
        Literal["cluster-admin", "admin", "edit", "view"], Option(lands=(f"{EKS_GRANT}.policyArn",), example="view")
    ]
    """What it may do, by EKS's own access policies: everything (cluster-admin), or administer, edit or look at what is in namespaces."""

    namespaces: NotRequired[
        Annotated[Sequence[str], Option(lands=(f"{EKS_GRANT}.accessScope",), example=["models", "monitoring"])]
    ]
    """The namespaces in which it may. Left out, all of them."""


_OWN_NODES = (f"{ADDED}{EKS_NODES}", f"{ADDED}{LAUNCH_TEMPLATE}")
_FOR_KARPENTER = (
    f"{ADDED}{INSTANCE_PROFILE}",
    f"{ADDED}{QUEUE}",
    f"{ADDED}{QUEUE_POLICY}",
    f"{ADDED}{EVENT_RULE}",
    f"{ADDED}{EVENT_TARGET}",
    f"{ADDED}{EXECUTION_POLICY}",
    f"{ADDED}{EKS_ENTRY}",
    f"{ADDED}{RELEASE}",
    f"{ADDED}{KARPENTER_NODE_POOL}",
    f"{ADDED}{KARPENTER_NODE_CLASS}",
)


class EksClusterOptions(TaggedOptions, BoundedOptions, TransformedOptions):
    """A Kubernetes cluster on EKS with its nodes and add-ons, or one that exists."""

    tags: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                lands=(TAGS, "aws:*.tagSpecifications", f"{KARPENTER_NODE_CLASS}.spec"), example={"team": "forecasting"}
            ),
        ]
    ]
    """Tags of every AWS resource that is made and that takes tags, the nodes and their disks among them: name -> value. None otherwise
    but those that AWS or Kubernetes reads."""

    version: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"1\.\d{2}",
                pattern_text="a minor version of Kubernetes",
                pattern_example="1.34",
                lands=(f"{EKS}.version", f"{EKS_NODES}.version", f"{EKS_ADDON}.addonVersion"),
                example="1.35",
            ),
        ]
    ]
    """Minor version of Kubernetes, in quotes. Required unless `cluster_name` is given: a default would upgrade clusters by itself. An edit
    upgrades the control plane, then add-ons, then nodes one by one; EKS goes one minor version at a time, and never back."""

    cluster_name: NotRequired[Annotated[Input[str], Option()]]
    """Name of an existing cluster, in place of one that is made. It is looked up and not changed, and nothing is added to it."""

    nodes: NotRequired[
        Annotated[
            Literal["managed", "karpenter", "auto-mode"],
            Option(
                default="managed",
                lands=(
                    *_OWN_NODES,
                    *_FOR_KARPENTER,
                    f"{ADDED}{EKS_ADDON}",
                    f"{ADDED}{EKS_IDENTITY}",
                    f"{ADDED}{ROLE}",
                    f"{ADDED}{ATTACHMENT}",
                    f"{ROLE}.assumeRolePolicy",
                    f"{EKS}.computeConfig",
                    f"{EKS}.kubernetesNetworkConfig.elasticLoadBalancing",
                    f"{EKS}.storageConfig",
                ),
                example="auto-mode",
            ),
        ]
    ]
    """Where nodes come from: as many as `system_nodes` says (managed), those and what Karpenter starts for pods that find no room
    (karpenter), or EKS Auto Mode, which starts nodes itself for a fee on each (auto-mode)."""

    public_access_cidrs: NotRequired[
        Annotated[Sequence[str], Option(lands=(f"{EKS}.vpcConfig",), example=["198.51.100.0/24"])]
    ]
    """Address ranges from which the cluster's API is reached over the internet. None otherwise: then it is reached from within the network
    alone, also by `pulumi up` where that installs something in the cluster."""

    access: NotRequired[
        Annotated[
            Mapping[str, EksAccessOptions],
            Option(
                lands=(f"{ADDED}{EKS_ENTRY}", f"{ADDED}{EKS_GRANT}"),
                example={
                    "ci": {"principal_arn": "arn:aws:iam::123456789012:role/ci", "permissions": "cluster-admin"},
                },
            ),
        ]
    ]
    """Who may do what in the cluster, by a name of your choice. Left out when the cluster is made, whoever makes it administers it, and
    nobody else; with it, only those that are named, so name the role with which you deploy."""

    secrets_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN,
                lands=(f"{EKS}.encryptionConfig", f"{EXECUTION_POLICY}.policy", f"{ADDED}{KEY}"),
                example=KMS_KEY_ARN.pattern_example,
            ),
        ]
    ]
    """An existing KMS key that encrypts what the cluster stores, in place of one that is made. EKS takes no other key later."""

    log_retention_days: NotRequired[
        Annotated[int, Option(default=90, lands=(f"{LOG_GROUP}.retentionInDays",), example=365)]
    ]
    """How long the control plane's log is kept, in days. All five kinds of it are written."""

    support: NotRequired[
        Annotated[
            Literal["standard", "extended"],
            Option(default="extended", lands=(f"{EKS}.upgradePolicy",), example="standard"),
        ]
    ]
    """What happens when EKS's standard support of `version` ends: it is supported for another year at a higher price an hour (extended),
    or AWS upgrades the control plane on a day of its own (standard)."""

    system_nodes: NotRequired[Annotated[EksSystemNodesOptions, Option()]]
    """Nodes on which the cluster's own pods run. Not for `auto-mode`. Left out, two of m6i.large."""

    karpenter: NotRequired[Annotated[EksKarpenterOptions, Option()]]
    """Nodes that Karpenter starts. Only with `nodes: karpenter`. Left out, up to 200 processors on demand."""

    addon_versions: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default_text="those that EKS recommends for `version`, looked up at each preview",
                lands=(f"{EKS_ADDON}.addonVersion",),
                example={"coredns": "v1.12.4-eksbuild.1"},
            ),
        ]
    ]
    """Versions of add-ons to hold to, by the add-on's name."""

    container_insights: NotRequired[
        Annotated[
            Literal["disabled", "enhanced"],
            Option(
                default="disabled",
                lands=(f"{ADDED}{EKS_ADDON}", f"{ADDED}{EKS_IDENTITY}", f"{ADDED}{ROLE}", f"{ADDED}{ATTACHMENT}"),
                example="enhanced",
            ),
        ]
    ]
    """CloudWatch Container Insights with enhanced observability: metrics of nodes, pods, containers and GPUs, and the logs of all pods,
    by an add-on; CloudWatch charges for each observation."""

    model_buckets: NotRequired[
        Annotated[
            Sequence[Input[str]],
            Option(
                lands=(f"{ADDED}{EKS_ADDON}", f"{ADDED}{EKS_IDENTITY}", f"{ADDED}{ROLE}", f"{ADDED}{EXECUTION_POLICY}"),
                example=["arn:aws:s3:::acme-models"],
            ),
        ]
    ]
    """ARNs of the buckets that pods may mount to read, by the Mountpoint for S3 driver, which is installed for it. None otherwise."""

    kubeconfig_role_arn: NotRequired[Annotated[Input[str], replace(ROLE_ARN, example=ROLE_ARN.pattern_example)]]
    """ARN of the role that `aws eks get-token` takes in the kubeconfig. Left out, the one with which the command runs."""


rule(EksClusterOptions, "transforms")(transforms_name(EKS_ROLES))

_OF_ONE_THAT_IS_MADE = (
    *("version", "public_access_cidrs", "access", "secrets_key_arn", "system_nodes", "karpenter", "addon_versions"),
    *("model_buckets", "tags", "permissions_boundary", "transforms"),
)


@rule(EksClusterOptions, "cluster_name", "nodes", "container_insights", *_OF_ONE_THAT_IS_MADE)
def an_adopted_cluster_is_not_shaped(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    if cluster["cluster_name"] is None:
        if cluster["version"] is None:
            newest = list(eks_versions())[-1]
            yield Problem("version", "this is required", f'Write for example version: "{newest}".')
        return
    wrong = [key for key in _OF_ONE_THAT_IS_MADE if cluster[key] is not None]
    wrong += ["nodes"] if cluster["nodes"] != "managed" else []
    wrong += ["container_insights"] if cluster["container_insights"] != "disabled" else []
    for key in wrong:
        reason = "an existing cluster (`cluster_name`) is not changed, and has this already"
        yield Problem(key, reason, f"Remove `{key}`, or remove `cluster_name` to have a cluster made.")


@rule(EksClusterOptions, "version")
def the_version_is_one_that_eks_has(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    version, oldest = cluster["version"], next(iter(eks_versions()))
    if version is None or eks_version(version) is not None:
        return
    if int(version.split(".")[1]) < int(oldest.split(".")[1]):
        yield Problem(
            "version", f"EKS has no cluster so old (as of {AS_OF})", f"Write {list(eks_versions())[-1]}.", version
        )


@rule(EksClusterOptions, "public_access_cidrs")
def public_ranges_are_ranges(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    given = cluster["public_access_cidrs"]
    if given is not None and not given:
        yield Problem("public_access_cidrs", "there is none in the list", "Remove it, or name a range.", [])
    for index, each in enumerate(given or ()):
        where = f"public_access_cidrs[{index}]"
        try:
            ipaddress.IPv4Network(each)
        except ValueError:
            yield Problem(where, "this is not an IPv4 address range", "Write for example 198.51.100.0/24.", each)
        else:
            if each in given[:index]:
                yield Problem(where, "this is named twice", "Remove it.", each)


@rule(EksClusterOptions, "log_retention_days")
def the_log_is_kept_as_cloudwatch_knows_it(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    days = cluster["log_retention_days"]
    if days not in LOG_RETENTION_DAYS:
        nearest = min(LOG_RETENTION_DAYS, key=lambda offered: abs(offered - days))
        yield Problem("log_retention_days", "CloudWatch Logs does not offer this retention", f"Write {nearest}.", days)


@rule(EksClusterOptions, "access")
def access_is_granted_once(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    given = cluster["access"]
    if not given:
        return
    if not any(each.permissions == "cluster-admin" for each in given.values()):
        reason = "nobody could administer the cluster"
        yield Problem(
            "access", reason, "Give cluster-admin to the role with which you deploy, or remove `access`.", list(given)
        )
    seen: dict[str, str] = {}
    for name, each in given.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
            reason = "a name is lower-case letters, digits and hyphens, beginning with a letter"
            yield Problem(f"access.{name}", reason, "Write another name.", name)
        if each.permissions == "cluster-admin" and each.namespaces is not None:
            reason = "cluster-admin is of the whole cluster"
            yield Problem(f"access.{name}.namespaces", reason, "Remove it, or write permissions: admin.")
        if each.namespaces is not None and not each.namespaces:
            yield Problem(f"access.{name}.namespaces", "there is none in the list", "Remove it, or name one.", [])
        if isinstance(each.principal_arn, str):
            other = seen.setdefault(each.principal_arn, name)
            if other != name:
                reason = f"'{other}' is the same principal, and EKS has one entry for each"
                yield Problem(f"access.{name}.principal_arn", reason, "Remove one of the two.", each.principal_arn)


@rule(EksClusterOptions, "nodes", "system_nodes", "karpenter", "addon_versions", "model_buckets", "container_insights")
def what_is_said_goes_with_the_nodes(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    nodes = cluster["nodes"]
    if nodes == "auto-mode" and cluster["system_nodes"] is not None:
        yield Problem("system_nodes", "EKS Auto Mode starts its nodes itself", "Remove it.")
    if nodes != "karpenter" and cluster["karpenter"] is not None:
        yield Problem("karpenter", f"`nodes` is {nodes}", "Remove it, or write nodes: karpenter.")
    for name in cluster["addon_versions"] or {}:
        where = f"addon_versions.{name}"
        if name not in ADDONS:
            yield Problem(where, "there is no such add-on here", did_you_mean(name, list(ADDONS)))
        elif nodes == "auto-mode" and name in MADE_BY_AUTO_MODE:
            yield Problem(where, "EKS Auto Mode brings this itself, and keeps it up to date", "Remove it.")
        elif name == S3_DRIVER and not cluster["model_buckets"]:
            yield Problem(where, "it is installed with `model_buckets` only", "Remove it, or name `model_buckets`.")
        elif name == INSIGHTS and cluster["container_insights"] == "disabled":
            reason = "it is installed with `container_insights` only"
            yield Problem(where, reason, "Remove it, or write container_insights: enhanced.")


@rule(EksClusterOptions, "transforms", "nodes", "secrets_key_arn", "access", "cluster_name")
def transforms_find_what_is_made(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    if cluster["cluster_name"] is not None:
        return  # it is told already that nothing is made
    nodes = cluster["nodes"]
    absent: dict[str, str] = {}
    if nodes == "auto-mode":
        absent |= dict.fromkeys(EKS_NODE_ROLES, "EKS Auto Mode starts its nodes itself")
    else:
        absent |= dict.fromkeys(EKS_AUTO_MODE_ROLES, f"`nodes` is {nodes}")
    if nodes != "karpenter":
        absent |= dict.fromkeys(EKS_KARPENTER_ROLES, f"`nodes` is {nodes}")
    if cluster["secrets_key_arn"] is not None:
        absent["secrets-key"] = "the key is handed in (`secrets_key_arn`)"
    if not cluster["access"]:
        absent |= dict.fromkeys(("access-entry", "access-policy"), "there is no `access`")
    yield from childless(cluster["transforms"], absent)
