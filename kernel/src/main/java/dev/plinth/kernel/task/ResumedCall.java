package dev.plinth.kernel.task;

/**
 * A limit of time of a call that is made again, because the world was stopped meanwhile: it ends
 * when it would have ended without that.
 *
 * @param duration the time span that the program gave, in nanoseconds
 * @param deadline when it is over, on the monotonic clock
 */
record ResumedCall(long duration, long deadline) {}
