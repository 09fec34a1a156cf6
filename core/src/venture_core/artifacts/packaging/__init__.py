"""Writing files whose bytes depend on nothing but their content."""
