"""How fast asyncauth is, as ratios to GSSAPI itself: ``python -m benchmarks``.

* ``__main__`` the command line
* ``_rounds`` what is measured, in which order; ``_figures`` what is made of it; ``_report`` how it is told
* ``_limit`` the raw GSSAPI loops that everything is compared with
* ``_server``, ``_client`` the two processes of a layer; ``_child`` how they are started and asked
* ``_layers`` which layers there are; ``_anyio_layer``, ``_protocol_layer``, ``_streams_layer`` each family
* ``_common`` what server and client agree on
"""
