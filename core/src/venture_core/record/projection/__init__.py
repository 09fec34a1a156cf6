"""Read models: what the log says of workflows and artifacts, as tables to be queried.

They hold nothing of their own: emptied, they are filled again from the log, row by row the same.
"""
