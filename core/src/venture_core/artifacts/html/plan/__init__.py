"""Planning pages of HTML: the tree and the stylesheet that are laid out."""
