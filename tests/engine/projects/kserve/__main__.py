"""KServe on a cluster that somebody else made, with an InferenceService that depends on it."""

import dataclasses
import json

import pulumi
import pulumi_kubernetes as k8s

from modelinfra import KServe
from modelinfra.catalog import kserve_charts
from modelinfra.platforms.kserve import component

config = pulumi.Config()
bumped = config.get_object("bumped") or {}
# Another row of the table of charts, as a newer release of modelinfra has it.
charts = {
    name: dataclasses.replace(chart, version=bumped.get(name, chart.version))
    for name, chart in kserve_charts.CHARTS.items()
}
component.CHARTS = charts

cluster = k8s.Provider("cluster", kubeconfig=json.dumps({"clusters": []}))
serving = KServe(
    "serving",
    config.get_object("options") or {},
    production=config.get_bool("production") or False,
    opts=pulumi.ResourceOptions(provider=cluster),
)
if config.get_bool("serves"):
    k8s.apiextensions.CustomResource(
        "digits",
        api_version="serving.kserve.io/v1beta1",
        kind="InferenceService",
        metadata={"name": "digits", "namespace": "default"},
        spec={"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://acme/digits"}}},
        opts=pulumi.ResourceOptions(provider=cluster, depends_on=serving.ready),
    )
pulumi.export("versions", serving.versions)
