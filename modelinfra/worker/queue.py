"""The queue, as a worker sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from modelinfra.worker.settings import Settings

_LONG_POLL_SECONDS: Final = 20

# SQS API: most messages of one receive.
_MOST: Final = 10

# In seconds, before the second attempt; it doubles with each further one.
_FIRST_PAUSE: Final = 5
_LONGEST_PAUSE: Final = 300


@dataclass(frozen=True)
class Message:
    """attempt: the how manieth this one is, counted by SQS from 1."""

    id: str
    receipt: str
    text: str
    attempt: int


class Queue:
    """sqs: boto3's client. Safe to use from several threads."""

    def __init__(self, sqs: Any, settings: Settings) -> None:
        self._sqs, self._url, self._seconds = sqs, settings.queue, settings.visibility_seconds

    def receive(self, most: int) -> list[Message]:
        """Up to `most` messages; none after a while without any."""
        found = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, _MOST),
            WaitTimeSeconds=_LONG_POLL_SECONDS,
            VisibilityTimeout=self._seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                each["MessageId"],
                each["ReceiptHandle"],
                each["Body"],
                int(each.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for each in found.get("Messages", ())
        ]

    def delete(self, message: Message) -> None:
        """It is done."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def keep(self, message: Message) -> None:
        """It takes longer: hide it for as long again."""
        self._hide(message, self._seconds)

    def give_back(self, message: Message, *, after: int = 0) -> None:
        """Let another worker have it. after: seconds from now."""
        self._hide(message, after)

    def _hide(self, message: Message, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
        )


def pause(attempt: int) -> int:
    """Seconds before a message that failed for the `attempt`th time is tried again."""
    return int(min(_FIRST_PAUSE * 2 ** min(attempt - 1, 16), _LONGEST_PAUSE))
