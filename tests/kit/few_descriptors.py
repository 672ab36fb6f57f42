"""The bot's command line with a limit on file descriptors, which is the first argument."""

import resource
import sys

from bot.__main__ import main

if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), hard))
    sys.exit(main([]))
