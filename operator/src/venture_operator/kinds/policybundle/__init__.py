"""PolicyBundles: checked, published, kept by their hash, and known to all who judge."""
