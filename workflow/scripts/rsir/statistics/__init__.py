"""Confidence intervals and significance tests of means over queries.

Input: arrays of scores (seeds, queries, columns). Output: interval limits and p values. Imports no
other package.
"""
