"""Confidence intervals and significance tests of means over queries.

In: scores, as arrays of seeds × queries × columns. Out: limits and p values. Imports no other
package.
"""
