"""Stack files with quantities and types that are wrong."""

from __future__ import annotations

from tests.stackfile.wrong import (
    DURATION,
    MAPPING,
    SIZE,
    TEXT,
    WHOLE_NUMBER,
    YES_OR_NO,
    wrong_endpoint,
    wrong_environment,
    wrong_network,
    wrong_platform,
)

EIGHT = "cron(0 8 ? * MON-FRI *)"
NIGHT = "night: {at: 'cron(0 20 * * ? *)'}"
WAITING = "namespace: Acme/Chat, name: Waiting"

QUANTITIES = [
    wrong_endpoint("memory without unit", "memory: 4", "memory (given: 4): a size needs a unit. Write 4GiB or 4MiB."),
    wrong_endpoint(
        "memory in MB",
        "memory: 512MB",
        "memory (given: '512MB'): 'MB' is read as powers of 1000 by some tools and of 1024 by others. Write 512MiB.",
    ),
    wrong_endpoint(
        "memory in G",
        "memory: 4G",
        "memory (given: '4G'): 'G' is read as powers of 1000 by some tools and of 1024 by others. Write 4GiB.",
    ),
    wrong_endpoint(
        "memory in an unknown unit",
        "memory: 4Pi",
        "memory (given: '4Pi'): 'Pi' is no unit of size. Write KiB, MiB, GiB or TiB.",
    ),
    wrong_endpoint("memory in words", "memory: lots", f"memory (given: 'lots'): {SIZE}"),
    wrong_endpoint("memory left empty", "memory:", f"memory (given: None): {SIZE}"),
    wrong_endpoint("negative memory", "memory: -4GiB", f"memory (given: '-4GiB'): {SIZE}"),
    wrong_endpoint(
        "too little memory", "memory: 64MiB", "memory (given: '64MiB'): the least is 256MiB. Write 256MiB or more."
    ),
    wrong_endpoint(
        "too much memory", "memory: 5000GiB", "memory (given: '5000GiB'): the most is 2048GiB. Write 2048GiB or less."
    ),
    wrong_endpoint(
        "memory beyond all numbers",
        f"memory: {'9' * 400}GiB",
        f"memory (given: '{'9' * 76}...): this number is too large. Write a smaller one.",
    ),
    wrong_endpoint(
        "cpu in ECS units",
        "cpu: 1024",
        "cpu (given: 1024): cpu is counted in vCPU and 1024 looks like ECS units. Write 1 if you meant 1024 units.",
    ),
    wrong_endpoint("too much cpu", "cpu: 200", "cpu (given: 200): the most is 192 vCPU. Write 192 or less."),
    wrong_endpoint("too little cpu", "cpu: 100m", "cpu (given: '100m'): the least is 0.25 vCPU. Write 0.25 or more."),
    wrong_endpoint("no cpu", "cpu: 0", "cpu (given: 0): cpu must be more than 0. Write for example 0.5."),
    wrong_endpoint(
        "cpu in words",
        "cpu: two",
        "cpu (given: 'two'): this is not a number of vCPU. Write for example 2, 0.5 or 500m.",
    ),
    wrong_endpoint(
        "duration without unit",
        "startupBudget: 60",
        "startupBudget (given: 60): a duration needs a unit. Write 60s for seconds or 60m for minutes.",
    ),
    wrong_endpoint("duration with a colon", "startupBudget: 1:30", f"startupBudget (given: '1:30'): {DURATION}"),
    wrong_endpoint("duration in milliseconds", "longestRequest: 500ms", f"longestRequest (given: '500ms'): {DURATION}"),
    wrong_endpoint("fraction of a duration", "longestRequest: 0.5", f"longestRequest (given: 0.5): {DURATION}"),
    wrong_endpoint("truth as a duration", "startupBudget: true", f"startupBudget (given: True): {DURATION}"),
    wrong_endpoint(
        "stop time-out too long", "stopTimeout: 5m", "stopTimeout (given: '5m'): the most is 2m. Write 2m or less."
    ),
    wrong_endpoint(
        "disk too small",
        "ephemeralStorage: 10GiB",
        "ephemeralStorage (given: '10 GiB'): on Fargate the least is 21GiB, and the most 200GiB. Write 21GiB or more.",
    ),
    wrong_platform(
        "idle time-out too long",
        "{type: ecs, idleTimeout: 2h}",
        "platforms.web.idleTimeout (given: '2h'): the most is 1h6m40s. Write 1h6m40s or less.",
    ),
]

