"""What every frame of a video shows, and when."""
