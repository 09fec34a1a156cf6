"""How far what was built once is shared."""

from enum import StrEnum


class CacheScope(StrEnum):
    """Whose builds a cached artifact serves."""

    NAMESPACE = "Namespace"
    """Those of the namespace where it was built."""
    INSTALLATION = "Installation"
    """All: whoever knows a document learns whether somebody built it before."""
