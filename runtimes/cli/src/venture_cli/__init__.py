"""venture, also kubectl-venture: the command line.

`commands` parse arguments and are thin; `services` talk to the cluster and to S3; `domain` is pure;
`views` print. Nothing heavy is imported before a command runs: `venture --help` must feel instant.
"""
