"""What benchmarks/real_handwriting.py measures on: pictures of real writers' pen strokes, and of what is no digit."""
