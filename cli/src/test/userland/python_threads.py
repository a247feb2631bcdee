#!/usr/bin/python3
"""Threads, asyncio, and what waits for several things at once."""

import asyncio
import concurrent.futures
import queue
import select
import socket
import threading
import time

LOCK = threading.Lock()
total = 0


def add(times):
    global total
    for _ in range(times):
        with LOCK:
            total += 1


def produce(channel, count):
    for n in range(count):
        channel.put(n)
    channel.put(None)


async def tick(name, seconds):
    await asyncio.sleep(seconds)
    return name


async def many():
    print(await asyncio.gather(*(tick(n, (5 - n) / 100) for n in range(5))))
    process = await asyncio.create_subprocess_exec(
        "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    print((await process.communicate(b"through a child"))[0], process.returncode)
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except asyncio.TimeoutError:
        print("timed out")


def main():
    threads = [threading.Thread(target=add, args=(1000,)) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(total)

    channel = queue.Queue(maxsize=3)
    threading.Thread(target=produce, args=(channel, 500)).start()
    print(sum(iter(channel.get, None)))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(list(pool.map(lambda n: n**3, range(10))))
        slow = [pool.submit(time.sleep, 0.1) for _ in range(8)]
        begun = time.monotonic()
        concurrent.futures.wait(slow)
        print("at once:", time.monotonic() - begun < 5)

    event, seen = threading.Event(), []
    waiter = threading.Thread(target=lambda: seen.append(event.wait(10)))
    waiter.start()
    event.set()
    waiter.join()
    print(seen, threading.Event().wait(0.05))

    barrier = threading.Barrier(5)
    order = []

    def meet():
        barrier.wait()
        order.append(1)

    meeting = [threading.Thread(target=meet) for _ in range(5)]
    for each in meeting:
        each.start()
    for each in meeting:
        each.join()
    print(len(order))

    here, there = socket.socketpair()
    print(select.select([there], [], [], 0.05)[0])
    here.sendall(b"hello")
    print(bool(select.select([there], [], [], 5)[0]), there.recv(10))
    poll = select.poll()
    poll.register(there, select.POLLIN)
    here.close()
    print([event for _, event in poll.poll(1000)] != [], there.recv(10))
    there.close()

    asyncio.run(many())


main()
