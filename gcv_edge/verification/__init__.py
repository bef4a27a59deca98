"""What a verdict on a file is made of: runs, differences, what rounding does by itself, and samples to keep."""
