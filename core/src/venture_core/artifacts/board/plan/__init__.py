"""Where everything on a board stands."""
