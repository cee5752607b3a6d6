"""Kerberos and SPNEGO through GSSAPI. Importing it needs the packages ``gssapi`` and ``krb5``.

* ``_contexts`` the handshake of either role; ``_messages`` what is sent under a complete context
* ``_bulk`` the faster way of large messages, with ``rfc4121``
* ``_credentials`` a client's credentials, and what is kept of them between connections; ``_renewal`` a ticket made
  anew before it ends; ``_delegated`` a client's credential in a server's hands
* ``_keys`` a server's credentials, which are the keys in its keytab
* ``_claims`` what a client's name says beside the name
* ``_errors`` GSSAPI's errors to ours, with ``_codes``
"""

from ._contexts import GssAcceptor, GssInitiator
from ._credentials import Initiator, initiator
from ._keys import Acceptor

__all__ = ["Acceptor", "GssAcceptor", "GssInitiator", "Initiator", "initiator"]
