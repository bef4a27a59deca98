"""Fitting the layers of a pruned network, by least squares, to what the whole network computes."""
