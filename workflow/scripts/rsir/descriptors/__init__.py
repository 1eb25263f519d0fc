"""Descriptors of images, and the activations that fine-tuning starts from.

In: pixels and backbones. Out: HDF5 files of descriptors and activations. Imports all packages
before it: `core` to `search`.
"""
