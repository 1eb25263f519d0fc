"""Files, digests, logs and the record of each job.

Input: paths and plain values. Output: files written completely or not at all, and one-line errors.
Imports no other package of the library.
"""
