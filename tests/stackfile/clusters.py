"""An environment on Kubernetes that says everything of the clusters that are made, looked up or reached, and of what is installed there."""

from __future__ import annotations

from typing import Any

from tests.stackfile.rich import KMS

CLUSTERS: dict[str, Any] = {
    "tags": {"team": "forecasting"},
    "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "network": {"nat": "per-zone", "secondaryCidr": "100.64.0.0/16"},
    "platforms": {
        "made": {
            "type": "kubernetes",
            "cluster": {
                "eks": {
                    "version": "1.34",
                    "nodes": "karpenter",
                    "publicAccessCidrs": ["198.51.100.0/24"],
                    "access": {
                        "ci": {
                            "principalArn": "arn:aws:iam::123456789012:role/ci",
                            "permissions": "cluster-admin",
                        },
                        "team": {
                            "principalArn": "arn:aws:iam::123456789012:role/team",
                            "permissions": "edit",
                            "namespaces": ["models"],
                        },
                    },
                    "secretsKeyArn": KMS,
                    "logRetentionDays": 30,
                    "support": "standard",
                    "systemNodes": {
                        "count": 3,
                        "instanceTypes": ["m7g.large"],
                        "disk": "100GiB",
                        "releaseVersion": "1.34.2-20260114",
                    },
                    "karpenter": {
                        "maxCpu": 64,
                        "spot": True,
                        "amiAlias": "al2023@v20260810",
                        "disk": "200GiB",
                        "nodeRepair": True,
                    },
                    "addonVersions": {"coredns": "v1.12.4-eksbuild.1"},
                    "containerInsights": "enhanced",
                    "modelBuckets": ["arn:aws:s3:::acme-models"],
                    "kubeconfigRoleArn": "arn:aws:iam::123456789012:role/deployer",
                    "tags": {"part": "cluster"},
                    "permissionsBoundary": "arn:aws:iam::123456789012:policy/clusters-boundary",
                    "transforms": {"log-group": {"retentionInDays": 7}},
                }
            },
            "namespace": "models",
            "kserve": {
                "certManager": False,
                "gatewayApi": False,
                "envoyGateway": True,
                "keda": False,
                "crds": True,
                "gateway": {
                    "host": "models.example.com",
                    "tlsSecret": "models-tls",
                    "listenerSets": True,
                    "service": "LoadBalancer",
                    "serviceAnnotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
                    "loadBalancerClass": "service.k8s.aws/nlb",
                },
                "ingressDomain": "apps.example.com",
                "runtimes": True,
                "downloadMemory": "16GiB",
                "localModels": {"size": "500GiB"},
                "llmInferenceServices": True,
                "knative": True,
                "prometheus": {
                    "install": True,
                    "labels": {"release": "kube-prometheus-stack"},
                    "storage": "50GiB",
                    "remoteWrite": {
                        "workspaceUrl": "https://aps-workspaces.us-west-2.amazonaws.com/workspaces/ws-01234567-89ab-cdef-0123-456789abcdef",
                        "roleArn": "arn:aws:iam::123456789012:role/prometheus",
                    },
                },
                "nodeSelector": {"node-group": "system"},
                "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                "transforms": {"namespace": {"metadata": {"labels": {"part": "kserve"}}}},
            },
        },
        "theirs": {
            "type": "kubernetes",
            "cluster": {"eks": {"clusterName": "theirs"}},
            "kserve": {"gateway": {"existing": {"name": "shared", "namespace": "gateways", "tls": True}}},
            "gateway": {"name": "shared", "namespace": "gateways", "url": "https://models.acme.ai"},
            "accelerators": {
                "L4": {"nodeSelector": {"gpu": "l4"}, "resource": "nvidia.com/gpu.shared", "memory": "11GiB"}
            },
        },
        "anywhere": {
            "type": "kubernetes",
            "cluster": {"context": "models"},
            "kserve": {"gateway": {"className": "gke-l7-rilb", "host": "models.acme.ai"}},
        },
    },
    "edgeFleets": {
        "tills": {
            "runtime": "kubernetes",
            "platform": "anywhere",
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "secrets": {"TOKEN": "store/token"},
            "namespace": "tills",
            "createNamespace": False,
            "clientCidrs": ["10.20.0.0/16"],
        },
    },
    "gpuNodePools": {
        "a10g": {"platform": "made", "accelerator": {"name": "A10G"}, "maxNodes": 6, "spot": True},
        "l4": {
            "platform": "made",
            "accelerator": {"name": "L4"},
            "maxNodes": 4,
            "instanceTypes": ["g6.2xlarge"],
            "sharing": {"way": "mps", "replicas": 2},
            "imageSnapshotId": "snap-0123456789abcdef0",
        },
        "h100": {
            "platform": "made",
            "accelerator": {"name": "H100", "count": 8},
            "maxNodes": 2,
            "machineImage": "bottlerocket",
            "sharing": {"way": "mig", "profile": "1g.10gb"},
            "reservation": {"ids": ["cr-0123456789abcdef0"], "kind": "capacity-block"},
            "efa": {"subnet": 1},
            "instanceStore": True,
            "parallelPull": True,
        },
    },
    "endpoints": {
        "chat": {
            "platform": "made",
            "server": "vllm",
            "model": {"uri": f"hf://acme/chat@{'a' * 40}", "size": "14GiB"},
            "accelerator": {"name": "A10G"},
            "nodePool": "a10g",
            "scaling": {"min": 1},
        },
        "churn": {
            "platform": "anywhere",
            "server": "kserve-sklearnserver",
            "model": {"uri": "s3://acme-models/churn/7", "size": "20MiB"},
        },
    },
}
