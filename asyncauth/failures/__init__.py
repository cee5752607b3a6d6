"""The catalogue of failures: what happened, why it usually does, what to run next, what not to do.

It is data, and the only place where these things are said: errors take their ``cause`` and ``fix`` from it, ``asyncauth
explain`` prints it, ``docs/errors.md`` is made from it. It needs nothing but the standard library, so it can be
read on a machine without Kerberos. Each failure that can be provoked is provoked by a test with a real KDC or
directory; the others say why not (:attr:`Failure.unproven`).
"""

from ._catalogue import FAILURES, KINDS
from ._codes import Code, Errno, Gss, Krb5, Sspi, Win32
from ._lookup import Found, cause_of, failure, failure_with, lookup, nearest
from ._model import Failure, Kind
from ._texts import code_with_names

__all__ = [
    "FAILURES",
    "KINDS",
    "Code",
    "Errno",
    "Failure",
    "Found",
    "Gss",
    "Kind",
    "Krb5",
    "Sspi",
    "Win32",
    "cause_of",
    "code_with_names",
    "failure",
    "failure_with",
    "lookup",
    "nearest",
]
