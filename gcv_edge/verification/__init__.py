"""What a verdict on a file is made of: runs, differences, what rounding alone does, and samples to keep."""
