"""The add-ons of a cluster, with what their pods may ask of AWS, in an order in which nothing waits for what waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.catalog.eks_addons import ADDONS, INSIGHTS, S3_DRIVER, EksAddon
from modelinfra.children import Children
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.eks.place import Place, attach
from modelinfra.platforms.eks.pod_identity import associate, bucket_reading, register_pod_role


def wanted(options: Any) -> list[EksAddon]:
    """The add-ons of a cluster with these options."""
    left_out = {
        *(() if options.model_buckets else (S3_DRIVER,)),
        *(() if options.container_insights == "enhanced" else (INSIGHTS,)),
    }
    return [
        each
        for each in ADDONS.values()
        if (each.auto_mode or options.nodes != "auto-mode") and each.name not in left_out
    ]


def look_up_versions(options: Any, opts: pulumi.InvokeOptions) -> dict[str, str]:
    """Add-on -> its version: the one that the user holds to, or the one that EKS recommends for the version of Kubernetes.

    Without one, EKS would choose when it is installed, and leave it as it is when the cluster is upgraded. Raises InvalidOptionsError
    where EKS has none.
    """
    held = options.addon_versions or {}
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for each in wanted(options):
        if each.name in held:
            found[each.name] = held[each.name]
            continue
        try:
            found[each.name] = aws.eks.get_addon_version(
                addon_name=each.name, kubernetes_version=options.version, opts=opts
            ).version
        except Exception as error:
            reason = f"EKS has no version of {each.name} for Kubernetes {options.version} here ({error})"
            remedy = f"Write another version, or hold to one under addon_versions.{each.name}."
            problems.append(Problem("version", reason, remedy, options.version))
    if problems:
        raise InvalidOptionsError(problems)
    return found


@dataclass(frozen=True)
class AddonInstaller:
    """Installs the add-ons of one cluster."""

    children: Children
    place: Place
    options: Any
    versions: Mapping[str, str]

    def install(
        self, cluster: aws.eks.Cluster, *, before_nodes: bool, after: Sequence[pulumi.Resource] = ()
    ) -> list[pulumi.Resource]:
        """Those that nodes need, or the others. after: what must be there before."""
        return [
            self._addon(cluster, each, [*after, *self._identity(cluster, each)])
            for each in wanted(self.options)
            if each.before_nodes is before_nodes
        ]

    def _addon(self, cluster: aws.eks.Cluster, addon: EksAddon, after: Iterable[pulumi.Resource]) -> aws.eks.Addon:
        return aws.eks.Addon(
            self.children.named(addon.name),
            cluster_name=cluster.name,
            addon_name=addon.name,
            addon_version=self.versions[addon.name],
            configuration_values=addon.configuration or None,
            # What somebody changed by hand is set back: there is one writer.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # It goes with the cluster, and its pods with it.
            preserve=False,
            opts=self.children.opts("addon", depends_on=list(after)),
        )

    def _identity(self, cluster: aws.eks.Cluster, addon: EksAddon) -> list[pulumi.Resource]:
        if not addon.service_account:
            return []
        role = register_pod_role(
            self.children, self.place.cluster_arn, addon.name, addon.namespace, addon.service_account
        )
        rights: list[pulumi.Resource] = (
            [*attach(self.children, self.place, addon.name, role, *addon.managed_policies)]
            if addon.managed_policies
            else [self._bucket_policy(addon, role)]
        )
        name: Output[str] = cluster.name
        return [associate(self.children, name, addon.name, addon.namespace, addon.service_account, role, rights)]

    def _bucket_policy(self, addon: EksAddon, role: aws.iam.Role) -> pulumi.Resource:
        return aws.iam.RolePolicy(
            self.children.named(addon.name, "role policy"),
            role=role.name,
            policy=bucket_reading(list(self.options.model_buckets)),
            opts=self.children.opts("pod-policy"),
        )
