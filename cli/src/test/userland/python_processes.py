#!/usr/bin/python3
"""Processes: subprocess, multiprocessing, pipes, signals."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time


def square(n):
    return n * n


def serve(connection):
    while (word := connection.recv()) is not None:
        connection.send(word[::-1])
    connection.close()


def add(counter, lock, times):
    for _ in range(times):
        with lock:
            counter.value += 1


def fill(queue, start):
    for n in range(start, start + 100):
        queue.put(n)


def main():
    done = subprocess.run(["echo", "from", "a child"], capture_output=True, text=True, check=True)
    print(repr(done.stdout), done.returncode)
    done = subprocess.run("cat; exit 3", shell=True, input=b"given", stdout=subprocess.PIPE)
    print(done.stdout, done.returncode)
    with subprocess.Popen(["tr", "a-z", "A-Z"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tr:
        print(tr.communicate(b"x" * 200_000)[0].count(b"X"))
    try:
        subprocess.run(["sleep", "10"], timeout=0.1)
    except subprocess.TimeoutExpired as e:
        print("timed out:", e.timeout < 1)
    print(subprocess.run(["sh", "-c", "kill -SEGV $$"]).returncode)
    try:
        subprocess.run(["/no/such/program"])
    except FileNotFoundError as e:
        print(e)
    try:
        subprocess.run(["true"], cwd="/no/such/directory")
    except FileNotFoundError as e:
        print(e)
    group = subprocess.Popen(["sh", "-c", "sleep 10 & wait"], start_new_session=True)
    time.sleep(0.1)
    os.killpg(group.pid, signal.SIGTERM)
    print(group.wait())

    with multiprocessing.Pool(4) as pool:
        print(sum(pool.map(square, range(1000))))
        print(pool.apply_async(pow, (2, 100)).get(timeout=30))
    near, far = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(far,))
    server.start()
    for word in ("pipe", "of", "a process"):
        near.send(word)
        print(near.recv())
    near.send(None)
    server.join()
    print(server.exitcode)
    counter, lock = multiprocessing.Value("i", 0), multiprocessing.Lock()
    adders = [multiprocessing.Process(target=add, args=(counter, lock, 200)) for _ in range(4)]
    for each in adders:
        each.start()
    for each in adders:
        each.join()
    print(counter.value)
    queue = multiprocessing.Queue()
    fillers = [multiprocessing.Process(target=fill, args=(queue, n * 100)) for n in range(3)]
    for each in fillers:
        each.start()
    print(sum(queue.get(timeout=30) for _ in range(300)))
    for each in fillers:
        each.join()
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        print(pool.map(abs, [-1, 2, -3]))

    handled = []
    signal.signal(signal.SIGUSR1, lambda number, _: handled.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    print(handled)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.signal(signal.SIGALRM, lambda number, _: handled.append(number))
    time.sleep(0.2)
    print(handled)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, json.dumps({"child": [1, 2.5, None, "ä"]}).encode())
        os._exit(5)
    os.close(writer)
    print(json.loads(os.read(reader, 1000)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.stdout.flush()
    if os.fork() == 0:
        os.execvp("sh", ["sh", "-c", "echo the end; exit 9"])
    print(os.waitstatus_to_exitcode(os.wait()[1]))


if __name__ == "__main__":
    main()
