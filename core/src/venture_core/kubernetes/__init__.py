"""A thin async client for the Kubernetes API: kubeconfig, logins, requests, port-forwards."""
