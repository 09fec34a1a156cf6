"""The page of refusals is the table that the e2e test tries, of all kinds and all that refuses."""

from collections import Counter

from refusalpage import PAGE, page
from refusals import Guard
from refusedwords import WORDS
from refusedwork import WORK

KINDS = {"Workflow", "PolicyBundle", "MoneyIntent", "ArtifactBuild", "Approval", "Freeze", "Pod"}


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "run PYTHONPATH=tests/support python -m refusalpage"


def test_the_table_tries_every_kind_and_everybody_who_refuses() -> None:
    table = (*WORK, *WORDS)
    assert {each.act.kind for each in table} == KINDS
    assert set(Counter(each.guard for each in table)) == set(Guard)
    assert len({(each.act.kind, each.tries) for each in table}) == len(table) >= 60
