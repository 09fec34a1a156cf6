"""What the program was called as and where it looks, so that hints can be pasted back."""

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Final

_PLUGIN_PREFIX: Final = "kubectl-"
DEFAULT_SYSTEM_NAMESPACE: Final = "venture-system"
SIGN_IN_AGAIN: Final = "Sign in again: venture login. To work by kubeconfig: venture logout."
SYSTEM_NAMESPACE: Final = ContextVar("system namespace", default=DEFAULT_SYSTEM_NAMESPACE)
"""Where this command looks for the installation, for hints."""
ACTING_AS: Final = ContextVar("acting as", default="")
"""The account as which this command acts by founders' API, for hints; empty: by the kubeconfig."""


def program_name(argv0: str | None = None) -> str:
    """Return `venture`, or `kubectl venture` when kubectl runs us as its plugin."""
    called = Path(sys.argv[0] if argv0 is None else argv0).name
    return "kubectl venture" if called.startswith(_PLUGIN_PREFIX) else "venture"


def hint(*words: str, namespace: str = "") -> str:
    """Return a command line of ours, to print as the next step."""
    tail = ("-n", namespace) if namespace else ()
    return " ".join((program_name(), *words, *tail))
