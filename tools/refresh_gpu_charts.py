"""Writes modelinfra/catalog/gpu_chart_values.tsv: every value of the charts for accelerated nodes with its kind, from clones (bare ones do).

    python tools/refresh_gpu_charts.py NVIDIA/k8s-device-plugin=/path/to/clone aws-neuron/neuron-helm-charts=... aws/eks-charts=... NVIDIA/dcgm-exporter=...

Each repository is read at the commit that `modelinfra/catalog/gpu_charts.py` names.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from modelinfra.catalog.gpu_charts import CHARTS
from tools.refresh_kserve_charts import leaves

VALUES = Path(__file__).parents[1] / "modelinfra/catalog/gpu_chart_values.tsv"


def main() -> None:
    clones = dict(each.split("=", 1) for each in sys.argv[1:])
    missing = {chart.git[0] for chart in CHARTS.values()} - clones.keys()
    if missing:
        sys.exit(f"say where these are cloned: {', '.join(f'{each}=DIRECTORY' for each in sorted(missing))}")
    lines = [
        "# Values of the pinned charts and their kinds: a mapping that is named is empty by default and takes anything.",
        "# Made by tools/refresh_gpu_charts.py from values.yaml of:",
        *(f"# {chart.name} {chart.version} ({'@'.join(chart.git[:2])}:{chart.git[2]})" for chart in CHARTS.values()),
    ]
    for name, chart in CHARTS.items():
        repository, commit, folder = chart.git
        asked = ["git", "-C", clones[repository], "show", f"{commit}:{folder}/values.yaml"]
        text = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        lines += [f"{name}\t{path}\t{kind}" for path, kind in leaves(yaml.safe_load(text))]
    VALUES.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
