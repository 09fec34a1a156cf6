"""What a log of a Job looks like: its lines, each harmless."""

from venture_cli.views.terminal import out


def print_log(data: bytes) -> None:
    """Print the lines of a log, whatever wrote them."""
    for line in data.decode(errors="backslashreplace").splitlines():
        out().print(line)
