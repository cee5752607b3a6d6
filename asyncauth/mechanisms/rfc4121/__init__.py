"""Tokens of RFC 4121 made and opened with OpenSSL: the bulk path of message protection.

Nothing here knows GSSAPI, and nothing here counts: see ``_tokens``. Importing it needs the package ``cryptography``.
"""

from ._derivation import ENCTYPES, Enctype
from ._tokens import Defective, Incoming, Outgoing

__all__ = ["ENCTYPES", "Defective", "Enctype", "Incoming", "Outgoing"]