TYPES = [
    wrong_endpoint("replicas in quotes", "scaling: {min: '2'}", f"scaling.min (given: '2'): {WHOLE_NUMBER}"),
    wrong_endpoint("half a replica", "scaling: {min: 2.5}", f"scaling.min (given: 2.5): {WHOLE_NUMBER}"),
    wrong_endpoint(
        "fewer than no replica", "scaling: {min: -1}", "scaling.min (given: -1): the least is 0. Write 0 or more."
    ),
    wrong_endpoint(
        "not a number",
        "scaling: {max: 9, cpuPercent: .nan}",
        "scaling.cpuPercent (given: nan): a finite number is expected here. Write a number, for example 10.",
    ),
    wrong_endpoint("yes for true", "spot: yes", f"spot (given: 'yes'): {YES_OR_NO}"),
    wrong_environment(
        "1 for true", "production: 1\nplatforms: {web: {type: ecs}}", f"production (given: 1): {YES_OR_NO}"
    ),
    wrong_endpoint(
        "Docker's word for an architecture",
        "architecture: amd64",
        "architecture (given: 'amd64'): this is not one of the choices. Write one of: arm64, x86_64.",
    ),
    wrong_endpoint("number as a variable", "environment: {A: 1}", f"environment.A (given: 1): {TEXT}"),
    wrong_endpoint("list of variables", "environment: [A]", f"environment (given: ['A']): {MAPPING}"),
    wrong_endpoint("number as the model", "", f"model (given: 7): {TEXT}", model="7"),
    wrong_environment(
        "list of endpoints", "platforms: {web: {type: ecs}}\nendpoints: [a]", f"endpoints (given: ['a']): {MAPPING}"
    ),
    wrong_platform("platform as a word", "ecs", f"platforms.web (given: 'ecs'): {MAPPING}"),
    wrong_endpoint(
        "more than all in percent",
        "scaling: {max: 9, cpuPercent: 150}",
        "scaling.cpuPercent (given: 150): the most is 100. Write 100 or less.",
    ),
    wrong_endpoint(
        "max below min",
        "scaling: {min: 4, max: 2}",
        "scaling.max (given: 2): this is less than `min`, which is 4. Write 4 or more.",
    ),
    wrong_endpoint(
        "target without room",
        "scaling: {min: 2, cpuPercent: 50}",
        "scaling.cpuPercent (given: 50): a target has no effect while `max` equals `min`. Write a `max` above 2.",
    ),
    wrong_endpoint(
        "cron expression of five fields",
        f"scaling: {{max: 9, schedule: {{day: {{at: cron(0 8 * * *), min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.at (given: 'cron(0 8 * * *)'): a cron expression has six fields, and this has 5. Write cron(minutes hours day-of-month month day-of-week year).",
    ),
    wrong_endpoint(
        "cron expression of both days",
        f"scaling: {{max: 9, schedule: {{day: {{at: cron(0 8 * * * *), min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.at (given: 'cron(0 8 * * * *)'): of day-of-month and day-of-week one is not looked at, and is written ?. Write for example cron(0 8 ? * MON-FRI *).",
    ),
    wrong_endpoint(
        "hour that no day has",
        f"scaling: {{max: 9, schedule: {{day: {{at: 'cron(0 24 ? * MON-FRI *)', min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.at (given: 'cron(0 24 ? * MON-FRI *)'): '24' is no hours (0 to 23). Write *, a number, a range as 1-5, a list as 1,3 or a step as */15.",
    ),
    wrong_endpoint(
        "day that no month has",
        f"scaling: {{max: 9, schedule: {{day: {{at: 'at(2027-02-30T08:00:00)', min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.at (given: 'at(2027-02-30T08:00:00)'): this is no date with a time. Write for example at(2027-03-01T08:00:00).",
    ),
    wrong_endpoint(
        "time that comes again at a rate",
        f"scaling: {{max: 9, schedule: {{day: {{at: rate(1 day), min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.at (given: 'rate(1 day)'): this is neither a cron expression nor a time. Write cron(minutes hours day-of-month month day-of-week year), or at(2027-03-01T08:00:00).",
    ),
    wrong_endpoint(
        "time zone that is none",
        f"scaling: {{max: 9, schedule: {{day: {{at: '{EIGHT}', timezone: Europe/Wien, min: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.timezone (given: 'Europe/Wien'): there is no such time zone. Write for example Europe/Vienna or UTC.",
    ),
    wrong_endpoint(
        "schedule beyond the limits",
        f"scaling: {{max: 9, schedule: {{day: {{at: '{EIGHT}', min: 12}}, {NIGHT}}}}}",
        "scaling.schedule.day.min (given: 12): `scaling.min` and `scaling.max` are the widest limits, and this is not within 2 to 9. Write 2 to 9, or change them.",
    ),
    wrong_endpoint(
        "schedule without a way back",
        f"scaling: {{max: 9, schedule: {{day: {{at: '{EIGHT}', min: 4}}}}}}",
        "scaling.schedule: every point in time states `min`, so that `scaling.min` would never hold again. Leave `min` out where it is to hold.",
    ),
    wrong_endpoint(
        "schedule of nothing",
        f"scaling: {{max: 9, schedule: {{{NIGHT}}}}}",
        "scaling.schedule: no point in time states `min` or `max`. Write one of them.",
    ),
    wrong_endpoint(
        "more at least than at most from a point in time",
        f"scaling: {{max: 9, schedule: {{day: {{at: '{EIGHT}', min: 5, max: 4}}, {NIGHT}}}}}",
        "scaling.schedule.day.max (given: 4): this is less than `min`, which is 5. Write 5 or more.",
    ),
    wrong_endpoint(
        "metric with two targets",
        f"scaling: {{max: 9, metrics: {{queue: {{{WAITING}, target: 1, targetPerReplica: 2}}}}}}",
        "scaling.metrics.queue.targetPerReplica (given: 2): `target` says already where the metric is to be held. Remove one of the two.",
    ),
    wrong_endpoint(
        "metric without a target",
        f"scaling: {{max: 9, metrics: {{queue: {{{WAITING}}}}}}}",
        "scaling.metrics.queue.target: nothing says where the metric is to be held. Write it, or `targetPerReplica`.",
    ),
    wrong_endpoint(
        "metric without room",
        f"scaling: {{min: 2, metrics: {{queue: {{{WAITING}, target: 1}}}}}}",
        "scaling.metrics: a target has no effect while `max` equals `min`. Write a `max` above 2.",
    ),
    wrong_endpoint(
        "steps that lead nowhere",
        f"scaling: {{max: 9, steps: {{queue: {{{WAITING}}}}}}}",
        "scaling.steps.queue.add: nothing is added or removed here. Write it, or `remove`.",
    ),
    wrong_endpoint(
        "steps that add and remove at once",
        f"scaling: {{max: 9, steps: {{queue: {{{WAITING}, add: [{{above: 5, replicas: 1}}], remove: [{{below: 7, replicas: 1}}]}}}}}}",
        "scaling.steps.queue.remove (given: 7): replicas are added above 5 already: what is between would be added and removed at once. Write `below` 5 or less.",
    ),
    wrong_endpoint(
        "two steps from one value",
        f"scaling: {{max: 9, steps: {{queue: {{{WAITING}, add: [{{above: 5, replicas: 1}}, {{above: 5, replicas: 2}}]}}}}}}",
        "scaling.steps.queue.add[1].above (given: 5): another step begins there. Write another value.",
    ),
    wrong_endpoint(
        "steps that remove what a target keeps",
        f"scaling: {{max: 9, cpuPercent: 50, steps: {{queue: {{{WAITING}, remove: [{{below: 7, replicas: 1}}]}}}}}}",
        "scaling.steps.queue.remove: `cpuPercent` removes replicas when all targets agree, and this would remove those that they keep. Remove it, or the targets.",
    ),
    wrong_endpoint(
        "retention that is not offered",
        "logs: {retentionDays: 45}",
        "logs.retentionDays (given: 45): CloudWatch Logs does not offer this retention. Write 30.",
    ),
    wrong_network(
        "retention of flow logs that is not offered",
        "{flowLogs: {retentionDays: 8}}",
        "flowLogs.retentionDays (given: 8): CloudWatch Logs does not offer this retention. Write 7.",
    ),
    wrong_endpoint(
        "alias for a key",
        "logs: {kmsKeyArn: alias/logs}",
        "logs.kmsKeyArn (given: 'alias/logs'): this is not the ARN of a KMS key. Write for example "
        "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.",
    ),
]
