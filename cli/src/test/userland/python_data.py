#!/usr/bin/python3
"""Files, mmap, sqlite3, json and other modules over the system."""

import csv
import fcntl
import gzip
import hashlib
import io
import json
import mmap
import os
import pathlib
import pickle
import shutil
import sqlite3
import stat
import struct
import tempfile
import zipfile


def main():
    here = pathlib.Path(".")
    text = json.dumps({"list": list(range(5)), "nested": {"ä": None}, "float": 1.5}, indent=1, sort_keys=True)
    (here / "data.json").write_text(text, encoding="utf-8")
    print(json.loads((here / "data.json").read_text(encoding="utf-8")))

    with open("mapped", "wb+") as file:
        file.truncate(3 * 4096 + 10)
        with mmap.mmap(file.fileno(), 0) as memory:
            memory[4096:4101] = b"hello"
            memory.flush()
            file.seek(4096)
            print(file.read(5), memory.find(b"hello"), len(memory))
            file.seek(8192)
            file.write(b"written")
            file.flush()
            print(memory[8192:8199])
            memory.resize(5 * 4096)
            print(os.fstat(file.fileno()).st_size)
    with open("mapped", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as memory:
        memory[0] = 65
        print(memory[0:1], file.read(1))
    with mmap.mmap(-1, 8192) as shared:
        if os.fork() == 0:
            shared[0:5] = b"child"
            os._exit(0)
        os.wait()
        print(shared[0:5])

    database = sqlite3.connect("data.sqlite")
    database.execute("create table squares (n integer primary key, square integer)")
    with database:
        database.executemany("insert into squares values (?, ?)", ((n, n * n) for n in range(5000)))
    print(database.execute("select sum(square), count(*) from squares where n % 7 = 3").fetchone())
    try:
        with database:
            database.execute("insert into squares values (10000, 1)")
            database.execute("insert into squares values (1, 1)")
    except sqlite3.IntegrityError as e:
        print(e)
    print(database.execute("select count(*) from squares").fetchone())
    database.execute("vacuum")
    print(database.execute("pragma integrity_check").fetchone())
    database.close()

    with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/text", "z" * 10000)
    with zipfile.ZipFile("archive.zip") as archive:
        print(archive.namelist(), len(archive.read("inner/text")), archive.testzip())
    with gzip.open("data.gz", "wb") as file:
        file.write(bytes(range(256)) * 1000)
    with gzip.open("data.gz") as file:
        print(hashlib.sha256(file.read()).hexdigest())

    rows = io.StringIO()
    csv.writer(rows).writerows([["a", 1], ["b,c", 2]])
    print(repr(rows.getvalue()))
    print(pickle.loads(pickle.dumps({"t": (1, {2, 3})})), struct.pack("<IhQ", 1, -2, 3).hex())

    os.makedirs("tree/a/b")
    for n in range(10):
        (here / f"tree/a/{n}").write_bytes(b"x" * n)
    shutil.copytree("tree", "copy")
    shutil.move("copy/a/b", "copy/moved")
    print(sorted(str(p) for p in here.glob("copy/**/*")))
    print(sum(entry.stat().st_size for entry in os.scandir("tree/a") if entry.is_file()))
    os.chmod("tree/a/1", 0o640)
    os.utime("tree/a/1", (1_000_000_000, 1_000_000_000.5))
    status = os.stat("tree/a/1")
    print(stat.filemode(status.st_mode), status.st_mtime, status.st_atime_ns)
    shutil.rmtree("tree")
    print(os.path.exists("tree"))
    try:
        os.rmdir("copy")
    except OSError as e:
        print(e)
    with tempfile.TemporaryDirectory(dir=".") as directory, tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"unnamed")
        file.seek(2)
        print(file.read(), os.listdir(directory))
    with open("locked", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with open("locked") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as e:
                print(e)
    descriptor = os.open(".", os.O_RDONLY)
    print(os.stat("locked", dir_fd=descriptor).st_size, len(os.urandom(20)))
    os.pwrite(file_descriptor := os.open("at", os.O_RDWR | os.O_CREAT), b"xyz", 10)
    print(os.pread(file_descriptor, 20, 0), os.sendfile(os.open("sent", os.O_WRONLY | os.O_CREAT), file_descriptor, 0, 100))


main()
