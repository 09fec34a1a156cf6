"""Language models: what is asked of them, what they used, and what it costs. Pure.

Two providers' APIs in three dialects, read as far as limits and prices need. Whatever has no price
is refused before it is asked for, and what cannot be priced afterwards costs what was held.
"""
