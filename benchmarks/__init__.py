"""How fast asyncauth is: ``python -m benchmarks``, and ``python -m benchmarks.messages`` for sealing by itself.

The measuring itself is :mod:`asyncauth.bench`, which is installed with the command line.
"""
