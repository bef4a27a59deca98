"""``python -m gcv_edge`` is the command ``gcv-edge``."""

from gcv_edge.cli import main

if __name__ == "__main__":
    main()
