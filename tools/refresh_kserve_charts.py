r"""Writes what the pinned charts of KServe know, from clones of their repositories (bare ones do).

    python tools/refresh_kserve_charts.py kserve/kserve=/path/to/clone cert-manager/cert-manager=... kedacore/charts=... envoyproxy/gateway=... \
        prometheus-operator/prometheus-operator=...

- modelinfra/catalog/kserve_chart_values.tsv: every value of every chart with its kind;
- tests/platforms/kserve_schemas.json.gz: the schemas of the custom resources that we write, as their CRDs have them.

Each repository is read at the commit that `modelinfra/catalog/kserve_charts.py` names.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelinfra.catalog.kserve_charts import CHARTS, MAPPING, Chart, kind_of

ROOT = Path(__file__).parents[1]
VALUES = ROOT / "modelinfra/catalog/kserve_chart_values.tsv"
SCHEMAS = ROOT / "tests/platforms/kserve_schemas.json.gz"

# v0.93.0: the Prometheus Operator is not ours to install, and its PodMonitor has been v1 for years.
_OPERATOR = ("prometheus-operator/prometheus-operator", "f8fafd475f3d132e239432ae6172de60a6cb6516", "example")

# Kind -> where its CRD lies: repository, commit, folder; file.
OURS = {
    "GatewayClass": (CHARTS["gateway-crds-helm"].git, "templates/standard-gatewayapi-crds.yaml"),
    "Gateway": (CHARTS["gateway-crds-helm"].git, "templates/standard-gatewayapi-crds.yaml"),
    "EnvoyProxy": (
        CHARTS["gateway-crds-helm"].git,
        "templates/generated/gateway.envoyproxy.io_envoyproxies.yaml",
    ),
    "LocalModelNodeGroup": (
        CHARTS["kserve-localmodel-crd"].git,
        "templates/serving.kserve.io_localmodelnodegroups.yaml",
    ),
    "PodMonitor": (_OPERATOR, "prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"),
}


def main() -> None:
    clones = dict(each.split("=", 1) for each in sys.argv[1:])
    missing = {_OPERATOR[0], *(chart.git[0] for chart in CHARTS.values())} - clones.keys()
    if missing:
        sys.exit(f"say where these are cloned: {', '.join(f'{each}=DIRECTORY' for each in sorted(missing))}")
    lines = [
        "# Values of the pinned charts and their kinds: a mapping that is named is empty by default and takes anything.",
        "# Made by tools/refresh_kserve_charts.py from values.yaml of:",
        *(f"# {chart.name} {chart.version} ({'@'.join(chart.git[:2])}:{chart.git[2]})" for chart in CHARTS.values()),
    ]
    for chart in CHARTS.values():
        lines += [f"{chart.name}\t{path}\t{kind}" for path, kind in leaves(values(chart, clones))]
    VALUES.write_text("\n".join(lines) + "\n", encoding="utf-8")
    schemas = {kind: schema(kind, git, path, clones) for kind, (git, path) in OURS.items()}
    text = json.dumps(schemas, sort_keys=True, separators=(",", ":"))
    SCHEMAS.write_bytes(gzip.compress(text.encode(), mtime=0))


def values(chart: Chart, clones: Mapping[str, str]) -> Any:
    """The chart's values.yaml; Envoy Gateway fills in its image when it is released."""
    for name in ("values.tmpl.yaml", "values.yaml"):
        text = shown(chart.git, name, clones)
        if text is not None:
            return yaml.safe_load(text) or {}
    return {}


def schema(kind: str, git: tuple[str, str, str], path: str, clones: Mapping[str, str]) -> dict[str, Any]:
    """Group, stored version, scope and schema of a custom resource."""
    text = "\n".join(line for line in (shown(git, path, clones) or "").splitlines() if not line.startswith("{{"))
    crd = next(each for each in yaml.safe_load_all(text) if each and each["spec"]["names"]["kind"] == kind)
    version = next(each for each in crd["spec"]["versions"] if each["storage"])
    return {
        "apiVersion": f"{crd['spec']['group']}/{version['name']}",
        "scope": crd["spec"]["scope"],
        "source": f"{'@'.join(git[:2])}:{git[2]}/{path}",
        "schema": undescribed(version["schema"]["openAPIV3Schema"]),
    }


def undescribed(tree: Any, names: bool = False) -> Any:
    """A schema without its texts. names: the keys are names of properties, one of which may be 'description'."""
    if isinstance(tree, list):
        return [undescribed(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: undescribed(value, names=key == "properties" and not names)
        for key, value in tree.items()
        if names or key != "description"
    }


def shown(git: tuple[str, str, str], path: str, clones: Mapping[str, str]) -> str | None:
    """A file of a commit, or None."""
    repository, commit, folder = git
    asked = ["git", "-C", clones[repository], "show", f"{commit}:{folder}/{path}"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else None


def leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, MAPPING if value == {} else kind_of(value)


if __name__ == "__main__":
    main()
