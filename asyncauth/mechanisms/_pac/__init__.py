"""Reading a PAC (MS-PAC), which a domain controller puts into a ticket. Knows bytes only, and no library.

* ``_buffers`` what its buffers say of the account
* ``_ndr`` the encoding that they are in
"""

from ._buffers import parse_claims, parse_pac
from ._ndr import Damaged

__all__ = ["Damaged", "parse_claims", "parse_pac"]
