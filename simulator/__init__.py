"""A Telegram stand-in on loopback: a strict Bot API server, and people who use the bot through it."""

from simulator.api.calls import Upload
from simulator.api.dispatch import Reply
from simulator.chats import ABSENT, Attachment, Chat, Message
from simulator.faults import Fault, FaultKind, FloodLimits
from simulator.groups import Channel, Group
from simulator.keyboards import Button
from simulator.people import Person
from simulator.simulator import Simulator
from simulator.transcript import CallRecord, Delivery, Transcript

__all__ = [
    "ABSENT",
    "Attachment",
    "Button",
    "CallRecord",
    "Channel",
    "Chat",
    "Delivery",
    "Fault",
    "FaultKind",
    "FloodLimits",
    "Group",
    "Message",
    "Person",
    "Reply",
    "Simulator",
    "Transcript",
    "Upload",
]
