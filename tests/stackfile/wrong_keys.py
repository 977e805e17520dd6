"""Stack files that are no YAML, or whose keys are wrong."""

from __future__ import annotations

from tests.stackfile.wrong import (
    BELOW,
    environment,
    wrong_endpoint,
    wrong_environment,
    wrong_file,
    wrong_network,
    wrong_platform,
)

YAML = [
    wrong_file(
        "bracket left open",
        "config: [1, 2\n",
        "the file: this is not YAML: line 2, column 1: expected ',' or ']', but got '<stream end>'. Mend that line.",
    ),
    wrong_file(
        "tab as indentation",
        "config:\n\ta: 1\n",
        "the file: this is not YAML: line 2, column 1: found character '\\t' that cannot start any token. Mend that line.",
    ),
    wrong_file(
        "key twice",
        environment("platforms: {web: {type: ecs}}\nproduction: true\nproduction: false\n"),
        "the file: line 5, column 5: the key 'production' stands here a second time. Remove one of the two.",
    ),
    wrong_file(
        "list as a key",
        "config:\n  [a, b]: 1\n",
        "the file: line 2, column 3: a key must be text. Write a word before the colon.",
    ),
    wrong_file(
        "anchor within itself",
        "config: &a\n  modelinfra:environment: *a\n",
        "the file: line 2, column 27: '*a' stands within itself. Write it out.",
    ),
    wrong_file("not UTF-8", b"config: \xff\xfe\n", "the file: this is not UTF-8 text. Save it as UTF-8."),
    wrong_file(
        "date that there is not",
        "config: 2026-13-45\n",
        "the file: a value cannot be read: month must be in 1..12. Put it in quotes.",
    ),
    wrong_file("nested too deeply", "config: " + "[" * 3000, "the file: this is nested too deeply. Write it flatter."),
    wrong_file(
        "Python object",
        "config: !!python/object/apply:os.system [ls]\n",
        "the file: this is not YAML: line 1, column 9: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.system'. Mend that line.",
    ),
    wrong_file(
        "empty file",
        "",
        "the file: a mapping is expected. Write `config:` and below it `modelinfra:environment:`.",
    ),
    wrong_file(
        "list as the file",
        "- a\n",
        "the file (given: ['a']): a mapping is expected. Write `config:` and below it `modelinfra:environment:`.",
    ),
    wrong_file(
        "no config",
        "name: dev\n",
        "config: this is required, as a mapping. Write `config:` and below it `modelinfra:environment:`.",
    ),
    wrong_file(
        "no environment",
        "config:\n  aws:region: us-west-2\n",
        "modelinfra:environment: this is required, as a mapping. Write the environment below `modelinfra:environment:`.",
    ),
    wrong_file(
        "environment misspelt",
        "config:\n  modelinfra:enviroment: {}\n",
        "modelinfra:environment: this is required, as a mapping. "
        "Spell `modelinfra:enviroment` as `modelinfra:environment`.",
    ),
    wrong_file(
        "environment as text",
        "config:\n  modelinfra:environment: please\n",
        "modelinfra:environment (given: 'please'): this is required, as a mapping. "
        "Write the environment below `modelinfra:environment:`.",
    ),
]

