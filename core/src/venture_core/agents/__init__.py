"""What agents and those who serve them say to each other."""
