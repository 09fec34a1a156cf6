"""Policy: a bundle is compiled into a snapshot, which judges requests. All of it is pure."""