KEYS = [
    wrong_environment(
        "no platforms", "production: false", "platforms: this is required. Add it: where endpoints run, by name."
    ),
    wrong_environment(
        "empty platforms",
        "platforms: {}\nendpoints: {a: {server: mlserver, model: model}}",
        "platforms: there is none, and endpoints need one. Write for example web: {type: ecs}.",
    ),
    wrong_platform(
        "no platform type",
        "{}",
        "platforms.web.type: this is required. Add it: kind of platform: ecs.",
    ),
    wrong_environment(
        "no server",
        "platforms: {web: {type: ecs}}\nendpoints: {a: {model: model}}",
        "endpoints.a.server: this is required. Add it: the model server; `modelinfra servers` lists them.",
    ),
    wrong_endpoint(
        "no model", "", "model: this is required. Write the path of the model's directory, or its address.", model=None
    ),
    wrong_network(
        "no id of the VPC",
        "{vpc: {privateSubnetIds: [subnet-1, subnet-2]}}",
        "vpc.id: this is required. Add it: id of the VPC.",
    ),
    wrong_environment(
        "unknown key of the environment",
        "platform: {}\nplatforms: {web: {type: ecs}}",
        "platform (given: {}): there is no such key. Did you mean 'platforms'?",
    ),
    wrong_endpoint(
        "unknown key of an endpoint",
        "memroy: 2GiB",
        "memroy (given: '2GiB'): there is no such key. Did you mean 'memory'?",
    ),
    wrong_endpoint(
        "key in the spelling of Python",
        "startup_budget: 2m",
        "startup_budget (given: '2m'): there is no such key. Did you mean 'startupBudget'?",
    ),
    wrong_endpoint(
        "unknown key of scaling",
        "scaling: {maximum: 2}",
        "scaling.maximum (given: 2): there is no such key. Did you mean 'max'?",
    ),
    wrong_endpoint(
        "unknown key of the model",
        "",
        "model.url (given: 'model'): there is no such key. Did you mean 'uri'?",
        model="{url: model}",
    ),
    wrong_endpoint(
        "unknown key of logs",
        "logs: {retention: 3}",
        "logs.retention (given: 3): there is no such key. Did you mean 'retentionDays'?",
    ),
    wrong_endpoint(
        "unknown key of the repository",
        "repository: {kms: x}",
        "repository.kms (given: 'x'): there is no such key. Write one of: arn, kmsKeyArn.",
    ),
    wrong_network(
        "unknown key of the network", "{zone: 2}", "zone (given: 2): there is no such key. Did you mean 'zones'?"
    ),
    wrong_network(
        "unknown key of flow logs",
        "{flowLogs: {days: 3}}",
        "flowLogs.days (given: 3): there is no such key. Write one of: retentionDays.",
    ),
    wrong_network(
        "unknown key of the VPC",
        "{vpc: {id: vpc-1, subnetIds: [a, b], privateSubnetIds: [subnet-1, subnet-2]}}",
        "vpc.subnetIds (given: ['a', 'b']): there is no such key. Did you mean 'publicSubnetIds'?",
    ),
    wrong_platform(
        "unknown key of a platform",
        "{type: ecs, insights: enabled}",
        "platforms.web.insights (given: 'enabled'): there is no such key. Did you mean 'containerInsights'?",
    ),
    wrong_endpoint("domain", "domain: a.example", f"domain (given: 'a.example'): {BELOW} `exposure.domain`."),
    wrong_endpoint("TLS", "tls: true", f"tls (given: True): {BELOW} `exposure.domain`."),
    wrong_endpoint("public", "public: true", f"public (given: True): {BELOW} `exposure.public`."),
    wrong_endpoint(
        "traffic of one revision",
        "traffic: {stable: 100}",
        "traffic: there is one revision, which has all the traffic. Remove it, or add `revisions`.",
    ),
    wrong_endpoint(
        "mirror",
        "mirror: candidate",
        "mirror (given: 'candidate'): a mapping is expected here. Write keys and values below it.",
    ),
    wrong_endpoint(
        "a mirror that is no revision",
        "revisions: {candidate: {cpu: 2}}\nmirror: {revision: candidat}",
        "mirror.revision (given: 'candidat'): there is no such revision. Did you mean 'candidate'?",
    ),
    wrong_endpoint(
        "a mirror without revisions",
        "mirror: {revision: candidate}",
        "mirror: there is one revision, and it answers. Add the one that shall get the copies to `revisions`.",
    ),
    wrong_endpoint(
        "a mirror that answers",
        "revisions: {candidate: {cpu: 2}}\nmirror: {revision: stable}",
        "mirror.revision (given: 'stable'): this one answers. Write one of `revisions`.",
    ),
    wrong_endpoint("gRPC", "grpc: true", f"grpc (given: True): {BELOW} `exposure.grpc`."),
    wrong_platform(
        "a key of another kind of platform",
        "{type: kubernetes, cluster: {context: a}, exek: true}",
        "platforms.web.exek (given: True): there is no such key. Write one of: accelerators, cluster, createNamespace, gateway, "
        "imagePullSecrets, knativeGateway, kserve, namespace, prometheus, registry, serving, tenant, tenantCallers, transforms, type.",
    ),
    wrong_platform(
        "platform of a type that is not built",
        "{type: sagemaker}",
        "platforms.web.type (given: 'sagemaker'): this is not one of the choices. Write one of: ecs, kubernetes.",
    ),
    wrong_environment(
        "unknown server",
        "platforms: {web: {type: ecs}}\nendpoints: {a: {server: mlsever, model: model}}",
        "endpoints.a.server (given: 'mlsever'): there is no such server. Did you mean 'mlserver'?",
    ),
]
