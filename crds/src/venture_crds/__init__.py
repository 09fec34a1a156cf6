"""The custom resources of Venture as pydantic types, and the generator of their CRDs."""
