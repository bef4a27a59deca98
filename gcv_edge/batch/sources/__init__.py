"""Where the pictures of a job are: listed as a stream, in a fixed order, each once."""
