// The names of the machine, and the personality of a process.
#include "oracle.h"

#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

CASE(the_system_is_linux) {
    struct utsname name;
    SHOW(uname(&name));
    printf("%s %s\n", name.sysname, name.machine);
    SHOW(syscall(SYS_uname, 8));
}

// The machine of the oracle keeps its names: only what fails is tried.
CASE(names_that_cannot_be_set) {
    SHOW(syscall(SYS_sethostname, "x", -1));
    SHOW(syscall(SYS_sethostname, "x", 65));
    SHOW(syscall(SYS_sethostname, 8, 3));
    SHOW(syscall(SYS_setdomainname, "x", -1));
    SHOW(syscall(SYS_setdomainname, "x", 65));
    SHOW(syscall(SYS_setdomainname, 8, 3));
    MUST(setuid(1000));
    SHOW(syscall(SYS_sethostname, "x", 1));
    SHOW(syscall(SYS_sethostname, "x", -1));
    SHOW(syscall(SYS_setdomainname, "x", 1));
}

CASE(personality_is_kept) {
    SHOW(personality(0xffffffff));
    SHOW(personality(ADDR_NO_RANDOMIZE));
    SHOW(personality(0xffffffff));
    SHOW(personality(0xf0000000));
    SHOW(syscall(SYS_personality, 0));
    SHOW(personality(0xffffffff));
}

CASE(a_32_bit_personality_shows) {
    struct utsname name;
    MUST(personality(PER_LINUX32));
    MUST(uname(&name));
    printf("%s\n", name.machine);
    MUST(personality(PER_LINUX));
    MUST(uname(&name));
    printf("%s\n", name.machine);
}
