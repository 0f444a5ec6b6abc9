#!/usr/bin/python3
"""Rounds over PyTorch's RPC (TensorPipe), which shares memory on one machine.

    peer_torch.py serve PORT ELEMENTS WORKERS
    peer_torch.py work PORT ELEMENTS WORKERS RANK
"""
import os
import sys
import threading

import torch
from torch.distributed import rpc

import peer

MU, ETA = 0.9, 1e-6
STATE = {}


def step(g):
    with STATE["lock"]:
        STATE["v"].mul_(MU).add_(g, alpha=-ETA)
        STATE["w"].add_(STATE["v"])
        return STATE["w"]


def main():
    role, port, n, workers = sys.argv[1], *map(int, sys.argv[2:5])
    rank = int(sys.argv[5]) if role == "work" else 0
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    options = rpc.TensorPipeRpcBackendOptions(rpc_timeout=0)
    if rank == 0:
        STATE.update(w=torch.zeros(n), v=torch.zeros(n),
                     lock=threading.Lock())
    rpc.init_rpc(f"rank{rank}", rank=rank, world_size=workers + 1,
                 rpc_backend_options=options)
    if rank:
        g = torch.full((n,), 1e-3)
        peer.work(lambda: rpc.rpc_sync("rank0", step, args=(g,)))
        os._exit(0)
    threading.Event().wait()


if __name__ == "__main__":
    main()
