"""Wrong asynchronous endpoints, and what only asynchronous ones can have."""

from __future__ import annotations

from tests.stackfile.wrong import wrong_endpoint

NO_BALANCER = "an asynchronous endpoint has no load balancer: its requests come from a queue."
BY_BACKLOG = "the number of replicas of an asynchronous endpoint follows from the backlog of its queue alone. Write `backlogPerReplica`, or remove it."
NOBODY_WAITS = (
    "nobody waits for the answer of an asynchronous endpoint, and no load balancer counts it. Write `oldestMessage`: how long a message may "
    "wait."
)
NO_PLACE = (
    "this is no place in S3 that ends with a slash. Write for example s3://acme-photos/incoming/, of letters, digits and !_.'()=+@,~- "
    "between the slashes."
)
SCALED = "scaling: {min: 0, max: 4}"

ASYNCHRONOUS = [
    wrong_endpoint(
        "never a replica",
        "mode: async\nscaling: {min: 0}",
        "scaling.max: with `min`: 0 and nothing more no message would ever be taken from the queue. Write how many replicas there may be, "
        "for example 4.",
    ),
    wrong_endpoint(
        "another mode",
        "mode: batch",
        "mode (given: 'batch'): this is not one of the choices. Write one of: async, sync.",
    ),
    wrong_endpoint(
        "a backlog without a queue",
        "scaling: {min: 1, max: 4, backlogPerReplica: 5}",
        "scaling.backlogPerReplica (given: 5): only an asynchronous endpoint has a queue with a backlog. Write `mode: async`, or "
        "`requestsPerSecondPerReplica`.",
    ),
    wrong_endpoint(
        "a backlog of one revision",
        "revisions: {candidate: {scaling: {min: 0, max: 4, backlogPerReplica: 5}}}",
        "revisions.candidate.scaling.backlogPerReplica (given: 5): only an asynchronous endpoint has a queue with a backlog. Write `mode: "
        "async`, or `requestsPerSecondPerReplica`.",
    ),
    wrong_endpoint(
        "a queue of a synchronous endpoint",
        "queue: {concurrency: 2}",
        "queue: a synchronous endpoint has no queue. Write `mode: async`, or remove it.",
    ),
    wrong_endpoint(
        "messages of a synchronous endpoint",
        "slo: {oldestMessage: 10m}",
        "slo.oldestMessage (given: 600): only an asynchronous endpoint has messages that wait. Write `mode: async`, or `p99LatencyMs`.",
    ),
    wrong_endpoint(
        "a load balancer before a queue",
        f"mode: async\n{SCALED}\nloadBalancer: own",
        f"loadBalancer (given: 'own'): {NO_BALANCER} Remove it.",
    ),
    wrong_endpoint(
        "a path of a queue",
        f"mode: async\n{SCALED}\npath: /images\nrulePriority: 7",
        f"path (given: '/images'): {NO_BALANCER} Remove it.",
        f"rulePriority (given: 7): {NO_BALANCER} Remove it.",
    ),
    wrong_endpoint(
        "an exposed queue",
        f"mode: async\n{SCALED}\nexposure: {{cidrs: [10.1.0.0/16]}}",
        f"exposure: {NO_BALANCER} Remove it: who may send messages and read results says IAM, with the output client_policy.",
    ),
    wrong_endpoint(
        "traffic of a queue",
        f"mode: async\n{SCALED}\nrollout: {{strategy: canary}}",
        "rollout.strategy (given: 'canary'): there is no traffic to move: old and new replicas take messages from the same queue. Write "
        "rolling, or remove it.",
    ),
    wrong_endpoint(
        "revisions of a queue",
        f"mode: async\n{SCALED}\nrevisions: {{candidate: {{cpu: 2}}}}",
        "revisions: there is no traffic to divide: whoever is idle takes the next message from the queue. Remove it, or make an endpoint of "
        "each, with a queue of its own.",
    ),
    wrong_endpoint(
        "two owners of a number of replicas",
        "mode: async\nscaling: {min: 0, max: 4, cpuPercent: 50, requestsPerSecondPerReplica: 2, scaleOutCooldown: 2m, p95LatencyMs: 9}",
        f"scaling.requestsPerSecondPerReplica (given: 2): {BY_BACKLOG}",
        f"scaling.cpuPercent (given: 50): {BY_BACKLOG}",
        f"scaling.p95LatencyMs (given: 9): {BY_BACKLOG}",
        f"scaling.scaleOutCooldown (given: 120): {BY_BACKLOG}",
    ),
    wrong_endpoint(
        "the latency of a queue",
        f"mode: async\n{SCALED}\nslo: {{p99LatencyMs: 500, availability: 99.9}}",
        f"slo.availability (given: 99.9): {NOBODY_WAITS}",
        f"slo.p99LatencyMs (given: 500): {NOBODY_WAITS}",
    ),
    wrong_endpoint(
        "a bucket that is shaped",
        f"mode: async\n{SCALED}\nqueue: {{bucket: acme-results, resultRetentionDays: 3}}",
        "queue.resultRetentionDays (given: 3): an existing bucket (`bucket`) says itself how long it keeps what it holds. Remove one of the two.",
    ),
    wrong_endpoint(
        "inputs that are none",
        f"mode: async\n{SCALED}\nqueue: {{inputs: ['s3://acme-photos', 's3://acme-photos/*/', 's3://a-b-c/', 's3://a-b-c/']}}",
        f"queue.inputs[0] (given: 's3://acme-photos'): {NO_PLACE}",
        f"queue.inputs[1] (given: 's3://acme-photos/*/'): {NO_PLACE}",
        "queue.inputs[3] (given: 's3://a-b-c/'): this is named twice. Remove it.",
    ),
    wrong_endpoint(
        "a key of no inputs",
        f"mode: async\n{SCALED}\nqueue: {{inputKmsKeyArn: 'arn:aws:kms:us-west-2:123456789012:key/photos'}}",
        "queue.inputKmsKeyArn (given: 'arn:aws:kms:us-west-2:123456789012:key/photos'): there are no `inputs` that it could have encrypted. "
        "Write `inputs`, or remove it.",
    ),
    wrong_endpoint(
        "a transform of what stands before no queue",
        f"mode: async\n{SCALED}\ntransforms: {{target-group: {{slowStart: 30}}, queue: {{delaySeconds: 5}}}}",
        "transforms.target-group: there is nothing for it to adjust: requests come from a queue, and over no load balancer (`mode: async`). "
        "Remove it.",
    ),
]
