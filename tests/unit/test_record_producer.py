"""A producer of events without its database."""

from pydantic import SecretStr
from venture_core.record.producer import EventProducer


async def test_it_starts_before_its_database_is_there() -> None:
    """In a first installation the logins are made when the programs run already."""
    nowhere = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")
    async with EventProducer(nowhere, name="early"):
        pass
