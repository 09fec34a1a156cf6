"""Videos: scenes of slides and pictures, narration, music and captions, as one MP4."""
