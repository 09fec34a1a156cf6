"""The compile Job: one document in, one artifact out, no credentials."""
