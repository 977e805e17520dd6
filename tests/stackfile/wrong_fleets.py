"""Wrong fleets of devices."""

from __future__ import annotations

from tests.stackfile.wrong import Wrong, environment


def wrong_fleet(name: str, text: str, *lines: str) -> Wrong:
    """A fleet with these keys beside its server and its model."""
    content = environment(f"edgeFleets: {{stores: {{server: mlserver, model: model, {text}}}}}\nplatforms: {{}}\n")
    return Wrong(name, content, tuple(f"edgeFleets.stores.{line}" for line in lines))


FLEETS = [
    wrong_fleet(
        "keys of ECS Anywhere on Greengrass",
        "runtime: greengrass, activation: {expires: '2027-01-15'}, minimumHealthyPercent: 50",
        "activation: with `runtime: greengrass`, devices come by a claim, and not by an activation of Systems Manager. Write `claim`, with the same keys.",
        "minimumHealthyPercent (given: 50): with `runtime: greengrass`, nobody looks at how many devices run, but at how many get a revision in a "
        "minute. Write "
        "`rollout.perMinute` and its neighbours.",
    ),
    wrong_fleet(
        "logs on Greengrass of devices that tell nothing",
        "runtime: greengrass, logs: {retentionDays: 7}",
        "logs: devices have a router, which tells CloudWatch of them, with a `fallback` only. Remove it, or write `fallback`.",
    ),
    wrong_fleet(
        "keys of Greengrass on ECS Anywhere",
        "claim: {expires: '2027-01-15'}, rollout: {perMinute: 50}",
        "claim: with `runtime: ecs-anywhere`, devices come by an activation. Write `activation`, with the same keys.",
        "rollout: with `runtime: ecs-anywhere`, so many devices of a ring change at once as may be missing, and there is no rate. Write "
        "`minimumHealthyPercent`.",
    ),
    wrong_fleet(
        "a rollout that AWS IoT does not do",
        "runtime: greengrass, rollout: {start: 50, perMinute: 20, factor: 9, timeout: 90s, onFailure: stop}",
        "rollout.factor (given: 9): the most is 5. Write 5 or less.",
        "rollout.onFailure (given: 'stop'): this is not one of the choices. Write one of: keep, roll-back.",
        "rollout.start (given: 50): this is more than `perMinute`, which is 20. Write 20 or less.",
        "rollout.timeout (given: 90): AWS IoT counts whole minutes. Write for example 30m.",
    ),
]
