#!/bin/sh
# The version of java, and a program of many threads, compiled and run.
set -e
"$JAVA_HOME/bin/java" -version 2>&1 | wc -l
cat >Threads.java <<'END'
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

class Threads {
    public static void main(String[] arguments) throws Exception {
        AtomicLong sum = new AtomicLong();
        try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
            for (int i = 1; i <= 1000; i++) {
                int n = i;
                pool.submit(() -> sum.addAndGet(n));
            }
        }
        System.out.println(sum);
        try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int n = i;
                all.add(each.submit(() -> { Thread.sleep(10); return n; }));
            }
            int total = 0;
            for (Future<Integer> one : all) total += one.get();
            System.out.println(total);
        }
        SynchronousQueue<Integer> queue = new SynchronousQueue<>();
        Thread producer = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 500; i++) queue.put(i);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        int got = 0;
        for (int i = 0; i < 500; i++) got += queue.take();
        producer.join();
        System.out.println(got);
        System.out.println(IntStream.range(0, 100000).parallel().mapToLong(n -> n % 7).sum());
        Path file = Path.of("written");
        Files.writeString(file, "x".repeat(100_000));
        System.out.println(Files.size(file));
        Process child = new ProcessBuilder("sh", "-c", "echo from a child; exit 3").start();
        System.out.print(new String(child.getInputStream().readAllBytes()));
        System.out.println(child.waitFor());
        for (int i = 0; i < 20; i++) {
            byte[][] garbage = new byte[100][];
            for (int j = 0; j < 100; j++) garbage[j] = new byte[10_000];
        }
        System.gc();
        System.exit(7);
    }
}
END
"$JAVA_HOME/bin/javac" Threads.java
status=0
"$JAVA_HOME/bin/java" -Xmx256m -cp . Threads || status=$?
echo "status $status"
