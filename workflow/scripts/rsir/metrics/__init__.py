"""Retrieval metrics: pure functions of label sets and ranked lists.

In: arrays of labels and of rankings. Out: a number per query and metric. Imports `core`.
"""
