"""The nodes that Karpenter starts: how they look, and which it may start for pods that need no accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of the generations whose instances are Nitro (prefix delegation needs it) and that EKS's images run on.
_CATEGORIES = ("c", "m", "r")
_OLDER_THAN_ALL = "4"


POOL = "general"
"""Name of the pool for pods without accelerators."""

EXPIRY_NEVER = "Never"


def node_class(
    disk: int, ami_alias: str, *, subnet_ids: list[str], security_group_id: str, profile: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Spec of the EC2NodeClass. Subnets and security group are named, not found by tags, of which another cluster could have the same."""
    bottlerocket = ami_alias.startswith("bottlerocket")
    return {
        "amiSelectorTerms": [{"alias": ami_alias}],
        "instanceProfile": profile,
        "subnetSelectorTerms": [{"id": each} for each in subnet_ids],
        "securityGroupSelectorTerms": [{"id": security_group_id}],
        # A token, and no further than the node itself: pods have roles of their own.
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        # Karpenter does not see that prefixes give a node more addresses than it has interfaces for.
        "kubelet": {"maxPods": 110},
        "blockDeviceMappings": [
            {
                # Bottlerocket keeps images on a second disk, beside the one of its system.
                "deviceName": "/dev/xvdb" if bottlerocket else "/dev/xvda",
                "ebs": {
                    "volumeType": "gp3",
                    "volumeSize": f"{-(-disk // 2**30)}Gi",
                    "encrypted": True,
                    "deleteOnTermination": True,
                },
            }
        ],
        **({"tags": dict(tags)} if tags else {}),
    }


def node_pool(options: Any, node_class_name: str) -> dict[str, Any]:
    """Spec of the NodePool."""
    return {
        "template": {
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": node_class_name},
                "requirements": [
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                    {
                        "key": "karpenter.sh/capacity-type",
                        "operator": "In",
                        "values": ["spot", "on-demand"] if options.spot else ["on-demand"],
                    },
                    {
                        "key": "karpenter.k8s.aws/instance-category",
                        "operator": "In",
                        "values": list(_CATEGORIES),
                    },
                    {
                        "key": "karpenter.k8s.aws/instance-generation",
                        "operator": "Gt",
                        "values": [_OLDER_THAN_ALL],
                    },
                ],
                # Machine images age: a node is replaced after a month at the latest.
                "expireAfter": "720h",
            }
        },
        "limits": {"cpu": str(options.max_cpu)},
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "5m",
            "budgets": [{"nodes": "10%"}],
        },
    }
