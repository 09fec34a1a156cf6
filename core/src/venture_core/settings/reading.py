"""Reading the settings of a program, or saying in a line each what is wrong with them.

Values are never shown: any of them may hold a password.
"""

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX: Final = "VENTURE_"
SOURCES: Final = "VENTURE_SETTING_SOURCES"
"""A JSON object from the names of settings to where each comes from, in words: a chart knows which
Secret lacks a key, the program only that nothing arrived."""
EXIT_SETTINGS: Final = 2
"""The exit code of every program whose settings cannot work: starting it again cures nothing."""

_FIELD = re.compile(r'field "([A-Za-z0-9_]+)"')


class Settings(BaseSettings):
    """Settings from the environment, immutable; their errors never quote what was given."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)


def read_settings[S: BaseSettings](program: str, settings_type: type[S]) -> S:
    """Read the settings of `program`; where one is wrong name each and exit with EXIT_SETTINGS."""
    try:
        return settings_type()
    except ValidationError as error:
        refuse_settings(program, _problems(error))
    except SettingsError as error:
        # The JSON of one setting could not be read; the error's cause would quote it.
        found = _FIELD.search(str(error))
        name = _variable(found[1]) if found else "a setting"
        refuse_settings(program, [f"{name}: is not the JSON that it has to be"])


def refuse_settings(program: str, problems: Iterable[str]) -> NoReturn:
    """Print the problems, each a line, and exit with EXIT_SETTINGS."""
    for problem in problems:
        sys.stderr.write(f"{program}: {problem}\n")
    sys.exit(EXIT_SETTINGS)


def _problems(error: ValidationError) -> Iterator[str]:
    sources = _sources()
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        if not problem["loc"]:
            yield _sentence(problem["msg"])
            continue
        name = _variable(str(problem["loc"][0]))
        inner = "".join(f"[{part}]" for part in problem["loc"][1:])
        message = "is missing" if problem["type"] == "missing" else _sentence(problem["msg"])
        source = f" (from {sources[name]})" if name in sources else ""
        yield f"{name}{inner}: {message}{source}"


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _variable(field: str) -> str:
    """Return the environment's name of a field; an alias is one already."""
    upper = field.upper()
    return upper if upper.startswith(PREFIX) else f"{PREFIX}{upper}"


def _sources() -> dict[str, str]:
    try:
        given = json.loads(os.environ.get(SOURCES, "{}"))
    except json.JSONDecodeError:
        return {}
    return {str(name): str(source) for name, source in given.items()}
