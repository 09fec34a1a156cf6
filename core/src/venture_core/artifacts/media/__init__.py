"""Sound and moving pictures: ffmpeg, run within limits, for what it is good at and nothing else."""
