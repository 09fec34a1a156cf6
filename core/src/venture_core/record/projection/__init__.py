"""Read models: the log's workflows, tasks, artifacts and money intents, as tables to be queried.

They hold nothing of their own: emptied, they are filled again from the log, row by row the same.
"""
