"""Planning a text: what stands on the paper, in which colours, and how wide columns are."""
