package dev.plinth.kernel.task;

import dev.plinth.kernel.task.linux.Wait;

/**
 * Whom and what wait4(2) and waitid(2) wait for.
 *
 * @param type {@code P_ALL}, {@code P_PID} or {@code P_PGID}
 * @param id a process or a process group, as the type says
 * @param options {@code W*}; those of wait4(2) with WEXITED
 */
public record WaitRequest(int type, int id, int options) {
    boolean has(int option) {
        return (options & option) != 0;
    }

    /**
     * Whether a child is one of those that are waited for; the caller holds the tree lock.
     *
     * @param task that waits
     */
    boolean concernsLocked(Task task, ThreadGroup child) {
        ProcessLinks links = child.links();
        boolean named =
                switch (type) {
                    case Wait.P_PID -> child.pid() == id;
                    case Wait.P_PGID -> links.processGroup.id() == id;
                    default -> true;
                };
        if (!named || (has(Wait.WNOTHREAD) && links.parentTask.filter(task::equals).isEmpty())) {
            return false;
        }
        // A child that tells of its end by another signal is a "clone" child: either is asked for.
        boolean cloned = links.exitSignal != ProcessLinks.SIGCHLD;
        return has(Wait.WALL) || cloned == has(Wait.WCLONE);
    }
}
