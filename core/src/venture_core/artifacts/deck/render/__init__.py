"""From a planned deck to the bytes of a .pptx file."""
