"""Plausible answers of the look-ups that a program makes (`aws.get_region()` and the like)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph import eks
from modelinfra.graph.model import Graph
from modelinfra.graph.outputs import ACCOUNT
from modelinfra.graph.values import plain

SERVICE = "aws:ecs/service:Service"


@dataclass(frozen=True)
class Call:
    """One look-up: its arguments without secret markers, and where the provider that it went to works."""

    token: str
    args: Mapping[str, Any]
    region: str
    account: str = ACCOUNT
    graph: Graph | None = None
    """What has been registered so far: a look-up of a thing that the same program made is answered from it."""
    asked: tuple[str, ...] = ()
    """Different ids that the same look-up was asked for before."""

    def digest(self, label: str = "") -> str:
        """Hexadecimal digits that are the same for the same call."""
        text = json.dumps([self.token, self.region, label, self.args], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


Answer = Callable[[Call], Mapping[str, Any]]

# Zones per region where they are not a, b, c (AWS Global Infrastructure; only those open to new accounts).
_ZONES: Final = {
    "us-east-1": "abcdef",
    "us-west-1": "ac",
    "us-west-2": "abcd",
    "ap-northeast-1": "acd",
    "ca-central-1": "abd",
}
_COMPASS: Final = {
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
}


def availability_zones(region: str) -> list[str]:
    """The names of a region's availability zones."""
    return [region + letter for letter in _ZONES.get(region, "abc")]


def zone_ids(region: str) -> list[str]:
    """Their account-independent ids, such as `usw2-az1`."""
    *area, number = region.split("-")
    short = area[0] + "".join(_COMPASS.get(word, word[:1]) for word in area[1:]) + number
    return [f"{short}-az{i}" for i, _ in enumerate(availability_zones(region), 1)]


def _availability_zones(call: Call) -> dict[str, Any]:
    return {
        "id": call.region,
        "names": availability_zones(call.region),
        "zoneIds": zone_ids(call.region),
        "groupNames": [call.region],
        "region": call.region,
    }


def _availability_zone(call: Call) -> dict[str, Any]:
    name = call.args.get("name") or availability_zones(call.region)[0]
    return {"id": name, "name": name, "nameSuffix": name[-1], "region": call.region, "state": "available"}


def _region(call: Call) -> dict[str, Any]:
    region = call.args.get("region") or call.args.get("name") or call.region
    endpoint = f"ec2.{region}.amazonaws.com"
    return {"id": region, "region": region, "name": region, "description": region, "endpoint": endpoint}


def _caller_identity(call: Call) -> dict[str, Any]:
    arn = f"arn:aws:iam::{call.account}:user/modelinfra"
    return {"id": call.account, "accountId": call.account, "arn": arn, "userId": "AIDAMODELINFRA"}


