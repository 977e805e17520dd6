"""What EKS answers: look-ups, and the outputs of a cluster and what belongs to it, in the shapes of the real ones."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from modelinfra.graph.invokes import Call
    from modelinfra.graph.output_table import Template

_EKS = "arn:aws:eks:{region}:{account}"
# A text of the right shape; nobody connects to it.
_AUTHORITY: Final = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").decode()

OUTPUTS: Final[dict[str, tuple[str, dict[str, Template]]]] = {
    "aws:eks/cluster:Cluster": (
        "{name}",
        {
            "arn": _EKS + ":cluster/{name}",
            "endpoint": "https://{HEX32}.gr7.{region}.eks.amazonaws.com",
            "certificateAuthority": {"data": _AUTHORITY},
            "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{HEX32}"}]}],
            "vpcConfig": {"clusterSecurityGroupId": "sg-{hex17_cluster}", "vpcId": "vpc-{hex17_vpc}"},
            "platformVersion": "eks.1",
            "status": "ACTIVE",
            "createdAt": "2026-01-01T00:00:00Z",
        },
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "{in_clusterName}:{name}",
        {
            "arn": _EKS + ":nodegroup/{in_clusterName}/{name}/{uuid}",
            "nodeGroupName": "{name}",
            "status": "ACTIVE",
            "resources": [{"autoscalingGroups": [{"name": "eks-{name}-{uuid}"}]}],
        },
    ),
    "aws:eks/addon:Addon": (
        "{in_clusterName}:{in_addonName}",
        {"arn": _EKS + ":addon/{in_clusterName}/{in_addonName}/{uuid}", "createdAt": "2026-01-01T00:00:00Z"},
    ),
    "aws:eks/accessEntry:AccessEntry": (
        "{in_clusterName}:{in_principalArn}",
        {"accessEntryArn": _EKS + ":access-entry/{in_clusterName}/{uuid}", "createdAt": "2026-01-01T00:00:00Z"},
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "{in_clusterName}#{in_principalArn}#{in_policyArn}",
        {"associatedAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (
        "a-{hex17}",
        {
            "associationId": "{id}",
            "associationArn": _EKS + ":podidentityassociation/{in_clusterName}/{id}",
        },
    ),
}
"""Rows of `output_table.TABLE`."""


def addon_version(call: Call) -> dict[str, Any]:
    """A version in EKS's form, another one for each version of Kubernetes; which there really is, EKS alone knows."""
    name, version = str(call.args.get("addonName")), str(call.args.get("kubernetesVersion"))
    return {
        "id": name,
        "addonName": name,
        "kubernetesVersion": version,
        "mostRecent": bool(call.args.get("mostRecent")),
        "region": call.region,
        "version": f"v{version}.0-eksbuild.1",
    }


def cluster(call: Call) -> dict[str, Any]:
    """A cluster of that name; which Kubernetes it runs nobody here knows."""
    name = str(call.args.get("name"))
    host = call.digest("host")[:32].upper()
    lists = (
        "accessConfigs computeConfigs controlPlaneScalingConfigs enabledClusterLogTypes kubeApiServerConfigs "
        "kubeControllerManagerConfigs kubeSchedulerConfigs kubernetesNetworkConfigs outpostConfigs remoteNetworkConfigs "
        "storageConfigs upgradePolicies zonalShiftConfigs"
    )
    return {
        **{key: [] for key in lists.split()},
        "id": name,
        "name": name,
        "arn": f"arn:aws:eks:{call.region}:{call.account}:cluster/{name}",
        "certificateAuthorities": [{"data": _AUTHORITY}],
        "clusterId": "",
        "createdAt": "2026-01-01T00:00:00Z",
        "deletionProtection": False,
        "endpoint": f"https://{host}.gr7.{call.region}.eks.amazonaws.com",
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{call.region}.amazonaws.com/id/{host}"}]}],
        "platformVersion": "eks.1",
        "region": call.region,
        "roleArn": f"arn:aws:iam::{call.account}:role/{name}",
        "status": "ACTIVE",
        "tags": {},
        "version": "",
        "vpcConfig": {
            "clusterSecurityGroupId": f"sg-{call.digest('group')[:17]}",
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
            "publicAccessCidrs": [],
            "securityGroupIds": [],
            "subnetIds": [],
            "vpcId": f"vpc-{call.digest('vpc')[:17]}",
        },
    }
