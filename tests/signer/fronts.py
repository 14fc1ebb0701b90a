# SPDX-License-Identifier: Apache-2.0
"""Two programs for the place of the signing service's front, which hold all that the front holds.

record() runs the real front behind itself and writes down every packet that passes to the key process; attack() says
it all again, as it was, in other orders and with its parts exchanged, until its time is up. Packets are protobuf
messages: a list of fields, each a number and either an integer or bytes.
"""
import os
import random
import select
import socket
import struct
import sys
import time

PACKET_MAX = 196608
NUMBER, KIND = 1, 2  # fields of a call
POLL = 9  # a kind that is answered late
SAID_MIN = 100  # calls a round, however slow the machine is


def record(front, traffic):
    """Relays between the key process, at descriptor 3, and the real front."""
    key = socket.socket(fileno=os.dup(3))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        os.dup2(theirs.fileno(), 3)
        os.execv(front, [front] + sys.argv[1:])
    theirs.close()
    os.close(3)
    with open(traffic, "ab", buffering=0) as out:
        while True:
            for end in select.select([key, ours], [], [])[0]:
                packet = end.recv(PACKET_MAX)
                if not packet:
                    return
                if end is ours:
                    out.write(struct.pack(">I", len(packet)) + packet)
                (key if end is ours else ours).send(packet)


def recorded(traffic):
    packets = []
    with open(traffic, "rb") as file:
        while header := file.read(4):
            packets.append(file.read(struct.unpack(">I", header)[0]))
    return packets


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def fields(packet):
    found, at = {}, 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = packet[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(packet):
        tag = number()
        if tag & 7 == 0:
            found[tag >> 3] = number()
        else:
            length = number()
            found[tag >> 3] = packet[at : at + length]
            at += length
    return found


def message(parts):
    out = b""
    for tag, value in sorted(parts.items()):
        if isinstance(value, int):
            out += varint(tag << 3) + varint(value)
        else:
            out += varint(tag << 3 | 2) + varint(len(value)) + value
    return out


class Attack:
    def __init__(self, traffic, counts):
        self.key = socket.socket(fileno=3)
        self.key.settimeout(0.2)
        self.calls = [fields(packet) for packet in recorded(traffic)]
        self.calls = [call for call in self.calls if call[KIND] != POLL]
        self.number = 1 << 40
        self.counts = counts

    def say(self, call):
        """One call under a number of its own, and its answer."""
        self.number += 1
        self.key.send(message({**call, NUMBER: self.number}))
        self.counts["said"] += 1
        try:
            answer = self.key.recv(PACKET_MAX)
        except TimeoutError:
            return
        if not answer:
            raise ConnectionError
        self.counts["answered"] += 1

    def exchanged(self, rand):
        """A call with parts of another one, or a bit of one part turned."""
        call, other = dict(rand.choice(self.calls)), rand.choice(self.calls)
        same = [call for call in self.calls if call[KIND] == other[KIND]]
        tag = rand.choice([tag for tag in other if tag not in (NUMBER, KIND)] or [KIND])
        if rand.random() < 0.7:
            call = dict(rand.choice(same))
            call[tag] = other[tag]
        elif isinstance(call.get(tag), bytes) and call[tag]:
            turned = bytearray(call[tag])
            turned[rand.randrange(len(turned))] ^= 1 << rand.randrange(8)
            call[tag] = bytes(turned)
        elif isinstance(call.get(tag), int) and tag != KIND:
            call[tag] = rand.choice([0, 1, call[tag] + 1, 1 << 32, (1 << 63) - 1])
        return call

    def run(self, seconds, rand):
        for calls in (self.calls, self.calls, self.calls[::-1], rand.sample(self.calls, len(self.calls))):
            for call in calls:
                self.say(call)
        end = time.monotonic() + seconds
        while time.monotonic() < end or self.counts["said"] < SAID_MIN:
            self.say(self.exchanged(rand))


def attack(traffic, result, seconds):
    """Ends with the connection, and is started again with other chances; the result has one line for each time."""
    rounds = 0
    if os.path.exists(result):
        with open(result, encoding="ascii") as file:
            rounds = len(file.readlines())
    counts = {"said": 0, "answered": 0}
    try:
        Attack(traffic, counts).run(seconds, random.Random(rounds))
    except OSError:
        pass
    with open(result, "a", encoding="ascii") as file:
        file.write(f"{counts['said']} {counts['answered']}\n")
