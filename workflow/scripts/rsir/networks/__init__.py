"""Pretrained networks: their weights, their cut into trunk and tail, and their processor.

Input: names of networks, weights files, pixels. Output: backbones on a processor. Imports `core`
and `archives`.
"""
