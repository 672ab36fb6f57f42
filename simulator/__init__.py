"""A Telegram stand-in on loopback: a strict Bot API server and simulated people who use the bot."""

from simulator.api.calls import Upload
from simulator.api.dispatch import Reply
from simulator.faults import Fault, FaultKind, FloodLimits
from simulator.simulator import Simulator
from simulator.state.chats import ABSENT, Attachment, Chat, Message
from simulator.state.groups import Channel, Group
from simulator.state.keyboards import Button
from simulator.state.people import Person
from simulator.state.transcript import CallRecord, Delivery, Transcript

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
