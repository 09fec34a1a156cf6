"""The object store as VENTURE_S3_* names it, the same variables that the operator reads."""

import os
from typing import Final

from pydantic import ValidationError
from venture_core.objectstore import S3Settings

from venture_cli.errors import CliError, ExitCode

PREFIX: Final = "VENTURE_S3_"
NAMES: Final = ("ENDPOINT", "REGION", "BUCKET", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")


def s3_from_environment() -> S3Settings | None:
    """Return the settings, None where no variable is set. CliError where only some are."""
    given = {name: os.environ.get(PREFIX + name, "") for name in NAMES}
    if not any(given.values()):
        return None
    if missing := [PREFIX + name for name, value in given.items() if not value]:
        raise CliError(
            f"the object store's settings lack {', '.join(missing)}",
            ExitCode.USAGE,
            next_step=f"Set all of {PREFIX}* or none of them.",
        )
    try:
        return S3Settings.model_validate({name.lower(): value for name, value in given.items()})
    except ValidationError as error:
        raise CliError(_wrong_settings(error), ExitCode.USAGE) from None


def _wrong_settings(error: ValidationError) -> str:
    # Only names: pydantic's own text quotes values, one of which is a secret.
    names = sorted(PREFIX + str(each["loc"][0]).upper() for each in error.errors())
    return f"the object store's settings are wrong: {', '.join(names)}"
