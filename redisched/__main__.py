"""`python -m redisched`: the command line, for where the `redisched` command is not on PATH."""

from redisched.cli.main import main

if __name__ == "__main__":
    main()
