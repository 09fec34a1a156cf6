"""Pictures composed of layers: photographs, colour, text that fits."""
