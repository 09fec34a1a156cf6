"""The check that a release's data plane answers, with the clients and credentials it will use.

`python -m venture_core.preflight`, installed as `venture-preflight`, runs after every install and
upgrade. It retries until a deadline, because the data plane may still be starting, and says in a
sentence which endpoint failed, how, and what to check. No secret is ever printed.
"""
