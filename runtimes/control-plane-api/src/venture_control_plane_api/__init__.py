"""The thin API of the founders."""
