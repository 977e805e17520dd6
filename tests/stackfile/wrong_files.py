"""Wrong stack files, one mistake each unless the name says otherwise, with exactly what is said about them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

ZEROS = "0" * 64
IMAGE = f"a.example/served@sha256:{ZEROS}"
NAMES = "this is not lower-case letters, digits and single hyphens, beginning with a letter (63 characters at most)"
INTERNAL = "this is not built yet: an endpoint is reached over HTTP from inside its network only. Remove it."
ONE_REVISION = "this is not built yet: an endpoint serves one revision. Remove it."
FARGATE = "this is not built yet: endpoints run on ECS with Fargate, which has no accelerators. Remove it."
TEXT = "text is expected here. Write text, in quotes if it looks like a number or a date."
SIZE = "this is not a size. Write a number and a unit, for example 4GiB or 512MiB."
DURATION = "this is not a duration. Write for example 30s, 5m, 1h or 1m30s."
MAPPING = "a mapping is expected here. Write keys and values below it."
YES_OR_NO = "true or false is expected here. Write true or false without quotes."
ZONES = "a load balancer needs two zones, and more than three buy little."
NO_ZONE = "this is not the name of an availability zone. Write for example us-west-2a."
TWO_SUBNETS = (
    "a load balancer needs two different subnets, in two zones. Add a private subnet of another zone, "
    "or remove `vpc` to have a network made."
)
WHOLE_NUMBER = "a whole number is expected here. Write a whole number without quotes."
SHAPED = "an existing VPC (`vpc`) has this already."
SETTINGS = (
    'Write one, for scikit-learn {"name": "<model>", "implementation": "mlserver_sklearn.SKLearnModel", '
    '"parameters": {"uri": "./model.joblib"}}.'
)


@dataclass(frozen=True)
class Wrong:
    """A file and the lines of its message. `{root}` stands for the directory of the project."""

    name: str
    content: str | bytes
    lines: tuple[str, ...]


def environment(text: str) -> str:
    return "config:\n  modelinfra:environment:\n" + textwrap.indent(textwrap.dedent(text), "    ")


def _file(name: str, content: str | bytes, *lines: str) -> Wrong:
    return Wrong(name, content, lines)


def _environment(name: str, text: str, *lines: str) -> Wrong:
    return Wrong(name, environment(text), lines)


def _platform(name: str, text: str, *lines: str) -> Wrong:
    return _environment(name, f"platforms:\n  web: {text}\n", *lines)


def _network(name: str, text: str, *lines: str) -> Wrong:
    return _environment(
        name, f"network: {text}\nplatforms:\n  web: {{type: ecs}}\n", *(f"network.{line}" for line in lines)
    )


def _endpoint(name: str, text: str, *lines: str, model: str | None = "model", key: str = "digits") -> Wrong:
    model_line = f"model: {model}\n" if model is not None else ""
    body = textwrap.indent(f"server: mlserver\n{model_line}{text}\n", "    ")
    whole = f"platforms:\n  web: {{type: ecs}}\nendpoints:\n  {key}:\n{body}"
    return _environment(name, whole, *(f"endpoints.{key}{line if line[0] == ':' else '.' + line}" for line in lines))


def _two(name: str, one: str, other: str, *lines: str) -> Wrong:
    both = "".join(f"  {key}: {{server: mlserver, model: model, {rest}}}\n" for key, rest in (("a", one), ("b", other)))
    return _environment(name, f"platforms:\n  web: {{type: ecs}}\nendpoints:\n{both}", *lines)


YAML = [
    _file(
        "bracket left open",
        "config: [1, 2\n",
        "the file: this is not YAML: line 2, column 1: expected ',' or ']', but got '<stream end>'. Mend that line.",
    ),
    _file(
        "tab as indentation",
        "config:\n\ta: 1\n",
        "the file: this is not YAML: line 2, column 1: found character '\\t' that cannot start any token. Mend that line.",
    ),
    _file(
        "key twice",
        environment("platforms: {web: {type: ecs}}\nproduction: true\nproduction: false\n"),
        "the file: line 5, column 5: the key 'production' stands here a second time. Remove one of the two.",
    ),
    _file(
        "list as a key",
        "config:\n  [a, b]: 1\n",
        "the file: line 2, column 3: a key must be text. Write a word before the colon.",
    ),
    _file(
        "anchor within itself",
        "config: &a\n  modelinfra:environment: *a\n",
        "the file: line 2, column 27: '*a' stands within itself. Write it out.",
    ),
    _file("not UTF-8", b"config: \xff\xfe\n", "the file: this is not UTF-8 text. Save it as UTF-8."),
    _file(
        "date that there is not",
        "config: 2026-13-45\n",
        "the file: a value cannot be read: month must be in 1..12. Put it in quotes.",
    ),
    _file("nested too deeply", "config: " + "[" * 3000, "the file: this is nested too deeply. Write it flatter."),
    _file(
        "Python object",
        "config: !!python/object/apply:os.system [ls]\n",
        "the file: this is not YAML: line 1, column 9: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.system'. Mend that line.",
    ),
    _file(
        "empty file",
        "",
        "the file: a mapping is expected. Write `config:` and below it `modelinfra:environment:`.",
    ),
    _file(
        "list as the file",
        "- a\n",
        "the file (given: ['a']): a mapping is expected. Write `config:` and below it `modelinfra:environment:`.",
    ),
    _file(
        "no config",
        "name: dev\n",
        "config: this is required, as a mapping. Write `config:` and below it `modelinfra:environment:`.",
    ),
    _file(
        "no environment",
        "config:\n  aws:region: us-west-2\n",
        "modelinfra:environment: this is required, as a mapping. Write the environment below `modelinfra:environment:`.",
    ),
    _file(
        "environment misspelt",
        "config:\n  modelinfra:enviroment: {}\n",
        "modelinfra:environment: this is required, as a mapping. "
        "Spell `modelinfra:enviroment` as `modelinfra:environment`.",
    ),
    _file(
        "environment as text",
        "config:\n  modelinfra:environment: please\n",
        "modelinfra:environment (given: 'please'): this is required, as a mapping. "
        "Write the environment below `modelinfra:environment:`.",
    ),
]

KEYS = [
    _environment(
        "no platforms", "production: false", "platforms: this is required. Add it: where endpoints run, by name."
    ),
    _environment(
        "empty platforms",
        "platforms: {}\nendpoints: {a: {server: mlserver, model: model}}",
        "platforms: there is none, and endpoints need one. Write for example web: {type: ecs}.",
    ),
    _platform(
        "no platform type", "{}", "platforms.web.type: this is required. Add it: kind of platform: ecs (Fargate)."
    ),
    _environment(
        "no server",
        "platforms: {web: {type: ecs}}\nendpoints: {a: {model: model}}",
        "endpoints.a.server: this is required. Add it: the model server; `modelinfra servers` lists them.",
    ),
    _endpoint("no model", "", "model: this is required. Write the path of the model's directory.", model=None),
    _network(
        "no id of the VPC",
        "{vpc: {privateSubnetIds: [subnet-1, subnet-2]}}",
        "vpc.id: this is required. Add it: id of the VPC.",
    ),
    _environment(
        "unknown key of the environment",
        "platform: {}\nplatforms: {web: {type: ecs}}",
        "platform (given: {}): there is no such key. Did you mean 'platforms'?",
    ),
    _endpoint(
        "unknown key of an endpoint",
        "memroy: 2GiB",
        "memroy (given: '2GiB'): there is no such key. Did you mean 'memory'?",
    ),
    _endpoint(
        "key in the spelling of Python",
        "startup_budget: 2m",
        "startup_budget (given: '2m'): there is no such key. Did you mean 'startupBudget'?",
    ),
    _endpoint(
        "unknown key of scaling",
        "scaling: {maximum: 2}",
        "scaling.maximum (given: 2): there is no such key. Did you mean 'max'?",
    ),
    _endpoint(
        "unknown key of the model",
        "",
        "model.url (given: 'model'): there is no such key. Did you mean 'uri'?",
        model="{url: model}",
    ),
    _endpoint(
        "unknown key of logs",
        "logs: {retention: 3}",
        "logs.retention (given: 3): there is no such key. Did you mean 'retentionDays'?",
    ),
    _endpoint(
        "unknown key of the repository",
        "repository: {kms: x}",
        "repository.kms (given: 'x'): there is no such key. Write one of: kmsKeyArn.",
    ),
    _network("unknown key of the network", "{zone: 2}", "zone (given: 2): there is no such key. Did you mean 'zones'?"),
    _network(
        "unknown key of flow logs",
        "{flowLogs: {days: 3}}",
        "flowLogs.days (given: 3): there is no such key. Write one of: retentionDays.",
    ),
    _network(
        "unknown key of the VPC",
        "{vpc: {id: vpc-1, subnetIds: [a, b], privateSubnetIds: [subnet-1, subnet-2]}}",
        "vpc.subnetIds (given: ['a', 'b']): there is no such key. Did you mean 'privateSubnetIds'?",
    ),
    _platform(
        "unknown key of a platform",
        "{type: ecs, insights: enabled}",
        "platforms.web.insights (given: 'enabled'): there is no such key. Did you mean 'containerInsights'?",
    ),
    _endpoint("domain", "domain: a.example", f"domain (given: 'a.example'): {INTERNAL}"),
    _endpoint("TLS", "tls: true", f"tls (given: True): {INTERNAL}"),
    _endpoint("public", "public: true", f"public (given: True): {INTERNAL}"),
    _endpoint("exposure", "exposure: {auth: {}}", f"exposure (given: {{'auth': {{}}}}): {INTERNAL}"),
    _endpoint("accelerator", "accelerator: {name: A10G}", f"accelerator (given: {{'name': 'A10G'}}): {FARGATE}"),
    _endpoint("revisions", "revisions: {}", f"revisions (given: {{}}): {ONE_REVISION}"),
    _endpoint("traffic", "traffic: {stable: 90}", f"traffic (given: {{'stable': 90}}): {ONE_REVISION}"),
    _endpoint(
        "gRPC",
        "grpc: true",
        "grpc (given: True): this is not built yet: the load balancer forwards HTTP/1.1 only; the container listens "
        "on its gRPC port, but nothing leads there. Remove it.",
    ),
    _environment(
        "node pools", "platforms: {web: {type: ecs}}\ngpuNodePools: {}", f"gpuNodePools (given: {{}}): {FARGATE}"
    ),
    _platform(
        "KServe",
        "{type: ecs, serving: kserve}",
        "platforms.web.serving (given: 'kserve'): this is not built yet: endpoints run on ECS. Remove it.",
    ),
    _platform(
        "platform of a type that is not built",
        "{type: kubernetes}",
        "platforms.web.type (given: 'kubernetes'): this is not one of the choices. Write ecs.",
    ),
    _environment(
        "unknown server",
        "platforms: {web: {type: ecs}}\nendpoints: {a: {server: mlsever, model: model}}",
        "endpoints.a.server (given: 'mlsever'): there is no such server. Did you mean 'mlserver'?",
    ),
]

QUANTITIES = [
    _endpoint("memory without unit", "memory: 4", "memory (given: 4): a size needs a unit. Write 4GiB or 4MiB."),
    _endpoint(
        "memory in MB",
        "memory: 512MB",
        "memory (given: '512MB'): 'MB' is read as powers of 1000 by some tools and of 1024 by others. Write 512MiB.",
    ),
    _endpoint(
        "memory in G",
        "memory: 4G",
        "memory (given: '4G'): 'G' is read as powers of 1000 by some tools and of 1024 by others. Write 4GiB.",
    ),
    _endpoint(
        "memory in an unknown unit",
        "memory: 4Pi",
        "memory (given: '4Pi'): 'Pi' is no unit of size. Write KiB, MiB, GiB or TiB.",
    ),
    _endpoint("memory in words", "memory: lots", f"memory (given: 'lots'): {SIZE}"),
    _endpoint("memory left empty", "memory:", f"memory (given: None): {SIZE}"),
    _endpoint("negative memory", "memory: -4GiB", f"memory (given: '-4GiB'): {SIZE}"),
    _endpoint(
        "too little memory", "memory: 64MiB", "memory (given: '64MiB'): the least is 256MiB. Write 256MiB or more."
    ),
    _endpoint(
        "too much memory", "memory: 500GiB", "memory (given: '500GiB'): the most is 120GiB. Write 120GiB or less."
    ),
    _endpoint(
        "memory beyond all numbers",
        f"memory: {'9' * 400}GiB",
        f"memory (given: '{'9' * 76}...): this number is too large. Write a smaller one.",
    ),
    _endpoint(
        "cpu in ECS units",
        "cpu: 1024",
        "cpu (given: 1024): cpu is counted in vCPU and 1024 looks like ECS units. Write 1 if you meant 1024 units.",
    ),
    _endpoint("too much cpu", "cpu: 20", "cpu (given: 20): the most is 16 vCPU. Write 16 or less."),
    _endpoint("too little cpu", "cpu: 100m", "cpu (given: '100m'): the least is 0.25 vCPU. Write 0.25 or more."),
    _endpoint("no cpu", "cpu: 0", "cpu (given: 0): cpu must be more than 0. Write for example 0.5."),
    _endpoint(
        "cpu in words",
        "cpu: two",
        "cpu (given: 'two'): this is not a number of vCPU. Write for example 2, 0.5 or 500m.",
    ),
    _endpoint(
        "duration without unit",
        "startupBudget: 60",
        "startupBudget (given: 60): a duration needs a unit. Write 60s for seconds or 60m for minutes.",
    ),
    _endpoint("duration with a colon", "startupBudget: 1:30", f"startupBudget (given: '1:30'): {DURATION}"),
    _endpoint("duration in milliseconds", "longestRequest: 500ms", f"longestRequest (given: '500ms'): {DURATION}"),
    _endpoint("fraction of a duration", "longestRequest: 0.5", f"longestRequest (given: 0.5): {DURATION}"),
    _endpoint("truth as a duration", "startupBudget: true", f"startupBudget (given: True): {DURATION}"),
    _endpoint(
        "stop time-out too long", "stopTimeout: 5m", "stopTimeout (given: '5m'): the most is 2m. Write 2m or less."
    ),
    _endpoint(
        "disk too small",
        "ephemeralStorage: 10GiB",
        "ephemeralStorage (given: '10GiB'): the least is 21GiB. Write 21GiB or more.",
    ),
    _platform(
        "idle time-out too long",
        "{type: ecs, idleTimeout: 2h}",
        "platforms.web.idleTimeout (given: '2h'): the most is 1h6m40s. Write 1h6m40s or less.",
    ),
]

TYPES = [
    _endpoint("replicas in quotes", "scaling: {min: '2'}", f"scaling.min (given: '2'): {WHOLE_NUMBER}"),
    _endpoint("half a replica", "scaling: {min: 2.5}", f"scaling.min (given: 2.5): {WHOLE_NUMBER}"),
    _endpoint("no replica", "scaling: {min: 0}", "scaling.min (given: 0): the least is 1. Write 1 or more."),
    _endpoint(
        "not a number",
        "scaling: {max: 9, cpuPercent: .nan}",
        "scaling.cpuPercent (given: nan): a finite number is expected here. Write a number, for example 10.",
    ),
    _endpoint("yes for true", "spot: yes", f"spot (given: 'yes'): {YES_OR_NO}"),
    _environment("1 for true", "production: 1\nplatforms: {web: {type: ecs}}", f"production (given: 1): {YES_OR_NO}"),
    _endpoint(
        "Docker's word for an architecture",
        "architecture: amd64",
        "architecture (given: 'amd64'): this is not one of the choices. Write one of: arm64, x86_64.",
    ),
    _endpoint("number as a variable", "environment: {A: 1}", f"environment.A (given: 1): {TEXT}"),
    _endpoint("list of variables", "environment: [A]", f"environment (given: ['A']): {MAPPING}"),
    _endpoint("number as the model", "", f"model (given: 7): {TEXT}", model="7"),
    _environment(
        "list of endpoints", "platforms: {web: {type: ecs}}\nendpoints: [a]", f"endpoints (given: ['a']): {MAPPING}"
    ),
    _platform("platform as a word", "ecs", f"platforms.web (given: 'ecs'): {MAPPING}"),
    _endpoint(
        "more than all in percent",
        "scaling: {max: 9, cpuPercent: 150}",
        "scaling.cpuPercent (given: 150): the most is 100. Write 100 or less.",
    ),
    _endpoint(
        "max below min",
        "scaling: {min: 4, max: 2}",
        "scaling.max (given: 2): this is less than `min`, which is 4. Write 4 or more.",
    ),
    _endpoint(
        "target without room",
        "scaling: {min: 2, cpuPercent: 50}",
        "scaling.cpuPercent (given: 50): a target has no effect while `max` equals `min`. Write a `max` above 2.",
    ),
    _endpoint(
        "retention that is not offered",
        "logs: {retentionDays: 45}",
        "logs.retentionDays (given: 45): CloudWatch Logs does not offer this retention. Write 30.",
    ),
    _network(
        "retention of flow logs that is not offered",
        "{flowLogs: {retentionDays: 8}}",
        "flowLogs.retentionDays (given: 8): CloudWatch Logs does not offer this retention. Write 7.",
    ),
    _endpoint(
        "alias for a key",
        "logs: {kmsKeyArn: alias/logs}",
        "logs.kmsKeyArn (given: 'alias/logs'): this is not the ARN of a KMS key. Write for example "
        "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.",
    ),
]

PLACES = [
    _endpoint(
        "unknown platform", "platform: wbe", "platform (given: 'wbe'): there is no such platform. Did you mean 'web'?"
    ),
    _environment(
        "platform not chosen",
        "platforms: {web: {type: ecs}, batch: {type: ecs}}\nendpoints: {a: {server: mlserver, model: model}}",
        "endpoints.a.platform: there are several platforms. Write one of: batch, web.",
    ),
    _two(
        "one path twice",
        "path: /x",
        "path: /x",
        "endpoints.b.path (given: '/x'): 'a' is already at /x on the same load balancer. Write another `path`.",
    ),
    _two(
        "one priority twice",
        "rulePriority: 7",
        "rulePriority: 7",
        "endpoints.b.rulePriority (given: 7): the priority 7 belongs to the rule of 'a' on the same load balancer. "
        "Write another number from 1 to 50000.",
    ),
    _two(
        "path below a path whose rule comes first",
        "path: /x, rulePriority: 5",
        "path: /x/y, rulePriority: 6",
        "endpoints.b.path (given: '/x/y'): 'a' at /x takes what is meant for paths below it. "
        "Write another `path`, or a `rulePriority` below 5.",
    ),
    _two(
        "path above a path whose rule comes later",
        "path: /x/y, rulePriority: 6",
        "path: /x, rulePriority: 5",
        "endpoints.b.path (given: '/x'): this takes what is meant for 'a' at /x/y. "
        "Write another `path`, or a `rulePriority` above 6.",
    ),
    _endpoint(
        "path without a slash",
        "path: digits",
        "path (given: 'digits'): this is not a path of 126 characters at most that begins with a slash and does not "
        "end with one. Write for example /sentiment.",
    ),
    _endpoint(
        "path on a load balancer of its own",
        "loadBalancer: own\npath: /x",
        "path (given: '/x'): a load balancer of one's own serves one endpoint, at /. "
        "Remove it, or write `loadBalancer: shared`.",
    ),
    _endpoint(
        "request longer than the load balancer waits",
        "longestRequest: 3m",
        "longestRequest (given: '3m'): the shared load balancer gives up after 2m. "
        "Raise the platform's `idleTimeout` to 3m, or write `loadBalancer: own`.",
    ),
    _environment(
        "no shared load balancer",
        "platforms: {web: {type: ecs, sharedLoadBalancer: false}}\nendpoints: {a: {server: mlserver, model: model}}",
        "endpoints.a.loadBalancer (given: 'shared'): the platform has no shared load balancer. "
        "Write `loadBalancer: own`, or give the platform one with `sharedLoadBalancer: true`.",
    ),
    _endpoint("name in capitals", "", f": {NAMES}. Write for example sentiment-v2.", key="Digits"),
    _endpoint("name of 64 characters", "", f": {NAMES}. Write for example sentiment-v2.", key="a" * 64),
    _environment(
        "platform's name with an underscore",
        "platforms: {web_1: {type: ecs}}",
        f"platforms.web_1: {NAMES}. Write for example sentiment-v2.",
    ),
]

MODELS = [
    _endpoint(
        "model that is not there",
        "",
        "model (given: 'nowhere'): there is no directory {root}/nowhere: a local model is a directory that is copied into "
        "the image. Name the directory that holds the model's files.",
        model="nowhere",
    ),
    _endpoint(
        "empty model",
        "",
        "model (given: 'empty'): the model directory {root}/empty holds no file: there is nothing to serve. "
        "Put the model into it, or name the directory that has it.",
        model="empty",
    ),
    _endpoint(
        "model without settings",
        "",
        "model (given: 'bare'): there is no model-settings.json in {root}/bare: MLServer finds models by this file and "
        f"starts empty without it. {SETTINGS}",
        model="bare",
    ),
    _endpoint(
        "model without a name",
        "",
        "model.uri (given: 'nameless'): {root}/nameless/model-settings.json has no name: MLServer serves a model under the "
        'name in this file, and the prediction URL is made of it. Add "name": "<model>" to it.',
        model="{uri: nameless}",
    ),
    _endpoint(
        "file as a model",
        "",
        "model (given: 'file'): {root}/file is a file: a local model is a directory that is copied into the image. "
        "Name the directory that holds the model's files.",
        model="file",
    ),
    _endpoint(
        "another model than the digest says",
        "",
        f"model.sha256 (given: '{ZEROS}'): the content of model (76 bytes) has the digest {{digest}}. "
        "Restore the model, or write that digest if the change is meant.",
        model=f"{{uri: model, sha256: '{ZEROS}'}}",
    ),
    _endpoint(
        "digest too short",
        "",
        "model.sha256 (given: 'abc'): this is not a SHA-256 digest of 64 hexadecimal digits. "
        "Write for example what `modelinfra digest` prints.",
        model="{uri: model, sha256: abc}",
    ),
    _endpoint(
        "model in S3",
        "",
        "model (given: 's3://acme/digits'): models are taken from local directories; 's3:' is not built yet. "
        "Copy the model into a directory beside the stack file and write its path.",
        model="s3://acme/digits",
    ),
    _endpoint(
        "size of a directory",
        "",
        "model.size (given: '4 GiB'): a directory is measured. Remove it.",
        model="{uri: model, size: 4GiB}",
    ),
    _endpoint(
        "empty path", "", "model (given: ''): this is empty. Write the path of the model's directory.", model="''"
    ),
    _endpoint(
        "image by tag",
        "image: nginx:latest",
        "image (given: 'nginx:latest'): a tag can move, so that two replicas of one revision may differ. "
        "Write repository@sha256:digest.",
        model="{name: digits}",
    ),
    _endpoint(
        "image with half a digest",
        "image: nginx@sha256:abc",
        "image (given: 'nginx@sha256:abc'): this is not a digest of 64 hexadecimal digits. "
        "Write repository@sha256:digest.",
        model="{name: digits}",
    ),
    _endpoint(
        "image and model",
        f"image: {IMAGE}",
        "model (given: 'model'): the model is already in `image`. Remove `model.uri`, or remove `image` to have one built.",
    ),
    _endpoint(
        "image whose model has no name",
        f"image: {IMAGE}",
        "model.name: this is required with a ready image. Write the name under which the server knows the model.",
        model=None,
    ),
    _endpoint(
        "model too large for Fargate",
        f"image: {IMAGE}",
        "model (given: '80 GiB'): no Fargate task has 1 vCPU and 160.5 GiB; the largest has 16 vCPU and 120 GiB. "
        "Serve a smaller model, or write a `memory` that you know to be enough.",
        model="{name: digits, size: 80GiB}",
    ),
    _endpoint(
        "secret by value",
        "secrets: {db_password: hunter2}",
        "secrets.db_password: a secret is given by reference, never by value. "
        "Write the ARN of a Secrets Manager secret or of an SSM parameter.",
    ),
    _endpoint(
        "secret in a bucket",
        "secrets: {TOKEN: 'arn:aws:s3:::bucket/token'}",
        "secrets.TOKEN: a secret is given by reference, never by value. "
        "Write the ARN of a Secrets Manager secret or of an SSM parameter.",
    ),
    _endpoint(
        "variable both plain and secret",
        "environment: {TOKEN: a}\nsecrets: {TOKEN: 'arn:aws:ssm:us-west-2:123456789012:parameter/t'}",
        "secrets.TOKEN: `environment` sets the same variable. Remove one of the two.",
    ),
    _endpoint(
        "port of the server moved",
        "environment: {MLSERVER_HTTP_PORT: '9090'}",
        "environment.MLSERVER_HTTP_PORT: the load balancer relies on MLServer's own MLSERVER_HTTP_PORT=8080. Remove it.",
    ),
    _endpoint(
        "variable of the server as a secret",
        "secrets: {MLSERVER_DEBUG: 'arn:aws:ssm:us-west-2:123456789012:parameter/t'}",
        "secrets.MLSERVER_DEBUG: MLServer is started with MLSERVER_DEBUG=false. Remove it.",
    ),
    _endpoint(
        "variable with an equals sign",
        "environment: {'A=B': c}",
        "environment.A=B: this is no name of an environment variable. Write a name without spaces and without '='.",
    ),
]

NETWORKS = [
    _network("one zone", "{zones: 1}", f"zones (given: 1): {ZONES} Write 2 or 3."),
    _network("one zone by name", "{zones: [us-west-2a]}", f"zones (given: ['us-west-2a']): {ZONES} Name 2 or 3 zones."),
    _network(
        "a zone twice",
        "{zones: [us-west-2a, us-west-2a]}",
        "zones (given: ['us-west-2a', 'us-west-2a']): a zone is named twice. Name each zone once.",
    ),
    _network(
        "zones of two regions",
        "{zones: [us-west-2a, us-east-1a]}",
        "zones (given: ['us-west-2a', 'us-east-1a']): these are of different regions. Name zones of one region.",
    ),
    _network(
        "a local zone", "{zones: [us-west-2a, us-west-2-lax-1a]}", f"zones[1] (given: 'us-west-2-lax-1a'): {NO_ZONE}"
    ),
    _network(
        "zone ids",
        "{zones: [usw2-az1, usw2-az2]}",
        f"zones[0] (given: 'usw2-az1'): {NO_ZONE}",
        f"zones[1] (given: 'usw2-az2'): {NO_ZONE}",
    ),
    _network("zones in words", "{zones: two}", f"zones (given: 'two'): {WHOLE_NUMBER}"),
    _network(
        "unknown kind of NAT",
        "{nat: gateway}",
        "nat (given: 'gateway'): this is not one of the choices. Write one of: none, per-zone, single.",
    ),
    _network(
        "range without a network",
        "{cidr: fd00::/16}",
        "cidr (given: 'fd00::/16'): this is not an IPv4 address range. Write for example 10.0.0.0/16.",
    ),
    _network(
        "range with host bits",
        "{cidr: 10.8.0.1/16}",
        "cidr (given: '10.8.0.1/16'): the address has bits beyond its prefix. Write 10.8.0.0/16.",
    ),
    _network(
        "range too small",
        "{cidr: 10.8.5.0/24}",
        "cidr (given: '10.8.5.0/24'): the range must be a /16 to a /19. Write 10.8.0.0/16.",
    ),
    _network(
        "second range over the first",
        "{secondaryCidr: 10.0.0.0/17}",
        "secondaryCidr (given: '10.0.0.0/17'): this overlaps 10.0.0.0/16. Write for example 100.64.0.0/16.",
    ),
    _network(
        "unknown service",
        "{interfaceEndpoints: [ecr.apis]}",
        "interfaceEndpoints[0] (given: 'ecr.apis'): there is no such service. Did you mean 'ecr.api'?",
    ),
    _network(
        "service twice",
        "{interfaceEndpoints: [logs, logs]}",
        "interfaceEndpoints[1] (given: 'logs'): this is named twice. Remove it.",
    ),
    _network(
        "one subnet of an existing VPC",
        "{vpc: {id: vpc-1, privateSubnetIds: [subnet-1]}}",
        f"vpc.privateSubnetIds (given: ['subnet-1']): {TWO_SUBNETS}",
    ),
    _network(
        "existing VPC that is shaped",
        "{zones: 2, nat: none, vpc: {id: vpc-1, privateSubnetIds: [subnet-1, subnet-2]}}",
        f"zones (given: 2): {SHAPED} Remove `zones` to stand in the VPC as it is, or remove `vpc` to have a network made.",
        f"nat (given: 'none'): {SHAPED} Remove `nat` to stand in the VPC as it is, or remove `vpc` to have a network made.",
    ),
    _network(
        "range of an existing VPC",
        "{vpc: {id: vpc-1, privateSubnetIds: [subnet-1, subnet-2], cidr: all}}",
        "vpc.cidr (given: 'all'): this is not an IPv4 address range. Write for example 10.0.0.0/16.",
    ),
]

SEVERAL = _environment(
    "many mistakes at once",
    """\
    production: 1
    tenants: {}
    network: {zones: 5, nat: maybe}
    platforms: {web: {type: eks}}
    endpoints:
      Digits: {server: mlsever, memory: 4, platform: wbe}
      a: {server: mlserver, model: model, scaling: {min: 3, max: 2}, logs: {retentionDays: 45}}
    """,
    f"production (given: 1): {YES_OR_NO}",
    "network.nat (given: 'maybe'): this is not one of the choices. Write one of: none, per-zone, single.",
    f"network.zones (given: 5): {ZONES} Write 2 or 3.",
    "platforms.web.type (given: 'eks'): this is not one of the choices. Write ecs.",
    f"endpoints.Digits: {NAMES}. Write for example sentiment-v2.",
    "endpoints.Digits.memory (given: 4): a size needs a unit. Write 4GiB or 4MiB.",
    "endpoints.Digits.server (given: 'mlsever'): there is no such server. Did you mean 'mlserver'?",
    "endpoints.Digits.model: this is required. Write the path of the model's directory.",
    "endpoints.a.logs.retentionDays (given: 45): CloudWatch Logs does not offer this retention. Write 30.",
    "endpoints.a.scaling.max (given: 2): this is less than `min`, which is 3. Write 3 or more.",
    "tenants (given: {}): this is not built yet: an environment has no tenants. Remove it.",
    "endpoints.Digits.platform (given: 'wbe'): there is no such platform. Did you mean 'web'?",
)

WRONG = [*YAML, *KEYS, *QUANTITIES, *TYPES, *PLACES, *MODELS, *NETWORKS, SEVERAL]
