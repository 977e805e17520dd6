"""An environment that says what `rich.py` cannot say beside the rest: what is handed in, and other ways to prove who one is."""

from __future__ import annotations

from typing import Any

from tests.stackfile.rich import KMS

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
        },
        "shared": {"type": "kubernetes", "cluster": {"context": "shared"}},
    },
    "edgeFleets": {
        "depots": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "fallback": "heavy",
            "router": {
                "confidence": {"output": "predict_proba", "rule": "margin", "least": 0.3},
                "concurrency": 2,
                "queue": 8,
                "timeout": "2s",
                "offline": {
                    "size": "128MiB",
                    "drop": "least-valuable",
                    "sendPerSecond": 5,
                    "sendBetween": {"start": "22:00", "end": "05:00"},
                },
                "samples": {"share": 0.01, "mask": ["email"], "retentionDays": 60},
            },
            "telemetry": True,
            "alarms": {
                "handedOverPercent": 30,
                "refusedPercent": 2,
                "lost": 5,
                "p99LatencyMs": 800,
                "storePercent": 70,
                "temperatureCelsius": 80,
                "off": ["temperature"],
            },
            "dashboard": False,
        },
        "doors": {
            "runtime": "greengrass",
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "claim": {"expires": "2027-01-15", "devices": 200},
            "rollout": {
                "perMinute": 100,
                "start": 20,
                "factor": 1.5,
                "after": 40,
                "abortPercent": 10,
                "abortAfter": 5,
                "abortOn": "failed",
                "timeout": "30m",
                "onFailure": "keep",
            },
        },
        "shelves": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "fallback": "heavy",
            "router": {"confidence": {"path": "$.outputs[*].scores", "least": 0.9}},
        },
        "kiosks": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "fallback": "badges",
            "router": {"auth": {"certificate": "/etc/acme/kiosk/chain.pem", "key": "/etc/acme/kiosk/key.pem"}},
        },
        "lockers": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "fallback": "tokens",
            "router": {"auth": {"tokenFile": "/var/lib/acme/locker/token"}},
        },
        "gates": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "fallback": "heavy",
            "router": {"split": {"at": "conv_9"}},
        },
    },
    "endpoints": {
        "words": {
            "platform": "shared",
            "server": "mlserver",
            "model": "gs://acme-models/words/7",
            "storageSecrets": ["models-store"],
        },
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
            "capture": {"bucket": "acme-training"},
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
        "callers": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "longestRequest": "30s",
            "exposure": {
                "domain": "callers.example.com",
                "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                "cidrs": ["10.0.0.0/8"],
                "gateway": {
                    "auth": {
                        "iam": {"principals": ["210987654321", "arn:aws:iam::210987654321:role/devices"]},
                        "mtls": {"caBundle": "s3://acme-pki/devices.pem", "caBundleVersion": "L4kqtJlcpXroDTDmpUMLUo"},
                    },
                    "domain": "api.example.com",
                    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                    "requestsPerSecond": 200,
                    "burst": 400,
                    "retentionDays": 30,
                },
                "privateLink": {
                    "principals": ["210987654321"],
                    "acceptanceRequired": False,
                    "privateDns": True,
                },
            },
        },
        "tokens": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "longestRequest": "30s",
            "exposure": {
                "paths": ["/v2/models/*/infer"],
                "gateway": {
                    "auth": {
                        "jwt": {"issuer": "https://login.example.com", "audiences": ["digits"], "scopes": ["predict"]}
                    },
                    "domain": "tokens.example.com",
                    "certificateArn": "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012",
                },
            },
        },
        "heavy": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "longestRequest": "20s",
            "exposure": {"gateway": {"auth": {"iam": {}}}, "paths": ["/v2/models/digits/infer"]},
        },
        "badges": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "longestRequest": "20s",
            "exposure": {
                "gateway": {
                    "auth": {"mtls": {"caBundle": "s3://acme-pki/kiosks.pem"}},
                    "domain": "kiosks.example.com",
                    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
                },
                "paths": ["/v2/models/digits/infer"],
            },
        },
        "open": {
            "server": "mlserver",
            "model": "stacks/models/digits",
            "longestRequest": "20s",
            "exposure": {"gateway": {"auth": {"none": "a demonstration with made-up data, until June"}}},
        },
        "nightly": {
            "server": "mlserver",
            "image": "a.example/served@sha256:" + "0" * 64,
            "model": {"name": "digits"},
            "mode": "async",
            "queue": {"bucket": "acme-results"},
            "scaling": {"min": 0, "max": 3},
        },
        "several": {
            "server": "mlserver",
            "models": {
                "fraud": {
                    "uri": "hf://acme/fraud@0123456789abcdef0123456789abcdef01234567",
                    "token": "arn:aws:ssm:us-west-2:123456789012:parameter/hub",
                }
            },
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

for _endpoint in ADOPTED["endpoints"].values():
    _endpoint.setdefault("platform", "web")
