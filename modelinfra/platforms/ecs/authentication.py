"""Who is asked to prove what, before a request is forwarded: actions of a listener's rule, and client certificates."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.naming import shortened

_HTTPS = 443

# Amazon Cognito API, CreateUserPoolDomain: 1 to 63 small letters, digits and hyphens.
_MOST_IN_DOMAIN = 63


def register_actions(children: Children, exposure: Any, *, production: bool) -> list[aws.lb.ListenerRuleActionArgsDict]:
    """What a rule does before it forwards; nothing where nobody is asked."""
    auth = exposure.auth
    if auth is None:
        return []
    if auth.jwt is not None:
        return [_tokens(auth.jwt)]
    if auth.oidc is not None:
        return [_log_in(children, auth.oidc)]
    if auth.cognito is not None:
        return [_cognito(children, exposure, production)]
    return []


def asks_outside(exposure: Any) -> bool:
    """Whether the load balancer itself asks somebody over the internet, and must reach them."""
    auth = exposure.auth
    return auth is not None and (auth.jwt is not None or auth.oidc is not None or auth.cognito is not None)


def register_way_out(children: Children, security_group_id: Input[str]) -> pulumi.Resource:
    """From the load balancer to whoever vouches for its clients: their addresses are not known, so HTTPS to anywhere."""
    return aws.vpc.SecurityGroupEgressRule(
        children.named("lb-to-login"),
        security_group_id=security_group_id,
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        description="To whoever vouches for clients: keys, tokens, user info",
        opts=children.opts("login-egress"),
    )


def client_certificates(children: Children, exposure: Any) -> aws.lb.ListenerMutualAuthenticationArgsDict:
    """How a listener treats certificates of clients."""
    mtls = exposure.auth.mtls if exposure.auth is not None else None
    if mtls is None:
        # Left out, a listener that verified certificates would go on: the provider keeps what is not said.
        return {"mode": "off"}
    if mtls.trust_store_arn is not None:
        return {"mode": "verify", "trust_store_arn": mtls.trust_store_arn}
    bucket, _, key = mtls.ca_bundle.removeprefix("s3://").partition("/")
    store = aws.lb.TrustStore(
        children.named("clients", "trust store"),
        ca_certificates_bundle_s3_bucket=bucket,
        ca_certificates_bundle_s3_key=key,
        opts=children.opts("trust-store"),
    )
    return {"mode": "verify", "trust_store_arn": store.arn}


def _tokens(jwt: Any) -> aws.lb.ListenerRuleActionArgsDict:
    claims = [{"name": each.name, "values": list(each.values), "format": each.format} for each in jwt.claims or ()]
    return {
        "type": "jwt-validation",
        "order": 1,
        "jwt_validation": {
            "issuer": jwt.issuer,
            "jwks_endpoint": jwt.jwks_url,
            **({"additional_claims": claims} if claims else {}),  # type: ignore[typeddict-item]
        },
    }


def _log_in(children: Children, oidc: Any) -> aws.lb.ListenerRuleActionArgsDict:
    secret = aws.secretsmanager.get_secret_version_output(secret_id=oidc.client_secret_arn, opts=children.invoke)
    return {
        "type": "authenticate-oidc",
        "order": 1,
        "authenticate_oidc": {
            "issuer": oidc.issuer,
            "authorization_endpoint": oidc.authorization_url,
            "token_endpoint": oidc.token_url,
            "user_info_endpoint": oidc.user_info_url,
            "client_id": oidc.client_id,
            "client_secret": Output.secret(secret.secret_string),
            "scope": oidc.scope,
            "session_timeout": oidc.session_timeout,
            "on_unauthenticated_request": "authenticate",
        },
    }


def _cognito(children: Children, exposure: Any, production: bool) -> aws.lb.ListenerRuleActionArgsDict:
    cognito = exposure.auth.cognito
    pool_arn, client_id, domain = (
        _user_pool(children, exposure, production)
        if cognito.user_pool_arn is None
        else (cognito.user_pool_arn, cognito.client_id, cognito.domain)
    )
    return {
        "type": "authenticate-cognito",
        "order": 1,
        "authenticate_cognito": {
            "user_pool_arn": pool_arn,
            "user_pool_client_id": client_id,
            "user_pool_domain": domain,
            "scope": cognito.scope,
            "session_timeout": cognito.session_timeout,
            "on_unauthenticated_request": "authenticate",
        },
    }


def _user_pool(children: Children, exposure: Any, production: bool) -> tuple[Input[str], Input[str], Input[str]]:
    """A pool to which only administrators add people, with a second factor; its ARN, client and domain."""
    pool = aws.cognito.UserPool(
        children.named("users", "user pool"),
        admin_create_user_config={"allow_admin_create_user_only": True},
        deletion_protection="ACTIVE" if production else "INACTIVE",
        mfa_configuration="OPTIONAL",
        software_token_mfa_configuration={"enabled": True},
        password_policy={"minimum_length": 14, "temporary_password_validity_days": 7},
        username_configuration={"case_sensitive": False},
        account_recovery_setting={"recovery_mechanisms": [{"name": "admin_only", "priority": 1}]},
        opts=children.opts("user-pool", protect=production or None),
    )
    client = aws.cognito.UserPoolClient(
        children.named("users", "user pool"),
        user_pool_id=pool.id,
        generate_secret=True,
        allowed_oauth_flows=["code"],
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_scopes=exposure.auth.cognito.scope.split(),
        callback_urls=[f"https://{exposure.domain}/oauth2/idpresponse"],
        supported_identity_providers=["COGNITO"],
        prevent_user_existence_errors="ENABLED",
        opts=children.opts("user-pool-client", additional_secret_outputs=["clientSecret"]),
    )
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    domain = aws.cognito.UserPoolDomain(
        children.named("users"),
        user_pool_id=pool.id,
        domain=account.apply(lambda found: _prefix(children.name, found)),
        opts=children.opts("user-pool-domain"),
    )
    return pool.arn, client.id, domain.domain


def _prefix(name: str, account: str) -> str:
    """All stacks and accounts of a region share these names, and Cognito refuses those with three words in them."""
    whole = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(), name, account))
    digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
    readable = re.sub("aws|amazon|cognito", "x", shortened(name, _MOST_IN_DOMAIN - len(digest) - 1))
    return f"{readable}-{digest}"
