"""Entries: names without case, values as bytes or text."""

from __future__ import annotations

import uuid

import pytest

from asyncauth import _errors
from asyncauth.discovery import Entry
from asyncauth.discovery._entry import encoded

GUID = uuid.UUID("a762885a-aa44-11d2-81f1-00c04fb9624e")


def test_values_by_name_in_any_case() -> None:
    entry = Entry("CN=x", {"serviceDNSName": [b"app1", b"app2"], "objectClass": [b"top", b"Leaf"]})
    assert entry.values("SERVICEDNSNAME") == (b"app1", b"app2")
    assert entry.text("servicednsname") == "app1"
    assert entry.texts("other") == ()
    assert entry.text("other") is None
    assert entry.is_a("leaf")
    assert not entry.is_a("container")
    assert entry.attributes["serviceDNSName"] == [b"app1", b"app2"]
    assert "serviceDNSName" in repr(entry)


def test_a_guid_is_in_the_order_of_windows() -> None:
    assert Entry("CN=x", {"objectGUID": [GUID.bytes_le]}).guid == GUID


def test_what_is_no_text_or_no_guid_says_where() -> None:
    entry = Entry("CN=x,DC=test", {"keywords": [b"\xff"], "objectGUID": [b"short"]})
    with pytest.raises(_errors.MalformedRecord, match=r"keywords of CN=x,DC=test is not text"):
        entry.text("keywords")
    with pytest.raises(_errors.MalformedRecord, match=r"CN=x,DC=test came without its objectGUID"):
        _ = entry.guid


def test_text_is_sent_as_utf8() -> None:
    assert encoded(["gr\u00fcn", b"\xff"]) == (b"gr\xc3\xbcn", b"\xff")
