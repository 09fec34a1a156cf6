"""Planning a deck: from what is on the slides to where it stands and how large it is."""
