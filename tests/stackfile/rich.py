"""Two environments that together say everything that a stack file can say."""

from __future__ import annotations

from typing import Any

KMS = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

RICH: dict[str, Any] = {
    "production": True,
    "tags": {"team": "forecasting"},
    "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "namePrefix": "acme",
    "dashboard": False,
    "notify": {
        "emails": ["on-call@example.com"],
        "kmsKeyArn": KMS,
        "slack": {"workspaceId": "T0123ABCD", "channelId": "C0123ABCD"},
        "teams": {
            "tenantId": "12345678-1234-1234-1234-123456789012",
            "teamId": "12345678-4321-4321-4321-123456789012",
            "channelId": "19%3aab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
        },
        "webhooks": {"pagerduty": "arn:aws:secretsmanager:us-west-2:123456789012:secret:pagerduty-AbCdEf"},
    },
    "budget": {
        "monthlyUsd": 5000,
        "tag": "team",
        "notify": ["finance@example.com"],
        "actualPercent": [50, 80, 100],
        "forecastPercent": [],
    },
    "tenants": {"acme": {"modelPrefix": "s3://models/acme/", "tags": {"plan": "gold"}, "requestsPerFiveMinutes": 500}},
    "network": {
        "tags": {"part": "network"},
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/networks-boundary",
        "transforms": {"vpc": {"enableNetworkAddressUsageMetrics": True}},
        "cidr": "10.8.0.0/16",
        "zones": ["us-west-2a", "us-west-2b", "us-west-2c"],
        "nat": "none",
        "interfaceEndpoints": ["ecr.api", "ecr.dkr", "logs"],
        "secondaryCidr": "100.64.0.0/16",
        "flowLogs": {"retentionDays": 7},
    },
    "platforms": {
        "acme": {"type": "ecs", "tenant": "acme", "sharedLoadBalancer": False},
        "web": {
            "type": "ecs",
            "containerInsights": "enhanced",
            "exec": True,
            "idleTimeout": "3m",
            "tags": {"part": "web"},
            "loadBalancerSecurityGroupId": "sg-0123456789abcdef0",
            "transforms": {"load-balancer": {"enableHttp2": False}},
        },
        "alone": {"type": "ecs", "sharedLoadBalancer": False},
    },
    "gpuNodePools": {
        "a10g": {
            "platform": "web",
            "accelerator": {"name": "A10G", "count": 4},
            "minNodes": 1,
            "maxNodes": 6,
            "spot": True,
            "onDemandBase": 2,
            "instanceTypes": ["g5.24xlarge", "g5.12xlarge"],
            "disk": "500GiB",
            "amiId": "ami-0123456789abcdef0",
            "tags": {"owner": "platform"},
            "permissionsBoundary": "arn:aws:iam::123456789012:policy/nodes-boundary",
            "transforms": {"auto-scaling-group": {"healthCheckGracePeriod": 600}},
        },
        "acme": {"platform": "acme", "tenant": "acme", "accelerator": {"name": "L4"}, "maxNodes": 2},
        "ready": {"platform": "web", "accelerator": {"name": "L4"}, "maxNodes": 2, "warmNodes": 1},
    },
    "endpoints": {
        "vision": {
            "platform": "web",
            "server": "triton",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "vision", "size": "2GiB"},
            "accelerator": {"name": "A10G", "count": 2},
            "nodePool": "a10g",
        },
        "digits": {
            "platform": "web",
            "server": "mlserver",
            "model": {"uri": "stacks/models/digits"},
            "cpu": "500m",
            "memory": "4Gi",
            "architecture": "arm64",
            "ephemeralStorage": "40GiB",
            "environment": {"LOG_LEVEL": "debug"},
            "secrets": {"TOKEN": "arn:aws:ssm:us-west-2:123456789012:parameter/token"},
            "secretsKmsKeyArn": KMS,
            "logs": {
                "retentionDays": 90,
                "kmsKeyArn": KMS,
                "masked": ["EmailAddress", "Ssn-US"],
                "findingsGroupArn": "arn:aws:logs:us-west-2:123456789012:log-group:/findings",
            },
            "repository": {"kmsKeyArn": KMS},
            "startupBudget": "10m",
            "longestRequest": "1m30s",
            "stopTimeout": "50s",
            "scaling": {
                "min": 2,
                "max": 12,
                "concurrency": 4,
                "requestsPerSecondPerReplica": 25.5,
                "cpuPercent": 55,
                "memoryPercent": 70,
                "p95LatencyMs": 250,
                "metrics": {
                    "waiting": {
                        "namespace": "Acme/Digits",
                        "name": "Waiting",
                        "dimensions": {"Service": "digits"},
                        "statistic": "Maximum",
                        "targetPerReplica": 3,
                    },
                    "share": {"namespace": "Acme/Digits", "name": "CacheUse", "target": 0.8},
                },
                "steps": {
                    "rush": {
                        "namespace": "Acme/Digits",
                        "name": "Waiting",
                        "dimensions": {"Service": "digits"},
                        "statistic": "Maximum",
                        "minutes": 3,
                        "add": [{"above": 20, "replicas": 1}, {"above": 100, "replicas": 4}],
                    }
                },
                "schedule": {
                    "day": {"at": "cron(0 8 ? * MON-FRI *)", "timezone": "Europe/Vienna", "min": 4, "max": 10},
                    "night": {"at": "cron(0 20 ? * MON-FRI *)", "timezone": "Europe/Vienna"},
                },
                "scaleOutCooldown": "2m",
                "scaleInCooldown": "10m",
            },
            "spot": True,
            "loadBalancer": "shared",
            "path": "/elsewhere",
            "rulePriority": 4711,
            "rollback": {"errorPercent": 2},
            "rollout": {"strategy": "rolling"},
            "revisions": {
                "candidate": {
                    "model": "stacks/models/digits",
                    "cpu": 2,
                    "memory": "8GiB",
                    "environment": {"SEED": "1"},
                    "headers": {"x-tester": "yes"},
                    "scaling": {"min": 1, "max": 2},
                }
            },
            "traffic": {"stable": 90, "candidate": 10},
            "stickiness": "1h",
            "slo": {"availability": 99.9, "p95LatencyMs": 200, "p99LatencyMs": 500},
            "dashboard": False,
            "metrics": {
                "names": ["model_infer_request_success_total"],
                "interval": "30s",
                "path": "/metrics",
                "port": 8082,
                "workspaceArn": "arn:aws:aps:us-west-2:123456789012:workspace/ws-1a2b3c",
            },
            "tracing": {"to": "xray", "samplePercent": 1},
            "collector": {"image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/otel@sha256:" + "0" * 64},
            "alarmTopicArn": "arn:aws:sns:us-west-2:123456789012:digits",
            "tags": {"owner": "digits"},
            "permissionsBoundary": "arn:aws:iam::123456789012:policy/digits-boundary",
            "transforms": {"target-group": {"healthCheck": {"interval": 10}}},
        },
        "own": {
            "platform": "web",
            "server": {
                "image": "registry.example/own:1.2",
                "port": 9000,
                "grpcPort": 9001,
                "healthPath": "/ready",
                "predictPath": "/{model}/ask",
                "command": ["serve", "--model={model}"],
                "environment": {"WORKERS": "2"},
                "modelDirectory": "/opt/model",
                "userId": 65532,
                "startupBudget": "3m",
                "longestRequest": "45s",
            },
            "model": "stacks/models/digits",
        },
        "images": {
            "platform": "web",
            "server": "mlserver",
            "model": "stacks/models/digits",
            "mode": "async",
            "queue": {
                "concurrency": 4,
                "maxReceiveCount": 3,
                "retention": "24h",
                "resultRetentionDays": 7,
                "kmsKeyArn": KMS,
                "inputs": ["s3://acme-photos/incoming/", "s3://acme-archive/"],
                "inputKmsKeyArn": KMS,
            },
            "scaling": {"min": 0, "max": 30, "backlogPerReplica": 20},
            "slo": {"oldestMessage": "1h"},
        },
        "ready": {
            "platform": "alone",
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits", "size": "2GiB"},
            "loadBalancer": "own",
        },
        "acme": {
            "platform": "acme",
            "tenant": "acme",
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits", "size": "2GiB"},
            "exposure": {
                "domain": "acme.example.com",
                "certificateArn": "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012",
                "auth": {"apiKeys": {"acme": {"tags": {"owner": "acme"}}}},
            },
        },
        "devices": {
            "platform": "alone",
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "rollout": {"strategy": "linear", "percent": 20, "stepBake": "2m", "bake": "5m"},
            "scaling": {
                "max": 6,
                "steps": {
                    "queue": {
                        "namespace": "Acme/Devices",
                        "name": "Waiting",
                        "add": [{"above": 20, "replicas": 2}],
                        "remove": [{"below": 2, "replicas": 1}],
                    }
                },
            },
            "exposure": {
                "cidrs": ["10.0.0.0/8"],
                "securityGroups": {"gateway": "sg-0123456789abcdef0"},
                "domain": "devices.example.com",
                "certificateArn": "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012",
                "tlsPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
                "auth": {"mtls": {"caBundle": "s3://acme-pki/devices.pem"}},
                "paths": ["/v2/models/*/infer"],
                "waf": {"enabled": False},
                "accessLogs": {"enabled": True, "bucket": "acme-access-logs"},
            },
        },
    },
}
"""Says everything that one environment can say at once; what excludes each other stands in ADOPTED."""

