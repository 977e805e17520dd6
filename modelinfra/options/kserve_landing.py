"""Names of the resource types in which options of `KServe` land."""

from __future__ import annotations

from modelinfra.options.landing import ADDED

RELEASE = "kubernetes:helm.sh/v3:Release"
CHART = "kubernetes:helm.sh/v4:Chart"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
GATEWAY_CLASS = "kubernetes:gateway.networking.k8s.io/v1:GatewayClass"
ENVOY_PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"
KNATIVE_SERVING = "kubernetes:operator.knative.dev/v1beta1:KnativeServing"
NAMESPACE = "kubernetes:core/v1:Namespace"
NODE_GROUP = "kubernetes:serving.kserve.io/v1alpha1:LocalModelNodeGroup"

SERVICE_OF_PROXY = f"{ENVOY_PROXY}.spec.provider.kubernetes.envoyService"
POD_OF_PROXY = f"{ENVOY_PROXY}.spec.provider.kubernetes.envoyDeployment.pod"
CONTROLLER = f"{RELEASE}.values.kserve.controller"
"""Of the chart kserve-resources."""

ENVOY_GATEWAY = (
    f"{ADDED}{RELEASE}",
    f"{ADDED}{NAMESPACE}",
    f"{ADDED}{GATEWAY_CLASS}",
    f"{ADDED}{ENVOY_PROXY}",
    f"{CHART}.values.crds.envoyGateway.enabled",
)
"""What comes and goes with Envoy Gateway."""
