"""Wrong samples of requests and answers."""

from __future__ import annotations

from tests.stackfile.wrong import wrong_endpoint

NAME_OR_PATH = "Write a name, such as email, or a path, such as $.inputs[*].data."

CAPTURES = [
    wrong_endpoint(
        "masks that name nothing",
        "capture: {mask: ['$', 'user.email', '$.user.', email, email]}",
        f"capture.mask[0] (given: '$'): the path names nothing. {NAME_OR_PATH}",
        f"capture.mask[1] (given: 'user.email'): this is no name of a field and no path. {NAME_OR_PATH}",
        f"capture.mask[2] (given: '$.user.'): the path cannot be read from character 7 on. {NAME_OR_PATH}",
        "capture.mask[4] (given: 'email'): this stands here twice. Remove it.",
    ),
    wrong_endpoint(
        "more than all requests",
        "capture: {samplePercent: 101}",
        "capture.samplePercent (given: 101): the most is 100. Write 100 or less.",
    ),
    wrong_endpoint(
        "bodies of any size",
        "capture: {maxBody: 1GiB, memory: 64MiB}",
        "capture.maxBody (given: '1GiB'): the most is 8MiB. Write 8MiB or less.",
        "capture.memory (given: '64MiB'): the least is 192MiB. Write 192MiB or more.",
    ),
    wrong_endpoint(
        "something else with what is no JSON",
        "capture: {unparsed: mask}",
        "capture.unparsed (given: 'mask'): this is not one of the choices. Write one of: drop, keep.",
    ),
    wrong_endpoint(
        "an expiry of somebody else's bucket",
        "capture: {bucket: acme-training, retentionDays: 7}",
        "capture.retentionDays (given: 7): an existing bucket (`bucket`) says itself how long it keeps what it holds. Remove one of the two.",
    ),
    wrong_endpoint(
        "capture behind a queue",
        "mode: async\nscaling: {min: 0, max: 4}\ncapture: {}",
        "capture: no proxy stands before the server of an asynchronous endpoint: its worker asks it. Remove it. Answers lie in S3 already, for "
        "`queue.resultRetentionDays`, and inputs that clients put there.",
    ),
]
