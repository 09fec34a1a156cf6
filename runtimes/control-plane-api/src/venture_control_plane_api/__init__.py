"""What people ask of the platform over HTTP: the content of their objects."""
