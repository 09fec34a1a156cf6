"""The generator: pure functions from the pydantic types to CRDs, chart templates and docs."""
