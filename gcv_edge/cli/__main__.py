"""``python -m gcv_edge.cli`` is the command ``gcv-edge``."""

from gcv_edge.cli.root import main

if __name__ == "__main__":
    main()
