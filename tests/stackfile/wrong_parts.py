"""Stack files whose platforms, paths, models and networks do not fit."""

from __future__ import annotations

from tests.stackfile.wrong import (
    IMAGE,
    NAMES,
    NO_ZONE,
    SETTINGS,
    SHAPED,
    TEXT,
    TWO_SUBNETS,
    WHOLE_NUMBER,
    ZEROS,
    ZONES,
    wrong_endpoint,
    wrong_environment,
    wrong_network,
    wrong_pair,
)

PLACES = [
    wrong_environment(
        "platforms without names",
        "platforms: {~: {type: ecs}, web: {type: ecs}}\nendpoints: {a: {server: mlserver, model: model}}",
        f"platforms.None (given: None): {TEXT}",
        "endpoints.a.platform: there are several platforms. Write one of: None, web.",
    ),
    wrong_endpoint(
        "unknown platform", "platform: wbe", "platform (given: 'wbe'): there is no such platform. Did you mean 'web'?"
    ),
    wrong_environment(
        "platform not chosen",
        "platforms: {web: {type: ecs}, batch: {type: ecs}}\nendpoints: {a: {server: mlserver, model: model}}",
        "endpoints.a.platform: there are several platforms. Write one of: batch, web.",
    ),
    wrong_pair(
        "one path twice",
        "path: /x",
        "path: /x",
        "endpoints.b.path (given: '/x'): 'a' is already at /x on the same load balancer. Write another `path`.",
    ),
    wrong_pair(
        "one priority twice",
        "rulePriority: 7",
        "rulePriority: 7",
        "endpoints.b.rulePriority (given: 7): the priority 7 belongs to the rule of 'a' on the same load balancer. "
        "Write another number from 1 to 50000.",
    ),
    wrong_pair(
        "path below a path whose rule comes first",
        "path: /x, rulePriority: 5",
        "path: /x/y, rulePriority: 6",
        "endpoints.b.path (given: '/x/y'): 'a' at /x takes what is meant for paths below it. "
        "Write another `path`, or a `rulePriority` below 5.",
    ),
    wrong_pair(
        "path above a path whose rule comes later",
        "path: /x/y, rulePriority: 6",
        "path: /x, rulePriority: 5",
        "endpoints.b.path (given: '/x'): this takes what is meant for 'a' at /x/y. "
        "Write another `path`, or a `rulePriority` above 6.",
    ),
    wrong_endpoint(
        "path without a slash",
        "path: digits",
        "path (given: 'digits'): this is not a path of 126 characters at most that begins with a slash and does not "
        "end with one. Write for example /sentiment.",
    ),
    wrong_endpoint(
        "path on a load balancer of its own",
        "loadBalancer: own\npath: /x",
        "path (given: '/x'): a load balancer of one's own serves one endpoint, at /. "
        "Remove it, or write `loadBalancer: shared`.",
    ),
    wrong_endpoint(
        "request longer than the load balancer waits",
        "longestRequest: 3m",
        "longestRequest (given: '3m'): the shared load balancer gives up after 2m. "
        "Raise the platform's `idleTimeout` to 3m, or write `loadBalancer: own`.",
    ),
    wrong_environment(
        "no shared load balancer",
        "platforms: {web: {type: ecs, sharedLoadBalancer: false}}\nendpoints: {a: {server: mlserver, model: model}}",
        "endpoints.a.loadBalancer (given: 'shared'): the platform has no shared load balancer. "
        "Write `loadBalancer: own`, or give the platform one with `sharedLoadBalancer: true`.",
    ),
    wrong_endpoint(
        "name in capitals", "", f": {NAMES}: 'D' is none of them. Write for example sentiment-v2.", key="Digits"
    ),
    wrong_endpoint("name of 64 characters", "", f": {NAMES}. Write for example sentiment-v2.", key="a" * 64),
    wrong_environment(
        "platform's name with an underscore",
        "platforms: {web_1: {type: ecs}}",
        f"platforms.web_1: {NAMES}: '_' is none of them. Write for example sentiment-v2.",
    ),
]

