"""What was measured, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_proof.cut import Cut
from edge_proof.place import WAY_SECONDS
from edge_proof.split import REQUESTS, Crossed, falling
from modelinfra.catalog.servers import SERVERS
from modelinfra.fleet import daemon, ecs, jobs
from modelinfra.fleet.rings import Bad, Reach, Ring
from modelinfra.serving.split import Halves


@dataclass(frozen=True)
class Outcome:
    """Times in milliseconds. processor: of the router for one request."""

    name: str
    accuracy: float
    handed: float
    median: float
    late: float
    mean: float
    processor: float | None = None


def outcomes(found: Sequence[Outcome], count: int, clients: int) -> Iterator[str]:
    yield "| Who answers | Accuracy | Handed over | Median | Mean | 99th percentile | Router's processor time |"
    yield "|---|---|---|---|---|---|---|"
    for each in found:
        yield (
            f"| {each.name} | {100 * each.accuracy:.2f} % | {100 * each.handed:.1f} % | {each.median:.1f} ms | {each.mean:.1f} ms "
            f"| {each.late:.1f} ms | {'-' if each.processor is None else f'{each.processor:.1f} ms'} |"
        )
    yield ""
    yield f"{count:,} requests each, {clients} clients that ask one after the other, {1000 * WAY_SECONDS:g} ms to the cloud and as many back."


def cut(found: Cut) -> Iterator[str]:
    again = sum(each.tries > 1 for each in found.seen)
    right = sum(each.right for each in found.seen) / len(found.seen)
    during = [each for each in found.seen if found.silent <= each.began <= found.back and each.tries == 1]
    times = sorted(1000 * each.seconds for each in during)
    yield "| What | Found |"
    yield "|---|---|"
    yield f"| requests asked, and answered | {len(found.seen):,}, all; {again} of them asked again while the router was dead |"
    yield f"| accuracy over all of it | {100 * right:.2f} % |"
    yield f"| without the cloud | {found.back - found.silent:.0f} s: packets vanish for {found.gone - found.silent:.0f} s, then nobody is there |"
    yield f"| answers meanwhile | median {times[len(times) // 2]:.1f} ms, 99th percentile {times[int(len(times) * 0.99)]:.1f} ms |"
    yield f"| said to be kept for the cloud | {found.kept:,} |"
    yield f"| of these never computed there | {found.missing} |"
    yield f"| computed twice | {found.twice} |"
    yield f"| arrived again under the same key, and known | {found.again} of {found.arrived:,} |"
    yield f"| dropped for want of room | {found.lost:g} |"
    most = max(each.disk for each in found.moments)
    yield f"| disk, at most | {most / 2**20:.2f} MiB of {found.max_bytes / 2**20:g} MiB |"
    yield f"| all sent, after the cloud was back | {found.empty - found.back:.0f} s |"


RINGS = (Ring("canary", 0.05), Ring("early", 0.2), Ring("all", 0.75))
ABORT = (jobs.Abort(percent=20, least=20),)
RATES = {
    "20 a minute": jobs.Rate(per_minute=20),
    "100 a minute": jobs.Rate(per_minute=100),
    "from 10, doubled after each 50 that succeeded, at most 1,000": jobs.Rate(
        base=10, factor=2.0, every=50, after_success=True
    ),
    "1,000 a minute (AWS's default)": jobs.Rate(),
}
BADS = {
    "fails on each device within 5 min": Bad(minutes=5),
    "fails on half of them within 5 min": Bad(share=0.5, minutes=5),
    "hangs on each, time-out 30 min": Bad(minutes=30, outcome="TIMED_OUT"),
}


def rollouts() -> Iterator[str]:
    """10,000 devices, rings of 5, 20 and 75 %, aborted above 20 % failures of more than 20 devices, an hour between rings."""
    yield f"| Rollout | {' | '.join(BADS)} | a good version is everywhere after |"
    yield "|---|" + "---|" * (len(BADS) + 1)
    for name, rate in RATES.items():
        rollout = jobs.Rollout(RINGS, rate, ABORT, bake_minutes=60)
        cells = [shown(jobs.reach(rollout, 10_000, bad)) for bad in BADS.values()]
        yield f"| Greengrass, {name} | {' | '.join(cells)} | {hours(jobs.full_minutes(rollout, 10_000))} |"
    for percent in (90, 98):
        update = ecs.Rollout(RINGS, percent, bake_minutes=60)
        cells = [shown(ecs.reach(update, 10_000, bad)) for bad in BADS.values()]
        yield f"| ECS, {percent} % keep running | {' | '.join(cells)} | {hours(ecs.full_minutes(update, 10_000))} |"
    update = ecs.Rollout(RINGS, 98, reset_on_healthy=False, bake_minutes=60)
    cells = [shown(ecs.reach(update, 10_000, bad)) for bad in BADS.values()]
    yield f"| ECS, 98 %, `resetOnHealthyTask: false` | {' | '.join(cells)} | {hours(ecs.full_minutes(update, 10_000))} |"
    for percent in (90, 98):
        nodes = daemon.Rollout(RINGS, percent, bake_minutes=60)
        cells = [shown(daemon.reach(nodes, 10_000, bad)) for bad in BADS.values()]
        yield f"| Kubernetes, {percent} % keep running | {' | '.join(cells)} | {hours(daemon.full_minutes(nodes, 10_000))} |"


def shown(found: Reach) -> str:
    if found.ring is None:
        return "all: nothing stops it"
    return f"{found.devices:,} ({found.ring}, {found.minutes:.0f} min)"


def hours(minutes: float) -> str:
    return f"{minutes / 60:.1f} h"


def splits(found: tuple[Sequence[Halves], int]) -> Iterator[str]:
    """Where less crosses than at each cut before it."""
    halves, refused = found
    yield "| Tensor | Nodes on the device | In the cloud | Crosses | Of the input's bytes | Largest difference |"
    yield "|---|---|---|---|---|---|"
    for each in falling(halves):
        crossing = each.crossing
        yield (
            f"| `{crossing.cut.tensor}` | {crossing.cut.before} | {crossing.cut.after} | {crossing.bytes:,} bytes "
            f"({' x '.join(map(str, crossing.shape))}) | {100 * crossing.bytes / crossing.input_bytes:.2f} % | {each.difference:.2g} |"
        )
    worst = max(each.difference for each in halves)
    yield ""
    yield (
        f"All {len(halves)} possible cuts were made and checked with {halves[0].checks} requests each: the largest difference of any is "
        f"{worst:.2g}. Listed are those at which less crosses than at each one before. At {refused} tensors it cannot be cut."
    )


def served(ways: Sequence[Sequence[Crossed]]) -> Iterator[str]:
    """What crossed on the wire, for each way of serving both halves."""
    names = [f"{title(way[0].here)}, {title(way[0].there)}" for way in ways]
    yield f"| Tensor | Its bytes | {' | '.join(f'{name}: sent' for name in names)} | Answer |"
    yield "|---|---|" + "---|" * (len(ways) + 1)
    listed = [each.halves.crossing.cut.tensor for each in ways[-1]]
    for tensor in listed:
        row = [each for way in ways for each in way if each.halves.crossing.cut.tensor == tensor]
        sent = " | ".join(f"{each.up:,.0f}" for each in row)
        yield f"| `{tensor}` | {row[0].halves.crossing.bytes:,} | {sent} | {row[0].down:,.0f} |"
    every = [each for way in ways for each in way]
    yield ""
    yield (
        f"Bytes of one request on the wire, HTTP and all, the mean of {REQUESTS}; the answer's are those of the first way. The client's own request, an "
        f"image in JSON, has {every[0].asked:,.0f}. {names[0]}: all {len(ways[0])} possible cuts were served and asked; the others at the {len(listed)} "
        f"listed. The largest difference of any answer from the whole model's is {max(each.difference for each in every):.2g}."
    )


def title(server: str) -> str:
    return SERVERS[server].title


def write(docs: Path, name: str, text: str) -> None:
    """Between its marks, in whichever page has them."""
    for page in sorted(docs.glob("edge*.md")):
        old = page.read_text()
        new = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)",
            lambda found: f"{found[1]}{text}\n{found[2]}",
            old,
            flags=re.S,
        )
        if new != old:
            page.write_text(new)
