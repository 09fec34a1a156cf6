"""HTTP services: what all of them do alike, so that a service brings its routes only.

`app` makes an application whole (FastAPI, or any ASGI callable), `server` serves it within a
process until that is to stop. Around every application stand, from the outside in:
a trace id, metrics by route, problems (RFC 9457) for every error, limits, and who calls.
"""
