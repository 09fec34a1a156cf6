"""Reasons in conditions: each word with what it means and when it is tried again.

Programs match the words and the docs' tables are made of the rest, so neither can lack one.
"""

from enum import StrEnum
from typing import Self


class DocumentedReason(StrEnum):
    """A word for programs, a sentence for people, and when the work is tried again by itself."""

    meaning: str
    retried: str

    def __new__(cls, word: str, meaning: str, retried: str) -> Self:
        """Make a member of its word, its meaning, and when it is tried again ("" says nothing)."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        member.retried = retried
        return member


class CommonReason(DocumentedReason):
    """Why any object is as it is, whatever its kind."""

    POLICY_DENIES = (
        "PolicyDenies",
        "a PolicyBundle does not allow it; the message says why",
        "no",
    )
    BUNDLE_UNAVAILABLE = (
        "BundleUnavailable",
        "the PolicyBundle that it names does not govern (yet)",
        "looked for every 5 s",
    )
    FROZEN = "Frozen", "a Freeze holds: nothing new starts", "when it is lifted"
    STORAGE_UNAVAILABLE = "StorageUnavailable", "S3 does not answer", "every 5 s"
    RECORD_UNAVAILABLE = "RecordUnavailable", "the record does not answer", "every 5 s"
    RECORD_REFUSED = (
        "RecordRefused",
        "the record refuses what happened: an alarm, see the operator's log",
        "every 60 s",
    )
    JOB_REFUSED = "JobRefused", "a quota or rule of the work namespace forbids it", "every 30 s"
    NAME_TAKEN = "NameTaken", "another owner has a Job of that name: an alarm, tell us", "no"
    API_FORBIDDEN = "ApiForbidden", "the operator lacks a right", "every 30 s"
    API_REFUSED = "ApiRefused", "the API server refuses a request of the operator", "every 30 s"
    API_UNAVAILABLE = "ApiUnavailable", "the API server does not answer in time", "every 5 s"
    UNREADABLE = "Unreadable", "the object is not one that this version can read", "no"
    INTERNAL_ERROR = (
        "InternalError",
        "a defect of the operator: see its log",
        "after 0.5 s, then ever later, up to 60 s",
    )
