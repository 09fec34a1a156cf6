"""The aggregated API content.venture.parpour.dev: what belongs to objects and is none itself."""
