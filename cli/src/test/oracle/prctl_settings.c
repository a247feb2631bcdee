// prctl: what a process and its threads can set and ask.
#include "oracle.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#define PRCTL(option, ...) syscall(SYS_prctl, option, __VA_ARGS__)

CASE(names_are_cut) {
    char name[17] = "";
    SHOW(PRCTL(PR_SET_NAME, "short"));
    SHOW(PRCTL(PR_GET_NAME, name));
    puts(name);
    SHOW(PRCTL(PR_SET_NAME, "a name of more than sixteen bytes"));
    memset(name, 'x', 16);
    SHOW(PRCTL(PR_GET_NAME, name));
    puts(name);
    SHOW(PRCTL(PR_SET_NAME, ""));
    memset(name, 'x', 16);
    SHOW(PRCTL(PR_GET_NAME, name));
    for (int i = 0; i < 16; i++) {
        printf("%d ", name[i]);
    }
    puts("");
    SHOW(PRCTL(PR_SET_NAME, 8));
    SHOW(PRCTL(PR_GET_NAME, 8));
}

CASE(dumpable) {
    SHOW(PRCTL(PR_GET_DUMPABLE, 0));
    SHOW(PRCTL(PR_SET_DUMPABLE, 0));
    SHOW(PRCTL(PR_GET_DUMPABLE, 0));
    SHOW(PRCTL(PR_SET_DUMPABLE, 2));
    SHOW(PRCTL(PR_SET_DUMPABLE, 1));
    SHOW(PRCTL(PR_GET_DUMPABLE, 0));
}

CASE(parent_death_signal) {
    int signal = -1;
    SHOW(PRCTL(PR_SET_PDEATHSIG, 9));
    SHOW(PRCTL(PR_GET_PDEATHSIG, &signal));
    printf("%d\n", signal);
    SHOW(PRCTL(PR_SET_PDEATHSIG, 64));
    SHOW(PRCTL(PR_SET_PDEATHSIG, 65));
    SHOW(PRCTL(PR_SET_PDEATHSIG, -1));
    SHOW(PRCTL(PR_SET_PDEATHSIG, 0));
    SHOW(PRCTL(PR_GET_PDEATHSIG, &signal));
    printf("%d\n", signal);
    SHOW(PRCTL(PR_GET_PDEATHSIG, 8));
}

CASE(no_new_privileges_are_for_good) {
    SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
    SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1));
}

CASE(timer_slack) {
    SHOW(PRCTL(PR_GET_TIMERSLACK, 0));
    SHOW(PRCTL(PR_SET_TIMERSLACK, 1234));
    SHOW(PRCTL(PR_GET_TIMERSLACK, 0));
    SHOW(PRCTL(PR_SET_TIMERSLACK, 0));
    SHOW(PRCTL(PR_GET_TIMERSLACK, 0));
}

CASE(child_subreaper) {
    int reaps = -1;
    SHOW(PRCTL(PR_GET_CHILD_SUBREAPER, &reaps));
    printf("%d\n", reaps);
    SHOW(PRCTL(PR_SET_CHILD_SUBREAPER, 5));
    SHOW(PRCTL(PR_GET_CHILD_SUBREAPER, &reaps));
    printf("%d\n", reaps);
    SHOW(PRCTL(PR_SET_CHILD_SUBREAPER, 0));
    SHOW(PRCTL(PR_GET_CHILD_SUBREAPER, 8));
}

CASE(huge_pages_can_be_forbidden) {
    SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    SHOW(PRCTL(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    SHOW(PRCTL(PR_GET_THP_DISABLE, 1, 0, 0, 0));
    SHOW(PRCTL(PR_SET_THP_DISABLE, 1, 1, 0, 0));
    SHOW(PRCTL(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}

CASE(broken_memory) {
    SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL, 2, 0, 0, 0));
    SHOW(PRCTL(PR_MCE_KILL_GET, 1, 0, 0, 0));
}

CASE(time_stamp_counter_and_timing) {
    int mode = 0;
    SHOW(PRCTL(PR_GET_TSC, &mode));
    printf("%d\n", mode);
    SHOW(PRCTL(PR_SET_TSC, PR_TSC_ENABLE));
    SHOW(PRCTL(PR_SET_TSC, 7));
    SHOW(PRCTL(PR_GET_TIMING, 0));
    SHOW(PRCTL(PR_SET_TIMING, 0));
    SHOW(PRCTL(PR_SET_TIMING, 1));
}

CASE(io_flusher_takes_a_capability) {
    MUST(setuid(1000));
    SHOW(PRCTL(PR_SET_IO_FLUSHER, 1, 0, 0, 0));
    SHOW(PRCTL(PR_SET_IO_FLUSHER, 2, 0, 0, 0));
    SHOW(PRCTL(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
}

CASE(address_of_the_thread_number) {
    int *address = NULL, *old = NULL;
    long tid = syscall(SYS_gettid);
    SHOW(PRCTL(PR_GET_TID_ADDRESS, &old));
    SHOW(syscall(SYS_set_tid_address, (int *)&address) == tid);
    int *now = NULL;
    SHOW(PRCTL(PR_GET_TID_ADDRESS, &now));
    printf("%s\n", now == (int *)&address ? "the one that was set" : "another");
    syscall(SYS_set_tid_address, old);
}

CASE(what_there_is_not) {
    SHOW(PRCTL(0, 0));
    SHOW(PRCTL(9999, 0));
    SHOW(PRCTL(PR_GET_SECCOMP, 0));
    SHOW(PRCTL(PR_SET_UNALIGN, 0));
    SHOW(PRCTL(PR_GET_ENDIAN, 0));
    SHOW(PRCTL(PR_SET_FPEMU, 0));
    SHOW(PRCTL(PR_TASK_PERF_EVENTS_DISABLE, 0));
    SHOW(PRCTL(PR_TASK_PERF_EVENTS_ENABLE, 0));
    SHOW(PRCTL(PR_MPX_ENABLE_MANAGEMENT, 0));
    MUST(setuid(1000));
    SHOW(PRCTL(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0));
}
