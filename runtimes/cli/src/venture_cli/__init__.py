"""venture, also kubectl-venture: the command line."""
