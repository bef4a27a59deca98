"""A pruned network in torch, and its training. Needs the extra [torch]."""
