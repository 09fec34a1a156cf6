"""Planning a slide deck: what stands where, at which size, in which colour. Data only, no file."""
