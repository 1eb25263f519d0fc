"""Files, digests, logs and the record of each job.

In: paths and plain values. Out: files that are written whole or not at all, and errors of one line.
Imports no other package of the library.
"""
