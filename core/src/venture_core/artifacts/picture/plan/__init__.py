"""Where the layers of a picture stand."""
