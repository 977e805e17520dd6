"""Writes what the pinned charts of KServe know, from clones of their repositories (bare ones do).

    python tools/refresh_kserve_charts.py kserve/kserve=/path/to/clone cert-manager/cert-manager=... kedacore/charts=... envoyproxy/gateway=... \
        knative/operator=...

modelinfra/catalog/kserve_chart_values.tsv has every value of every chart with its kind. Each repository is read at the commit that `modelinfra/catalog/kserve_charts.py` names.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelinfra.catalog.chart_values import MAPPING, kind_of
from modelinfra.catalog.charts import Chart
from modelinfra.catalog.kserve_charts import CHARTS

ROOT = Path(__file__).parents[1]
VALUES = ROOT / "modelinfra/catalog/kserve_chart_values.tsv"


def main() -> None:
    clones = dict(each.split("=", 1) for each in sys.argv[1:])
    missing = {chart.git[0] for chart in CHARTS.values()} - clones.keys()
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


def values(chart: Chart, clones: Mapping[str, str]) -> Any:
    """The chart's values.yaml; Envoy Gateway fills in its image when it is released."""
    for name in ("values.tmpl.yaml", "values.yaml"):
        text = shown(chart.git, name, clones)
        if text is not None:
            # Of Knative's operator, too: `{{ tag }}`.
            return yaml.safe_load(re.sub(r"{{ (\w+) }}", r"\1", text)) or {}
    return {}


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
