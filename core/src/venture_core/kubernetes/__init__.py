"""A thin async client for the Kubernetes API: plain dicts over kubernetes_asyncio's session."""
