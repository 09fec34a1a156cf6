"""The notes of a deck: their master has to be named by the presentation."""

from typing import TYPE_CHECKING

from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml

from venture_core.artifacts.deck.render.markup import NAMESPACES

if TYPE_CHECKING:
    from venture_core.artifacts.deck.render.native import Native


def name_notes_master(presentation: Native) -> None:
    """List the master of the notes, where there are any: python-pptx only refers to its part.

    Keynote refuses decks without the list, or loses their notes.
    """
    for number, relation in presentation.part.rels.items():
        if relation.reltype == RELATIONSHIP_TYPE.NOTES_MASTER:
            presentation.element.sldMasterIdLst.addnext(
                parse_xml(
                    f'<p:notesMasterIdLst {NAMESPACES}><p:notesMasterId r:id="{number}"/>'
                    "</p:notesMasterIdLst>"
                )
            )
