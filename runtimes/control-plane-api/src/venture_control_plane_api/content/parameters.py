"""What paths and queries may hold."""

from typing import Annotated, Final

from fastapi import Path, Query

from venture_control_plane_api.services.uploads import INPUTS

NAMESPACE: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
Namespace = Annotated[str, Path(pattern=NAMESPACE)]
Name = Annotated[str, Path(pattern=r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Plural = Annotated[str, Path(pattern=f"^({'|'.join(INPUTS)})$")]
Task = Annotated[str, Query(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")]
After = Annotated[int, Query(ge=0, le=2**53 - 1)]
