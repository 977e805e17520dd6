"""The add-ons of EKS that a cluster gets: which must run before the first node, and what their pods may ask of AWS.

Sources: EKS user guide, "AWS add-ons" (eks-add-ons.html, workloads-add-ons-available-eks.html) for names, service accounts and policies; facts
serving.md section 3d for the order (terraform-aws-modules/terraform-aws-eks, `before_compute`).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class EksAddon:
    """One add-on."""

    name: str
    before_nodes: bool = False
    """Whether a node is not ready without it: node groups wait for ready nodes, so such an add-on cannot come after them."""
    auto_mode: bool = False
    """Whether a cluster in Auto Mode gets it, too; the others are within Auto Mode itself."""
    service_account: str = ""
    """Whose pods ask AWS; empty where none do."""
    namespace: str = "kube-system"
    """Where these pods are."""
    managed_policies: tuple[str, ...] = ()
    """AWS's own policies for them, below `:aws:policy/`."""
    configuration: str = ""
    """What is set, as the JSON text that EKS takes; empty for EKS's own values."""


S3_DRIVER: Final = "aws-mountpoint-s3-csi-driver"
INSIGHTS: Final = "amazon-cloudwatch-observability"

ADDONS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            EksAddon(
                "vpc-cni",
                before_nodes=True,
                service_account="aws-node",
                managed_policies=("AmazonEKS_CNI_Policy",),
                # Prefixes: 110 pods on a node that else has addresses for 29, and one call of EC2 for 16 of them.
                configuration='{"enableNetworkPolicy":"true","env":{"ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"1"}}',
            ),
            EksAddon("eks-pod-identity-agent", before_nodes=True),
            # The network's own pods reach the API by the address of a Service, which is kube-proxy's work.
            EksAddon("kube-proxy", before_nodes=True),
            EksAddon("coredns"),
            EksAddon("metrics-server", auto_mode=True),
            # Without it nodes are replaced for what the kubelet says alone, not for what their kernel and accelerators say.
            EksAddon("eks-node-monitoring-agent"),
            EksAddon(
                "aws-ebs-csi-driver",
                service_account="ebs-csi-controller-sa",
                managed_policies=("service-role/AmazonEBSCSIDriverPolicy",),
            ),
            EksAddon(
                INSIGHTS,
                auto_mode=True,
                service_account="cloudwatch-agent",
                namespace="amazon-cloudwatch",
                managed_policies=("CloudWatchAgentServerPolicy", "AWSXrayWriteOnlyAccess"),
            ),
            EksAddon(S3_DRIVER, auto_mode=True, service_account="s3-csi-driver-sa"),
        )
    }
)
"""Name -> add-on, in the order in which they are installed."""

MADE_BY_AUTO_MODE: Final = frozenset(name for name, each in ADDONS.items() if not each.auto_mode)
"""What is within Auto Mode, and must not be installed again."""
