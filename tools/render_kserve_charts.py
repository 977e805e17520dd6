"""Renders the pinned charts of KServe with our values, with the real Helm: what a chart refuses, it refuses here.

    python tools/render_kserve_charts.py kserve/kserve=/path/to/clone cert-manager/cert-manager=... kedacore/charts=... envoyproxy/gateway=...

`helm` is taken from PATH. Each repository is read at the commit that `modelinfra/catalog/kserve_charts.py` names. Prints, for each configuration of the
tests, how many objects a chart becomes and how large the Secret is in which Helm would keep it (1 MiB at most).
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from modelinfra.catalog.charts import Chart  # noqa: E402
from modelinfra.catalog.kserve_charts import CHARTS, supported_kubernetes  # noqa: E402
from modelinfra.options.kserve import KServeOptions  # noqa: E402
from modelinfra.options.strict import validate  # noqa: E402
from modelinfra.platforms.kserve.plan import parts, values  # noqa: E402
from tests.platforms.kserve_worlds import CONFIGURATIONS, EVERYTHING  # noqa: E402


def main() -> None:
    clones = dict(each.split("=", 1) for each in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        folders = {name: unpacked(chart, clones, Path(folder) / name) for name, chart in CHARTS.items()}
        for title, given in {**CONFIGURATIONS, "everything": EVERYTHING}.items():
            options = {**given}
            production = options.pop("production", False)
            checked = validate(KServeOptions, options)
            print(title)
            for part in parts(checked, production):
                if part.chart:
                    place = folders[part.chart]
                    manifest = rendered(place, part.chart, part.namespace, values(part, checked, production))
                    objects = [each for each in yaml.safe_load_all(manifest) if each]
                    size = packed(place, manifest)
                    print(f"  {part.chart}: {len(objects)} objects, {size:,} bytes as a release of Helm")


def unpacked(chart: Chart, clones: Mapping[str, str], target: Path) -> Path:
    """The chart's folder as it is released: Envoy Gateway, cert-manager and Knative write version and image into it only then."""
    repository, commit, folder = chart.git
    asked = ["git", "-C", clones[repository], "archive", f"{commit}:{folder}"]
    archive = subprocess.run(asked, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(target, filter="data")
    about = target / "Chart.yaml"
    about.write_text(re.sub(r"(?m)^(version|appVersion): .*$", rf"\1: {chart.version}", about.read_text()))
    plain = target / "values.yaml"
    if plain.exists():
        plain.write_text(plain.read_text().replace("{{ tag }}", chart.version))
    template = target / "values.tmpl.yaml"
    if template.exists():
        image = f"docker.io/envoyproxy/gateway:{chart.version}"
        text = (
            template.read_text().replace("${GatewayImagePullPolicy}", "IfNotPresent").replace("${GatewayImage}", image)
        )
        (target / "values.yaml").write_text(text)
    return target


def rendered(chart: Path, name: str, namespace: str, given: Mapping[str, Any]) -> str:
    """What Helm makes of a chart. Ends with Helm's words when it refuses."""
    asked = ["helm", "template", name, str(chart), "--values", "-", "--kube-version", supported_kubernetes()[1]]
    asked += ["--api-versions", "monitoring.coreos.com/v1", "--namespace", namespace or "default"]
    answer = subprocess.run(asked, input=yaml.safe_dump(dict(given)), capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"{name}: {answer.stderr}")
    return answer.stdout


def packed(chart: Path, manifest: str) -> int:
    """About the size of the release in Helm's Secret: chart and manifest as JSON, packed, as base64."""
    files = [
        path for path in sorted(chart.rglob("*")) if path.is_file() and path.relative_to(chart).parts[0] != "charts"
    ]
    release = {
        "chart": {str(each.relative_to(chart)): base64.b64encode(each.read_bytes()).decode() for each in files},
        "manifest": manifest,
    }
    return len(base64.b64encode(gzip.compress(json.dumps(release).encode(), 9)))


if __name__ == "__main__":
    main()
