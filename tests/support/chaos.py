"""A TCP proxy that does to its connections what networks do.

    proxy = Chaos(port_of_the_server)
    ... connect to proxy.port ...
    proxy.mode = "black hole"     what is sent is read and never delivered
    proxy.delay = 0.05            seconds before each piece is passed on
    proxy.rate = 100_000          bytes a second, each way
    proxy.reset()                 cut all connections with RST
    proxy.half_close()            tell both sides that the other is done
    proxy.close()

Modes: "pass"; "black hole"; "refuse" (new connections are reset at once).
`accepted` counts connections, `ended` those that either side has closed."""
import socket
import struct
import threading
import time

PIECE = 65536
LINGER_RST = struct.pack("ii", 1, 0)  # close(2) sends RST, nothing is kept


class Link:
    """One connection and its two directions."""

    def __init__(self, chaos, near):
        self.chaos = chaos
        self.near = near
        self.answered = False  # the server has said something
        self.far = socket.create_connection(("127.0.0.1", chaos.target), 5)
        self.far.settimeout(None)
        for s in (self.near, self.far):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self):
        """Only once it is in the list of links: it may end at once, and an end
        that nobody knows leaves two sockets open with nobody behind them."""
        for a, b in ((self.near, self.far), (self.far, self.near)):
            threading.Thread(target=self.pump, args=(a, b),
                             daemon=True).start()

    def pump(self, a, b):
        chaos = self.chaos
        try:
            while data := a.recv(PIECE):
                if chaos.mode == "black hole":
                    continue
                if chaos.delay or chaos.rate:
                    chaos.idle.wait(chaos.delay + (
                        len(data) / chaos.rate if chaos.rate else 0))
                b.sendall(data)
                self.answered = self.answered or a is self.far
        except OSError:
            pass
        self.end()

    def end(self):
        """Both sides see an end; once."""
        if not self.chaos.forget(self):
            return
        for s in (self.near, self.far):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def reset(self):
        for s in (self.near, self.far):
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
                s.shutdown(socket.SHUT_RD)  # wakes its pump
            except OSError:
                pass

    def half_close(self):
        for s in (self.near, self.far):
            try:
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass


class Chaos:
    def __init__(self, target, address=("127.0.0.1", 0)):
        self.target = target
        self.mode = "pass"
        self.delay = 0.0
        self.rate = 0
        self.accepted = 0
        self.ended = 0
        self.ended_at = None  # monotonic, of the newest end
        self.idle = threading.Event()  # never set: a wait that is no sleep
        self.lock = threading.Lock()
        self.links = set()
        self.listener = socket.create_server(address)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                if self.listener.fileno() < 0:
                    return
                raise  # to be seen: nobody gets through any more
            self.accepted += 1
            try:
                if self.mode == "refuse":
                    raise OSError("refused")
                link = Link(self, near)
            except OSError:  # nobody there: what a dead host looks like
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                LINGER_RST)
                near.close()
                continue
            with self.lock:
                self.links.add(link)
            link.begin()

    def forget(self, link):
        with self.lock:
            if link not in self.links:
                return False
            self.links.remove(link)
            self.ended += 1
            self.ended_at = time.monotonic()
            return True

    def each(self):
        with self.lock:
            return list(self.links)

    def reset(self):
        for link in self.each():
            link.reset()

    def half_close(self):
        for link in self.each():
            link.half_close()

    def close(self):
        self.listener.close()
        self.reset()
