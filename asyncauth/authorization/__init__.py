"""Who may use a service: the decision, the allow-list, the audit line.

Mechanisms prove who a client is; this package decides what follows from it, and knows nothing of how it was proved.
"""

from ._allow import Allow
from ._audit import audit, audited
from ._decision import Authorizer, Decision, decide
from ._rules import split_rule

__all__ = ["Allow", "Authorizer", "Decision", "audit", "audited", "decide", "split_rule"]
