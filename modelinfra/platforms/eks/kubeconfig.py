"""A kubeconfig that asks for a token each time: it holds none, so that none lies in state or in a log."""

from __future__ import annotations

import json


def kubeconfig(
    name: str, arn: str, region: str, endpoint: str, certificate_authority: str, role_arn: str | None
) -> str:
    """As `aws eks update-kubeconfig` writes it, in JSON, which is YAML, too. role_arn: whose token; None for whoever runs it."""
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": arn,
                    "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority},
                }
            ],
            "contexts": [{"name": arn, "context": {"cluster": arn, "user": arn}}],
            "current-context": arn,
            "users": [
                {
                    "name": arn,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [*arguments, *(["--role-arn", role_arn] if role_arn else [])],
                            "interactiveMode": "Never",
                            "provideClusterInfo": False,
                        }
                    },
                }
            ],
        }
    )
