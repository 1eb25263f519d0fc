"""Fine-tuning: labelings, the training loop, its models and what they describe.

In: activations at the cut and labels. Out: models, learning curves, fine-tuned descriptors. Imports
all packages before it: `core` to `descriptors`.
"""
