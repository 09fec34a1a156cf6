"""Metering a stream: whether it came to its end, and what it used, said or not."""

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from venture_core.llm.usage import Usage, UsageUnreadableError

if TYPE_CHECKING:
    from venture_core.llm.orders import Json, Order
    from venture_core.llm.sse import Frame


class Meter(ABC):
    """Sees every event of one stream. A dialect says what its events mean."""

    def __init__(self) -> None:
        self.complete = False
        """The stream came to the end that its dialect has."""
        self.failed = False
        """It told the caller of an error: nothing need be added."""
        self.output_bytes = 0
        """Bytes of the events that carried output: never fewer than its tokens."""
        self._unreadable: UsageUnreadableError | None = None

    @property
    def ended(self) -> bool:
        """Whether the caller knows how it ended: nothing need follow."""
        return self.complete or self.failed

    def see(self, frame: Frame) -> None:
        """Take note of an event."""
        if not frame.data:
            return
        try:
            said = json.loads(frame.data)
        except ValueError, RecursionError:
            said = None
        try:
            if isinstance(said, dict):
                self._see(frame, said)
            else:
                self._see_text(frame)
        except UsageUnreadableError as error:
            self._unreadable = error

    def forwards(self, frame: Frame) -> bool:
        """Return whether the caller gets this event."""
        del frame
        return True

    def usage(self) -> Usage | None:
        """Return the final usage, None where there was none. Raises UsageUnreadableError."""
        if self._unreadable is not None:
            raise self._unreadable
        return self._usage()

    def usage_by_count(self, order: Order) -> Usage:
        """Return what a stream used that never said so: not less than was seen.

        The prompt as the provider began to count it, or else all that it can be; a token of output
        for each byte that came, up to what was asked for. Raises UsageUnreadableError.
        """
        if self._unreadable is not None:
            raise self._unreadable
        output = min(self.output_bytes, order.output_tokens_max)
        prompt = self._prompt_usage()
        if prompt is None:
            return Usage(input=order.input_tokens_max, output=output)
        return Usage(
            input=prompt.input,
            cache_reads=prompt.cache_reads,
            cache_writes=prompt.cache_writes,
            output=output,
        )

    @abstractmethod
    def _see(self, frame: Frame, said: Json) -> None: ...

    def _see_text(self, frame: Frame) -> None:
        """Take note of data that is no JSON object: most dialects have none."""
        del frame

    @abstractmethod
    def _usage(self) -> Usage | None: ...

    def _prompt_usage(self) -> Usage | None:
        """Return the usage of the prompt where it was said before the end."""
        return None
