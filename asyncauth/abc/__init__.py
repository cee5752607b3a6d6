"""The contracts between the parts; what a plug-in has to fit."""

from ._discovery import Publisher, Resolver, ServiceQuery
from ._framing import Check, Command, Frame, Framing, Header, Receive, Reply, Script, Send, Step
from ._mechanism import ContextInfo, Mechanism, SecurityContext, StepResult, Unwrapped

__all__ = [
    "Check",
    "Command",
    "ContextInfo",
    "Frame",
    "Framing",
    "Header",
    "Mechanism",
    "Publisher",
    "Receive",
    "Reply",
    "Resolver",
    "Script",
    "SecurityContext",
    "Send",
    "ServiceQuery",
    "Step",
    "StepResult",
    "Unwrapped",
]
