// Capabilities: what capget and capset say, and what becomes of the sets when the user changes.
#include "oracle.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CALL(name, ...) syscall(SYS_##name __VA_OPT__(, ) __VA_ARGS__)
#define VERSION_1 0x19980330
#define VERSION_2 0x20071026
#define VERSION_3 0x20080522

static int has(const char *set, int capability) {
    char line[256];
    unsigned long long bits = 0;
    FILE *status = fopen("/proc/thread-self/status", "r");
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, set, strlen(set)) == 0) {
            bits = strtoull(line + strlen(set) + 1, NULL, 16);
        }
    }
    fclose(status);
    return bits >> capability & 1;
}

// A capability in the effective, permitted, inheritable, bounding and ambient set.
static void show_one(const char *name, int capability) {
    static const char *sets[] = {"CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"};
    printf("%-8s", name);
    for (int i = 0; i < 5; i++) {
        printf(" %s", has(sets[i], capability) ? sets[i] + 3 : "-");
    }
    puts("");
}

static void show(void) {
    show_one("chown", CAP_CHOWN);
    show_one("kill", CAP_KILL);
    show_one("setuid", CAP_SETUID);
}

static int set_all(unsigned long effective, unsigned long permitted, unsigned long inheritable) {
    struct __user_cap_header_struct header = {VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {effective, permitted, inheritable},
        {effective >> 32, permitted >> 32, inheritable >> 32},
    };
    return CALL(capset, &header, data);
}

#define BIT(capability) (1UL << (capability))

CASE(versions_of_capget) {
    struct __user_cap_header_struct header = {VERSION_3, 0};
    struct __user_cap_data_struct data[3];
    memset(data, 0x55, sizeof data);
    SHOW(CALL(capget, &header, data));
    printf("%d %x\n", (int)(data[0].effective & 1), data[2].effective);
    header.version = VERSION_1;
    memset(data, 0x55, sizeof data);
    SHOW(CALL(capget, &header, data));
    printf("%d %x\n", (int)(data[0].effective & 1), data[1].effective);
    header.version = VERSION_2;
    SHOW(CALL(capget, &header, data));
    header.version = 1;
    SHOW(CALL(capget, &header, data));
    printf("preferred %x\n", header.version);
    header.version = 0;
    SHOW(CALL(capget, &header, NULL));
    printf("preferred %x\n", header.version);
    SHOW(CALL(capget, &header, NULL));
    SHOW(CALL(capget, NULL, data));
    SHOW(CALL(capget, &header, 8));
}

CASE(whose_capabilities) {
    struct __user_cap_header_struct header = {VERSION_3, -1};
    struct __user_cap_data_struct data[2];
    SHOW(CALL(capget, &header, data));
    header.pid = 0x3fffffff;
    SHOW(CALL(capget, &header, data));
    SHOW(CALL(capset, &header, data));
    header.pid = getpid();
    SHOW(CALL(capget, &header, data));
    SHOW(CALL(capset, &header, data));
    SHOW(CALL(capset, &header, NULL));
    header.version = 5;
    SHOW(CALL(capset, &header, NULL));
    printf("preferred %x\n", header.version);
}

CASE(capabilities_that_are_given_up_are_gone) {
    SHOW(set_all(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0));
    show();
    SHOW(set_all(BIT(CAP_KILL), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0));
    show();
    SHOW(set_all(BIT(CAP_SETUID), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0));
    SHOW(set_all(0, BIT(CAP_SETUID), 0));
    SHOW(set_all(0, 0, 0));
    SHOW(set_all(0, BIT(CAP_KILL), 0));
    show();
}

CASE(inheritable_ones_come_from_permitted_ones) {
    SHOW(set_all(0, BIT(CAP_CHOWN), BIT(CAP_CHOWN)));
    show();
    SHOW(set_all(0, BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL)));
    SHOW(set_all(0, 0, BIT(CAP_CHOWN)));
    SHOW(set_all(0, 0, 0));
    SHOW(set_all(0, 0, BIT(CAP_CHOWN)));
}

