"""Types of the parameters that derived descriptors are fitted with."""

from typing import Any

from numpy.typing import NDArray

Parameters = dict[str, NDArray[Any]]
"""What is fitted, by name; arrays of one dimension or more."""

Fitted = dict[str, Parameters]
"""The parameters of each step, by the name of its definition and its number, as `codes/0`."""
