"""What requests feel: deployments, routes, addresses, health checks, what is drained."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown, is_number, listed, mapping, plain
from modelinfra.review.changes import Changes, ResourceChange, top_level
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.front_doors import BALANCERS, LISTENERS, RULES
from modelinfra.review.findings.words import ENDPOINT, bare_name, called, listing, place, shown, whose
from modelinfra.review.services import GROUPS, SERVICE, behind, deploys, strategy

_KINDS = {"BLUE_GREEN": "blue/green", "CANARY": "canary", "LINEAR": "linear"}


def findings(changes: Changes) -> Iterator[Finding]:
    """Endpoints that come, go or move first; then deployments; then what the load balancer does differently."""
    yield from _endpoints(changes)
    for service in changes.after.all(SERVICE):
        yield from _deployment(changes, service)
    for change in changes.resources:
        old, new = change.before, change.after
        if old is not None and new is not None:
            if change.type == SERVICE:
                yield from _percents(changes, old, new)
            if change.type in GROUPS:
                yield from _target_group(changes, change)
            if change.type in RULES:
                yield from _rule(changes, change)
            if change.type == "aws:lb/loadBalancer:LoadBalancer":
                yield from _idle(changes, old, new)


def _endpoints(changes: Changes) -> Iterator[Finding]:
    before = {node.urn: node for node in changes.before.all(ENDPOINT)}
    after = {node.urn: node for node in changes.after.all(ENDPOINT)}
    for urn in sorted(before.keys() - after.keys()):
        renamed = [
            new for new, old in changes.moved.items() if old in {each.urn for each in changes.before.descendants(urn)}
        ]
        where = "Part of it is made anew under another name." if renamed else ""
        yield Finding(
            "traffic",
            "high",
            urn,
            f"removes the endpoint {bare_name(changes.before, before[urn])}",
            f"Requests to it are no longer answered. {where}".strip(),
        )
    for urn in sorted(after.keys() - before.keys()):
        yield Finding("traffic", "note", urn, f"adds the endpoint {bare_name(changes.after, after[urn])}")
    for urn in sorted(before.keys() & after.keys()):
        were, are = _of_models(before[urn]), _of_models(after[urn])
        old, new = before[urn].outputs.get("predict_url"), after[urn].outputs.get("predict_url")
        if are and not were and isinstance(old, str):
            were = {"its model": old}
        if were and are:
            gone = sorted(model for model, url in were.items() if url not in are.values())
            if gone:
                yield Finding(
                    "traffic", "high", urn, f"{bare_name(changes.after, after[urn])} no longer serves {listing(gone)} where it did",
                    f"Clients of {listing([were[each] for each in gone])} get no answer.", "Tell clients before, or keep the model for a while.",
                )  # fmt: skip
        elif not isinstance(old, str) or not isinstance(new, str):
            yield from _other_front(changes, urn)
        elif old != new:
            yield Finding(
                "traffic", "high", urn, f"the address of {bare_name(changes.after, after[urn])} changes",
                f"From {old} to {new}: clients of the old one get no answer.", "Tell clients, or keep the old route beside the new one for a while.",
            )  # fmt: skip


def _of_models(endpoint: Node) -> dict[str, str]:
    """Model -> its address, of an endpoint with several."""
    found = endpoint.outputs.get("predict_urls")
    return {str(model): url for model, url in found.items() if isinstance(url, str)} if isinstance(found, dict) else {}


def _other_front(changes: Changes, urn: str) -> Iterator[Finding]:
    """A preview does not hold what a component hands out: then another load balancer in front says that the address changes."""
    before, after = _fronts(changes.before, urn), _fronts(changes.after, urn)
    if before and after and before != after:
        names = [called(changes.after, changes.after[each]) for each in sorted(after - before)]
        yield Finding(
            "traffic", "high", urn, f"the address of {bare_name(changes.after, changes.after[urn])} changes",
            f"It is behind {listing(names) or 'fewer load balancers'} now: clients of the old one get no answer.",
            "Tell clients, or keep the old route beside the new one for a while.",
        )  # fmt: skip


def _fronts(graph: Graph, endpoint: str) -> set[str]:
    """The load balancers whose listeners or rules belong to an endpoint."""
    found, waiting = set(), [each for each in graph.descendants(endpoint) if each.type in (*RULES, *LISTENERS)]
    while waiting:
        node = waiting.pop()
        for key in ("listenerArn", "loadBalancerArn"):
            for each in (graph[urn] for urn in node.property_deps.get(key, ()) if urn in graph):
                if each.type in LISTENERS:
                    waiting.append(each)
                elif each.type in BALANCERS:
                    found.add(each.urn)
    return found


def _deployment(changes: Changes, service: Node) -> Iterator[Finding]:
    if not deploys(changes, service):
        return
    yield Finding(
        "traffic",
        "note",
        service.urn,
        f"{_KINDS.get(strategy(service), 'rolling')} deployment of {whose(changes.after, service)}",
        " ".join(how_it_rolls(changes.after, service)),
    )


def how_it_rolls(graph: Graph, service: Node) -> list[str]:
    """What a deployment of a service does, in sentences, from what its inputs say."""
    inputs = plain(service.inputs)
    least, most = inputs.get("deploymentMinimumHealthyPercent", 100), inputs.get("deploymentMaximumPercent", 200)
    told = [f"At least {least} % of the tasks serve, at most {most} % run at the same time."]
    if strategy(service) in _KINDS:
        told = ["As many new tasks start as there are old ones, then requests move to them, and the old ones go last."]
    grace = inputs.get("healthCheckGracePeriodSeconds")
    if isinstance(grace, (int, float)):
        told.append(f"A new task has {grace:g} s to start before a failed health check ends it.")
    for group in behind(graph, service, "loadBalancers", GROUPS):
        delay = plain(group.inputs).get("deregistrationDelay", 300)
        told.append(f"A task that goes has {delay} s to finish its requests.")
    guards = []
    if mapping(inputs.get("deploymentCircuitBreaker")).get("rollback"):
        guards.append("tasks that do not start")
    if mapping(inputs.get("alarms")).get("rollback"):
        guards.append("its alarms")
    told.append(
        f"{listing(guards)[:1].upper()}{listing(guards)[1:]} roll it back."
        if guards
        else "Nothing rolls it back by itself."
    )
    return told


def _percents(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    before, after, name = plain(old.inputs), plain(new.inputs), whose(changes.after, new)
    least = after.get("deploymentMinimumHealthyPercent", 100)
    if is_number(least) and least < min(100, before.get("deploymentMinimumHealthyPercent", 100)):
        yield Finding(
            "traffic", "high" if least == 0 else "medium", new.urn, f"deployments of {name} lose capacity",
            f"Only {least} % of the tasks serve while it deploys ({'so nobody may' if least == 0 else 'the rest takes all requests'}).",
            "Write 100, and leave room above it.",
        )  # fmt: skip
    if strategy(old) in _KINDS and strategy(new) not in _KINDS:
        yield Finding(
            "traffic", "high", new.urn, f"{name} goes back to rolling deployments: requests may be lost",
            "Requests may go to either of its two target groups now, and rolling deployments serve the first one.",
            "Keep a strategy that moves requests: BLUE_GREEN with a bake time of 0 is the nearest.",
        )  # fmt: skip
    for key, what in (("deploymentCircuitBreaker", "the circuit breaker"), ("alarms", "its alarms")):
        if key == "deploymentCircuitBreaker" and strategy(new) in _KINDS:
            continue  # it belongs to rolling deployments
        if (
            mapping(before.get(key)).get("rollback")
            and after.get(key) is not Unknown
            and not mapping(after.get(key)).get("rollback")
        ):
            yield Finding(
                "traffic",
                "medium",
                new.urn,
                f"{what} no longer roll{'s' if key != 'alarms' else ''} {name} back",
                "A bad revision stays.",
                "Keep it on.",
            )
    yield from _less(
        changes,
        old,
        new,
        "healthCheckGracePeriodSeconds",
        f"{name} has less time to start",
        "A model that loads longer is ended again and again.",
    )


def _target_group(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    name = whose(changes.after, new)
    yield from _less(
        changes,
        old,
        new,
        "deregistrationDelay",
        f"{name} drains for a shorter time",
        "Requests that take longer are cut by a deployment.",
    )
    checks = sorted(each.path for each in change.properties if each.path.startswith("healthCheck"))
    if checks:
        yield Finding(
            "traffic", "low", new.urn, f"the health check of {name} changes", f"Running tasks are judged by it at once: {listing(checks)}.",
            "Deploy a server that answers both checks first.",
        )  # fmt: skip


def _rule(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    new = change.after
    assert new is not None
    name = called(changes.after, new)
    for each in change.properties:
        key = top_level(each.path)
        if key == "conditions" and each.before != each.after:
            yield Finding(
                "traffic", "medium", new.urn, f"{name} takes other requests",
                f"{place(changes.after, new, each.path)} from {shown(change.before, each.path, each.before)} to {shown(new, each.path, each.after)}.",
                "Keep the old condition in a second rule until clients have moved.",
            )  # fmt: skip
        elif key == "priority" and each.before != each.after:
            yield Finding(
                "traffic",
                "note",
                new.urn,
                f"{name} is asked in another order",
                f"Its priority is {shown(new, each.path, each.after)} now.",
            )
    yield from _shares(changes, change)


def _shares(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    before, after = _divided(changes.before, old), _divided(changes.after, new)
    if before == after or len(before | after) < 2:
        return
    moved = (
        f"{name} from {before.get(name, 0):.0f} to {after.get(name, 0):.0f} %"
        for name in {**after, **before}
        if before.get(name, 0) != after.get(name, 0)
    )
    yield Finding(
        "traffic", "low", new.urn, f"{whose(changes.after, new)} divides requests differently: {listing(moved)}",
        "Who gets more must have the replicas for it.",
    )  # fmt: skip


def _divided(graph: Graph, rule: Node) -> dict[str, float]:
    """Share of the requests of a rule, in percent, by the name of the service behind it, of a target group without one, or else by ARN."""
    names = {str(node.outputs.get("arn")): node.name for token in GROUPS for node in graph.all(token)}
    for service in graph.all(SERVICE):
        for group in behind(graph, service, "loadBalancers", GROUPS):
            names[str(group.outputs.get("arn"))] = service.name.removesuffix("-service")
    for action in map(mapping, listed(plain(rule.inputs).get("actions"))):
        groups = [mapping(each) for each in listed(mapping(action.get("forward")).get("targetGroups"))]
        if action.get("targetGroupArn") is not None:
            groups = [{"arn": action["targetGroupArn"]}]
        weights = [float(each.get("weight", 1)) if is_number(each.get("weight", 1)) else 0.0 for each in groups]
        if sum(weights):
            shares = (100 * weight / sum(weights) for weight in weights)
            return {
                names.get(arn, arn): share
                for arn, share in zip((str(each.get("arn")) for each in groups), shares, strict=True)
            }
    return {}


def _idle(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    name = called(changes.after, new)
    yield from _less(
        changes,
        old,
        new,
        "idleTimeout",
        f"{name} waits less long for an answer",
        "Requests during which nothing is sent for longer are cut.",
        60,
    )


def _less(
    changes: Changes, old: Node, new: Node, key: str, title: str, text: str, default: int | None = None
) -> Iterator[Finding]:
    before, after = plain(old.inputs).get(key, default), plain(new.inputs).get(key, default)
    if is_number(before) and is_number(after) and after < before:
        severity: Severity = "low"
        yield Finding(
            "traffic",
            severity,
            new.urn,
            title,
            f"{place(changes.after, new, key)} from {before} to {after} s. {text}",
            "Allow for the longest request.",
        )
