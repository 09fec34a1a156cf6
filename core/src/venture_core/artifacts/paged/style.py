"""What stylesheets of all pages share."""

from venture_core.artifacts.pagewords import page_words


def page_number(language: str) -> str:
    """Return the `content` that says which page it is, and of how many."""
    before, between, after = page_words(language).split("{}")
    return f'"{before}" counter(page) "{between}" counter(pages) "{after}"'


def css_string(text: str) -> str:
    """Write text as a string of CSS, in which every sign but letters and digits is escaped."""
    return '"' + "".join(each if _is_plain(each) else f"\\{ord(each):x} " for each in text) + '"'


def _is_plain(character: str) -> bool:
    return character == " " or (character.isascii() and character.isalnum())
