"""Get an initial ticket by password into a cache: a script run with an environment of its own.

``libkrb5`` reads its configuration from the environment of the process, so this is a process, and the
caller's own environment stays as it is. One JSON object on stdin: principal, password, cache (a name with
its type), lifetime (seconds, or null for the KDC's maximum). One JSON object on stdout: empty, or the
``error`` text and ``code`` of libkrb5.
"""

from __future__ import annotations

import json
import sys

import krb5


def get(principal: str, password: str, cache: str, lifetime: int | None) -> None:
    """Ask the KDC and write the cache."""
    context = krb5.init_context()
    client = krb5.parse_name_flags(context, principal.encode())
    options = krb5.get_init_creds_opt_alloc(context)
    krb5.get_init_creds_opt_set_forwardable(options, True)
    if lifetime is not None:
        krb5.get_init_creds_opt_set_tkt_life(options, lifetime)
    credentials = krb5.get_init_creds_password(context, client, options, password=password.encode())
    store = krb5.cc_resolve(context, cache.encode())
    krb5.cc_initialize(context, store, client)
    krb5.cc_store_cred(context, store, credentials)


def main() -> None:
    """Do what stdin says."""
    try:
        get(**json.load(sys.stdin))
    except krb5.Krb5Error as error:
        text = str(error).removesuffix(f" {error.err_code}")
        json.dump({"error": text, "code": error.err_code}, sys.stdout)
    else:
        json.dump({}, sys.stdout)


if __name__ == "__main__":
    main()
