"""venture-orchestrator: the kopf process that reconciles the custom resources."""
