"""What asks the cluster, S3 or the file system."""
