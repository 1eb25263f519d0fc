"""Scores of all methods, and the tables that compare them.

In: rankings and labels. Out: CSV tables of scores, bounds, comparisons and contrasts. Imports all
packages before it: `core` to `training`.
"""
