"""Errors with a policy: what the reconciler does when one is raised."""


class ReconcileError(Exception):
    """A reconcile that could not finish; `reason` is CamelCase, the message is for a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class StalledError(ReconcileError):
    """The user must act: the condition says what is wrong, and nothing is retried."""


class WaitingError(ReconcileError):
    """Not a failure: something is not there yet. Look again after `after_seconds`."""

    def __init__(self, reason: str, message: str, *, after_seconds: float) -> None:
        super().__init__(reason, message)
        self.after_seconds = after_seconds


class TransientError(ReconcileError):
    """A dependency failed in a way that may pass: the condition says so, and we back off."""
