"""What KServe runs before and beside a model's server: a transformer, an explainer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.platforms.kubernetes.autoscaling import Autoscaling
from modelinfra.platforms.kubernetes.pod import NODE, ZONE, spread
from modelinfra.platforms.served_model import ServedModel

TRANSFORMER, EXPLAINER = "transformer", "explainer"

PORT: Final = 8080
"""KServe starts both with `--http_port 8080` (pkg/apis/serving/v1beta1/transformer_custom.go and explainer_custom.go, 0.20.0)."""

_CPU_PERCENT: Final = 60
_SCALE_IN_SECONDS: Final = 300
_GRACE_SECONDS: Final = 30
_DRAIN_SECONDS: Final = 15


@dataclass(frozen=True)
class Beside:
    """A transformer or an explainer that the cluster will take. options: what the user said of it."""

    kind: str
    options: Any
    scaling: Autoscaling
    model: str
    longest_request: int

    def service(self, name: str) -> str:
        """Name of its Service and of its Deployment (constants.TransformerServiceName, ExplainerServiceName)."""
        return f"{name}-{self.kind}"

    def app(self, name: str) -> str:
        """The label `app` of its pods."""
        return f"isvc.{self.service(name)}"


def planned_beside(options: Any, served: ServedModel) -> dict[str, Beside]:
    """What of the two there is."""
    found: dict[str, Beside] = {}
    for kind in (TRANSFORMER, EXPLAINER):
        said = getattr(options, kind)
        if said is not None:
            least = said.scaling.min
            scaling = Autoscaling(
                least,
                said.scaling.max or least,
                cpu_percent=said.scaling.cpu_percent or _CPU_PERCENT,
                scale_in_seconds=_SCALE_IN_SECONDS,
            )
            found[kind] = Beside(kind, said, scaling, served.model, served.longest_request_seconds)
    return found


def explain_path(model: str) -> str:
    """Path of an explanation (constants.ExplainPath); there is none in another protocol."""
    return f"/v1/models/{model}:explain"


def component(beside: Beside, name: str, found: Mapping[str, Any], *, pull: Sequence[str], varies: bool) -> Any:
    """A transformer or an explainer of an InferenceService. found: the values of Outputs (image, environment).

    It runs with the namespace's own service account, without its token: what fetches the model is nothing of its.
    """
    options = beside.options
    amounts = {"cpu": f"{round(options.cpu * 1000)}m", "memory": f"{round(options.memory / 2**20)}Mi"}
    fixed = {} if varies else {"minReplicas": beside.scaling.least, "maxReplicas": beside.scaling.least}
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _DRAIN_SECONDS + max(beside.longest_request, _GRACE_SECONDS),
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        **({"imagePullSecrets": [{"name": each} for each in pull]} if pull else {}),
        "topologySpreadConstraints": [spread({"app": beside.app(name)}, key) for key in (ZONE, NODE)],
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        **fixed,
        "containers": [
            {
                "name": "kserve-container",
                "image": found["image"],
                **({"command": list(options.command)} if options.command else {}),
                # Else KServe would call the model as the InferenceService, and the server does not.
                "args": [*options.args, f"--model_name={beside.model}"],
                "env": [{"name": key, "value": value} for key, value in sorted(found["environment"].items())],
                "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
                "resources": {"requests": amounts, "limits": dict(amounts)},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "readinessProbe": {
                    "httpGet": {"path": options.health_path, "port": PORT, "scheme": "HTTP"},
                    "periodSeconds": 10,
                    "timeoutSeconds": 5,
                    "failureThreshold": 3,
                    "successThreshold": 1,
                },
                "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
            }
        ],
    }
