package dev.plinth.cli.control;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * What happens to a sandbox, told to all who want to know. Any thread may call any method.
 *
 * <p>Nobody who tells waits for somebody who listens: a listener that is too slow misses events.
 */
final class EventHub {
    private static final int QUEUE_MAX = 256;

    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

    /** What one listener has yet to be told. */
    final class Subscription implements AutoCloseable {
        private final BlockingQueue<Message> waiting = new ArrayBlockingQueue<>(QUEUE_MAX);

        /**
         * Waits for the next event, for so long at most.
         *
         * @throws InterruptedException if the calling thread is interrupted
         */
        Optional<Message> await(long millis) throws InterruptedException {
            return Optional.ofNullable(waiting.poll(millis, TimeUnit.MILLISECONDS));
        }

        @Override
        public void close() {
            subscriptions.remove(this);
        }
    }

    /** Listens from now on. */
    Subscription subscribe() {
        Subscription subscription = new Subscription();
        subscriptions.add(subscription);
        return subscription;
    }

    /** Tells everyone. */
    void publish(Message event) {
        for (Subscription subscription : subscriptions) {
            while (!subscription.waiting.offer(event)) {
                // The newest counts most: it may be the end.
                subscription.waiting.poll();
            }
        }
    }

    /** An event that happens now. */
    static Message event(String type, Message data) {
        return Message.empty()
                .with("time", Instant.now().toString())
                .with("type", type)
                .with("data", data);
    }
}
