"""The only modules that talk to Kubernetes and S3."""
