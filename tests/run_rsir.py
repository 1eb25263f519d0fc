"""The command line of the library."""

from rsir.__main__ import main

main()
