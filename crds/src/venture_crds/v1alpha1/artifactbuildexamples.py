"""Manifests of ArtifactBuilds for the reference page."""

from typing import Final

from venture_crds.resource import Example

EXAMPLES: Final = (
    Example(
        title="A deck from a document in the manifest",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: ArtifactBuild
metadata:
  name: board-deck
spec:
  target: Pptx
  source:
    inline:
      kind: SlideSpec
      version: 1
      title: Board update
      slides:
        - type: title
          title: Board update
          subtitle: Where we stand, and what we ask of you
        - type: bullets
          title: What happened
          bullets:
            - text: The beta launched with forty design partners
            - text: Thirty-one of them came back in the second week
""",
    ),
    Example(
        title="A deck from a ConfigMap, with a picture from S3 and a gate switched off",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: ArtifactBuild
metadata:
  name: launch-deck
spec:
  target: Pptx
  source:
    configMapRef:
      name: launch-deck
      key: ir.json
  assets:
    - name: logo
      objectRef:
        key: assets/logo.png
        sha256: 7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730
  gates:
    contrast: false
  timeoutSeconds: 120
""",
    ),
)
