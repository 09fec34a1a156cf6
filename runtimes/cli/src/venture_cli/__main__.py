"""`python -m venture_cli`, and the entry points of the package."""

from venture_cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
