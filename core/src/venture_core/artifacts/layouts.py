"""What cannot be laid out on pages."""


class LayoutError(ValueError):
    """A document takes too many pages, or too long; the message says which."""
