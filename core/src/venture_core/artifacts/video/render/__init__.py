"""From the plan of a video to its file."""