ADOPTED: dict[str, Any] = {
    "notify": {"topicArn": "arn:aws:sns:us-west-2:123456789012:alarms"},
    "budget": {"monthlyUsd": 5000, "topicArn": "arn:aws:sns:us-west-2:123456789012:finance"},
    "network": {
        "vpc": {
            "id": "vpc-1",
            "privateSubnetIds": ["subnet-1", "subnet-2"],
            "publicSubnetIds": ["subnet-3", "subnet-4"],
            "cidr": "10.0.0.0/16",
        }
    },
    "platforms": {
        "web": {
            "type": "ecs",
            "clusterArn": "arn:aws:ecs:us-west-2:123456789012:cluster/models",
            "listenerArn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/app/models/50dc6c495c0c9188/f2f7dc8efc522ab2",
            "loadBalancerUrl": "https://models.example.com",
        }
    },
    "endpoints": {
        "digits": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "repository": {"arn": "arn:aws:ecr:us-west-2:123456789012:repository/models"},
            "logs": {"groupArn": "arn:aws:logs:us-west-2:123456789012:log-group:/models/digits"},
            "executionRoleArn": "arn:aws:iam::123456789012:role/start",
            "taskRoleArn": "arn:aws:iam::123456789012:role/serve",
            "securityGroupId": "sg-0123456789abcdef0",
        },
        "llama": {
            "server": "llama-cpp",
            "model": {
                "uri": "hf://acme/llama-gguf@0123456789abcdef0123456789abcdef01234567",
                "delivery": "fetched",
                "file": "llama-q4.gguf",
                "size": "5GiB",
                "token": "arn:aws:ssm:us-west-2:123456789012:parameter/hub",
            },
            "longestRequest": "1m",
        },
        "machines": {
            "server": "mlserver",
            "tracing": {
                "to": "https://otlp.example.com",
                "headers": {"api-key": "arn:aws:secretsmanager:us-west-2:123456789012:secret:traces-AbCdEf"},
            },
            "model": "stacks/models/digits",
            "exposure": {
                "public": True,
                "domain": "machines.example.com",
                "grpc": {"methods": ["/inference.GRPCInferenceService/ModelInfer"]},
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "auth": {
                    "jwt": {
                        "issuer": "https://login.example.com",
                        "jwksUrl": "https://login.example.com/jwks",
                        "claims": [{"name": "scope", "values": ["predict"], "format": "space-separated-values"}],
                    }
                },
                "waf": {
                    "requestsPerFiveMinutes": 500,
                    "maxBody": "1MiB",
                    "managedRules": ["AWSManagedRulesCommonRuleSet"],
                    "inspectBody": True,
                },
                "accessLogs": {"retentionDays": 365},
            },
        },
        "people": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "exposure": {
                "domain": "people.example.com",
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "auth": {
                    "oidc": {
                        "issuer": "https://login.example.com",
                        "authorizationUrl": "https://login.example.com/authorize",
                        "tokenUrl": "https://login.example.com/token",
                        "userInfoUrl": "https://login.example.com/userinfo",
                        "clientId": "people",
                        "clientSecretArn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:client-AbCdEf",
                        "scope": "openid email",
                        "sessionTimeout": "1h",
                    },
                    "mtls": {
                        "trustStoreArn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:truststore/people/1234567890abcdef"
                    },
                },
            },
        },
        "partners": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "exposure": {
                "domain": "partners.example.com",
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "auth": {
                    "apiKeys": {
                        "orders": {"generation": 2, "keepPrevious": False, "requestsPerFiveMinutes": 5000},
                        "fraud": {"generation": 3},
                    }
                },
            },
        },
        "staff": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "exposure": {
                "domain": "staff.example.com",
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "auth": {
                    "cognito": {
                        "userPoolArn": "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_AbCdEfGhI",
                        "clientId": "abcdefghij",
                        "domain": "acme-staff",
                        "scope": "openid profile",
                        "sessionTimeout": "8h",
                    }
                },
            },
        },
        "demo": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "exposure": {
                "public": True,
                "domain": "demo.example.com",
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "auth": {"none": "a demonstration with made-up data, until June"},
            },
        },
        "nightly": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "mode": "async",
            "queue": {"bucket": "acme-results"},
            "scaling": {"min": 0, "max": 3},
        },
        "bucket": {"server": "mlserver", "model": {"uri": "s3://acme-models/digits/7", "kmsKeyArn": KMS}},
        "packed": {"server": "mlserver", "model": {"uri": "https://models.acme.ai/digits.tar.gz", "delivery": "baked"}},
        "pushed": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": "oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/models/digits:v7",
        },
    },
}
