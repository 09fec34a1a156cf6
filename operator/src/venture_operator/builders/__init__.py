"""Pure constructors of the Kubernetes objects we create."""
