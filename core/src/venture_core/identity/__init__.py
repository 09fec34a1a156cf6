"""Who calls a service, proven.

A workload by its pod, a founder by a signed token, a user of the cluster by the API server's word.
"""
