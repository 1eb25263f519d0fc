"""Figures of the tables, learning curves and descriptors.

In: tables as data frames, and arrays. Out: figures of matplotlib. Imports all packages before
`reports`.
"""
