"""What is decided without asking anybody: pure functions over documents and objects."""
