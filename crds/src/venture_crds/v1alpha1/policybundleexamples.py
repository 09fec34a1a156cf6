"""Manifests of PolicyBundles for the reference page."""

from typing import Final

from venture_crds.resource import Example

EXAMPLES: Final = (
    Example(
        title="A bundle for decks and one kind of agent",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: PolicyBundle
metadata:
  name: default
spec:
  version: 1.0.0
  state: Published
  defaults:
    action: Deny
  roles:
    - name: researcher
      tools:
        - name: web.fetch
          when: args.url.startsWith('https://')
          domains: [example.com, "*.wikipedia.org"]
          callsPerMinute: 30
      models:
        - provider: Anthropic
          names: ["claude-*"]
      maxConcurrent: 3
      timeoutSeconds: 300
  rules:
    - id: no-night-spend
      appliesTo: [MoneyIntent]
      when: spec.capCents > 10000 && now.getHours('UTC') < 6
      action: RequireApproval
      severity: High
      message: A person looks at what is spent at night.
  money:
    currencies: [USD]
    perWorkflowCents: 100000
    perDayCents: 1000000
    merchants:
      - id: acme-ads
        categories: ["7311"]
        perTransactionCents: 5000
        velocity:
          cents: 10000
          transactions: 10
          windowSeconds: 3600
    approvals:
      - aboveCents: 10000
        quorum: 1
  artifacts:
    targets: [Pptx]
    gates:
      contrast: true
""",
    ),
)
