# Listens on the ports of a swarm for a minute, or tries those of others. See reach.sh for what it is given.
import os
import selectors
import signal
import socket
import sys
import threading

verb, mark, address, *rest = sys.argv[1:]
ports = [port.split("/") for port in rest[: rest.index("--")]]
others = rest[rest.index("--") + 1 :]
word = mark.encode()


def opened(host, port, protocol, passive):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family, kind, number, _, where = socket.getaddrinfo(host, int(port), type=kind)[0]
    made = socket.socket(family, kind, number)
    made.settimeout(2)
    if not passive:
        made.connect(where)
        return made
    if protocol == "tcp":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(where)
    if protocol == "tcp":
        made.listen(64)
    return made


def hear():
    heard = selectors.DefaultSelector()
    for protocol, port in ports:
        try:
            heard.register(opened(address, port, protocol, True), selectors.EVENT_READ, protocol)
            print("listening", protocol, port)
        except OSError:
            print("taken", protocol, port)
    sys.stdout.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    signal.alarm(60)
    while True:
        for key, _ in heard.select():
            try:
                if key.data == "tcp":
                    caller, _ = key.fileobj.accept()
                    with caller:
                        caller.sendall(word + b"\n")
                else:
                    said, where = key.fileobj.recvfrom(200)
                    if said == word:
                        key.fileobj.sendto(word, where)
            except OSError:
                pass


def tcp(other, port):
    try:
        with opened(other, port, "tcp", False) as caller:
            try:
                said = caller.makefile().readline().strip()
            except OSError:
                said = ""
            return "open" if said == mark else "stranger"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"


# A datagram may be lost: three are sent before silence counts.
def udp(other, port):
    try:
        with opened(other, port, "udp", False) as caller:
            caller.settimeout(0.5)
            for _ in range(3):
                caller.send(word)
                try:
                    if caller.recv(200) == word:
                        return "open"
                except socket.timeout:
                    pass
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        pass
    return "silent"


def call_one(other):
    for protocol, port in ports:
        outcome = tcp(other, port) if protocol == "tcp" else udp(other, port)
        print(f"{other} {protocol} {port} {outcome}\n", end="")


if verb == "listen":
    hear()
else:
    callers = [threading.Thread(target=call_one, args=(other,)) for other in others]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
