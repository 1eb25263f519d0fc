"""Fine-tuning: labelings, the training loop, models and re-extraction of descriptors.

Input: activations at the cut and labels. Output: models, learning curves, fine-tuned descriptors.
Imports all packages before it: `core` to `descriptors`.
"""
