"""What the child of a task may meet that ends the task, and not the workflow."""


class RefusedError(Exception):
    """The child of a task cannot be created, however often it is tried."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
