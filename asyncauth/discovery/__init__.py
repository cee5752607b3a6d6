"""Locating services, and publishing them: in Active Directory, in DNS, in a table."""

from ._accounts import Account, find_account
from ._candidates import Accept
from ._chain import first_of
from ._directory import Directory
from ._dns import Dns, SrvRecord
from ._entry import Change, DirectoryProtocol, Entry, Scope
from ._groups import GroupLookup
from ._published import Published
from ._rnr import PublishedWinsockService, WinsockServices
from ._rnr_record import WinsockService, tcp_class_id
from ._scp import ServiceConnectionPoints
from ._scp_record import ServiceConnectionPoint
from ._spn_registry import SpnRegistry
from ._srv import DnsSrv
from ._static import Static
from ._winsock_address import ClassParameter, Comparison, WinsockAddress, WinsockVersion

__all__ = [
    "Accept",
    "Account",
    "Change",
    "ClassParameter",
    "Comparison",
    "Directory",
    "DirectoryProtocol",
    "Dns",
    "DnsSrv",
    "Entry",
    "GroupLookup",
    "Published",
    "PublishedWinsockService",
    "Scope",
    "ServiceConnectionPoint",
    "ServiceConnectionPoints",
    "SpnRegistry",
    "SrvRecord",
    "Static",
    "WinsockAddress",
    "WinsockService",
    "WinsockServices",
    "WinsockVersion",
    "find_account",
    "first_of",
    "tcp_class_id",
]