MODELS = [
    wrong_endpoint(
        "model that is not there",
        "",
        "model (given: 'nowhere'): there is no directory {root}/nowhere: a local model is a directory that is copied into "
        "the image. Name the directory that holds the model's files.",
        model="nowhere",
    ),
    wrong_endpoint(
        "empty model",
        "",
        "model (given: 'empty'): the model directory {root}/empty holds no file: there is nothing to serve. "
        "Put the model into it, or name the directory that has it.",
        model="empty",
    ),
    wrong_endpoint(
        "model without settings",
        "",
        "model (given: 'bare'): there is no model-settings.json in {root}/bare: MLServer finds models by this file and "
        f"starts empty without it. {SETTINGS}",
        model="bare",
    ),
    wrong_endpoint(
        "model without a name",
        "",
        "model.uri (given: 'nameless'): {root}/nameless/model-settings.json has no name: MLServer serves a model under the "
        'name in this file, and the prediction URL is made of it. Add "name": "<model>" to it.',
        model="{uri: nameless}",
    ),
    wrong_endpoint(
        "file as a model",
        "",
        "model (given: 'file'): {root}/file is a file: a local model is a directory that is copied into the image. "
        "Name the directory that holds the model's files.",
        model="file",
    ),
    wrong_endpoint(
        "another model than the digest says",
        "",
        f"model.sha256 (given: '{ZEROS}'): the content of model (76 bytes) has the digest {{digest}}. "
        "Restore the model, or write that digest if the change is meant.",
        model=f"{{uri: model, sha256: '{ZEROS}'}}",
    ),
    wrong_endpoint(
        "digest too short",
        "",
        "model.sha256 (given: 'abc'): this is not a SHA-256 digest of 64 hexadecimal digits. "
        "Write for example what `modelinfra digest` prints.",
        model="{uri: model, sha256: abc}",
    ),
    wrong_endpoint(
        "size of a directory",
        "",
        "model.size (given: '4 GiB'): a directory is measured. Remove it.",
        model="{uri: model, size: 4GiB}",
    ),
    wrong_endpoint(
        "empty path",
        "",
        "model (given: ''): this is empty. Write the path of the model's directory, or its address.",
        model="''",
    ),
    wrong_endpoint(
        "image by tag",
        "image: nginx:latest",
        "image (given: 'nginx:latest'): a tag can move, so that two replicas of one revision may differ. "
        "Write repository@sha256:digest.",
        model="{name: digits}",
    ),
    wrong_endpoint(
        "image with half a digest",
        "image: nginx@sha256:abc",
        "image (given: 'nginx@sha256:abc'): this is not a digest of 64 hexadecimal digits. "
        "Write repository@sha256:digest.",
        model="{name: digits}",
    ),
    wrong_endpoint(
        "image and model",
        f"image: {IMAGE}",
        "model (given: 'model'): the model is already in `image`. Remove `model.uri`, or remove `image` to have one built.",
    ),
    wrong_endpoint(
        "image whose model has no name",
        f"image: {IMAGE}",
        "model.name: this is required with a ready image. Write the name under which the server knows the model.",
        model=None,
    ),
    wrong_endpoint(
        "model too large for Fargate",
        f"image: {IMAGE}",
        "model (given: '80 GiB'): no Fargate task has 1 vCPU and 160.5 GiB; the largest has 16 vCPU and 120 GiB. "
        "Serve a smaller model, or write a `memory` that you know to be enough.",
        model="{name: digits, size: 80GiB}",
    ),
    wrong_endpoint(
        "secret by value",
        "secrets: {db_password: hunter2}",
        "secrets.db_password: a secret is given by reference, never by value. "
        "Write the ARN of a Secrets Manager secret or of an SSM parameter; on Kubernetes NAME/KEY of a secret.",
    ),
    wrong_endpoint(
        "secret in a bucket",
        "secrets: {TOKEN: 'arn:aws:s3:::bucket/token'}",
        "secrets.TOKEN: a secret is given by reference, never by value. "
        "Write the ARN of a Secrets Manager secret or of an SSM parameter; on Kubernetes NAME/KEY of a secret.",
    ),
    wrong_endpoint(
        "variable both plain and secret",
        "environment: {TOKEN: a}\nsecrets: {TOKEN: 'arn:aws:ssm:us-west-2:123456789012:parameter/t'}",
        "secrets.TOKEN: `environment` sets the same variable. Remove one of the two.",
    ),
    wrong_endpoint(
        "port of the server moved",
        "environment: {MLSERVER_HTTP_PORT: '9090'}",
        "environment.MLSERVER_HTTP_PORT: the load balancer relies on MLServer's own MLSERVER_HTTP_PORT=8080. Remove it.",
    ),
    wrong_endpoint(
        "variable of the server as a secret",
        "secrets: {MLSERVER_DEBUG: 'arn:aws:ssm:us-west-2:123456789012:parameter/t'}",
        "secrets.MLSERVER_DEBUG: MLServer is started with MLSERVER_DEBUG=false. Remove it.",
    ),
    wrong_endpoint(
        "variable with an equals sign",
        "environment: {'A=B': c}",
        "environment.A=B: this is no name of an environment variable. Write a name without spaces and without '='.",
    ),
]