def _partition(_call: Call) -> dict[str, Any]:
    partition = {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com"}
    return partition | {"reverseDnsPrefix": "com.amazonaws"}


def _authorization_token(call: Call) -> dict[str, Any]:
    password = call.digest("password")
    return {
        "id": call.region,
        "region": call.region,
        "userName": "AWS",
        "password": password,
        "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
        "expiresAt": "2026-01-01T12:00:00Z",
        "proxyEndpoint": f"https://{call.account}.dkr.ecr.{call.region}.amazonaws.com",
    }


def _secret_version(call: Call) -> dict[str, Any]:
    """The text is made up: nobody here knows it."""
    arn = call.args.get("secretId")
    version = call.digest("version")[:32]
    return {
        "id": f"{arn}|{version}",
        "arn": arn,
        "secretId": arn,
        "versionId": version,
        "secretString": call.digest("secret"),
    }


def _random_password(call: Call) -> dict[str, Any]:
    """The same for the same call, as no real one would be; in characters that every choice allows."""
    length = int(call.args.get("passwordLength") or 32)
    text = "".join(call.digest(str(part)) for part in range(length // 64 + 1))[:length]
    return {"id": text, "region": call.region, "randomPassword": text}


def _vpc(call: Call) -> dict[str, Any]:
    identifier = call.args.get("id") or f"vpc-{call.digest()[:17]}"
    return {
        "id": identifier,
        "arn": f"arn:aws:ec2:{call.region}:{call.account}:vpc/{identifier}",
        "cidrBlock": call.args.get("cidrBlock") or "10.0.0.0/16",
        "cidrBlockAssociations": [],
        "default": bool(call.args.get("default")),
        "dhcpOptionsId": f"dopt-{call.digest('dhcp')[:17]}",
        "enableDnsHostnames": True,
        "enableDnsSupport": True,
        "enableNetworkAddressUsageMetrics": False,
        "instanceTenancy": "default",
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "mainRouteTableId": f"rtb-{call.digest('main')[:17]}",
        "ownerId": call.account,
        "region": call.region,
        "state": "available",
        "tags": call.args.get("tags") or {},
    }


def _subnet(call: Call) -> dict[str, Any]:
    identifier = str(call.args.get("id") or f"subnet-{call.digest()[:17]}")
    # Nobody here knows the real ones: subnets looked up one after the other lie in different zones, as those that people adopt do.
    zones = availability_zones(call.region)
    index = [*dict.fromkeys([*call.asked, identifier])].index(identifier)
    zone = call.args.get("availabilityZone") or zones[index % len(zones)]
    return {
        "id": identifier,
        "arn": f"arn:aws:ec2:{call.region}:{call.account}:subnet/{identifier}",
        "availabilityZone": zone,
        "availabilityZoneId": zone_ids(call.region)[zones.index(zone)] if zone in zones else "",
        "availableIpAddressCount": 251,
        "cidrBlock": call.args.get("cidrBlock") or f"10.0.{index % 256}.0/24",
        "mapPublicIpOnLaunch": False,
        "ownerId": call.account,
        "region": call.region,
        "state": "available",
        "tags": call.args.get("tags") or {},
        "vpcId": call.args.get("vpcId") or "vpc-" + "0" * 17,
    }


def _subnets(call: Call) -> dict[str, Any]:
    ids = [f"subnet-{call.digest(zone)[:17]}" for zone in availability_zones(call.region)[:3]]
    return {"id": call.region, "ids": ids, "region": call.region, "tags": call.args.get("tags") or {}}


def _service(call: Call) -> dict[str, Any]:
    cluster, name = str(call.args.get("clusterArn", "")), str(call.args.get("serviceName", ""))
    made = next((node for node in call.graph or () if node.type == SERVICE and node.outputs.get("name") == name), None)
    elsewhere = f"arn:aws:ecs:{call.region}:{call.account}:task-definition/{name}:1"
    task = str(plain(made.outputs).get("taskDefinition", elsewhere)) if made is not None else elsewhere
    arn = f"arn:aws:ecs:{call.region}:{call.account}:service/{cluster.rpartition('/')[2]}/{name}"
    return service_answer(arn=arn, cluster=cluster, name=name, region=call.region, task_definition=task, desired=1)


def service_answer(
    *,
    arn: str,
    cluster: str,
    name: str,
    region: str,
    task_definition: str,
    desired: int,
    running: int | None = None,
    deployments: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What `aws.ecs.get_service` returns for a service; steady when neither deployments nor events say otherwise."""
    time = "2026-01-01T00:00:00Z"
    count = desired if running is None else running
    steady = {
        "id": "ecs-svc/" + hashlib.sha256(arn.encode()).hexdigest()[:19],
        "status": "PRIMARY",
        "taskDefinition": task_definition,
        "desiredCount": desired,
        "pendingCount": 0,
        "runningCount": count,
        "createdAt": time,
        "updatedAt": time,
    }
    reached = {"id": steady["id"], "createdAt": time, "message": f"(service {name}) has reached a steady state."}
    lists = (
        "capacityProviderStrategies deploymentConfigurations deploymentControllers loadBalancers networkConfigurations "
        "orderedPlacementStrategies placementConstraints serviceRegistries taskSets"
    )
    return {
        **{key: [] for key in lists.split()},
        "id": arn,
        "arn": arn,
        "availabilityZoneRebalancing": "ENABLED",
        "clusterArn": cluster,
        "createdAt": time,
        "createdBy": "",
        "deployments": [steady] if deployments is None else deployments,
        "desiredCount": desired,
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "events": [reached] if events is None else events,
        "healthCheckGracePeriodSeconds": 0,
        "iamRole": "",
        "launchType": "FARGATE",
        "pendingCount": 0,
        "platformFamily": "Linux",
        "platformVersion": "1.4.0",
        "propagateTags": "NONE",
        "region": region,
        "runningCount": count,
        "schedulingStrategy": "REPLICA",
        "serviceName": name,
        "status": "ACTIVE",
        "tags": {},
        "taskDefinition": task_definition,
    }


def _parameter(call: Call) -> dict[str, Any]:
    """One of AWS's public parameters with a machine image, else a text that is made up."""
    name = str(call.args.get("name") or "")
    value = f"ami-{call.digest()[:17]}" if name.endswith("/image_id") else call.digest("parameter")
    return {
        "id": name,
        "arn": f"arn:aws:ssm:{call.region}:{'' if name.startswith('/aws/') else call.account}:parameter/{name.lstrip('/')}",
        "name": name,
        "type": "String",
        "value": value,
        "insecureValue": value,
        "version": 1,
        "region": call.region,
    }


def _listener(call: Call) -> dict[str, Any]:
    """One on port 80. arn:...:listener/app/NAME/BALANCER/LISTENER belongs to arn:...:loadbalancer/app/NAME/BALANCER."""
    arn = str(call.args.get("arn") or f"{_elb(call)}:listener/app/lb/{call.digest()[:16]}/{call.digest('l')[:16]}")
    return {
        "id": arn,
        "arn": arn,
        "loadBalancerArn": arn.rpartition("/")[0].replace(":listener/", ":loadbalancer/"),
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [],
        "alpnPolicy": "",
        "certificateArn": "",
        "sslPolicy": "",
        "region": call.region,
        "tags": {},
        **_made(call, arn),
    }


def _load_balancer(call: Call) -> dict[str, Any]:
    """An internal application load balancer; which VPC it stands in nobody here knows."""
    arn = str(
        call.args.get("arn") or f"{_elb(call)}:loadbalancer/app/{call.args.get('name') or 'lb'}/{call.digest()[:16]}"
    )
    suffix = arn.partition(":loadbalancer/")[2]
    name = suffix.split("/")[1] if suffix.count("/") > 1 else suffix
    return {
        "id": arn,
        "arn": arn,
        "arnSuffix": suffix,
        "name": name,
        "dnsName": f"internal-{name}-{call.digest()[:10]}.{call.region}.elb.amazonaws.com",
        "zoneId": "Z" + call.digest("zone")[:13].upper(),
        "internal": True,
        "loadBalancerType": "application",
        "ipAddressType": "ipv4",
        "idleTimeout": 60,
        "securityGroups": [f"sg-{call.digest('group')[:17]}"],
        "subnets": [],
        "subnetMappings": [],
        "vpcId": "",
        "region": call.region,
        "tags": {},
        **_made(call, arn),
    }


def _elb(call: Call) -> str:
    return f"arn:aws:elasticloadbalancing:{call.region}:{call.account}"


def _made(call: Call, arn: str) -> dict[str, Any]:
    """What is known of a thing with this ARN that the same program made."""
    found = next((node for node in call.graph or () if node.outputs.get("arn") == arn), None)
    return {} if found is None else {key: value for key, value in plain(found.outputs).items() if value is not None}


def _policy_document(call: Call) -> dict[str, Any]:
    statements = []
    for given in call.args.get("statements") or []:
        statement: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
        statement["Effect"] = given.get("effect") or "Allow"
        for key, name in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource")):
            if given.get(key):
                statement[name] = _scalar(given[key])
        principals: dict[str, list[str]] = {}
        for principal in given.get("principals") or []:
            principals.setdefault(principal["type"], []).extend(principal["identifiers"])
        if principals:
            star = principals == {"*": ["*"]}
            statement["Principal"] = "*" if star else {kind: _scalar(ids) for kind, ids in principals.items()}
        conditions: dict[str, dict[str, Any]] = {}
        for condition in given.get("conditions") or []:
            conditions.setdefault(condition["test"], {})[condition["variable"]] = _scalar(condition["values"])
        if conditions:
            statement["Condition"] = conditions
        statements.append(statement)
    document = {"Version": call.args.get("version") or "2012-10-17", "Statement": statements}
    minified = json.dumps(document, separators=(",", ":"))
    return {"id": call.digest()[:10], "json": json.dumps(document, indent=2), "minifiedJson": minified}


def _scalar(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _iot_endpoint(call: Call) -> Mapping[str, Any]:
    """AWS IoT API, DescribeEndpoint: its own names for each account."""
    kind = str(call.args.get("endpointType") or "iot:Data")
    middle = {"iot:CredentialProvider": "credentials.iot", "iot:Jobs": "jobs.iot"}.get(kind, "iot")
    begin = f"a{call.digest()[:13]}" + ("-ats" if kind == "iot:Data-ATS" else "")
    return {"endpointType": kind, "endpointAddress": f"{begin}.{middle}.{call.region}.amazonaws.com", "id": begin}


ANSWERS: Final[dict[str, Answer]] = {
    "aws:iot/getEndpoint:getEndpoint": _iot_endpoint,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getAvailabilityZone:getAvailabilityZone": _availability_zone,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _authorization_token,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
    "aws:secretsmanager/getRandomPassword:getRandomPassword": _random_password,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ecs/getService:getService": _service,
    "aws:eks/getAddonVersion:getAddonVersion": eks.addon_version,
    "aws:eks/getCluster:getCluster": eks.cluster,
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:lb/getListener:getListener": _listener,
    "aws:lb/getLoadBalancer:getLoadBalancer": _load_balancer,
}
