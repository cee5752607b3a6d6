"""Native codes to our errors, for what goes through GSSAPI and through krb5. Imports neither.

* ``_explain`` the error for a code: what happened, to whom, and which failure of the catalogue it is
* ``_rows`` the table that it looks in, by code and by what was being done
* ``_shapes`` what a peer sent in the place of a token, as far as its first bytes tell
"""

from ._explain import Where, code_of, explain
from ._rows import Phase
from ._shapes import shape_of

__all__ = ["Phase", "Where", "code_of", "explain", "shape_of"]
