"""What can be typed: each module holds the commands of one concern."""
