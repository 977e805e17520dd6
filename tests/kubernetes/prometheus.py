"""What a real Prometheus makes of rules and questions: `promtool`, built by `make promtool`."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelinfra.cache import cache_folder

_BUILD = Path(__file__).parents[2] / "tools/promtool/build.py"


def promtool() -> Path:
    """Where it is. Skipped aloud where it is not; a failure in CI, where it could be had."""
    spec = importlib.util.spec_from_file_location("promtool_build", _BUILD)
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    found = cache_folder() / "promtool" / build.pinned_version() / "promtool"
    if not found.exists():
        if os.environ.get("CI") == "true" and shutil.which("go"):
            pytest.fail("no promtool: `make promtool` builds it")
        pytest.skip("no promtool (`make promtool`): what alarms on Kubernetes fire at was NOT proven")
    return found


@dataclass(frozen=True)
class Story:
    """What is told, 15 seconds apart, in promtool's notation, and what follows from it.

    firing: time -> names of the alarms that fire then. values: question -> its only value ten minutes later; None for nothing.
    """

    name: str
    series: Mapping[str, str]
    firing: Mapping[str, Iterable[str]] = field(default_factory=dict)
    values: Mapping[str, float | None] = field(default_factory=dict)


def complaints(rules: Iterable[Mapping[str, Any]], stories: Iterable[Story], folder: Path) -> str:
    """What promtool says of groups of rules (specs of PrometheusRules) and what should follow; nothing where all does."""
    files = []
    for index, spec in enumerate(rules):
        path = folder / f"rules{index}.yml"
        path.write_text(json.dumps(spec))
        files.append(path.name)
    tests = [
        {
            "name": story.name,
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in story.series.items()],
            "promql_expr_test": [
                *(_firing(time, names) for time, names in story.firing.items()),
                *(_value(question, value) for question, value in story.values.items()),
            ],
        }
        for story in stories
    ]
    (folder / "tests.yml").write_text(json.dumps({"rule_files": files, "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(
        [str(promtool()), "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def unreadable(questions: Iterable[str], folder: Path) -> str:
    """What Prometheus' parser says of questions; nothing where it reads them all."""
    rules = [{"record": f"question:{index}", "expr": each} for index, each in enumerate(questions)]
    (folder / "read.yml").write_text(json.dumps({"groups": [{"name": "questions", "rules": rules}]}))
    asked = [str(promtool()), "check", "rules", "--lint=none", "read.yml"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _firing(time: str, names: Iterable[str]) -> dict[str, Any]:
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": time,
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(names)],
    }


def _value(question: str, value: float | None) -> dict[str, Any]:
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": f"round({question}, 0.001)", "eval_time": "10m", "exp_samples": samples}
