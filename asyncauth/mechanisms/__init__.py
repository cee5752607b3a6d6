"""Security mechanisms and the credentials they use.

* ``_mechanisms`` the mechanisms by name; ``_sources`` where credentials come from, ``_secret`` a password among them
* ``_gss`` Kerberos and SPNEGO through GSSAPI; ``_pyspnego`` the same through SSPI on Windows, and NTLM everywhere
* beneath ``_gss``: ``_krb5`` tickets and keytabs in memory, ``_pac`` the client's groups, ``rfc4121`` large messages
* ``_codes`` native codes to our errors
"""

from ._mechanisms import Kerberos, Negotiate, Ntlm
from ._sources import Credential, CredentialCache, DefaultCredential, Keytab, Password, UserFile

__all__ = [
    "Credential",
    "CredentialCache",
    "DefaultCredential",
    "Kerberos",
    "Keytab",
    "Negotiate",
    "Ntlm",
    "Password",
    "UserFile",
]
