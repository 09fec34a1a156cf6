"""Text documents: the DocSpec, its plan, its gates, and what it is rendered to."""
