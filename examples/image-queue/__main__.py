"""Makes real what `Pulumi.<stack>.yaml` declares, and a role for the program that asks for predictions."""

import json

import pulumi
import pulumi_aws as aws

from modelinfra import Environment

environment = Environment.from_config()
photos = environment.endpoints["photos"]

# The program that asks runs elsewhere in the account. It may send messages, store inputs and read results, and nothing else.
account = aws.get_caller_identity_output().account_id
asks = aws.iam.Role(
    "photos-client",
    assume_role_policy=account.apply(
        lambda id_: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{id_}:root"}, "Action": "sts:AssumeRole"}
                ],
            }
        )
    ),
)
aws.iam.RolePolicy("photos-client", role=asks.name, policy=photos.client_policy)

pulumi.export("queueUrl", photos.queue_url)
pulumi.export("deadLetterQueueUrl", photos.dead_letter_queue_url)
pulumi.export("storeUri", photos.store_uri)
pulumi.export("clientRoleArn", asks.arn)
