"""ArtifactBuild: a document is compiled by a Job, checked, stored by content and signed."""
