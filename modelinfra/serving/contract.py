"""The container contract of a deployed endpoint: what is started, where it is asked for health, where requests arrive.

Everything here is read from the deployed state and from nothing else. What two parts of the state say about one thing
must agree (the port of the container and of the target group, the image that was built and the one that runs): where
they do not, the endpoint is broken in the cloud too, and reading the contract says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import has_unknown, plain
from modelinfra.serving import dockerfile
from modelinfra.serving import inference_service as kubernetes
from modelinfra.serving.delivery import REDEPLOY, ModelFetch, baked, copied_from, fetched_by
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.promised import ImageBuild, ServingContract
from modelinfra.serving.route import Route, route
from modelinfra.serving.way import PROXY, WORKER, Way, of_worker, through_proxy

ENDPOINT = "modelinfra:index:ModelEndpoint"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
RULE = "aws:lb/listenerRule:ListenerRule"
IMAGE = "docker-build:index:Image"
CONTAINER = "model"
FETCHER = "model-fetch"


def read_contract(graph: Graph, endpoint: str, *, project: Path | None = None) -> ServingContract:
    """The contract of the endpoint with that name.

    project: folder against which relative paths in the state are read (the program's folder); default: the current one.
    Raises ServingCheckError when the endpoint is not there, not deployed, or its parts contradict each other.
    """
    component = _component(graph, endpoint)
    parts = graph.descendants(component)
    if any(node.type == kubernetes.INFERENCE_SERVICE for node in parts):
        for node in parts:
            _known(node, endpoint)
        return kubernetes.contract_of(parts, endpoint, _outputs(component, endpoint), project or Path.cwd())
    # Other revisions are tried by nobody yet.
    parts = [node for node in parts if not node.name.startswith(f"{endpoint}--")]
    task = _only(parts, TASK, endpoint)
    container = _container(task, endpoint)
    memory = plain(task.inputs).get("memory")
    fetcher, worker, proxy = (_beside(task, name) for name in (FETCHER, WORKER, PROXY))
    others = (fetcher, worker, proxy)
    images = [node for node in parts if node.type == IMAGE and not any(_is_of(node, each) for each in others)]
    fetch = fetched_by(fetcher, container) if fetcher is not None else None
    stage = build = None
    if images:
        stage, build, fetch = _build(_only(images, IMAGE, endpoint), project or Path.cwd(), fetch)
    image = str(container.get("image") or "")
    if images:
        _check_image(image, plain(images[0].outputs), endpoint)
    ports = _ports(container, endpoint)
    http = ports["http"]
    way = _balanced(component, parts, http, endpoint, proxy) if worker is None else of_worker(worker, http, endpoint)
    return ServingContract(
        endpoint=endpoint,
        image=image,
        build=build,
        command=_command(container, stage),
        task_entrypoint=tuple(container.get("entryPoint") or ()),
        task_command=tuple(container.get("command") or ()),
        task_memory_mib=int(memory) if memory else None,
        init_process=bool((container.get("linuxParameters") or {}).get("initProcessEnabled")),
        environment=_environment(container, stage),
        secrets=tuple(item["name"] for item in container.get("secrets") or []),
        ports=ports,
        fetch=fetch,
        **vars(way),
    )


def _balanced(component: Node, parts: list[Node], http: int, endpoint: str, proxy: Mapping[str, Any] | None) -> Way:
    """Over a load balancer, through the endpoint's rules."""
    target_group = _only(parts, TARGET_GROUP, endpoint)
    services = [node for node in parts if node.type == SERVICE]
    group = _known(target_group, endpoint)
    _check_port(http, group, services, endpoint, proxy)
    urls = _outputs(component, endpoint)
    rules = sorted(
        (route(node.name, _known(node, endpoint)) for node in parts if node.type == RULE), key=lambda r: r.priority
    )
    arn = plain(target_group.outputs).get("arn")
    health = group.get("healthCheck") or {}
    grace = plain(services[0].inputs).get("healthCheckGracePeriodSeconds") if services else None
    asked = {
        model: _arriving(url, f"predict_urls.{model}", urls, rules, arn) for model, url in _several(component).items()
    }
    return Way(
        health_path=str(health.get("path") or "/"),
        health_status=_statuses(str(health.get("matcher") or "200")),
        predict_url=urls["predict_url"],
        predict_path=next(iter(asked.values()), None)
        or _arriving(urls["predict_url"], "predict_url", urls, rules, arn),
        public_health_path=_arriving(urls["health_url"], "health_url", urls, rules, arn),
        startup_budget_seconds=int(grace) if isinstance(grace, int | float) else None,
        predict_paths=asked,
    )


def _component(graph: Graph, endpoint: str) -> Node:
    endpoints = graph.all(ENDPOINT)
    for node in endpoints:
        if node.name == endpoint:
            return node
    names = ", ".join(node.name for node in endpoints) or "none"
    raise ServingCheckError(
        f"an endpoint {endpoint!r} in stack {graph.stack!r}",
        f"the deployed endpoints are: {names}",
        "Name one of them, or deploy the stack first",
    )


def _only(parts: list[Node], type_token: str, endpoint: str) -> Node:
    found = [node for node in parts if node.type == type_token]
    if len(found) == 1:
        return found[0]
    names = ", ".join(node.name for node in found) or "none"
    raise ServingCheckError(f"one {type_token} below endpoint {endpoint!r}", f"the state has {names}", REDEPLOY)


def _known(node: Node, endpoint: str) -> dict[str, Any]:
    if has_unknown(node.inputs):
        raise ServingCheckError(
            f"a deployed endpoint {endpoint!r}",
            f"{node.type} {node.name!r} has values that are known only after a deployment",
            "Deploy the stack first: a preview has no contract to try",
        )
    inputs: dict[str, Any] = plain(node.inputs)
    return inputs


def _beside(task: Node, name: str) -> dict[str, Any] | None:
    """The container of this name beside the server, where there is one."""
    text = plain(task.inputs).get("containerDefinitions")
    found = json.loads(text) if isinstance(text, str) and text.startswith("[") else []
    return next((dict(each) for each in found if each.get("name") == name), None)


def _is_of(image: Node, container: Mapping[str, Any] | None) -> bool:
    digest = plain(image.outputs).get("digest")
    return container is not None and bool(digest) and str(container.get("image")).endswith(f"@{digest}")


def _container(task: Node, endpoint: str) -> dict[str, Any]:
    text = _known(task, endpoint).get("containerDefinitions")
    try:
        containers = json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        raise ServingCheckError("container definitions in JSON", f"task {task.name!r} has {error}", REDEPLOY) from None
    for container in containers or []:
        if container.get("name") == CONTAINER:
            return dict(container)
    names = ", ".join(str(container.get("name")) for container in containers or []) or "none"
    raise ServingCheckError(
        f"a container {CONTAINER!r} in task {task.name!r}", f"its containers are: {names}", REDEPLOY
    )


def _build(
    image: Node, project: Path, fetch: ModelFetch | None
) -> tuple[dockerfile.Dockerfile, ImageBuild, ModelFetch | None]:
    inputs = _known(image, image.name)
    text = (inputs.get("dockerfile") or {}).get("inline")
    location = (inputs.get("context") or {}).get("location")
    if not text or not location:
        raise ServingCheckError(
            f"image {image.name!r} with an inline Dockerfile and a local build context",
            f"the state has Dockerfile {text!r} and context {location!r}",
            REDEPLOY,
        )
    try:
        stage = dockerfile.parse(text)
    except ValueError as error:
        raise ServingCheckError(f"a readable Dockerfile of image {image.name!r}", str(error), REDEPLOY) from None
    fetch = fetch or baked(stage)
    named = ((inputs.get("context") or {}).get("named") or {}).items()
    contexts = {name: (project / str(each["location"])).resolve() for name, each in named}
    models = copied_from(stage, contexts)
    if not stage.copies and fetch is None and not models:
        raise ServingCheckError(
            f"a COPY of the model in the Dockerfile of image {image.name!r}",
            "there is none: the container has no model",
            REDEPLOY,
        )
    context = (project / location).resolve()
    # Of several models each lies in a folder of one.
    path = fetch.path if fetch is not None else next(iter(models)).parent if models else None
    copies = stage.copies if path is None else [dockerfile.Copy(PurePosixPath("."), path), *stage.copies]
    copy = copies[0]
    build = ImageBuild(
        dockerfile=text,
        context=context,
        base=stage.base,
        model_source=(context / copy.source).resolve(),
        model_path=copy.destination,
        opaque=(*stage.opaque, *(f"COPY {more.source} {more.destination}" for more in copies[1:])),
        platforms=tuple(inputs.get("platforms") or ()),
        models=models,
        contexts=contexts,
    )
    return stage, build, fetch


def _check_image(running: str, outputs: Mapping[str, Any], endpoint: str) -> None:
    digest = outputs.get("digest")
    if not isinstance(digest, str) or not digest or "@" not in running:
        return
    if running.rpartition("@")[2] != digest:
        raise ServingCheckError(
            f"endpoint {endpoint!r} to run the image that was built ({digest})", f"its task runs {running}", REDEPLOY
        )


def _ports(container: Mapping[str, Any], endpoint: str) -> dict[str, int]:
    ports = {str(item.get("name")): int(item["containerPort"]) for item in container.get("portMappings") or []}
    if "http" not in ports:
        raise ServingCheckError(
            f"a port mapping named 'http' in the container of endpoint {endpoint!r}",
            f"there are: {ports or 'none'}",
            REDEPLOY,
        )
    return ports


def _check_port(
    http: int, group: Mapping[str, Any], services: list[Node], endpoint: str, proxy: Mapping[str, Any] | None
) -> None:
    """The load balancer must knock where the container listens."""
    knocks = {"the target group": group.get("port")}
    health_port = (group.get("healthCheck") or {}).get("port")
    if health_port not in (None, "traffic-port"):
        knocks["its health check"] = health_port
    for service in services:
        for balancer in plain(service.inputs).get("loadBalancers") or []:
            knocks["the service's registration"] = through_proxy(proxy, balancer)
    for who, port in knocks.items():
        if port is not None and int(port) != http:
            raise ServingCheckError(
                f"{who} of endpoint {endpoint!r} to use the container's http port {http}", f"it uses {port}", REDEPLOY
            )


def _outputs(component: Node, endpoint: str) -> dict[str, str]:
    outputs = plain(component.outputs)
    camel = {"url": "url", "predict_url": "predictUrl", "health_url": "healthUrl"}
    found = {name: outputs.get(name, outputs.get(other)) for name, other in camel.items()}
    several = _several(component)
    if several:
        found["predict_url"] = next(iter(several.values()))
    for name, value in found.items():
        if not isinstance(value, str) or not value:
            raise ServingCheckError(
                f"an output {name!r} of endpoint {endpoint!r}", f"the state has {value!r}", "Deploy the stack first"
            )
    return found


def _several(component: Node) -> dict[str, str]:
    """Model -> where its predictions are asked for, of an endpoint with several."""
    outputs = plain(component.outputs)
    found = outputs.get("predict_urls", outputs.get("predictUrls"))
    return dict(sorted(found.items())) if isinstance(found, Mapping) else {}


def _arriving(url: str, output: str, urls: Mapping[str, str], rules: list[Route], arn: object) -> str:
    """The path of a public URL as it reaches the container, through the endpoint's listener rules."""
    if not url.startswith(urls["url"].rstrip("/") + "/"):
        raise ServingCheckError(f"{output} to begin with the endpoint's url {urls['url']}", f"it is {url}", REDEPLOY)
    path = urlsplit(url).path
    if not rules:
        return path  # a load balancer of its own forwards everything as it is
    taking = next((rule for rule in rules if rule.takes(path)), None)
    if taking is None:
        patterns = ", ".join(pattern for rule in rules for pattern in rule.path_patterns)
        raise ServingCheckError(
            f"a listener rule that takes {output} {url}", f"the rules take only {patterns}", REDEPLOY
        )
    if isinstance(arn, str) and taking.target_group_arns and arn not in taking.target_group_arns:
        raise ServingCheckError(
            f"listener rule {taking.name!r} to forward to the endpoint's target group {arn}",
            f"it forwards to {', '.join(taking.target_group_arns)}",
            REDEPLOY,
        )
    return taking.rewritten(path)


def _command(container: Mapping[str, Any], stage: dockerfile.Dockerfile | None) -> tuple[str, ...]:
    entrypoint = container.get("entryPoint") or (stage.entrypoint if stage else None) or ()
    command = container.get("command")
    if not command and stage and not container.get("entryPoint"):
        command = stage.command  # as Docker does: a new entry point drops the image's CMD
    return (*entrypoint, *(command or ()))


def _environment(container: Mapping[str, Any], stage: dockerfile.Dockerfile | None) -> dict[str, str]:
    task = {item["name"]: str(item.get("value", "")) for item in container.get("environment") or []}
    return {**(stage.environment if stage else {}), **task}


def _statuses(matcher: str) -> frozenset[int]:
    """`200`, `200,202` or `200-299` as a set."""
    codes: set[int] = set()
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        codes.update(range(int(first), int(last or first) + 1))
    return frozenset(codes)
