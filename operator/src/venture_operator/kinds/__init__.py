"""The kinds: each brings its decisions, its builders, its storage and one service."""
