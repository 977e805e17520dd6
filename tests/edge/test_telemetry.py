"""What a device tells CloudWatch: lines of its log in the embedded metric format, by fleet and ring, with its own name beside."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.router.figures import BY_HOST, COUNTED, FIGURES
from modelinfra.router.gpu import Gpus
from modelinfra.router.settings import Telemetry, read
from modelinfra.router.telemetry import Since, Telling
from tests.edge.test_process import client
from tests.edge.world import UNSURE, World, ask, prediction, settings, until

TOLD: dict[str, Any] = {
    "namespace": "modelinfra/edge",
    "fleet": "prod-stores-1a2b3c",
    "ring": "canary",
    "metrics": list(FIGURES),
    "everySeconds": 0.2,
    "logGroup": None,
}


def metrics(line: str) -> dict[str, Any]:
    """What CloudWatch makes of a line, as its specification says: every name of the directive is a member with a number, or at most 100."""
    found = json.loads(line)
    assert isinstance(found["_aws"]["Timestamp"], int)
    (directive,) = found["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "modelinfra/edge"
    assert directive["Dimensions"] == [["Fleet", "Ring"]]
    assert all(isinstance(found[each], str) for each in directive["Dimensions"][0])
    assert all(each["Unit"] == FIGURES[each["Name"]] for each in directive["Metrics"])
    made = {each["Name"]: found[each["Name"]] for each in directive["Metrics"]}
    for value in made.values():
        values = value if isinstance(value, list) else [value]
        assert 1 <= len(values) <= 100
        assert all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
    return made


def counted(lines: list[str], name: str) -> int:
    return sum(metrics(each).get(name, 0) for each in lines)


def telling(tmp_path: Path, since: Since, clock: Callable[[], float] = time.time, **more: Any) -> Telling:
    told = Telemetry("modelinfra/edge", "stores", "canary", list(FIGURES), 60, None)
    whole = read(json.dumps(settings("http://127.0.0.1:1", "http://127.0.0.1:2", tmp_path)))
    given = {"gauges": {}, "away": lambda: False, "write": lambda _: None, **more}
    return Telling(whole, told, since, clock=clock, **given)


def test_a_line_says_who_answered_and_how_long_it_took_under_fleet_and_ring_with_the_device_beside(
    world: World,
) -> None:
    zone = world.folder / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu\n")
    (zone / "temp").write_text("61500\n")
    with world.routing(telemetry=TOLD) as client:
        assert ask(client).status_code == 200
        world.light.reply = lambda _: prediction(UNSURE)
        assert ask(client).json()["model_name"] == "heavy"
        until(lambda: counted(world.told_cloudwatch, "Answers") == 2)
    lines = world.told_cloudwatch
    assert (counted(lines, "HandedOver"), counted(lines, "Refused"), counted(lines, "Lost")) == (1, 0, 0)
    assert sum(len(metrics(each).get("AnswerSeconds", ())) for each in lines) == 2
    now = metrics(lines[0])
    assert (now["Devices"], now["Temperature"], now["CloudAway"], now["Stored"]) == (1, 61.5, 0, 0)
    assert {json.loads(each)["device"] for each in lines} == {"store-7"}
    assert {json.loads(each)["version"] for each in lines} == {"3"}
    assert "store-7" not in {json.loads(lines[0])[each] for each in ("Fleet", "Ring")}, "each device would be a metric"


def test_what_is_counted_while_the_cloud_is_away_is_told_once_it_is_back_and_once(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.stop()
    with world.routing(telemetry=TOLD) as client:
        for _ in range(3):
            ask(client)
        away = until(lambda: [each for each in world.told_cloudwatch if metrics(each).get("CloudAway") == 1])
        until(lambda: len(world.told_cloudwatch) > len(away) + 2)
        assert counted(world.told_cloudwatch, "Answers") == 0, "a log that cannot be sent would lose them"
        assert metrics(world.told_cloudwatch[-1])["Stored"] == 3
        assert metrics(world.told_cloudwatch[-1])["StoredPercent"] > 0
        world.cloud.start()
        until(lambda: counted(world.told_cloudwatch, "Answers"))
    assert counted(world.told_cloudwatch, "Answers") == 3


def test_a_process_tells_at_its_end_what_no_line_has_told_and_its_log_holds_whole_lines(world: World) -> None:
    running = world.process(telemetry={**TOLD, "everySeconds": 3600.0})
    with client(world) as found:
        for _ in range(5):
            ask(found)
    running.terminate()
    assert running.wait(15) == 0
    assert running.stdout is not None
    lines = running.stdout.read().splitlines()
    (said,) = [each for each in lines if each.startswith("{")]
    assert counted([said], "Answers") == 5
    assert "Devices" not in metrics(said), "it would be counted twice in the minute in which it starts again"
    assert all(each.startswith("router: ") for each in lines if each != said)


def test_nothing_is_told_where_nobody_asked_for_it(world: World) -> None:
    with world.routing() as client:
        ask(client)
    assert world.told_cloudwatch == []


def test_a_metric_that_is_not_wanted_is_no_part_of_a_line(world: World) -> None:
    with world.routing(telemetry={**TOLD, "metrics": ["Devices", "Lost"]}) as client:
        ask(client)
        until(lambda: world.told_cloudwatch)
    assert set(metrics(world.told_cloudwatch[0])) <= {"Devices", "Lost"}
    assert "Answers" not in json.loads(world.told_cloudwatch[0])


def test_a_line_of_a_busy_minute_holds_a_sample_of_times_and_the_whole_count(tmp_path: Path) -> None:
    since = Since()
    for number in range(5000):
        since.count("Answers")
        since.took(number / 1000)
    found = telling(tmp_path, since)
    line = found.line({})
    assert metrics(line)["Answers"] == 5000
    times = metrics(line)["AnswerSeconds"]
    assert len(times) == 100
    # Of the times 0 to 5 s; each is as likely, so that their mean is not that of the first or the last hundred.
    assert 1.5 < sum(times) / 100 < 3.5
    assert len(line) < 2048
    assert metrics(found.line({}))["Answers"] == 0, "it was told already"


def test_a_device_tells_once_in_each_minute_also_where_it_wakes_a_moment_early(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    found = telling(tmp_path, Since(), lambda: now[0])
    told = []
    for number in range(100):
        now[0] += found.pause() + (-0.02, 0.0, 0.3)[number % 3]
        told.append(now[0])
    assert all(50 < later - sooner < 70 for sooner, later in itertools.pairwise(told))
    assert told[-1] - told[0] == pytest.approx(99 * 60, abs=1)


def driver(folder: Path, *, uses: tuple[int, ...], starts: int = 0) -> Path:
    """A stand-in for NVIDIA's library, with the functions and types of nvml.h."""
    source, library = folder / "nvml.c", folder / "libnvidia-ml.so.1"
    source.write_text(
        f"""
        typedef struct nvmlDevice_st *nvmlDevice_t;
        typedef struct {{ unsigned int gpu, memory; }} nvmlUtilization_t;
        static unsigned int uses[] = {{ {", ".join(map(str, uses)) or 0} }};
        int nvmlInit_v2(void) {{ return {starts}; }}
        int nvmlDeviceGetCount_v2(unsigned int *count) {{ *count = {len(uses)}; return 0; }}
        int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *gpu) {{
            *gpu = (nvmlDevice_t) &uses[index]; return 0;
        }}
        int nvmlDeviceGetUtilizationRates(nvmlDevice_t gpu, nvmlUtilization_t *use) {{
            unsigned int found = *(unsigned int *) gpu;
            if (found > 100) return 3; /* NVML_ERROR_NOT_SUPPORTED */
            use->gpu = found; use->memory = 99; return 0;
        }}
        """
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler for the stand-in of NVIDIA's library")
@pytest.mark.parametrize(
    ("uses", "starts", "busiest"),
    [((7, 42), 0, 42), ((101, 5), 0, 5), ((101,), 0, None), ((), 0, None), ((50,), 9, None)],
)
def test_the_busiest_gpu_is_told_as_the_driver_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uses: tuple[int, ...], starts: int, busiest: float | None
) -> None:
    monkeypatch.setattr("modelinfra.router.gpu.LIBRARY", str(driver(tmp_path, uses=uses, starts=starts)))
    assert Gpus().busiest() == busiest


def test_without_a_driver_no_gpu_is_told() -> None:
    assert Gpus().busiest() is None or shutil.which("nvidia-smi")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler for the stand-in of NVIDIA's library")
def test_every_figure_is_told_by_some_device(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(COUNTED) | set(BY_HOST) < set(FIGURES)
    monkeypatch.setattr("modelinfra.router.gpu.LIBRARY", str(driver(world.folder, uses=(42,))))
    zone = world.folder / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu\n")
    (zone / "temp").write_text("50000\n")
    with world.routing(telemetry=TOLD) as client:
        ask(client)
        until(lambda: {name for each in world.told_cloudwatch for name in metrics(each)} == set(FIGURES))


def test_an_unknown_metric_is_refused_at_the_start(world: World) -> None:
    running: subprocess.Popen[str] = world.process(telemetry={**TOLD, "metrics": ["Ansers"]})
    assert running.wait(15) == 1
    assert running.stdout is not None
    assert "telemetry.metrics: Ansers is none of Devices, Answers" in running.stdout.read()
