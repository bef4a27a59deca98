"""Choosing widths: what channels are worth, what layers cost, and the widths that lose least at a cost."""
