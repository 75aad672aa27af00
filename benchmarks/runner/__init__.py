"""What `run.py` is made of: peers, modes, the load, and what /proc and callgrind say of the server."""
