"""Version v1alpha1 of the kinds, one module for each."""
