"""Fetches a model into a folder and verifies it: what runs in the container `model-fetch` before the server starts.

It stands alone: nothing else of modelinfra is imported here, because only these files are in the container
(`requirements.lock` says what else is). `python -m modelinfra.fetcher` reads its work from `MODELINFRA_FETCH`, a JSON object:

    uri     where the model lies: s3://, hf://, https:// or oci://
    to      the folder that it is put into
    sha256  optional: digest of the one file (the source itself, or all that `only` leaves), or of the list SHA256SUMS beside many
    file    optional: a file that must be there in the end
    only    optional: fetch only files of this pattern
    nameIn  optional: a file in JSON that must be there
    name    with it: what its `name` must be
    besides with it: what else it must say
    token   optional: the variable that holds the bearer token

or, of several models, `models`: a list of such objects, which are fetched one after the other. A bearer token, where the source asks for
one, comes from `MODELINFRA_FETCH_TOKEN`, unless `token` names another variable. Exits with 0 when everything is there and verified, else
with 1 and one line that says what is wrong.
"""
