"""From MXNet: symbol files, parameters, zoo names and live blocks."""
