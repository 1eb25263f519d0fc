"""The networks that the libraries provide."""

from rsir.core.errors import InputError


def check_torchvision(network: str) -> None:
    """Raise InputError if torchvision has no image classifier of this name."""
    import torchvision  # a slow import

    if network not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(f"network {network}: torchvision has no classifier of this name")
