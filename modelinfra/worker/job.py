"""What happens to one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.worker.messages import Job, MessageError, parse, problem_of_id
from modelinfra.worker.queue import Message, Queue, pause
from modelinfra.worker.server import Answer, Server, ServerError
from modelinfra.worker.settings import Settings
from modelinfra.worker.store import Store

# Of what the server answered instead of a prediction, in an error.
_MOST_OF_AN_ANSWER: Final = 4096


@dataclass(frozen=True)
class Work:
    """What a message is worked on with. say: writes a line to the log; never what a message or an answer holds."""

    settings: Settings
    queue: Queue
    store: Store
    server: Server
    say: Callable[[str], None]

    def do(self, message: Message) -> None:
        """Work on it, and see to it that it is deleted, tried again or given up."""
        try:
            job = parse(message.text, message.id)
        except MessageError as error:
            # Who wrote it may wait for an answer under SQS's name for it. In the dead-letter queue somebody can read it.
            self._fail(message, message.id, str(error))
            self.queue.give_back(message)
            return
        try:
            self._answer(message, job)
        except MessageError as error:
            self._fail(message, job.id, str(error))
            self.queue.delete(message)
        except ServerError as error:
            self._try_again(message, job.id, str(error))
        except Exception as error:
            # Its text may quote the message.
            self._try_again(message, job.id, f"the worker itself failed: {type(error).__name__}")

    def _answer(self, message: Message, job: Job) -> None:
        if self.store.answered(job.id):
            self.say(f"{message.id}: answered before")
            self.queue.delete(message)
            return
        body, content_type = job.body, job.content_type
        if job.address is not None:
            body, stored = self.store.read(job.address)
            content_type = stored if content_type == "application/octet-stream" and stored else content_type
        answer = self.server.ask(body or b"", content_type)
        if answer.good:
            once = self.store.write_answer(job.id, answer)
            self.queue.delete(message)
            self.say(
                f"{message.id}: {answer.status}, {len(answer.body)} bytes{'' if once else ', answered by another'}"
            )
        elif answer.final:
            self._fail(message, job.id, f"the server answered {answer.status}", answer)
            self.queue.delete(message)
        else:
            self._try_again(message, job.id, f"the server answered {answer.status}", answer)

    def _try_again(self, message: Message, id_: str, why: str, answer: Answer | None = None) -> None:
        if message.attempt >= self.settings.max_receive_count:
            self._fail(message, id_, why, answer)
            self.queue.give_back(message)  # SQS moves it to the dead-letter queue instead of handing it out once more
            return
        seconds = pause(message.attempt)
        self.say(f"{message.id}: {why}, attempt {message.attempt}, again in {seconds} s")
        self.queue.give_back(message, after=seconds)

    def _fail(self, message: Message, id_: str, why: str, answer: Answer | None = None) -> None:
        self.say(f"{message.id}: failed, {why}")
        error: dict[str, Any] = {"reason": why, "messageId": message.id, "attempts": message.attempt}
        if answer is not None:
            text = answer.body[:_MOST_OF_AN_ANSWER].decode("utf-8", "replace")
            error |= {"status": answer.status, "contentType": answer.content_type, "answer": text}
        assert not problem_of_id(id_)
        self.store.write_error(id_, error)
