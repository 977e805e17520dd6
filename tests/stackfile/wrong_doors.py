"""Stack files whose gateway or PrivateLink cannot work, or stands in the way of something else."""

from __future__ import annotations

from tests.stackfile.wrong import BELOW, Wrong, wrong_endpoint

IAM = "auth: {iam: {}}"
LINK = "privateLink: {principals: ['210987654321']}"
CERTIFICATE = "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"
NAMED = f"domain: a.example.com, certificateArn: '{CERTIFICATE}'"
ASKED = "auth: {jwt: {issuer: 'https://a.example', jwksUrl: 'https://a.example/jwks'}}"


def gateway(name: str, text: str, *lines: str, beside: str = "", longest: str = "30s") -> Wrong:
    whole = f"longestRequest: {longest}\nexposure: {{gateway: {{{text}}}{beside and ', ' + beside}}}"
    return wrong_endpoint(name, whole, *lines)


DOORS = [
    gateway(
        "a gateway that asks nobody and says not why",
        "auth: {}",
        "exposure.gateway.auth (given: {}): nothing is said here. Write one of: iam, jwt, mtls; or none: and the reason.",
    ),
    gateway(
        "a gateway without auth",
        "burst: 5",
        "exposure.gateway.auth: this is required. Add it: who may call.",
    ),
    gateway(
        "a gateway that asks in two ways",
        "auth: {iam: {}, jwt: {issuer: 'https://a.example', audiences: [a]}}",
        "exposure.gateway.auth.jwt: a route of the gateway asks in one way, and `iam` is given, too. Remove one of the two.",
    ),
    gateway(
        "a gateway that asks and does not",
        "auth: {iam: {}, none: a demonstration until June}",
        "exposure.gateway.auth.none (given: 'a demonstration until June'): `iam` asks who comes. Remove one of the two.",
    ),
    gateway(
        "tokens for nobody",
        "auth: {jwt: {issuer: 'https://a.example'}}",
        "exposure.gateway.auth.jwt.audiences: this is required. Add it: for whom a token was made: its claim `aud` is one "
        "of these, or where it has none the client that it names.",
    ),
    gateway(
        "everybody as a principal",
        "auth: {iam: {principals: ['*']}}",
        "exposure.gateway.auth.iam.principals[0] (given: '*'): this is not an account's 12 digits, or the ARN of a role or "
        "user. Write for example arn:aws:iam::210987654321:role/orders.",
    ),
    gateway(
        "a caller twice",
        "auth: {iam: {principals: ['210987654321', '210987654321']}}",
        "exposure.gateway.auth.iam.principals (given: ['210987654321', '210987654321']): one of them stands here twice. "
        "Remove one.",
    ),
    gateway(
        "certificates of clients without a domain",
        "auth: {mtls: {caBundle: 's3://acme-pki/a.pem'}}",
        "exposure.gateway.auth.mtls: the gateway asks for certificates at a domain of your own only. Add `domain`, and "
        "`hostedZoneId` or `certificateArn`.",
    ),
    gateway(
        "a gateway's domain without a certificate",
        f"{IAM}, domain: a.example.com",
        "exposure.gateway.domain (given: 'a.example.com'): nothing says where its certificate comes from. Add "
        "`hostedZoneId` to have one made, or `certificateArn`.",
    ),
    gateway(
        "a gateway's zone without a domain",
        f"{IAM}, hostedZoneId: Z0123456789ABCDEFGHIJ",
        "exposure.gateway.hostedZoneId (given: 'Z0123456789ABCDEFGHIJ'): without a `domain` there is nothing that it is for. "
        "Add `domain`.",
    ),
    gateway(
        "a retention of calls that there is not",
        f"{IAM}, retentionDays: 45",
        "exposure.gateway.retentionDays (given: 45): CloudWatch Logs does not offer this retention. Write 30.",
    ),
    gateway(
        "answers that the gateway does not wait for",
        IAM,
        "longestRequest (given: '1m'): `exposure.gateway` gives up after 30s, which AWS does not raise. Write "
        "`longestRequest: 30s` where that is enough; longer, and streamed, answers need a `public` load balancer with `domain` "
        "and `auth`, or `privateLink`, in place of `gateway`.",
        longest="60s",
    ),
    gateway(
        "the internet by two doors",
        IAM,
        "exposure.public (given: True): the internet comes by the gateway, and the load balancer behind it stays internal. "
        "Remove it, or remove `gateway` and ask callers by `auth`.",
        "exposure.auth: the load balancer would ask once more, and sees the gateway in place of its callers. Say it in "
        "`gateway.auth`, or remove `gateway`.",
        beside=f"public: true, {NAMED}, {ASKED}",
    ),
    gateway(
        "a firewall that sees one client",
        IAM,
        "exposure.waf: the firewall would count all callers as one, by the gateway's addresses. Remove it "
        "(`gateway.requestsPerSecond` limits callers), or let a `public` load balancer answer them.",
        beside="waf: {maxBody: 1MiB}",
    ),
    gateway(
        "gRPC by a gateway alone",
        IAM,
        "exposure.grpc: the gateway does not speak gRPC, and nobody else is let in. Name `cidrs` or `securityGroups`, or add "
        "`privateLink`, or write `public` and `auth` in place of `gateway`.",
        beside=f"{NAMED}, grpc: {{}}",
    ),
    gateway(
        "one name for two doors",
        f"{IAM}, {NAMED}",
        "exposure.gateway.domain (given: 'a.example.com'): this is the load balancer's own name (`domain`), and a name leads to "
        "one of the two. Write another one, or remove `domain` where nobody but the gateway calls the load balancer.",
        beside=NAMED,
    ),
    wrong_endpoint(
        "PrivateLink for the internet",
        f"exposure: {{public: true, {NAMED}, {ASKED}, {LINK}}}",
        "exposure.public (given: True): clients of a load balancer that faces the internet need no endpoint service. Remove it; "
        "who comes from the internet, too, can be let in by `gateway`.",
    ),
    wrong_endpoint(
        "PrivateLink for everybody",
        "exposure: {privateLink: {principals: ['*']}}",
        "exposure.privateLink.principals[0] (given: '*'): this is not an account's 12 digits, or the ARN of a role or user. "
        "Write for example arn:aws:iam::210987654321:role/orders.",
    ),
    wrong_endpoint(
        "a private name without a domain",
        f"exposure: {{{LINK[:-1]}, privateDns: true}}}}",
        "exposure.privateLink.privateDns (given: True): there is no domain of which AWS could be shown that it is yours. Add "
        "`domain` and `hostedZoneId`.",
    ),
    wrong_endpoint(
        "a gateway beside the exposure", "gateway: {}", f"gateway (given: {{}}): {BELOW} `exposure.gateway`."
    ),
    wrong_endpoint(
        "PrivateLink beside the exposure",
        "privateLink: {}",
        f"privateLink (given: {{}}): {BELOW} `exposure.privateLink`.",
    ),
]
