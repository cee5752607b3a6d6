"""Security mechanisms and the credentials they use."""

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