CASE(setpcap_inherits_what_is_bounded) {
    SHOW(prctl(PR_CAPBSET_DROP, CAP_KILL));
    SHOW(set_all(BIT(CAP_SETPCAP), BIT(CAP_SETPCAP), BIT(CAP_CHOWN)));
    SHOW(set_all(BIT(CAP_SETPCAP), BIT(CAP_SETPCAP), BIT(CAP_KILL)));
    show();
}

CASE(becoming_a_user_clears_the_sets) {
    MUST(setuid(1000));
    show();
    SHOW(setuid(0));
}

CASE(an_effective_user_clears_the_effective_set) {
    MUST(seteuid(1000));
    show();
    MUST(seteuid(0));
    show();
}

CASE(capabilities_are_kept_on_request) {
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_GET_SECUREBITS));
    MUST(setuid(1000));
    show();
    SHOW(set_all(BIT(CAP_SETUID), BIT(CAP_SETUID), 0));
    SHOW(setuid(0));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
}

CASE(secure_bits_are_locked) {
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
    SHOW(prctl(PR_GET_SECUREBITS));
    SHOW(prctl(PR_SET_KEEPCAPS, 0));
    SHOW(prctl(PR_SET_SECUREBITS, 0));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
    SHOW(prctl(PR_SET_SECUREBITS, 1 << 20));
    SHOW(prctl(PR_SET_SECUREBITS,
               SECBIT_NOROOT | SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
    MUST(setuid(1000));
    SHOW(prctl(PR_SET_SECUREBITS, prctl(PR_GET_SECUREBITS)));
}

CASE(without_fixup_users_and_capabilities_go_apart) {
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
    MUST(setuid(1000));
    show();
    SHOW(setuid(0));
    SHOW(setuid(1001));
}

CASE(the_user_for_files_takes_the_capabilities_for_files) {
    MUST(CALL(setfsuid, 1000));
    show();
    show_one("fowner", CAP_FOWNER);
    MUST(CALL(setfsuid, 0));
    show();
}

CASE(bounding_set) {
    SHOW(prctl(PR_CAPBSET_READ, CAP_CHOWN));
    SHOW(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
    SHOW(prctl(PR_CAPBSET_READ, CAP_CHOWN));
    show();
    SHOW(prctl(PR_CAPBSET_READ, 63));
    SHOW(prctl(PR_CAPBSET_READ, -1));
    SHOW(prctl(PR_CAPBSET_DROP, 64));
    MUST(setuid(1000));
    SHOW(prctl(PR_CAPBSET_DROP, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_DROP, 64));
}

CASE(ambient_capabilities) {
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    MUST(set_all(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), BIT(CAP_CHOWN) | BIT(CAP_KILL)));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SETUID, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0));
    show();
    MUST(set_all(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), BIT(CAP_CHOWN)));
    show();
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0));
    show();
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, 9, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 64, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 1, 0));
}

CASE(a_user_with_dac_override_reads_everything) {
    MUST(close(open("secret", O_CREAT | O_RDWR, 0600)));
    MUST(chmod(".", 0755));
    MUST(prctl(PR_SET_KEEPCAPS, 1));
    MUST(setuid(1000));
    SHOW(open("secret", O_RDONLY));
    MUST(set_all(BIT(CAP_DAC_OVERRIDE), BIT(CAP_DAC_OVERRIDE), 0));
    SHOW(close(open("secret", O_RDONLY)));
    SHOW(chmod("secret", 0644));
    SHOW(access("secret", R_OK));
}

CASE(becoming_someone_else_hides_the_process) {
    SHOW(prctl(PR_GET_DUMPABLE));
    MUST(prctl(PR_SET_PDEATHSIG, 15));
    MUST(setuid(1000));
    int signal = -1;
    MUST(prctl(PR_GET_PDEATHSIG, &signal));
    printf("death signal %d, dumpable %d\n", signal, prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(setuid(1000));
    SHOW(prctl(PR_GET_DUMPABLE));
}
