"""What GSSAPI has no call for, through the krb5 package: tickets and keytabs in memory, keys, keytab files.

* ``_memory`` credential caches and keytabs of our own, the tickets that fill them, and the library's errors
* ``_keys`` keys, salts and the entries of keytab files
* ``_entry`` one such entry, as a value

Only the last is had from here, and needs nothing; the first two import ``krb5``, and are imported where they are used.
"""

from ._entry import KeytabEntry

__all__ = ["KeytabEntry"]
