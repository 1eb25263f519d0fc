"""Descriptors of images, and the activations that fine-tuning starts from.

Input: pixels and backbones. Output: HDF5 files of descriptors and activations. Imports all packages
before it: `core` to `search`.
"""
