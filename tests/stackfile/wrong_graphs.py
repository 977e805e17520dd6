"""Stack files whose graphs of endpoints, or what stands beside a server, cannot be."""

from __future__ import annotations

from tests.stackfile.wrong import NAMES, wrong_environment

_CLUSTER = "platforms: {k8s: {type: kubernetes, cluster: {context: models}}}\n"
_ONE = "endpoints: {one: {server: kserve-sklearnserver, model: s3://acme-models/a/1}}\n"


def _graph(nodes: str) -> str:
    return f"{_CLUSTER}{_ONE}inferenceGraphs: {{way: {{nodes: {nodes}}}}}\n"


GRAPHS = [
    wrong_environment(
        "a kind of node that there is not",
        _graph("{root: {routerType: sequence, steps: [{endpoint: one}]}}"),
        "inferenceGraphs.way.nodes.root.routerType (given: 'sequence'): this is not one of the choices. Write one of: Ensemble, Sequence, Splitter, Switch.",
    ),
    wrong_environment(
        "a step with a key of KServe's that says the same otherwise",
        _graph("{root: {routerType: Sequence, steps: [{serviceName: one}]}}"),
        "inferenceGraphs.way.nodes.root.steps[0].serviceName (given: 'one'): there is no such key. Write one of: condition, data, dependency, endpoint, mapPredictionsToInstances, name, node, protocol, weight.",
    ),
    wrong_environment(
        "no steps",
        _graph("{root: {routerType: Ensemble, steps: []}}"),
        "inferenceGraphs.way.nodes.root.steps (given: []): the least is 1. Write 1 or more.",
    ),
    wrong_environment(
        "a node without a name",
        _graph("{Root: {routerType: Ensemble, steps: [{endpoint: one}]}}"),
        f"inferenceGraphs.way.nodes.Root: {NAMES}: 'R' is none of them. Write for example sentiment-v2.",
    ),
    wrong_environment(
        "a target of routers that do not scale",
        f"{_CLUSTER}{_ONE}"
        "inferenceGraphs: {way: {nodes: {root: {routerType: Ensemble, steps: [{endpoint: one}]}}, scaling: {min: 3, max: 3, cpuPercent: 50}}}\n",
        "inferenceGraphs.way.scaling.cpuPercent (given: 50): nothing scales while `max` equals `min`. Write a `max` above `min`, or remove it.",
    ),
    wrong_environment(
        "a graph and what is wrong with its endpoint",
        f"{_CLUSTER}endpoints: {{one: {{server: mlserver, model: s3://acme-models/a/1, batching: {{}}}}}}\n"
        "inferenceGraphs: {way: {nodes: {root: {routerType: Ensemble, steps: [{endpoint: one}]}}}}\n",
        "endpoints.one.batching: MLServer puts requests together itself, and KServe's agent knows protocol V1 alone. Write max_batch_size and max_batch_time in model-settings.json.",
    ),
    wrong_environment(
        "a graph whose endpoint is malformed",
        f"{_CLUSTER}endpoints: {{one: {{server: mlsever, model: s3://acme-models/a/1}}}}\n"
        "inferenceGraphs: {way: {nodes: {root: {routerType: Ensemble, steps: [{endpoint: one}]}}}}\n",
        "endpoints.one.server (given: 'mlsever'): there is no such server. Did you mean 'mlserver'?",
    ),
    wrong_environment(
        "a path out of a volume",
        f"{_CLUSTER}endpoints: {{one: {{server: mlserver, model: s3://acme-models/a/1, modelVolume: {{claim: weights, path: ../secrets}}}}}}\n",
        "endpoints.one.modelVolume.path (given: '../secrets'): this is not a path within the volume, without a slash before or behind it. Write for example chat/7.",
    ),
]
