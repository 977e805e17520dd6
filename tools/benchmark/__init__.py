"""What `tools/bench.py` measures: the library's program, its hand-written twin, and how time, memory and chains are taken."""
