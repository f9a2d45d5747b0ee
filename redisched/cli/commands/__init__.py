"""One file per noun or verb of the command line, each loaded when it is typed."""
