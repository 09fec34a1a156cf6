"""Where everything in a report stands."""