NETWORKS = [
    wrong_network(
        "addresses of multicast",
        "{cidr: 224.0.0.0/16}",
        "cidr (given: '224.0.0.0/16'): addresses of 224.0.0.0/4 are special. Write for example 10.0.0.0/16.",
    ),
    wrong_network(
        "a second range that AWS does not add to such a network",
        "{secondaryCidr: 172.16.0.0/16}",
        "secondaryCidr (given: '172.16.0.0/16'): AWS adds no range of 172.16.0.0/12 to a network with 10.0.0.0/16. "
        "Write for example 100.64.0.0/16.",
    ),
    wrong_network("one zone", "{zones: 1}", f"zones (given: 1): {ZONES} Write 2 or 3."),
    wrong_network(
        "one zone by name", "{zones: [us-west-2a]}", f"zones (given: ['us-west-2a']): {ZONES} Name 2 or 3 zones."
    ),
    wrong_network(
        "a zone twice",
        "{zones: [us-west-2a, us-west-2a]}",
        "zones (given: ['us-west-2a', 'us-west-2a']): a zone is named twice. Name each zone once.",
    ),
    wrong_network(
        "zones of two regions",
        "{zones: [us-west-2a, us-east-1a]}",
        "zones (given: ['us-west-2a', 'us-east-1a']): these are of different regions. Name zones of one region.",
    ),
    wrong_network(
        "a local zone", "{zones: [us-west-2a, us-west-2-lax-1a]}", f"zones[1] (given: 'us-west-2-lax-1a'): {NO_ZONE}"
    ),
    wrong_network(
        "zone ids",
        "{zones: [usw2-az1, usw2-az2]}",
        f"zones[0] (given: 'usw2-az1'): {NO_ZONE}",
        f"zones[1] (given: 'usw2-az2'): {NO_ZONE}",
    ),
    wrong_network("zones in words", "{zones: two}", f"zones (given: 'two'): {WHOLE_NUMBER}"),
    wrong_network(
        "unknown kind of NAT",
        "{nat: gateway}",
        "nat (given: 'gateway'): this is not one of the choices. Write one of: none, per-zone, single.",
    ),
    wrong_network(
        "range without a network",
        "{cidr: fd00::/16}",
        "cidr (given: 'fd00::/16'): this is not an IPv4 address range. Write for example 10.0.0.0/16.",
    ),
    wrong_network(
        "range with host bits",
        "{cidr: 10.8.0.1/16}",
        "cidr (given: '10.8.0.1/16'): the address has bits beyond its prefix. Write 10.8.0.0/16.",
    ),
    wrong_network(
        "range too small",
        "{cidr: 10.8.5.0/24}",
        "cidr (given: '10.8.5.0/24'): the range must be a /16 to a /19. Write 10.8.0.0/16.",
    ),
    wrong_network(
        "second range over the first",
        "{secondaryCidr: 10.0.0.0/17}",
        "secondaryCidr (given: '10.0.0.0/17'): this overlaps 10.0.0.0/16. Write for example 100.64.0.0/16.",
    ),
    wrong_network(
        "unknown service",
        "{interfaceEndpoints: [ecr.apis]}",
        "interfaceEndpoints[0] (given: 'ecr.apis'): there is no such service. Did you mean 'ecr.api'?",
    ),
    wrong_network(
        "service twice",
        "{interfaceEndpoints: [logs, logs]}",
        "interfaceEndpoints[1] (given: 'logs'): this is named twice. Remove it.",
    ),
    wrong_network(
        "one subnet of an existing VPC",
        "{vpc: {id: vpc-1, privateSubnetIds: [subnet-1]}}",
        f"vpc.privateSubnetIds (given: ['subnet-1']): {TWO_SUBNETS}",
    ),
    wrong_network(
        "existing VPC that is shaped",
        "{zones: 2, nat: none, vpc: {id: vpc-1, privateSubnetIds: [subnet-1, subnet-2]}}",
        f"zones (given: 2): {SHAPED} Remove `zones` to stand in the VPC as it is, or remove `vpc` to have a network made.",
        f"nat (given: 'none'): {SHAPED} Remove `nat` to stand in the VPC as it is, or remove `vpc` to have a network made.",
    ),
    wrong_network(
        "range of an existing VPC",
        "{vpc: {id: vpc-1, privateSubnetIds: [subnet-1, subnet-2], cidr: all}}",
        "vpc.cidr (given: 'all'): this is not an IPv4 address range. Write for example 10.0.0.0/16.",
    ),
]
