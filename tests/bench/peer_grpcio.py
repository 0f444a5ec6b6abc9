#!/usr/bin/python3
"""Rounds over Python's grpcio, one message each way, numpy for the step.

    peer_grpcio.py serve PORT ELEMENTS
    peer_grpcio.py work PORT ELEMENTS
"""
import concurrent.futures
import sys
import threading

import grpc
import numpy

import peer

METHOD = "/bench.Parameters/Round"
OPTIONS = [("grpc.max_receive_message_length", -1),
           ("grpc.max_send_message_length", -1)]
MU, ETA = numpy.float32(0.9), numpy.float32(1e-6)


class Parameters(grpc.GenericRpcHandler):
    def __init__(self, n):
        self.w = numpy.zeros(n, numpy.float32)
        self.v = numpy.zeros(n, numpy.float32)
        self.lock = threading.Lock()

    def service(self, details):
        if details.method == METHOD:
            return grpc.unary_unary_rpc_method_handler(self.round)
        return None

    def round(self, request, context):
        g = numpy.frombuffer(request, numpy.float32)
        with self.lock:
            self.v *= MU
            self.v -= ETA * g
            self.w += self.v
            return self.w.tobytes()


def main():
    role, port, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
    address = f"127.0.0.1:{port}"
    if role == "serve":
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4),
                             handlers=[Parameters(n)], options=OPTIONS)
        server.add_insecure_port(address)
        server.start()
        server.wait_for_termination()
    else:
        channel = grpc.insecure_channel(address, options=OPTIONS)
        grpc.channel_ready_future(channel).result(timeout=20)
        call = channel.unary_unary(METHOD)
        g = numpy.full(n, 1e-3, numpy.float32)
        peer.work(lambda: numpy.frombuffer(call(g.tobytes()), numpy.float32))


if __name__ == "__main__":
    main()
