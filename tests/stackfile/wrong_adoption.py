"""Stack files that hand in what does not fit, and wrong tags, boundaries and transforms."""

from __future__ import annotations

from tests.stackfile.wrong import TEXT, wrong_endpoint, wrong_environment, wrong_network, wrong_platform

_CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/models"
_LISTENER = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/app/models/50dc6c495c0c9188/f2f7dc8efc522ab2"
_GROUP = "arn:aws:logs:us-west-2:123456789012:log-group:/models/digits"
_REPOSITORY = "arn:aws:ecr:us-west-2:123456789012:repository/models"
_ROLE = "arn:aws:iam::123456789012:role/models"
_KEY = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_VPC = "network: {vpc: {id: vpc-1, privateSubnetIds: [subnet-1, subnet-2]}}"
_BOUNDED = "both roles are handed in, and what is handed in is not changed"
_READY = "image: a.example/served@sha256:" + "0" * 64
_ONE_TAG = "IAM takes this and '{}' as one name, since it does not tell large letters from small ones in tags of roles"
_OTHER_TAG = "Remove one of the two, or write another name."

ADOPTION = [
    wrong_platform(
        "name for a cluster",
        "{type: ecs, clusterArn: models}",
        "platforms.web.clusterArn (given: 'models'): this is not the ARN of an ECS cluster. Write for example "
        f"{_CLUSTER}.",
    ),
    wrong_platform(
        "insights of an adopted cluster",
        f"{{type: ecs, clusterArn: '{_CLUSTER}', containerInsights: enhanced}}",
        "platforms.web.containerInsights (given: 'enhanced'): an existing cluster (`clusterArn`) has this already. "
        "Remove it, or remove `clusterArn` to have a cluster made.",
    ),
    wrong_platform(
        "listener of a network load balancer",
        "{type: ecs, listenerArn: 'arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/net/a/1/2'}",
        "platforms.web.listenerArn (given: 'arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/net/a/1/2'): this is not "
        f"the ARN of a listener of an application load balancer. Write for example {_LISTENER}.",
    ),
    wrong_platform(
        "adopted load balancer in a network that is made",
        f"{{type: ecs, listenerArn: '{_LISTENER}'}}",
        f"platforms.web.listenerArn (given: '{_LISTENER[:76]}...): its load balancer cannot be in the network that is made here. Name "
        "the load balancer's VPC under `network.vpc`, or remove `listenerArn` to have a load balancer made.",
    ),
    wrong_environment(
        "adopted load balancer that is shaped",
        f"{_VPC}\nplatforms: {{web: {{type: ecs, listenerArn: '{_LISTENER}', idleTimeout: 3m, sharedLoadBalancer: false}}}}",
        "platforms.web.sharedLoadBalancer (given: False): there is a shared load balancer, that of `listenerArn`. Remove one of the two.",
        "platforms.web.idleTimeout (given: '3m'): the load balancer of `listenerArn` has one already. Remove it, or remove "
        "`listenerArn` to have a load balancer made.",
    ),
    wrong_platform(
        "address of a load balancer that is made",
        "{type: ecs, loadBalancerUrl: 'https://models.example.com'}",
        "platforms.web.loadBalancerUrl (given: 'https://models.example.com'): a load balancer that is made says its address itself. "
        "Remove it.",
    ),
    wrong_platform(
        "security group of no load balancer",
        "{type: ecs, sharedLoadBalancer: false, loadBalancerSecurityGroupId: sg-0123456789abcdef0}",
        "platforms.web.loadBalancerSecurityGroupId: there is no shared load balancer. Remove it.",
    ),
    *(
        wrong_environment(
            f"prefix {prefix}",
            f"namePrefix: {prefix}\nplatforms: {{web: {{type: ecs}}}}",
            f"namePrefix (given: '{prefix}'): AWS refuses names that begin with internal- or sg-. Write for example acme.",
        )
        for prefix in ("internal", "sg-a")
    ),
    wrong_endpoint(
        "name for a security group",
        "securityGroupId: tasks",
        "securityGroupId (given: 'tasks'): this is not the id of a security group. Write for example sg-0123456789abcdef0.",
    ),
    wrong_endpoint(
        "adopted log group that is shaped",
        f"logs: {{groupArn: '{_GROUP}', retentionDays: 30}}",
        "logs.retentionDays (given: 30): an existing log group (`groupArn`) has this already. Remove it, or remove `groupArn` to "
        "have one made.",
    ),
    wrong_endpoint(
        "adopted repository that is shaped",
        f"repository: {{arn: '{_REPOSITORY}', kmsKeyArn: '{_KEY}'}}",
        f"repository.kmsKeyArn (given: '{_KEY}'): an existing repository (`arn`) has this already. Remove it, or remove `arn` to "
        "have one made.",
    ),
    wrong_endpoint(
        "repository beside a ready image",
        f"{_READY}\nmodel: {{name: digits}}\nrepository: {{arn: '{_REPOSITORY}'}}",
        "repository.arn: the image lies elsewhere: in the repository of `image`. Remove one of the two.",
        model=None,
    ),
    wrong_endpoint(
        "boundary of roles that are handed in",
        f"executionRoleArn: '{_ROLE}'\ntaskRoleArn: '{_ROLE}'\npermissionsBoundary: 'arn:aws:iam::123456789012:policy/b'",
        f"permissionsBoundary: {_BOUNDED}. Remove it, and bound the roles where they are made.",
    ),
    wrong_endpoint(
        "tag of AWS's own",
        "tags: {'aws:team': a}",
        "tags.aws:team: AWS keeps names that begin with aws: to itself. Write another name.",
    ),
    wrong_network(
        "tag of the library's own",
        "{tags: {Name: a}}",
        "tags.Name: the library writes this tag itself. Write another name.",
    ),
    wrong_endpoint(
        "tag that AWS does not take",
        "tags: {team: 'a, b'}",
        "tags.team (given: 'a, b'): AWS takes up to 256 letters, digits, spaces and _.:/=+-@ as a tag's value: ',' is none of them. Write another value.",
    ),
    wrong_endpoint(
        "tags beside one that is no text",
        "tags: {team: 1, 'aws:team': a}",
        f"tags.team (given: 1): {TEXT}",
        "tags.aws:team: AWS keeps names that begin with aws: to itself. Write another name.",
    ),
    wrong_endpoint(
        "tags that IAM takes as one",
        "tags: {team: a, Team: b}",
        f"tags.Team: {_ONE_TAG.format('team')}. {_OTHER_TAG}",
    ),
    wrong_environment(
        "tags that are too many, or collide, only with the environment's",
        f"tags: {{{', '.join(f'a{number}: b' for number in range(40))}}}\nplatforms: {{web: {{type: ecs, tags: {{A1: b}}}}}}\n"
        f"network: {{tags: {{{', '.join(f'c{number}: b' for number in range(6))}}}}}",
        "network.tags: with the environment's own tags, AWS takes 50 tags, and the library and Pulumi need some: the most is 45. "
        "Write fewer.",
        f"platforms.web.tags.A1: with the environment's own tags, {_ONE_TAG.format('a1')}. {_OTHER_TAG}",
    ),
    wrong_endpoint(
        "transform of no role",
        "transforms: {targetgroup: {port: 1}}",
        "transforms.targetgroup: there is no such child role. Did you mean 'target-group'?",
    ),
    wrong_endpoint(
        "transform of no property",
        "transforms: {target-group: {healthcheck: {}}}",
        "transforms.target-group.healthcheck: pulumi_aws.lb.TargetGroup has no such property. Did you mean 'health_check'?",
    ),
    wrong_environment(
        "transforms of no property in all parts at once",
        "network: {transforms: {vpc: {cidrBloc: 1}}}\n"
        "platforms: {web: {type: ecs, transforms: {cluster: {setting: []}}}}\n"
        "endpoints: {digits: {server: mlserver, model: none, transforms: {service: {load_balancer: []}}}}",
        "network.transforms.vpc.cidrBloc: pulumi_aws.ec2.Vpc has no such property. Did you mean 'cidr_block'?",
        "platforms.web.transforms.cluster.setting: pulumi_aws.ecs.Cluster has no such property. Did you mean 'settings'?",
        "endpoints.digits.transforms.service.load_balancer: pulumi_aws.ecs.Service has no such property. Did you mean "
        "'load_balancers'?",
        "endpoints.digits.model (given: 'none'): there is no directory {root}/none: a local model is a directory that is copied into the "
        "image. Name the directory that holds the model's files.",
    ),
    wrong_environment(
        "transform of no property beside another mistake",
        "production: 1\nnetwork: {transforms: {vpc: {cidrBloc: 1}}}\nplatforms: {web: {type: ecs}}",
        "production (given: 1): true or false is expected here. Write true or false without quotes.",
        "network.transforms.vpc.cidrBloc: pulumi_aws.ec2.Vpc has no such property. Did you mean 'cidr_block'?",
    ),
    wrong_environment(
        "adjustments of an adopted network",
        f"{_VPC[:-1]}, tags: {{a: b}}, permissionsBoundary: 'arn:aws:iam::123456789012:policy/b', transforms: {{vpc: {{}}}}}}\n"
        "platforms: {web: {type: ecs}}",
        *(
            f"network.{key}: an existing VPC (`vpc`) is not changed, and nothing of the network is made. Remove `{key}`, or "
            "remove `vpc` to have a network made."
            for key in ("tags", "permissionsBoundary", "transforms")
        ),
    ),
    wrong_network(
        "transforms of parts of a network that are not made",
        "{transforms: {task-subnet: {}, flow-log: {}, interface-endpoint: {}, vpc: {}}}",
        "transforms.task-subnet: there is nothing for it to adjust: there is no `secondaryCidr`. Remove it.",
        "transforms.flow-log: there is nothing for it to adjust: there are no `flowLogs`. Remove it.",
        "transforms.interface-endpoint: there is nothing for it to adjust: there are no `interfaceEndpoints`. Remove it.",
    ),
    wrong_network(
        "transforms of ways out of a network without one",
        "{nat: none, transforms: {nat-gateway: {}, public-subnet: {}, private-route: {}, interface-endpoint: {}}}",
        *(
            f"transforms.{role}: there is nothing for it to adjust: with `nat: none` nothing leads outside. Remove it."
            for role in ("nat-gateway", "public-subnet", "private-route")
        ),
    ),
    wrong_environment(
        "transforms of what a platform is handed",
        f"{_VPC}\nplatforms: {{web: {{type: ecs, clusterArn: '{_CLUSTER}', listenerArn: '{_LISTENER}', transforms: "
        "{cluster: {}, listener: {}}}}",
        "platforms.web.transforms.cluster: there is nothing for it to adjust: the cluster is handed in (`clusterArn`). Remove it.",
        "platforms.web.transforms.listener: there is nothing for it to adjust: the load balancer is handed in (`listenerArn`). "
        "Remove it.",
    ),
    wrong_environment(
        "transforms of a shared load balancer that is not there, and of a security group that is handed in",
        "platforms:\n  web: {type: ecs, sharedLoadBalancer: false, transforms: {load-balancer: {}}}\n"
        "  other: {type: ecs, loadBalancerSecurityGroupId: sg-01, transforms: {load-balancer-ingress: {}, load-balancer: {}}}",
        "platforms.web.transforms.load-balancer: there is nothing for it to adjust: there is no shared load balancer. Remove it.",
        "platforms.other.transforms.load-balancer-ingress: there is nothing for it to adjust: the security group is handed in "
        "(`loadBalancerSecurityGroupId`). Remove it.",
    ),
    wrong_endpoint(
        "transforms of what an endpoint does not make",
        f"taskRoleArn: '{_ROLE}'\nlogs: {{groupArn: '{_GROUP}'}}\nrepository: {{arn: '{_REPOSITORY}'}}\n"
        "transforms: {scaling-policy: {}, load-balancer: {}, repository: {}, log-group: {}, task-role: {}, fetcher-image: {}}",
        *(
            f"transforms.{role}: there is nothing for it to adjust: {reason}. Remove it."
            for role, reason in (
                ("scaling-policy", "nothing scales while `scaling.max` equals `scaling.min`"),
                ("load-balancer", "the load balancer is the platform's (`loadBalancer: shared`)"),
                ("repository", "the repository is handed in (`repository.arn`)"),
                ("log-group", "the log group is handed in (`logs.groupArn`)"),
                ("task-role", "it is handed in (`taskRoleArn`)"),
                ("fetcher-image", "the model is not fetched from an address"),
            )
        ),
    ),
    wrong_endpoint(
        "transforms of the build of a ready image",
        f"{_READY}\nmodel: {{name: digits}}\ntransforms: {{image: {{}}, repository: {{}}}}",
        *(
            f"transforms.{role}: there is nothing for it to adjust: the image is handed in (`image`). Remove it."
            for role in ("image", "repository")
        ),
        model=None,
    ),
    wrong_endpoint(
        "transform as text",
        "transforms: {target-group: fast}",
        "transforms.target-group (given: 'fast'): a mapping is expected here. Write keys and values below it.",
    ),
]
