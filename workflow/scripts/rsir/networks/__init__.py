"""Pretrained networks: their weights, their cut into trunk and tail, and what computes them.

In: names of networks, files of weights, pixels. Out: backbones on a processor. Imports `core` and
`archives`.
"""
