"""Stack files whose models lie where they cannot be taken from."""

from __future__ import annotations

from tests.stackfile.wrong import IMAGE, wrong_endpoint, wrong_environment

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_ECR = "oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/models:v1"
_S3 = "s3://acme/digits/7"
_KEY = "arn:aws:kms:us-west-2:123456789012:key/a"
_TOKEN = "arn:aws:ssm:us-west-2:123456789012:parameter/hub"

SOURCES = [
    wrong_endpoint(
        "several models, of which one is wrong",
        "models: {fraud: s3://acme/fraud/7, v1.5: {uri: 's3://acme/words/3', kmsKeyArn: key}, words: ftp://acme/words}",
        "models.v1.5.kmsKeyArn (given: 'key'): this is not the ARN of a KMS key. Write for example "
        "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.",
        "models.words (given: 'ftp://acme/words'): models are not taken from 'ftp:'. "
        "Write a path, or an address that begins with s3://, gs://, hf://, https:// or oci://.",
        model=None,
    ),
    wrong_endpoint(
        "no model at all",
        "models: {}",
        "models (given: {}): the least is 1. Write 1 or more.",
        model=None,
    ),
    wrong_endpoint(
        "a bucket of Google Cloud Storage on ECS, and a secret of Kubernetes",
        "storageSecrets: [store]",
        "storageSecrets: on ECS replicas fetch models with a role, or with the model's `token`. Remove it.",
        "model (given: 'gs://acme/digits/7'): on ECS nothing reads buckets of Google Cloud Storage. Write s3://, hf:// or https://, or `platform` with one of type kubernetes.",
        model="gs://acme/digits/7",
    ),
    wrong_endpoint(
        "the name of one of several",
        "models: {fraud: {uri: 's3://acme/fraud/7', name: other}, 'a b': s3://acme/words/3}",
        "models.fraud.name (given: 'other'): there is no such key. Write one of: delivery, kmsKeyArn, sha256, size, tenant, token, uri.",
        "models.a b: this is not a model name of letters, digits, dots, - and _. Write for example sentiment.",
        model=None,
    ),
    wrong_endpoint(
        "model on an FTP server",
        "",
        "model (given: 'ftp://acme/digits'): models are not taken from 'ftp:'. "
        "Write a path, or an address that begins with s3://, gs://, hf://, https:// or oci://.",
        model="ftp://acme/digits",
    ),
    wrong_endpoint(
        "model over plain HTTP",
        "",
        "model (given: 'http://acme/digits.zip'): models are not taken from 'http:'. "
        "Write a path, or an address that begins with s3://, gs://, hf://, https:// or oci://.",
        model="http://acme/digits.zip",
    ),
    wrong_endpoint(
        "a whole bucket",
        "",
        "model (given: 's3://acme'): it names a bucket and no model in it. Write for example s3://bucket/sentiment/7.",
        model="s3://acme",
    ),
    wrong_endpoint(
        "a key that is a pattern",
        "",
        "model (given: 's3://acme/digits/*'): this is no s3:// address of a model. "
        "Write for example s3://bucket/sentiment/7.",
        model="s3://acme/digits/*",
    ),
    wrong_endpoint(
        "a repository of the hub without a revision",
        "",
        "model.uri (given: 'hf://acme/net'): it names no revision, so that the same stack file serves another model "
        "tomorrow. Write hf://org/name@revision, best a commit.",
        model="{uri: hf://acme/net}",
    ),
    wrong_endpoint(
        "a signed address",
        "",
        "model (given: 'https://acme/net.zip'): what stands in an address stays readable in the state. "
        "Remove user and query, and give a token with `model.token`.",
        model="'https://acme/net.zip?signature=hush'",
    ),
    wrong_endpoint(
        "an address with a password",
        "",
        "model (given: 'https://acme/net.zip'): what stands in an address stays readable in the state. "
        "Remove user and query, and give a token with `model.token`.",
        model="'https://user:hush@acme/net.zip'",
    ),
    wrong_endpoint(
        "another port than 443",
        "",
        "model (given: 'https://acme:8443/net.zip'): tasks are let out on port 443 only. "
        "Serve it on port 443, and remove ':8443'.",
        model="'https://acme:8443/net.zip'",
    ),
    wrong_endpoint(
        "the latest artifact",
        "",
        "model (given: 'oci://ghcr.io/acme/net:latest'): `latest` moves with every push. "
        "Write the digest, or a version's tag.",
        model="oci://ghcr.io/acme/net:latest",
    ),
    wrong_endpoint(
        "an artifact without a version",
        "",
        "model (given: 'oci://ghcr.io/acme/net'): it names no version, so that the same stack file serves another model "
        "tomorrow. Write oci://registry/repository@sha256:digest.",
        model="oci://ghcr.io/acme/net",
    ),
    wrong_endpoint(
        "a model of S3 baked",
        "",
        "model.delivery (given: 'baked'): an image build has no credentials of AWS. "
        "Remove it: replicas fetch from S3 with their own role.",
        model=f"{{uri: {_S3}, delivery: baked}}",
    ),
    wrong_endpoint(
        "a model of ECR baked",
        "",
        "model.delivery (given: 'baked'): an image build has no credentials of ECR. "
        "Remove it: replicas fetch from ECR with their own role.",
        model=f"{{uri: '{_ECR}', delivery: baked}}",
    ),
    wrong_endpoint(
        "a model baked into a ready image",
        f"image: {IMAGE}",
        "model.delivery (given: 'baked'): a ready image is used as it is. "
        "Remove it to have the model fetched, or remove `image` to have one built.",
        model=f"{{uri: 'hf://acme/net@{_COMMIT}', delivery: baked}}",
    ),
    wrong_endpoint(
        "a local directory fetched",
        "",
        "model.delivery (given: 'fetched'): no task reaches a directory of this machine. "
        "Remove it, or store the model where tasks can fetch it, such as s3://.",
        model="{uri: model, delivery: fetched}",
    ),
    wrong_endpoint(
        "what says nothing of a local directory",
        "",
        "model.name (given: 'digits'): the directory says it itself. Remove it.",
        "model.file (given: 'a.bin'): the directory says it itself. Remove it.",
        f"model.token (given: '{_TOKEN}'): a directory is read without it. Remove it.",
        model=f"{{uri: model, name: digits, file: a.bin, token: '{_TOKEN}'}}",
    ),
    wrong_endpoint(
        "what says nothing of a ready image",
        f"image: {IMAGE}",
        "model.delivery (given: 'fetched'): the model is already in `image`. Remove it.",
        "model.file (given: 'a.bin'): the model is already in `image`. Remove it.",
        model="{name: digits, delivery: fetched, file: a.bin}",
    ),
    wrong_endpoint(
        "a token by value",
        "",
        "model.token: a token is given by reference, never by value. "
        "Write the ARN of a Secrets Manager secret or of an SSM parameter.",
        model=f"{{uri: 'hf://acme/net@{_COMMIT}', token: hf_hush}}",
    ),
    wrong_endpoint(
        "a token for S3",
        "",
        "model.token: replicas read there with their own role. Remove it.",
        model=f"{{uri: {_S3}, token: '{_TOKEN}'}}",
    ),
    wrong_endpoint(
        "a token in an image",
        "",
        "model.token: it would stay in the layers of the image and in the state. Write `model.delivery: fetched`.",
        model=f"{{uri: 'hf://acme/net@{_COMMIT}', delivery: baked, token: '{_TOKEN}'}}",
    ),
    wrong_endpoint(
        "a key for the hub",
        "",
        "model.kmsKeyArn: only objects of S3 are encrypted with it. Remove it.",
        model=f"{{uri: 'hf://acme/net@{_COMMIT}', kmsKeyArn: 'arn:aws:kms:us-west-2:123456789012:key/a'}}",
    ),
    wrong_endpoint(
        "a key of secrets without secrets",
        f"secretsKmsKeyArn: '{_KEY}'",
        f"secretsKmsKeyArn (given: '{_KEY}'): there are no secrets and no token that it could have encrypted. Remove it.",
    ),
    wrong_endpoint(
        "a key of secrets by its alias",
        f"secrets: {{A: '{_TOKEN}'}}\nsecretsKmsKeyArn: alias/secrets",
        "secretsKmsKeyArn (given: 'alias/secrets'): this is not the ARN of a KMS key. "
        "Write for example arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.",
    ),
    wrong_endpoint(
        "the alias of an access point",
        "",
        "model (given: 's3://models-ab12-s3alias/net/7'): this is the alias of an access point, and the rights that "
        "replicas get are those of a bucket. Name the bucket itself.",
        model="s3://models-ab12-s3alias/net/7",
    ),
    wrong_endpoint(
        "a file behind a revision",
        "",
        "model (given: 'hf://acme/net@main/sub/net.gguf'): behind the @ stands a revision, and no file. "
        "Write the file as `model.file`, and a commit behind the @.",
        model="hf://acme/net@main/sub/net.gguf",
    ),
    wrong_endpoint(
        "Docker Hub by its short name",
        "",
        "model (given: 'oci://docker.io/acme/net:v1'): no registry answers at docker.io. "
        "Write oci://registry-1.docker.io/acme/net:v1.",
        model="oci://docker.io/acme/net:v1",
    ),
    wrong_endpoint(
        "an archive that is not unpacked",
        "",
        "model (given: 'https://acme.ai/net.tar.bz2'): this kind of archive is not unpacked, but served as the file that it is. "
        "Pack it anew: .tar, .tar.gz, .tgz and .zip are unpacked, in small letters.",
        model="https://acme.ai/net.tar.bz2",
    ),
    wrong_endpoint(
        "an address behind a space",
        "",
        f"model (given: ' {_S3}'): a space stands before it or behind it. Write '{_S3}'.",
        model=f"' {_S3}'",
    ),
    wrong_endpoint(
        "a full-width letter",
        "",
        "model (given: 'ｓ3://acme/digits/7'): this is neither a path nor an address. "  # noqa: RUF001 the mistake
        "Write a path, or an address that begins with s3://, gs://, hf://, https:// or oci://.",
        model="ｓ3://acme/digits/7",  # noqa: RUF001 the mistake
    ),
    wrong_environment(
        "another file than the one at the address",
        "platforms: {web: {type: ecs}}\nendpoints: {a: {server: llama-cpp, longestRequest: 1m, "
        "model: {uri: 'https://acme.ai/a.gguf', file: b.gguf}}}",
        "endpoints.a.model.file (given: 'b.gguf'): at the address lies one file, with another name. Write a.gguf.",
    ),
    wrong_endpoint(
        "a file for a server of folders",
        "",
        "model.file (given: 'a.bin'): MLServer is started with the whole folder. Remove it.",
        model=f"{{uri: {_S3}, file: a.bin}}",
    ),
    wrong_endpoint(
        "a file that leads out",
        "",
        "model.file (given: '../a'): this is not a relative path of letters, digits, dots, - and _. "
        "Write for example model-q4.gguf.",
        model=f"{{uri: {_S3}, file: ../a}}",
    ),
    wrong_environment(
        "a server of files without a file",
        f"platforms: {{web: {{type: ecs}}}}\nendpoints: {{a: {{server: torchserve, model: {_S3}}}}}",
        "endpoints.a.model.file: this is required: TorchServe is started with one file of the model. "
        "Write its path below the address.",
    ),
    wrong_environment(
        "a model for a server with the model inside",
        f"platforms: {{web: {{type: ecs}}}}\nendpoints: {{a: {{server: bentoml, image: '{IMAGE}', model: {_S3}}}}}",
        "endpoints.a.model (given: 's3://acme/digits/7'): images of BentoML have their model inside. "
        "Remove it, and write the model's name as `model.name`.",
    ),
    wrong_environment(
        "models of the internet without a way there",
        "network: {nat: none}\nplatforms: {web: {type: ecs}}\nendpoints:\n"
        f"  a: {{server: mlserver, model: 'hf://acme/net@{_COMMIT}'}}\n"
        "  b: {server: mlserver, model: {uri: 'https://acme/net.zip'}}\n"
        f"  c: {{server: mlserver, model: {_S3}}}\n  d: {{server: mlserver, model: '{_ECR}'}}\n"
        f"  e: {{server: mlserver, model: {{uri: 'hf://acme/net@{_COMMIT}', delivery: baked}}}}\n",
        f"endpoints.a.model (given: 'hf://acme/net@{_COMMIT}'): the network has no way to the internet, where a replica "
        "would fetch this model. Write `delivery: baked` below `model` to have it fetched by the image build, or let "
        "the network have NAT.",
        "endpoints.b.model.uri (given: 'https://acme/net.zip'): the network has no way to the internet, where a replica "
        "would fetch this model. Write `delivery: baked` below `model` to have it fetched by the image build, or let "
        "the network have NAT.",
    ),
]
