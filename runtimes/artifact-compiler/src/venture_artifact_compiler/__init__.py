"""The compile Job: one IR document in, one artifact out."""
