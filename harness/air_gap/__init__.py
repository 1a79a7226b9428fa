"""The way to a machine without a network.

wants.py       what a line-up asks for: packages, and what of it lies on this machine alone
wheels.py      those packages as files, for the Python and the kind of machine that they are gathered on
export.py      the folder that holds it all
set-up.sh      travels in it, and sets the other machine up
README.txt     travels in it, and says how
"""
