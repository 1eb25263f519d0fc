"""Retrieval metrics: pure functions of label sets and ranked lists.

Input: arrays of labels and rankings. Output: a score per query and metric. Imports `core`.
"""
