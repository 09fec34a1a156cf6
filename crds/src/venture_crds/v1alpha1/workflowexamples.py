"""Manifests of Workflows for the reference page."""

from typing import Final

from venture_crds.resource import Example

EXAMPLES: Final = (
    Example(
        title="Two decks, the second made when the first is there",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: Workflow
metadata:
  name: two-decks
spec:
  objective: Tell the board about the beta, and then what follows from it
  inputs:
    - name: quarter
      value: Q4
  tasks:
    - name: update
      artifact:
        target: Pptx
        source:
          inline:
            kind: SlideSpec
            version: 1
            title: Board update ${inputs.quarter}
            slides:
              - type: title
                title: Board update ${inputs.quarter}
    - name: appendix
      dependsOn: [update]
      artifact:
        target: Pptx
        source:
          inline:
            kind: SlideSpec
            version: 1
            title: Appendix
            slides:
              - type: title
                title: Appendix
                subtitle: To the update of ${tasks.update.output.sizeBytes} bytes
""",
    ),
)
