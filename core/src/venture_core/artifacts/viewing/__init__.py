"""Looking at artifacts: their pages as PNG, of a file that was made or drawn from a document.

Files may come from anybody. Whoever looks at one does so in a process of its own, with limits.
"""
